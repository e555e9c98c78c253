/* SPDX-License-Identifier: BSD-3-Clause */
/* module_host - the structures' host (host.h) for a module of the server: its
 * own account of memory, and the server's keyed hash.
 *
 *     static const struct structure_host set_host = STRUCTURE_HOST(set_self);
 *
 * where `set_self` is the variable that the module's handle is written into.
 * The module imports kr_memory and kr_text. */
#ifndef MODULES_STRUCTURE_MODULE_HOST_H
#define MODULES_STRUCTURE_MODULE_HOST_H

#include <kr/memory.h>
#include <kr/module.h>
#include <kr/text.h>

#include "host.h"

/* The owner is the address of the handle, which is a constant. */
static inline void *module_host_alloc(void *owner, size_t size)
{
    return kr_memory->alloc(*(kr_module **)owner, size);
}

static inline void module_host_free(void *owner, void *block)
{
    kr_memory->free(*(kr_module **)owner, block);
}

static inline uint64_t module_host_hash(struct kr_str bytes)
{
    return kr_text->hash(bytes);
}

#define STRUCTURE_HOST(self)                                                   \
    {                                                                          \
        module_host_alloc, module_host_free, module_host_hash, &(self)         \
    }

#endif
