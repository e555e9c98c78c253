/* SPDX-License-Identifier: BSD-3-Clause */
/* table - a hash table of pointers that grows one cache line at a time.
 *
 * A bucket is a cache line: seven slots and a control word.  A lookup reads
 * that line, compares seven tags at once, and touches an entry only when 24
 * bits of its hash agree with the ones that are sought.
 *
 *   byte   0        8                    48       56                    63 64
 *          +--------+--------+-- ... ----+--------+-----------------------+
 *          | slot 0 | slot 1 |           | slot 6 |        control        |
 *          +--------+--------+-- ... ----+--------+-----------------------+
 *
 *   slot      bit 63       48 47                                         0
 *                 +----------+-------------------------------------------+
 *                 | hash     | pointer to the entry                      |
 *                 | 16..31   | (user space ends below 2^47)              |
 *                 +----------+-------------------------------------------+
 *
 *   control  byte 0    1    2    3    4    5    6            7
 *            +----+----+----+----+----+----+----+----------------------+
 *            | tag of slot 0 ... tag of slot 6  | bits 0..6: occupied  |
 *            |         = hash bits 56..63       | bit 7: slot 6 leads  |
 *            +----+----+----+----+----+----+----+ to another bucket ---+
 *
 * Of a hash only bits 0..31 and 56..63 are ever looked at (TABLE_HASH_BITS), so
 * those forty bits are as good as the hash for finding an entry again.
 *
 * Linear hashing: with n buckets, 2^L <= n < 2^(L+1), an entry lives in the
 * bucket that the low L+1 bits of its hash name, or the low L bits when there
 * is no such bucket yet.  Adding bucket n therefore concerns one bucket only,
 * n - 2^L, whose entries are dealt out between the two:
 *
 *     0        n - 2^L            2^L       n
 *     | split    | still to split  | new     |        (2^L = 8, n = 11)
 *     +---+---+---+---+---+---+---+---+---+---+---+
 *     | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |10 |     next: 3 -> 3 and 11
 *     +---+---+---+---+---+---+---+---+---+---+---+
 *
 * When 16 <= L the bit that decides stands in the slot, and no entry is
 * touched; a smaller table asks its owner for the hash.
 *
 * Buckets lie in slabs of 64 KiB, reached through an array of pointers; the
 * first slab doubles from one bucket up to that size.  So memory follows the
 * count closely, and nothing larger than 32 KiB of buckets is ever copied.
 *
 * Invariants (table_check() verifies them):
 *   - an entry is in the chain of the bucket that its hash addresses, once;
 *   - chains are packed: k entries take max(1, ceil((k - 1) / 6)) buckets, and
 *     all but the last one are full.  So a chain of up to 7 has no overflow;
 *   - an empty table owns no memory (but for one that is being cleared).
 *
 * Costs: find, insert, erase O(1): one line, 1.1 to 1.2 on average with the
 * overflow, and the entry.  An insertion splits at most two buckets, an erasure
 * merges at most two; neither allocates more than a slab, or (once for each
 * doubling beyond the first slab) an array of 8 bytes for 1024 buckets.  About
 * 14.3 bytes an entry.  Entries whose forty bits are all equal share a chain:
 * O(chain) for them, no harm to the others.
 *
 * A table is moved by copying the struct; two are swapped the same way. */
#ifndef CORE_KEYSPACE_TABLE_H
#define CORE_KEYSPACE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kr/base.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define TABLE_SLOTS      7
#define TABLE_HASH_BITS  UINT64_C(0xff000000ffffffff)
#define TABLE_SLAB_SHIFT 10 /* buckets in a slab, as a power of two */

struct table_bucket {
    _Alignas(64) uint64_t slot[TABLE_SLOTS];
    uint64_t control;
};

/* The hash of an entry, as it was given to table_insert(). */
typedef uint64_t (*table_hash_fn)(const void *entry, const void *ctx);
/* Receives an entry.  What it may do to the table, the function that calls it
 * says. */
typedef void (*table_entry_fn)(void *entry, void *ctx);

