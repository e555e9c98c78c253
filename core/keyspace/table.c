/* SPDX-License-Identifier: BSD-3-Clause */
/* table - how the chains are kept packed, and the table fitted to its load.
 *
 * An insertion goes to the first free slot of its chain, which in a packed
 * chain is in the last bucket.  When that one is full, its last entry makes
 * room for the way on:
 *
 *     a b c d e f g   + h   =   a b c d e f ->   g h . . . . .
 *
 * An erasure leaves a hole; the last entry of the chain fills it, and an
 * overflow bucket that is down to one entry gives it back and goes:
 *
 *     a b c d e f ->   g h . . .   - c   =   a b h d e f g
 *
 * During an iteration nothing moves: holes stay, the bucket's neighbours too
 * (`pinned`), and the iteration packs each chain as it leaves it.
 *
 * The load.  Linear hashing fills the buckets that are yet to be split more
 * than the others, so the trigger is a compromise between memory and overflow.
 * Over one doubling, on average (computed for Poisson loads; the
 * micro-benchmark agrees):
 *
 *     entries a bucket to split at   4.5     5.0     5.5     6.0
 *     bytes an entry                15.9    15.0    14.3    13.8
 *     lines read a hit              1.09    1.12    1.15    1.19
 *     chains that overflow          12 %    17 %    22 %    28 %
 *
 * Merging starts at 2 entries a bucket, so that a count that swings by half
 * moves nothing. */
#include "core/keyspace/table.h"

#include <assert.h>

#include "core/memory/memory.h"

#define TABLE_LOAD_SPLIT  11 /* halves of an entry a bucket: 5.5 */
#define TABLE_LOAD_MERGE  4  /* 2 */
#define TABLE_BUCKETS_MAX (UINT64_C(1) << 32)
#define TABLE_SLAB        (UINT64_C(1) << TABLE_SLAB_SHIFT)

#define BUCKET_OCCUPIED UINT64_C(0x7f00000000000000)
#define BUCKET_LEADS_ON UINT64_C(0x8000000000000000)
#define BUCKET_LAST     (TABLE_SLOTS - 1) /* the slot that may lead on */

/* What an empty table looks into, so that lookups need not ask.  Never written:
 * the const of the types is cast away below, and the pages are read-only. */
static const struct table_bucket table_nothing;
static const struct table_bucket *const table_nowhere[1] = {&table_nothing};

static bool table_is_nowhere(const struct table *t)
{
    return (const void *)t->slabs == (const void *)table_nowhere;
}

static void table_set_nowhere(struct table *t)
{
    t->slabs = (struct table_bucket **)(uintptr_t)table_nowhere;
}

void table_init(struct table *t, table_hash_fn hash, const void *hash_ctx)
{
    memset(t, 0, sizeof(*t));
    t->buckets = 1;
    t->mask = 1;
    t->hash = hash;
    t->hash_ctx = hash_ctx;
    table_set_nowhere(t);
}

/* --- One bucket ---------------------------------------------------------- */

static uint32_t bucket_occupied(const struct table_bucket *b)
{
    return (uint32_t)((b->control & BUCKET_OCCUPIED) >> 56);
}

static uint32_t bucket_free(const struct table_bucket *b)
{
    return ~bucket_occupied(b) & (table_leads_on(b) ? 0x3f : 0x7f);
}

static uint32_t bucket_count(const struct table_bucket *b)
{
    return (uint32_t)__builtin_popcount(bucket_occupied(b));
}

static struct table_bucket *bucket_next(const struct table_bucket *b)
{
    return (struct table_bucket *)table_pointer(b->slot[BUCKET_LAST]);
}

static uint8_t bucket_tag(const struct table_bucket *b, uint32_t slot)
{
    return (uint8_t)(b->control >> 8 * slot);
}

