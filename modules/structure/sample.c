/* SPDX-License-Identifier: BSD-3-Clause */
#include "sample.h"

#include <assert.h>
#include <stdlib.h>

#include "chance.h"

#define SAMPLE_FEW 3 /* draw again while fewer than one in so many are wanted */

/* Is the next one of `left` taken, when `wanted` of them are? */
static bool sample_takes(uint64_t *seed, uint64_t left, uint64_t wanted)
{
    return chance_below(seed, left) < wanted;
}

/* --- By number ----------------------------------------------------------- */

static int sample_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Draws, sorts, drops what came twice, until there are enough.  A draw that is
 * dropped says nothing of the others, so every set has the same chance. */
static void sample_numbers_few(uint64_t n, uint32_t count, uint64_t *seed,
                               uint32_t *numbers)
{
    uint32_t have = 0;

    while (have < count) {
        uint32_t kept = 0;

        while (have < count)
            numbers[have++] = (uint32_t)chance_below(seed, n);
        qsort(numbers, have, sizeof(*numbers), sample_compare);
        for (uint32_t i = 0; i < have; i++)
            if (kept == 0 || numbers[kept - 1] != numbers[i])
                numbers[kept++] = numbers[i];
        have = kept;
    }
}

void sample_numbers(uint64_t n, uint32_t count, uint64_t *seed,
                    uint32_t *numbers)
{
    uint32_t have = 0;

    assert(count <= n && n <= UINT32_MAX);
    if (count < n / 16) {
        sample_numbers_few(n, count, seed, numbers);
        return;
    }
    for (uint64_t i = 0; have < count; i++)
        if (sample_takes(seed, n - i, count - have))
            numbers[have++] = (uint32_t)i;
}

/* --- By item ------------------------------------------------------------- */

/* Have we got it?  An open table of addresses, twice as large as count. */
static bool sample_is_new(struct item **seen, size_t room, struct item *item)
{
    size_t at = ((uintptr_t)item >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20;

    for (at &= room - 1; seen[at]; at = (at + 1) & (room - 1))
        if (seen[at] == item)
            return false;
    seen[at] = item;
    return true;
}

static void sample_items_few(const struct htable *t,
                             const struct structure_host *host, size_t count,
                             uint64_t *seed, struct item **items)
{
    size_t room = 16, have = 0;
    struct item **seen;

    while (room < 2 * count)
        room *= 2;
    seen = structure_alloc(host, room * sizeof(*seen));
    memset(seen, 0, room * sizeof(*seen));
    while (have < count) {
        struct item *item = htable_random(t, seed);

        if (sample_is_new(seen, room, item))
            items[have++] = item;
    }
    structure_free(host, seen);
}

struct sample_walk {
    struct item **items;
    uint64_t *seed;
    uint64_t left;   /* items to come */
    uint64_t wanted; /* of them */
};

static bool sample_visit(struct item *item, void *ctx)
{
    struct sample_walk *walk = ctx;

    if (sample_takes(walk->seed, walk->left--, walk->wanted)) {
        *walk->items++ = item;
        walk->wanted--;
    }
    return walk->wanted > 0;
}

void sample_items(struct htable *t, const struct structure_host *host,
                  size_t count, uint64_t *seed, struct item **items)
{
    struct sample_walk walk = {
        .items = items, .seed = seed, .left = htable_count(t), .wanted = count};

    assert(count <= htable_count(t));
    if (count == 0)
        return;
    if (count < htable_count(t) / SAMPLE_FEW)
        sample_items_few(t, host, count, seed, items);
    else
        (void)htable_each(t, host, sample_visit, &walk);
}
