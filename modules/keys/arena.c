/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena.h"

#include <kr/memory.h>

#define BLOCK_MIN 1024u
#define BLOCK_MAX (64u * 1024) /* a longer text has a block of its own */

struct arena_block {
    struct arena_block *older;
    size_t size; /* of `bytes` */
    char bytes[];
};

/* A block of twice the size of the one before. */
static bool arena_grow(struct arena *arena, size_t least)
{
    size_t size = arena->newest ? 2 * arena->newest->size : BLOCK_MIN;
    struct arena_block *block;

    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < least)
        size = least;
    block = kr_memory->try_alloc(arena->self, sizeof(*block) + size);
    if (!block)
        return false;
    block->older = arena->newest;
    block->size = size;
    arena->newest = block;
    arena->left = size;
    return true;
}

bool arena_copy(struct arena *arena, struct kr_str text, struct kr_str *copy)
{
    char *bytes;

    if (text.size >= arena->left && !arena_grow(arena, text.size + 1))
        return false;
    bytes = arena->newest->bytes + arena->newest->size - arena->left;
    if (text.size > 0)
        memcpy(bytes, text.data, text.size);
    bytes[text.size] = '\0';
    arena->left -= text.size + 1;
    *copy = kr_str(bytes, text.size);
    return true;
}

void arena_fini(struct arena *arena)
{
    while (arena->newest) {
        struct arena_block *older = arena->newest->older;

        kr_memory->free(arena->self, arena->newest);
        arena->newest = older;
    }
    arena->left = 0;
}