/* Read the fields through the functions below. */
struct table {
    struct table_bucket **slabs;
    uint64_t buckets; /* n; at least 1, even where nothing is allocated */
    uint64_t mask;    /* 2^(L+1) - 1 */
    uint64_t count;
    uint64_t overflow; /* buckets that are reached from another bucket */
    table_hash_fn hash;
    const void *hash_ctx;
    uint64_t reserved; /* entries that are expected: no merging below */
    bool pinned;       /* an iteration is under way: nothing moves */
};

/* Where an entry is.  Good until the next insertion or erasure. */
struct table_place {
    struct table_bucket *bucket;
    uint32_t slot;
    uint32_t untried; /* slots of this bucket with the right tag, as bits */
};

/* Allocates nothing.  `hash_ctx` is handed to `hash`. */
void table_init(struct table *t, table_hash_fn hash, const void *hash_ctx);

static inline uint64_t table_count(const struct table *t)
{
    return t->count;
}

/* --- Finding: inline, so that the caller's comparison is too ------------- */

static inline struct table_bucket *table_bucket_at(const struct table *t,
                                                   uint64_t number)
{
    return t->slabs[number >> TABLE_SLAB_SHIFT] +
           (number & ((1u << TABLE_SLAB_SHIFT) - 1));
}

static inline uint64_t table_address(const struct table *t, uint64_t hash)
{
    uint64_t number = hash & t->mask;

    return number < t->buckets ? number : number & t->mask >> 1;
}

/* The slots among `control`'s that are occupied and have `tag`, as bits.  A
 * slot that leads to another bucket does not count as occupied. */
static inline uint32_t table_match(uint64_t control, uint8_t tag)
{
#if defined(__SSE2__)
    __m128i equal = _mm_cmpeq_epi8(_mm_cvtsi64_si128((long long)control),
                                   _mm_set1_epi8((char)tag));
    uint32_t found = (uint32_t)_mm_movemask_epi8(equal);
#else
    /* A byte of `x` is zero where the tags agree; no carry leaves a byte, so
     * there are no false matches.  The product brings the eight top bits
     * together. */
    uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = control ^ UINT64_C(0x0101010101010101) * tag;
    uint64_t zero = ~(((x & low) + low) | x | low);
    uint32_t found =
        (uint32_t)((zero >> 7) * UINT64_C(0x0102040810204080) >> 56);
#endif
    return found & (uint32_t)(control >> 56) & 0x7f;
}

static inline bool table_leads_on(const struct table_bucket *b)
{
    return b->control >> 63 != 0;
}

static inline void *table_pointer(uint64_t slot)
{
    return (void *)(uintptr_t)(slot & UINT64_C(0x0000ffffffffffff));
}

/* The next entry that may be the one that is sought, or NULL. */
static inline void *table_next(uint64_t hash, struct table_place *at)
{
    for (;;) {
        while (at->untried != 0) {
            uint32_t slot = (uint32_t)__builtin_ctz(at->untried);
            uint64_t word = at->bucket->slot[slot];

            at->untried &= at->untried - 1;
            if (KR_LIKELY((word ^ hash << 32) >> 48 == 0)) {
                at->slot = slot;
                return table_pointer(word);
            }
        }
        if (KR_LIKELY(!table_leads_on(at->bucket)))
            return NULL;
        at->bucket = (struct table_bucket *)table_pointer(at->bucket->slot[6]);
        at->untried = table_match(at->bucket->control, (uint8_t)(hash >> 56));
    }
}

/* Entries whose hash agrees with `hash` in the bits that the table keeps:
 *
 *     for (e = table_first(t, hash, &at); e != NULL; e = table_next(hash, &at))
 *         if (same_key(e, key))
 *             return e;                     -- and `at` is its place
 *
 * A wrong candidate turns up once in some 2^24 lookups per entry of the chain,
 * unless somebody has made hashes collide. */
static inline void *table_first(const struct table *t, uint64_t hash,
                                struct table_place *at)
{
    at->bucket = table_bucket_at(t, table_address(t, hash));
    at->slot = 0;
    at->untried = table_match(at->bucket->control, (uint8_t)(hash >> 56));
    return table_next(hash, at);
}