static void bucket_put(struct table_bucket *b, uint32_t slot, uint64_t word,
                       uint8_t tag)
{
    uint64_t control = b->control & ~(UINT64_C(0xff) << 8 * slot);

    b->slot[slot] = word;
    b->control =
        control | (uint64_t)tag << 8 * slot | UINT64_C(1) << (56 + slot);
}

static void bucket_clear(struct table_bucket *b, uint32_t slot)
{
    b->control &= ~(UINT64_C(1) << (56 + slot));
}

/* The last slot, free by now, leads to `next`, or no more anywhere. */
static void bucket_lead(struct table_bucket *b, struct table_bucket *next)
{
    b->slot[BUCKET_LAST] = (uint64_t)(uintptr_t)next;
    b->control &= ~BUCKET_LEADS_ON;
    if (next != NULL)
        b->control |= BUCKET_LEADS_ON;
}

/* --- One chain ----------------------------------------------------------- */

static struct table_bucket *chain_grow(struct table *t, struct table_bucket *b)
{
    struct table_bucket *next = memory_alloc_aligned(sizeof(*b), sizeof(*b));

    t->overflow++;
    next->control = 0;
    bucket_put(next, 0, b->slot[BUCKET_LAST], bucket_tag(b, BUCKET_LAST));
    bucket_clear(b, BUCKET_LAST);
    bucket_lead(b, next);
    return next;
}

/* Free the empty bucket after `b` and lead to what came after it. */
static void chain_cut(struct table *t, struct table_bucket *b)
{
    struct table_bucket *next = bucket_next(b);

    bucket_lead(b, table_leads_on(next) ? bucket_next(next) : NULL);
    memory_free(next);
    t->overflow--;
}

/* Put into the first free slot from bucket `b` on.  Answers the bucket, from
 * which the search for another one may start. */
static struct table_bucket *chain_put(struct table *t, struct table_bucket *b,
                                      uint64_t word, uint8_t tag)
{
    while (bucket_free(b) == 0)
        b = table_leads_on(b) ? bucket_next(b) : chain_grow(t, b);
    bucket_put(b, (uint32_t)__builtin_ctz(bucket_free(b)), word, tag);
    return b;
}

/* Take an entry from the end of the chain behind `b`, which leads on.  The
 * chain ends as a packed one does; holes further ahead remain. */
static uint64_t chain_take(struct table *t, struct table_bucket *b,
                           uint8_t *tag)
{
    struct table_bucket *tail = bucket_next(b);
    uint32_t slot;
    uint64_t word;

    while (table_leads_on(tail)) {
        b = tail;
        tail = bucket_next(b);
    }
    slot = 31 - (uint32_t)__builtin_clz(bucket_occupied(tail));
    word = tail->slot[slot];
    *tag = bucket_tag(tail, slot);
    bucket_clear(tail, slot);
    if (bucket_count(tail) <= 1) {
        uint32_t left = bucket_occupied(tail);
        uint32_t only = left ? (uint32_t)__builtin_ctz(left) : 0;
        uint64_t only_word = tail->slot[only];
        uint8_t only_tag = bucket_tag(tail, only);

        chain_cut(t, b);
        if (left)
            bucket_put(b, BUCKET_LAST, only_word, only_tag);
    }
    return word;
}

/* A chain without holes, in as few buckets as there can be.  Most chains are
 * one bucket, and then there is nothing to do. */
static void chain_pack(struct table *t, struct table_bucket *b)
{
    for (; table_leads_on(b); b = bucket_next(b)) {
        while (table_leads_on(b) && bucket_free(b) != 0) {
            uint8_t tag;
            uint64_t word = chain_take(t, b, &tag);

            bucket_put(b, (uint32_t)__builtin_ctz(bucket_free(b)), word, tag);
        }
        /* An iteration may have left a last bucket of one. */
        if (table_leads_on(b) && bucket_count(bucket_next(b)) == 1 &&
            !table_leads_on(bucket_next(b))) {
            uint8_t tag;
            uint64_t word = chain_take(t, b, &tag);

            bucket_put(b, BUCKET_LAST, word, tag);
        }
        if (!table_leads_on(b))
            return;
    }
}

