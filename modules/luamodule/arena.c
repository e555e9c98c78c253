/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena.h"

#include <kr/memory.h>

#define ARENA_BLOCK 4000 /* bytes */
#define ARENA_ALIGN sizeof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    void *at;

    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (!block || block->size - block->used < size) {
        size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;

        block = kr_memory->calloc(arena->self, 1, sizeof(*block) + room);
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    at = block->bytes + block->used;
    block->used += size;
    return at;
}

const char *arena_text(struct arena *arena, struct kr_str text)
{
    char *copy = arena_alloc(arena, text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return copy;
}

void arena_fini(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->next;
        kr_memory->free(arena->self, block);
    }
}