/* The place of an entry that is known by its address. */
static inline bool table_find_entry(const struct table *t, uint64_t hash,
                                    const void *entry, struct table_place *at)
{
    for (void *e = table_first(t, hash, at); e != NULL;
         e = table_next(hash, at)) {
        if (e == entry)
            return true;
    }
    return false;
}

/* Many keys at once: first fetch the buckets of all of them, then their
 * entries, then look them up; each stage finds its memory on the way. */
static inline void table_prefetch_bucket(const struct table *t, uint64_t hash)
{
    kr_prefetch(table_bucket_at(t, table_address(t, hash)));
}

static inline void table_prefetch_entry(const struct table *t, uint64_t hash)
{
    const struct table_bucket *b = table_bucket_at(t, table_address(t, hash));
    uint32_t found = table_match(b->control, (uint8_t)(hash >> 56));

    if (KR_LIKELY(found != 0))
        kr_prefetch(table_pointer(b->slot[__builtin_ctz(found)]));
    else if (table_leads_on(b))
        kr_prefetch(table_pointer(b->slot[6]));
}

/* --- Changing ------------------------------------------------------------ */

/* The caller knows that no equal entry is there.  `entry` is not NULL.  Not
 * within an iteration. */
void table_insert(struct table *t, uint64_t hash, void *entry);

/* `count` entries are expected: an empty table gets its buckets at once, if
 * there is memory for them; any other is left to grow.  It keeps them until 0
 * is expected. */
void table_reserve(struct table *t, uint64_t count);

/* Another address for the entry at `at`, with the same hash: it was
 * reallocated.  Always allowed. */
static inline void table_replace(const struct table_place *at, void *entry)
{
    uint64_t *word = &at->bucket->slot[at->slot];

    *word = (*word & UINT64_C(0xffff000000000000)) | (uint64_t)(uintptr_t)entry;
}

/* Forget the entry at `at`, which `hash` led to.  Within an iteration, only the
 * entry that it has just given. */
void table_erase(struct table *t, uint64_t hash, const struct table_place *at);

/* Give up to about `budget` entries to `release` and forget them, from the last
 * bucket down.  True when the table is empty and owns no memory.  Between two
 * steps it is an ordinary table of what is left.  `release` leaves the table
 * alone. */
bool table_clear_step(struct table *t, size_t budget, table_entry_fn release,
                      void *ctx);

/* --- Going round --------------------------------------------------------- */

/* Every entry, once.  `visit` may erase or replace the entry that it is given;
 * it may not insert. */
void table_each(struct table *t, table_entry_fn visit, void *ctx);

/* A step of an iteration that may take days: begin with cursor 0, go on with
 * the answer, until it is 0.  Entries that are there from begin to end are
 * given at least once, whatever the table does between steps: it may grow and
 * shrink.  Others may be given or not, and an entry can come twice.  A step
 * visits two chains at most; `visit` may do what it may in table_each(). */
uint64_t table_scan(struct table *t, uint64_t cursor, table_entry_fn visit,
                    void *ctx);

/* An entry by chance, NULL only where there is none.  `*seed` is the caller's
 * state of chance, any number at first.  Fair within chains of up to twelve
 * entries.  Expected O(1). */
void *table_random(const struct table *t, uint64_t *seed);

/* Up to `k` different entries, neighbours from a bucket by chance on: cheaper
 * than table_random() for each, and less random.  How many there are; at least
 * one where the table is not empty. */
size_t table_sample(const struct table *t, uint64_t *seed, void **entries,
                    size_t k);

/* --- Looking at it ------------------------------------------------------- */

/* Bytes of buckets and directory, without the entries.  O(1). */
size_t table_memory(const struct table *t);

#define TABLE_STATS_CHAINS 8

struct table_stats {
    uint64_t count;
    uint64_t buckets;
    uint64_t overflow;
    uint64_t chains[TABLE_STATS_CHAINS]; /* by buckets - 1; last: and more */
    uint64_t fullest;                    /* entries of the longest chain */
    size_t memory;
};

/* O(buckets). */
void table_stats(const struct table *t, struct table_stats *stats);

/* NULL, or the invariant that does not hold.  Calls the hash function for each
 * entry.  O(count). */
const char *table_check(const struct table *t);

#endif
