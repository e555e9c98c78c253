/* SPDX-License-Identifier: BSD-3-Clause */
/* main - answers --version until the server stands. */

#include "config.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(PACKAGE_NAME " " PACKAGE_VERSION);
        return 0;
    }
    fputs("keyrack-server: this build can only say its --version\n", stderr);
    return 1;
}