static void chain_visit(struct table_bucket *b, table_entry_fn visit, void *ctx)
{
    while (b != NULL) {
        /* Erasing what it is given, `visit` may free the bucket, but not
         * before the last of `left` and not the next one. */
        struct table_bucket *next = table_leads_on(b) ? bucket_next(b) : NULL;
        uint32_t left = bucket_occupied(b);

        for (; left != 0; left &= left - 1)
            visit(table_pointer(b->slot[__builtin_ctz(left)]), ctx);
        b = next;
    }
}

static uint64_t chain_count(const struct table_bucket *b)
{
    uint64_t count = bucket_count(b);

    while (table_leads_on(b)) {
        b = bucket_next(b);
        count += bucket_count(b);
    }
    return count;
}

static void *chain_nth(const struct table_bucket *b, uint64_t n)
{
    uint32_t left;

    for (; n >= bucket_count(b); b = bucket_next(b))
        n -= bucket_count(b);
    for (left = bucket_occupied(b); n > 0; n--)
        left &= left - 1;
    return table_pointer(b->slot[__builtin_ctz(left)]);
}

/* --- Slabs: room for one bucket more, or less ---------------------------- */

static bool is_power_of_two(uint64_t n)
{
    return (n & (n - 1)) == 0;
}

static uint64_t power_of_two_above(uint64_t n)
{
    return n <= 1 ? 1 : UINT64_C(1) << (64 - __builtin_clzll(n - 1));
}

static struct table_bucket *slab_alloc(uint64_t buckets)
{
    return memory_alloc_aligned(sizeof(struct table_bucket),
                                buckets * sizeof(struct table_bucket));
}

static void slab_resize_first(struct table *t, uint64_t from, uint64_t to)
{
    struct table_bucket *slab = slab_alloc(to);

    memcpy(slab, t->slabs[0], (from < to ? from : to) * sizeof(*slab));
    memory_free(t->slabs[0]);
    t->slabs[0] = slab;
}

static void slab_resize_directory(struct table *t, uint64_t slabs)
{
    t->slabs = memory_realloc(t->slabs, slabs * sizeof(t->slabs[0]));
}

static void table_set_buckets(struct table *t, uint64_t n)
{
    t->buckets = n;
    t->mask = (UINT64_C(2) << (63 - __builtin_clzll(n))) - 1;
}

/* A slab with an empty bucket 0. */
static void table_open(struct table *t)
{
    t->slabs = memory_alloc(sizeof(t->slabs[0]));
    t->slabs[0] = slab_alloc(1);
    t->slabs[0]->control = 0;
}

static void table_close(struct table *t)
{
    memory_free(t->slabs[0]);
    memory_free(t->slabs);
    table_set_nowhere(t);
}

/* Append an empty bucket.  Its slab is not zeroed before: a bucket counts from
 * the moment that its control word is written here. */
static struct table_bucket *table_add_bucket(struct table *t)
{
    uint64_t n = t->buckets;
    uint64_t slabs = n >> TABLE_SLAB_SHIFT;
    struct table_bucket *b;

    if (n < TABLE_SLAB) {
        if (is_power_of_two(n))
            slab_resize_first(t, n, 2 * n);
    } else if (n % TABLE_SLAB == 0) {
        if (is_power_of_two(slabs))
            slab_resize_directory(t, 2 * slabs);
        t->slabs[slabs] = slab_alloc(TABLE_SLAB);
    }
    table_set_buckets(t, n + 1);
    b = table_bucket_at(t, n);
    b->control = 0;
    return b;
}

