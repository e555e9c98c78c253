/* SPDX-License-Identifier: BSD-3-Clause */
/* modules - where the build puts the test modules. */
#ifndef TESTS_UNIT_RACK_MODULES_H
#define TESTS_UNIT_RACK_MODULES_H

#include <stdio.h>
#include <stdlib.h>

/* The path of NAME.so, good until the next call. */
static inline const char *module_path(const char *name)
{
    const char *directory = getenv("RACK_TEST_MODULES");
    static char path[4096];

    snprintf(path, sizeof(path), "%s/%s.so",
             directory ? directory : "tests/unit/rack/modules", name);
    return path;
}

#endif
