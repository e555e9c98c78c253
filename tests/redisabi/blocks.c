/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks - memory, as a module asks for it.
 *
 *     BLOCKS.ALL     of each function whether it did what it should
 *     BLOCKS.LATER   as well, of those that only later servers have */
#include "guest.h"

#define MUCH (SIZE_MAX / 2)

static bool all_are(const char *block, size_t size, char byte)
{
    for (size_t i = 0; i < size; i++) {
        if (block[i] != byte)
            return false;
    }
    return true;
}

static bool allocates(void)
{
    char *block = RedisModule_Alloc(1000);
    bool fine = RedisModule_MallocSize(block) >= 1000 &&
                RedisModule_MallocUsableSize(block) >= 1000;

    memset(block, 'x', 1000);
    block = RedisModule_Realloc(block, 100000);
    fine = fine && all_are(block, 1000, 'x');
    block = RedisModule_Realloc(block, 10);
    fine = fine && all_are(block, 10, 'x');
    RedisModule_Free(block);
    RedisModule_Free(NULL);
    return fine;
}

static bool clears(void)
{
    char *block = RedisModule_Calloc(100, 70);
    bool fine = all_are(block, 7000, 0);

    RedisModule_Free(block);
    return fine;
}

static bool has_empty_ones(void)
{
    void *block = RedisModule_Alloc(0), *other = RedisModule_Realloc(NULL, 0);
    bool fine = block && other && block != other;

    RedisModule_Free(other);
    return fine && !RedisModule_Realloc(block, 0);
}

static bool tries(void)
{
    char *block = RedisModule_TryAlloc(100);
    bool fine = block && !RedisModule_TryAlloc(MUCH);

    memset(block, 1, 100);
    RedisModule_Free(block);
    return fine;
}

static bool copies(void)
{
    char *copy = RedisModule_Strdup("some text");
    bool fine = strcmp(copy, "some text") == 0;

    RedisModule_Free(copy);
    return fine;
}

/* As much as asked for, aligned as far as its size can need. */
static bool has_pools(RedisModuleCtx *ctx)
{
    bool fine = true;

    for (size_t size = 1; size < 20000; size = size * 2 + 1) {
        char *first = RedisModule_PoolAlloc(ctx, size);
        char *second = RedisModule_PoolAlloc(ctx, 8);

        memset(first, 'x', size);
        memset(second, 'y', 8);
        fine = fine && all_are(first, size, 'x') &&
               (uintptr_t)second % sizeof(void *) == 0;
    }
    return fine;
}

static int all(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithBool(ctx, allocates());
    RedisModule_ReplyWithBool(ctx, clears());
    RedisModule_ReplyWithBool(ctx, has_empty_ones());
    RedisModule_ReplyWithBool(ctx, tries());
    RedisModule_ReplyWithBool(ctx, copies());
    RedisModule_ReplyWithBool(ctx, has_pools(ctx));
    return RedisModule_ReplyWithBool(ctx,
                                     RedisModule_GetUsedMemoryRatio() == 0);
}

static bool tries_cleared(void)
{
    char *block = RedisModule_TryCalloc(100, 70);
    bool fine = block && all_are(block, 7000, 0);

    RedisModule_Free(block);
    return fine && !RedisModule_TryCalloc(MUCH, 1) &&
           !RedisModule_TryCalloc(MUCH, 4); /* more than can be counted */
}

/* What cannot be had leaves the block as it was. */
static bool tries_again(void)
{
    char *block = RedisModule_TryRealloc(NULL, 10), *more;
    bool fine = block != NULL;

    memset(block, 'x', 10);
    fine =
        fine && !RedisModule_TryRealloc(block, MUCH) && all_are(block, 10, 'x');
    more = RedisModule_TryRealloc(block, 5000);
    fine = fine && more && all_are(more, 10, 'x');
    RedisModule_Free(more);
    return fine;
}

static int later(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithBool(ctx, tries_cleared());
    return RedisModule_ReplyWithBool(ctx, tries_again());
}

static const struct guest_row rows[] = {
    {"blocks.all", all, "", 0, 0, 0},
    {"blocks.later", later, "", 0, 0, 0},
};

GUEST("blocks", rows)
