/* SPDX-License-Identifier: BSD-3-Clause */
/* collate - the locale is an object of the module's and never the process's, of
 * which everything else expects that it stays "C". */
#include "collate.h"

#include "keys.h"

#include <locale.h>
#include <stdlib.h>

const char *collate_name;

/* What an empty name means: the first of these that says something. */
static const char *collate_of_environment(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_COLLATE", "LANG"};

    for (size_t i = 0; i < KR_COUNT(variables); i++) {
        const char *value = getenv(variables[i]);

        if (value && value[0] != '\0')
            return value;
    }
    return "C";
}

bool collate_apply(void *state, uint32_t argc, const struct kr_str *argv,
                   const char **error)
{
    struct keys *keys = state;
    bool chosen = collate_name[0] != '\0';
    const char *name = chosen ? collate_name : collate_of_environment();
    locale_t locale = 0;

    (void)argc;
    (void)argv;
    if (!keys)
        return true; /* create() does it */
    /* In this one the bytes are in order, and need no table to be so. */
    if (strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0)
        locale = newlocale(LC_COLLATE_MASK, name, 0);
    else
        chosen = false;
    if (chosen && !locale) {
        *error = "Invalid locale name";
        return false;
    }
    if (keys->collate)
        freelocale(keys->collate);
    keys->collate = locale;
    return true;
}