/* Take away the last bucket, which is empty and not the only one. */
static void table_drop_bucket(struct table *t)
{
    uint64_t n = t->buckets - 1;
    uint64_t slabs = n >> TABLE_SLAB_SHIFT;

    table_set_buckets(t, n);
    if (n < TABLE_SLAB) {
        if (is_power_of_two(n))
            slab_resize_first(t, 2 * n, n);
    } else if (n % TABLE_SLAB == 0) {
        memory_free(t->slabs[slabs]);
        if (is_power_of_two(slabs))
            slab_resize_directory(t, slabs);
    }
}

/* --- Fitting the table to its load --------------------------------------- */

/* Bit `bit` of the hash of the entry in `word`.  From 16 on it is in the slot,
 * and the entry stays where it is: cold. */
static bool table_hash_bit(const struct table *t, uint64_t word, unsigned bit)
{
    if (bit >= 16)
        return word >> (bit + 32) & 1;
    return t->hash(table_pointer(word), t->hash_ctx) >> bit & 1;
}

/* The number of the bucket that bucket n, the last but for one, comes from. */
static uint64_t table_parent(uint64_t n)
{
    return n ^ UINT64_C(1) << (63 - __builtin_clzll(n));
}

static void table_split(struct table *t)
{
    uint64_t n = t->buckets;
    unsigned bit = 63 - (unsigned)__builtin_clzll(n);
    struct table_bucket *high = table_add_bucket(t);
    struct table_bucket *low = table_bucket_at(t, table_parent(n));
    struct table_bucket old = *low;

    low->control = 0;
    for (;;) {
        uint32_t left = bucket_occupied(&old);
        struct table_bucket *next;

        for (; left != 0; left &= left - 1) {
            uint32_t slot = (uint32_t)__builtin_ctz(left);
            uint64_t word = old.slot[slot];

            if (table_hash_bit(t, word, bit))
                high = chain_put(t, high, word, bucket_tag(&old, slot));
            else
                low = chain_put(t, low, word, bucket_tag(&old, slot));
        }
        if (!table_leads_on(&old))
            return;
        next = bucket_next(&old);
        old = *next;
        memory_free(next);
        t->overflow--;
    }
}

static void table_merge(struct table *t)
{
    uint64_t n = t->buckets - 1;
    struct table_bucket *low = table_bucket_at(t, table_parent(n));
    struct table_bucket *high = table_bucket_at(t, n);

    for (;;) {
        uint32_t left = bucket_occupied(high);

        for (; left != 0; left &= left - 1) {
            uint32_t slot = (uint32_t)__builtin_ctz(left);

            low = chain_put(t, low, high->slot[slot], bucket_tag(high, slot));
        }
        high->control &= ~BUCKET_OCCUPIED;
        if (!table_leads_on(high))
            break;
        /* Bring the next bucket's content here and free that one. */
        struct table_bucket *next = bucket_next(high);
        *high = *next;
        memory_free(next);
        t->overflow--;
    }
    table_drop_bucket(t);
}

/* Would the table be too large for that many entries? */
static bool table_is_loose(const struct table *t, uint64_t count)
{
    if (count < t->reserved)
        count = t->reserved;
    return 2 * count < t->buckets * TABLE_LOAD_MERGE && t->buckets > 1;
}

/* Take up to `steps` steps towards the right number of buckets. */
static void table_fit(struct table *t, uint64_t steps)
{
    if (t->pinned || table_is_nowhere(t))
        return;
    for (; steps > 0; steps--) {
        if (2 * t->count > t->buckets * TABLE_LOAD_SPLIT &&
            t->buckets < TABLE_BUCKETS_MAX)
            table_split(t);
        else if (table_is_loose(t, t->count))
            table_merge(t);
        else
            break;
    }
    if (t->count == 0 && t->buckets == 1)
        table_close(t);
}

