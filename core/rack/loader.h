/* SPDX-License-Identifier: BSD-3-Clause */
/* loader - who loads files that are not built for us.  See loader.c. */
#ifndef CORE_RACK_LOADER_H
#define CORE_RACK_LOADER_H

#include "core/rack/module.h"

#include <kr/loader.h>

struct loader {
    struct loader *next; /* of the same or a higher rank */
    struct rack_module *module;
    uint32_t stamp; /* which version of it */
    int32_t rank;
    char *name;
    char **suffixes;
    uint32_t suffix_count;
    bool judges; /* KR_LOADER_JUDGES */
    bool (*recognise)(kr_module *self, const struct kr_file *file);
    kr_status (*load)(kr_module *self, kr_module *child,
                      const struct kr_file *file,
                      const struct kr_load_args *args);
};

/* Those that a batch may ask are the loaders of active modules and of its own.
 * NULL: none of them recognises the file. */
const struct loader *loader_find(const struct copy *copy,
                                 const struct rack_batch *batch);
/* Has one of them a suffix that `path` ends in? */
bool loader_claims(const char *path, const struct rack_batch *batch);
/* How many there are, visible or not. */
uint32_t loader_count(void);
/* Is a recognise() running?  Then nothing may be loaded or unloaded. */
bool loader_is_asking(void);
/* Can the module bring loaders, by what it imports? */
bool loader_may_come(const struct rack_module *module);

/* Drop the loaders of a module. */
void loader_forget(const struct rack_module *module);
/* An upgrade ends: see rack_on_settle(). */
void loader_settle(const struct rack_module *module, bool good);

#endif
