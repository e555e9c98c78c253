/* SPDX-License-Identifier: BSD-3-Clause */
/* keyrack-module - for those who write modules: begin one, look at one, test
 * one.  It needs nothing but what a module needs, a compiler and pkg-config. */
#include "config.h"
#include "sdk/check.h"
#include "sdk/conform.h"
#include "sdk/new.h"
#include "sdk/try.h"
#include "sdk/unit.h"

#include <kr/module.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int usage(FILE *out)
{
    fprintf(
        out,
        "usage: keyrack-module new NAME [DIR]\n"
        "       keyrack-module check FILE.so ...\n"
        "       keyrack-module test [-3] DIR|FILE.so [CASES ...]\n"
        "       keyrack-module conform [--seed N] [--only WORDS] [--with "
        "FILE.so]\n"
        "                              [--except COMMAND] FILE.so [CASES ...]\n"
        "       keyrack-module unit FILE.so\n"
        "\n"
        "new    writes a folder with a module that builds, tests and loads\n"
        "check  says what a module needs, offers and may use, and whether a\n"
        "       server of this release loads it (exit status 1: it does not)\n"
        "test   runs cases against a server that loads the module; -3: in\n"
        "       RESP3\n"
        "conform  looks whether the module does what any module has to: it\n"
        "       comes and goes without a trace, answers each call once, keeps\n"
        "       its values in files, through upgrades ...; says what it "
        "found,\n"
        "       and the remedy.  Words are by chance; calls in CASES are "
        "varied\n"
        "unit   calls the tests that are built into the module's file (see\n"
        "       <kr/test.h>), in a host without sockets\n"
        "\n"
        "This is release %s, which speaks generation %u of the ABI.\n",
        PACKAGE_VERSION, KR_GENERATION);
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    int protocol = 2;

    signal(SIGPIPE, SIG_IGN);
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0)
        return usage(stdout);
    if (strcmp(word, "--version") == 0) {
        printf("keyrack-module %s\n", PACKAGE_VERSION);
        return 0;
    }
    if (strcmp(word, "new") == 0 && (argc == 3 || argc == 4))
        return new_module(argv[2], argv[argc - 1]);
    if (strcmp(word, "check") == 0 && argc > 2)
        return check_files(argc - 2, argv + 2);
    if (strcmp(word, "test") == 0 && argc > 2 && strcmp(argv[2], "-3") == 0) {
        protocol = 3;
        argv++;
        argc--;
    }
    if (strcmp(word, "test") == 0 && argc > 2)
        return try_module(argv[2], argc - 3, argv + 3, protocol);
    if (strcmp(word, "conform") == 0)
        return conform_module(argc - 1, argv + 1);
    if (strcmp(word, "unit") == 0 && argc == 3)
        return unit_run(argv[2]);
    if (!word[0])
        return usage(stderr);
    fprintf(stderr,
            "keyrack-module: there is no '%s' with %d words behind it; try "
            "keyrack-module --help\n",
            word, argc - 2);
    return 2;
}
