/* SPDX-License-Identifier: BSD-3-Clause */
/* host - what the structures of this folder ask of the module that uses them.
 *
 * A value outlives the code that made it: a module is replaced by its next
 * version while its values stay where they are.  So no structure keeps a
 * pointer to a function, nor to anything else in a module's image; whoever
 * calls a function that needs one of these hands them in.  A module has one
 * `struct structure_host`, and passing it costs a register. */
#ifndef MODULES_STRUCTURE_HOST_H
#define MODULES_STRUCTURE_HOST_H

#include <kr/base.h>

struct structure_host {
    /* `size` bytes, more than 0, aligned to 16 at least; never NULL.  Blocks of
     * a multiple of 64 bytes are best when they begin at one. */
    void *(*alloc)(void *owner, size_t size);
    void (*free)(void *owner, void *block);
    /* The same answer for the same bytes as long as the process lives.  Keyed,
     * or a client chooses what collides.  Only htable asks for it. */
    uint64_t (*hash)(struct kr_str bytes);
    void *owner; /* handed to `alloc` and `free` */
};

static inline void *structure_alloc(const struct structure_host *host,
                                    size_t size)
{
    return host->alloc(host->owner, size);
}

static inline void structure_free(const struct structure_host *host,
                                  void *block)
{
    host->free(host->owner, block);
}

#endif