/* Slabs of empty buckets up to the number that `count` entries want. */
static bool table_make_slabs(struct table *t, uint64_t buckets)
{
    uint64_t slabs = (buckets + TABLE_SLAB - 1) >> TABLE_SLAB_SHIFT;
    struct table_bucket **directory =
        memory_try_alloc(power_of_two_above(slabs) * sizeof(directory[0]));

    if (!directory)
        return false;
    for (uint64_t i = 0; i < slabs; i++) {
        directory[i] = slab_alloc(TABLE_SLAB);
        for (uint64_t k = 0; k < TABLE_SLAB; k++)
            directory[i][k].control = 0;
    }
    t->slabs = directory;
    return true;
}

void table_reserve(struct table *t, uint64_t count)
{
    uint64_t buckets = count / TABLE_LOAD_SPLIT * 2;

    t->reserved = count;
    if (count == 0)
        table_fit(t, t->count != 0 ? 2 : UINT64_MAX);
    if (!table_is_nowhere(t) || buckets < TABLE_SLAB)
        return;
    if (buckets > TABLE_BUCKETS_MAX)
        buckets = TABLE_BUCKETS_MAX;
    buckets &= ~(TABLE_SLAB - 1);
    if (table_make_slabs(t, buckets))
        table_set_buckets(t, buckets);
}

/* --- Changing ------------------------------------------------------------ */

void table_insert(struct table *t, uint64_t hash, void *entry)
{
    uint64_t word = (uint64_t)(uintptr_t)entry;

    assert(!t->pinned && entry != NULL && word >> 48 == 0);
    if (KR_UNLIKELY(table_is_nowhere(t)))
        table_open(t);
    chain_put(t, table_bucket_at(t, table_address(t, hash)),
              word | hash >> 16 << 48, (uint8_t)(hash >> 56));
    t->count++;
    table_fit(t, 2);
}

/* Erase while nothing may move: only a bucket that became empty goes. */
static void table_erase_pinned(struct table *t, struct table_bucket *head,
                               const struct table_place *at)
{
    bucket_clear(at->bucket, at->slot);
    if (at->bucket == head || bucket_count(at->bucket) != 0)
        return;
    while (bucket_next(head) != at->bucket)
        head = bucket_next(head);
    chain_cut(t, head);
}

void table_erase(struct table *t, uint64_t hash, const struct table_place *at)
{
    struct table_bucket *head = table_bucket_at(t, table_address(t, hash));

    assert(bucket_occupied(at->bucket) >> at->slot & 1);
    t->count--;
    if (t->pinned) {
        table_erase_pinned(t, head, at);
        return;
    }
    bucket_clear(at->bucket, at->slot);
    chain_pack(t, head);
    /* The last one gone, no change may come that would take the rest down. */
    table_fit(t, t->count != 0 ? 2 : UINT64_MAX);
}

bool table_clear_step(struct table *t, size_t budget, table_entry_fn release,
                      void *ctx)
{
    assert(!t->pinned);
    while (budget > 0 && !table_is_nowhere(t)) {
        struct table_bucket *b = table_bucket_at(t, t->buckets - 1);
        struct table_bucket gone;
        uint32_t left;

        /* Out of the table first, and then to `release`: the bucket after the
         * head while there is one, so that the chain stays a packed one. */
        if (table_leads_on(b)) {
            gone = *bucket_next(b);
            chain_cut(t, b);
        } else {
            gone = *b;
            b->control = 0;
            if (t->buckets > 1)
                table_drop_bucket(t);
            else
                table_close(t);
        }
        left = bucket_occupied(&gone);
        t->count -= bucket_count(&gone);
        budget -=
            budget < 1 + bucket_count(&gone) ? budget : 1 + bucket_count(&gone);
        for (; left != 0; left &= left - 1)
            release(table_pointer(gone.slot[__builtin_ctz(left)]), ctx);
    }
    return table_is_nowhere(t);
}

/* --- Going round --------------------------------------------------------- */

