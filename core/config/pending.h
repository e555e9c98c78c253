/* SPDX-License-Identifier: BSD-3-Clause */
/* pending - values that wait for the owner of their parameter.
 *
 * In the order in which they were written: the last one wins, or they add up.
 * A few hundred at most, looked through from the front. */
#ifndef CORE_CONFIG_PENDING_H
#define CORE_CONFIG_PENDING_H

#include "core/config/config.h"

struct pending {
    struct pending *next;
    char *name;
    uint32_t argc;
    struct kr_str *argv; /* into `bytes` */
    char *bytes;
    char *file;             /* NULL: the main file */
    char *text;             /* the line, for messages */
    char *reason;           /* why an inert row refused it, or NULL */
    const kr_module *asker; /* the only one who may take it, or NULL: anybody */
    unsigned line;          /* 0: left behind by a module, not in a file */
    bool taken;
};

struct pending *pending_add(const struct config_origin *origin,
                            struct kr_str name, uint32_t argc,
                            const struct kr_str *argv);
/* The next one after `last` (NULL: the first) that `row` would take; a NULL
 * row takes any. */
struct pending *pending_next(const struct pending *last,
                             const struct kr_param *row);
/* A line with one word that has blanks in it: several words, as CONFIG SET cuts
 * them. */
void pending_split(struct pending *pending);
void pending_refuse(struct pending *pending, const char *reason);
struct config_origin pending_origin(const struct pending *pending);
/* Does `module` have values of its own for `row`? */
bool pending_is_asked(const kr_module *module, const struct kr_param *row);
/* Drop those with this name that no file and no request has. */
void pending_drop(struct kr_str name);
/* Drop those of a request. */
void pending_drop_asked(const kr_module *module);
void pending_fini(void);

#endif
