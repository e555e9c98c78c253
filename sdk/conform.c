/* SPDX-License-Identifier: BSD-3-Clause */
/* conform - does a module do what any module has to?
 *
 *     keyrack-module conform [--seed N] [--only WORDS] [--with FILE.so]
 *                            [--except COMMAND] FILE.so [CASES ...]
 *
 * A server is started for it, without it.  It is loaded and unloaded; then its
 * commands are called with words by chance, and what they made is copied, saved,
 * damaged, sealed and upgraded.  What is asked of it are the rules that the
 * headers have in common (api/README.md), nothing that its author has in mind:
 * for that there are cases.
 *
 * The words follow from the seed, which is printed.  Files of cases are read for
 * calls only, to be varied: for commands whose words nobody would guess. */
#include "sdk/conform.h"

#include "core/config/file.h"
#include "core/memory/memory.h"
#include "core/text/number.h"
#include "sdk/conform_checks.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* --- What is asked -------------------------------------------------------- */

static void conform_replies_2(struct subject *subject)
{
    conform_replies(subject, 2);
}

static void conform_replies_3(struct subject *subject)
{
    conform_replies(subject, 3);
}

struct claim {
    const char *words;
    void (*look)(struct subject *subject);
    bool with;   /* the module is loaded then */
    bool values; /* there are values of it */
};

static const struct claim claims[] = {
    {"leaves no trace when it is unloaded", conform_traces, false, false},
    {"can come and go twenty times and nothing grows", conform_cycles, false,
     false},
    {"refuses a wrong number of words", conform_arity, true, false},
    {"answers each call once, in RESP2", conform_replies_2, true, false},
    {"answers each call once, in RESP3", conform_replies_3, true, false},
    {"changes data only as it says, and tells of it", conform_promises, true,
     false},
    {"gives all memory back", conform_account, true, false},
    {"has values that can be copied, dumped and renamed", conform_copies, true,
     true},
    {"has values that live in files", conform_files, true, true},
    {"stands damaged values", conform_damage, true, true},
    {"is upgraded under load, and its values stay", conform_upgrade, true,
     false},
    {"goes and comes back, and its values stay", conform_seal, true, false},
    {"stands a heap that fails", conform_heap, true, false},
};

/* `only`: those claims that have this among their words; NULL: all. */
static void conform_ask(struct subject *subject, const char *only)
{
    bool with = false;

    for (size_t i = 0; i < KR_COUNT(claims); i++) {
        const struct claim *claim = &claims[i];

        if (only && !strstr(claim->words, only))
            continue;
        report_begin(subject->report, claim->words);
        if (claim->with && !with)
            with = subject_restart(subject);
        if (claim->with == with) {
            if (claim->values && conform_fill(subject) == 0 &&
                subject->report->found == 0)
                report_skip(subject->report, "no call has made a value of it");
            else
                claim->look(subject);
            (void)subject_has_died(subject, "when that had been looked at");
        }
        report_end(subject->report);
    }
}

/* --- Options -------------------------------------------------------------- */

#define CONFORM_LIST_MAX 32u
#define CONFORM_EXAMPLES 4096u

struct conform {
    struct subject subject;
    struct report report;
    uint64_t seed;
    const char *only; /* of the claims */
    char *beside[CONFORM_LIST_MAX + 1];
    char *except[CONFORM_LIST_MAX + 1];
    char *examples[CONFORM_EXAMPLES];
};

static bool conform_add(char **list, char *text)
{
    for (size_t i = 0; i < CONFORM_LIST_MAX; i++)
        if (!list[i]) {
            list[i] = text;
            return true;
        }
    return false;
}

/* The calls in a file of cases: lines "> WORDS", whoever says them. */
static bool conform_read_examples(struct conform *conform, const char *path)
{
    struct subject *subject = &conform->subject;
    struct buffer text = {0};
    char *rest, *line;

    if (!file_load(path, &text)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    rest = text.data;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *call = strstr(line, "> ");

        if (call && call - line < 3 &&
            subject->example_count < CONFORM_EXAMPLES)
            conform->examples[subject->example_count++] =
                memory_strdup(call + 2);
    }
    buffer_free(&text);
    return true;
}

/* false: wrong usage, which was printed. */
static bool conform_options(struct conform *conform, int argc, char **argv)
{
    static const struct option names[] = {
        {"seed", required_argument, NULL, 's'},
        {"with", required_argument, NULL, 'w'},
        {"except", required_argument, NULL, 'e'},
        {"only", required_argument, NULL, 'o'},
        {0},
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "+", names, NULL)) != -1) {
        if (letter == 's' &&
            number_parse_uint64(kr_cstr(optarg), &conform->seed))
            continue;
        if ((letter == 'w' && conform_add(conform->beside, optarg)) ||
            (letter == 'e' && conform_add(conform->except, optarg)))
            continue;
        if (letter == 'o') {
            conform->only = optarg;
            continue;
        }
        fprintf(stderr, "try keyrack-module --help\n");
        return false;
    }
    if (optind == argc) {
        fprintf(stderr, "which module?  Try keyrack-module --help\n");
        return false;
    }
    conform->subject.file = argv[optind];
    for (int i = optind + 1; i < argc; i++)
        if (!conform_read_examples(conform, argv[i]))
            return false;
    return true;
}

int conform_module(int argc, char **argv)
{
    struct conform *conform = memory_calloc(1, sizeof(*conform));
    struct subject *subject = &conform->subject;
    int status = 2;

    conform->seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
    conform->seed %= 1000000000;
    subject->report = &conform->report;
    subject->beside = conform->beside;
    subject->except = conform->except;
    subject->examples = conform->examples;
    if (conform_options(conform, argc, argv)) {
        printf("%s, seed %llu\n", subject->file,
               (unsigned long long)conform->seed);
        subject->dice.state = conform->seed;
        report_begin(subject->report, "has beside it what it needs");
        if (subject_init(subject)) {
            conform_ask(subject, conform->only);
            status = report_close(&conform->report);
        } else {
            status = 1;
        }
        subject_fini(subject);
    }
    for (size_t i = 0; i < subject->example_count; i++)
        memory_free(conform->examples[i]);
    memory_free(conform);
    return status;
}
