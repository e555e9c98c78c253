/* SPDX-License-Identifier: BSD-3-Clause */
/* main - runs the unit tests: all of them, or the suites that are named.
 *
 *     tests/unit/unit               all, then one summary
 *     tests/unit/unit memory table  these two
 *     tests/unit/unit --list        their names
 *
 * CK_VERBOSITY=verbose names each test; CK_FORK=no keeps them in this process,
 * which is what a debugger wants. */

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suites.h"

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define SUITE(name) {#name, name##_suite},
#include "tests/unit/suites.h"
};

enum { SUITE_COUNT = sizeof suites / sizeof suites[0] };

static bool suite_add(SRunner *runner, const char *name)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (strcmp(suites[i].name, name) == 0) {
            srunner_add_suite(runner, suites[i].make());
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    SRunner *runner = srunner_create(NULL);
    int failed;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < SUITE_COUNT; i++)
            puts(suites[i].name);
        return EXIT_SUCCESS;
    }
    for (int i = 1; i < argc; i++) {
        if (!suite_add(runner, argv[i])) {
            fprintf(stderr,
                    "unit: no suite is called '%s'; --list names them\n",
                    argv[i]);
            return EXIT_FAILURE;
        }
    }
    /* A test that is about a heap that fails says so itself; to the others an
     * allocation that is refused would only be a test that is not made. */
    unsetenv("KR_HOSTILE_SEED");
    for (size_t i = 0; argc < 2 && i < SUITE_COUNT; i++)
        srunner_add_suite(runner, suites[i].make());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