/* Visit a chain while the buckets stand still, and pack it. */
static void table_visit(struct table *t, uint64_t number, table_entry_fn visit,
                        void *ctx)
{
    struct table_bucket *b = table_bucket_at(t, number);

    chain_visit(b, visit, ctx);
    chain_pack(t, b);
}

void table_each(struct table *t, table_entry_fn visit, void *ctx)
{
    if (table_is_nowhere(t))
        return;
    assert(!t->pinned);
    t->pinned = true;
    for (uint64_t b = 0; b < t->buckets; b++)
        table_visit(t, b, visit, ctx);
    t->pinned = false;
    table_fit(t, UINT64_MAX);
}

static uint64_t reverse_bits(uint64_t v)
{
    v = (v >> 1 & UINT64_C(0x5555555555555555)) |
        (v & UINT64_C(0x5555555555555555)) << 1;
    v = (v >> 2 & UINT64_C(0x3333333333333333)) |
        (v & UINT64_C(0x3333333333333333)) << 2;
    v = (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) |
        (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    return __builtin_bswap64(v);
}

/* Seen through the mask 2^L - 1 this is a table of 2^L cells, of which a cell
 * is one bucket, or two where it is split.  The cursor counts cells with its
 * bits reversed, the highest moving first.  When L becomes L + 1, the cells
 * that a done cell turns into are those that differ in the new highest bit: the
 * two are neighbours in that order, so both are behind the cursor; and in the
 * same way when L becomes smaller, save that a half-done pair is done again. */
uint64_t table_scan(struct table *t, uint64_t cursor, table_entry_fn visit,
                    void *ctx)
{
    uint64_t cell_mask = t->mask >> 1;
    uint64_t cell = cursor & cell_mask;
    uint64_t before = t->count;

    if (table_is_nowhere(t))
        return 0;
    assert(!t->pinned);
    t->pinned = true;
    table_visit(t, cell, visit, ctx);
    if (cell + cell_mask + 1 < t->buckets)
        table_visit(t, cell + cell_mask + 1, visit, ctx);
    t->pinned = false;
    table_fit(t, 2 * (before - t->count));
    return reverse_bits(reverse_bits(cursor | ~cell_mask) + 1);
}

/* A step of splitmix64: each number once in 2^64. */
static uint64_t table_chance(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t chance_below(uint64_t *seed, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)table_chance(seed) * bound >> 64);
}

/* Buckets hold different numbers of entries, so take the i-th of a chain, with
 * i below twelve, and try again where there is none: then each entry has the
 * same chance.  A longer chain draws from all its own. */
void *table_random(const struct table *t, uint64_t *seed)
{
    const uint64_t fair = 12;
    const struct table_bucket *b;
    uint64_t number;

    if (t->count == 0)
        return NULL;
    for (int i = 0; i < 64; i++) {
        uint64_t n, count;

        b = table_bucket_at(t, chance_below(seed, t->buckets));
        count = chain_count(b);
        n = chance_below(seed, count > fair ? count : fair);
        if (n < count)
            return chain_nth(b, n);
    }
    /* Nearly empty for its size: a step of clearing, or hashes of an enemy. */
    number = chance_below(seed, t->buckets);
    for (;;) {
        b = table_bucket_at(t, number);
        if (chain_count(b) != 0)
            return chain_nth(b, chance_below(seed, chain_count(b)));
        number = number + 1 < t->buckets ? number + 1 : 0;
    }
}

size_t table_sample(const struct table *t, uint64_t *seed, void **entries,
                    size_t k)
{
    uint64_t number = chance_below(seed, t->buckets);
    uint64_t buckets_max = 8 + 4 * (uint64_t)k;
    size_t taken = 0;

    if (t->count == 0 || k == 0)
        return 0;
    if (buckets_max > t->buckets)
        buckets_max = t->buckets;
    for (; buckets_max > 0; buckets_max--) {
        const struct table_bucket *b = table_bucket_at(t, number);

        for (; b != NULL; b = table_leads_on(b) ? bucket_next(b) : NULL) {
            uint32_t left = bucket_occupied(b);

            for (; left != 0; left &= left - 1) {
                if (taken == k)
                    return k;
                entries[taken++] = table_pointer(b->slot[__builtin_ctz(left)]);
            }
        }
        number = number + 1 < t->buckets ? number + 1 : 0;
    }
    if (taken == 0)
        entries[taken++] = table_random(t, seed);
    return taken;
}

