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
    const char *build = getenv("top_builddir");
    static char path[4096];

    if (directory)
        snprintf(path, sizeof(path), "%s/%s.so", directory, name);
    else
        snprintf(path, sizeof(path), "%s/tests/unit/rack/modules/%s.so",
                 build ? build : ".", name);
    return path;
}

#endif
