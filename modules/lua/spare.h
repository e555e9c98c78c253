/* SPDX-License-Identifier: BSD-3-Clause */
/* spare - small blocks that a Lua state has given back, for its next ones.
 *
 *     class   0         1         2              bytes of a block: 16 each
 *             |         |         |
 *             v         v         v
 *            [ ]->[ ]  NULL      [ ]->[ ]->[ ]   at most SPARE_BYTES in each
 *
 * A script makes and drops hundreds of strings, and each would go through the
 * account of its module twice.  Every block of a class has the whole size of the
 * class, wherever it is from, and is an ordinary one of kr_memory.  O(1). */
#ifndef LUA_SPARE_H
#define LUA_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SPARE_STEP    ((size_t)16)
#define SPARE_CLASSES ((size_t)16)
#define SPARE_MOST    (SPARE_STEP * SPARE_CLASSES) /* a block is small up to */
#define SPARE_BYTES   ((size_t)8192)               /* that a class keeps */

struct spare {
    void *first[SPARE_CLASSES]; /* each has the next one in its first bytes */
    size_t count[SPARE_CLASSES];
};

/* The class of a block of `size` bytes: SPARE_CLASSES or more if it is none of a
 * small one. */
static inline size_t spare_class(size_t size)
{
    return (size - 1) / SPARE_STEP;
}

/* What to ask kr_memory for where `size` bytes are wanted. */
static inline size_t spare_size(size_t size)
{
    return size <= SPARE_MOST ? (spare_class(size) + 1) * SPARE_STEP : size;
}

/* A block for `size` bytes, or NULL. */
static inline void *spare_take(struct spare *spare, size_t size)
{
    size_t class = spare_class(size);
    void *block;

    if (class >= SPARE_CLASSES || !spare->first[class])
        return NULL;
    block = spare->first[class];
    memcpy(&spare->first[class], block, sizeof(block));
    spare->count[class]--;
    return block;
}

/* Keep a block of `size` bytes; false: it is the caller's to free. */
static inline bool spare_keep(struct spare *spare, void *block, size_t size)
{
    size_t class = spare_class(size);

    if (class >= SPARE_CLASSES ||
        spare->count[class] >= SPARE_BYTES / SPARE_STEP / (class + 1))
        return false;
    memcpy(block, &spare->first[class], sizeof(block));
    spare->first[class] = block;
    spare->count[class]++;
    return true;
}

#endif
