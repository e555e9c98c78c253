/* SPDX-License-Identifier: BSD-3-Clause */
/* memory - the guests' allocations.
 *
 * The functions carry no context and may be called on any thread, so what all
 * guests allocate is in the account of redisabi. */
#include "context.h"

/* A block of no bytes is a block. */
static size_t memory_some(size_t size)
{
    return size ? size : 1;
}

void *rm_Alloc(size_t size)
{
    return kr_memory->alloc(redisabi_self, memory_some(size));
}

void *rm_TryAlloc(size_t size)
{
    return kr_memory->try_alloc(redisabi_self, memory_some(size));
}

void *rm_Calloc(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    return kr_memory->calloc(redisabi_self, count, size);
}

void *rm_TryCalloc(size_t count, size_t size)
{
    size_t total;
    void *block;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    block = kr_memory->try_alloc(redisabi_self, memory_some(total));
    return block ? memset(block, 0, memory_some(total)) : NULL;
}

void *rm_TryRealloc(void *block, size_t size)
{
    return kr_memory->try_realloc(redisabi_self, block, memory_some(size));
}

void *rm_Realloc(void *block, size_t size)
{
    if (size == 0 && block) {
        kr_memory->free(redisabi_self, block);
        return NULL;
    }
    return kr_memory->realloc(redisabi_self, block, memory_some(size));
}

void rm_Free(void *block)
{
    kr_memory->free(redisabi_self, block);
}

char *rm_Strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(kr_memory->alloc(redisabi_self, size), text, size);
}

size_t rm_MallocSize(void *block)
{
    return kr_memory->usable(block);
}

size_t rm_MallocUsableSize(void *block)
{
    return kr_memory->usable(block);
}