/* --- Looking at it ------------------------------------------------------- */

size_t table_memory(const struct table *t)
{
    uint64_t buckets, slabs;

    if (table_is_nowhere(t))
        return 0;
    slabs = (t->buckets + TABLE_SLAB - 1) / TABLE_SLAB;
    buckets = slabs > 1 ? slabs * TABLE_SLAB : power_of_two_above(t->buckets);
    return (size_t)((buckets + t->overflow) * sizeof(struct table_bucket) +
                    power_of_two_above(slabs) * sizeof(t->slabs[0]));
}

void table_stats(const struct table *t, struct table_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    stats->count = t->count;
    stats->buckets = t->buckets;
    stats->overflow = t->overflow;
    stats->memory = table_memory(t);
    for (uint64_t n = 0; n < t->buckets; n++) {
        const struct table_bucket *b = table_bucket_at(t, n);
        uint64_t count = chain_count(b);
        unsigned length = 0;

        if (count > stats->fullest)
            stats->fullest = count;
        for (; table_leads_on(b); b = bucket_next(b))
            length++;
        stats->chains[length < TABLE_STATS_CHAINS ? length
                                                  : TABLE_STATS_CHAINS - 1]++;
    }
}

/* Does each entry of `b` belong to the chain of bucket `number`? */
static const char *table_check_bucket(const struct table *t,
                                      const struct table_bucket *b,
                                      uint64_t number)
{
    uint32_t left = bucket_occupied(b);

    if ((uintptr_t)b % sizeof(*b) != 0)
        return "a bucket is not a cache line";
    if (table_leads_on(b) && left != 0x3f)
        return "a bucket leads on and is not full";
    for (; left != 0; left &= left - 1) {
        uint32_t slot = (uint32_t)__builtin_ctz(left);
        uint64_t word = b->slot[slot];
        uint64_t hash;

        if (table_pointer(word) == NULL)
            return "an occupied slot has no entry";
        hash = t->hash(table_pointer(word), t->hash_ctx);
        if (table_address(t, hash) != number)
            return "an entry is in a wrong chain";
        if (bucket_tag(b, slot) != hash >> 56)
            return "a tag is not its entry's";
        if (word >> 48 != (hash >> 16 & 0xffff))
            return "the hash bits of a slot are not its entry's";
    }
    return NULL;
}

const char *table_check(const struct table *t)
{
    uint64_t count = 0, overflow = 0;

    if (table_is_nowhere(t) && (t->count != 0 || t->buckets != 1))
        return "entries in a table without memory";
    if (t->buckets > t->mask || t->buckets <= t->mask >> 1 ||
        !is_power_of_two(t->mask + 1))
        return "the mask is not that of the number of buckets";
    for (uint64_t n = 0; n < t->buckets; n++) {
        const struct table_bucket *b = table_bucket_at(t, n);
        const char *wrong;

        while ((wrong = table_check_bucket(t, b, n)) == NULL) {
            count += bucket_count(b);
            if (!table_leads_on(b))
                break;
            b = bucket_next(b);
            overflow++;
            if (!table_leads_on(b) && bucket_count(b) < 2)
                return "an overflow bucket could be given back";
        }
        if (wrong != NULL)
            return wrong;
    }
    if (count != t->count)
        return "the count is not that of the entries";
    if (overflow != t->overflow)
        return "the count of overflow buckets is wrong";
    return NULL;
}
