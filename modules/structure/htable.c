/* SPDX-License-Identifier: BSD-3-Clause */
/* htable - how chains are kept packed, and the table fitted to its load.
 *
 * The length of a row that is led to stands in the word that leads there, so a
 * row is nothing but words.  It grows and shrinks in pairs of words, by a new
 * allocation; when it would be down to one item, that item goes back to where
 * the lead was:
 *
 *     a b c d e f g ->  h i    - c   =   a b i d e f g h
 *
 * Insertions split, erasures merge, so that a table that was made large ahead
 * of its items stays so.  Merging starts at 3 items a bucket: a count that
 * swings by half moves nothing. */
#include "htable.h"

#include "chance.h"
#include "htable_row.h"

#include <assert.h>

#define LOAD_SPLIT  13 /* halves of an item a bucket: 6.5 */
#define LOAD_MERGE  6  /* 3 */
#define BUCKETS_MAX (UINT64_C(1) << 32)
#define PAIR        2
#define COPY        64 /* words of chains that fit the stack */

/* --- Finding ------------------------------------------------------------- */

static struct item *word_find(uint64_t *word, struct kr_str key,
                              struct htable_place *at)
{
    struct item *item = word_pointer(*word);

    if (item == NULL || word_leads(*word) || !kr_str_equal(item_key(item), key))
        return NULL;
    if (at != NULL)
        at->word = word;
    return item;
}

/* In the rows that are led to. */
static struct item *row_find_on(uint64_t lead, struct kr_str key, uint16_t tag,
                                struct htable_place *at)
{
    while (word_leads(lead)) {
        uint64_t *row = word_pointer(lead);
        unsigned length = word_length(lead);

        for (unsigned i = 0; i < length; i++) {
            struct item *item;

            if (row[i] >> 48 != tag)
                continue;
            item = word_find(row + i, key, at);
            if (item != NULL)
                return item;
        }
        lead = row[length - 1];
    }
    return NULL;
}

struct item *htable_find(const struct htable *t, struct kr_str key,
                         uint64_t hash, struct htable_place *at)
{
    uint16_t tag = (uint16_t)(hash >> 16);
    uint64_t *row;
    uint32_t found;

    if (KR_UNLIKELY(t->buckets == 0))
        return NULL;
    row = table_row(t, table_address(t, hash));
    for (found = row_match(row, tag); found != 0; found &= found - 1) {
        struct item *item =
            word_find(row + (unsigned)__builtin_ctz(found) / 4, key, at);

        if (KR_LIKELY(item != NULL))
            return item;
    }
    return row_find_on(row[LAST], key, tag, at);
}

void htable_prefetch_bucket(const struct htable *t, uint64_t hash)
{
    if (t->buckets != 0)
        kr_prefetch(table_row(t, table_address(t, hash)));
}

void htable_prefetch_item(const struct htable *t, uint64_t hash)
{
    const uint64_t *row;
    uint32_t found;

    if (t->buckets == 0)
        return;
    row = table_row(t, table_address(t, hash));
    found = row_match(row, (uint16_t)(hash >> 16));
    if (KR_LIKELY(found != 0))
        kr_prefetch(word_pointer(row[(unsigned)__builtin_ctz(found) / 4]));
    else if (word_leads(row[LAST]))
        kr_prefetch(word_pointer(row[LAST]));
}

/* --- One chain ----------------------------------------------------------- */

/* The last row of a chain. */
struct tail {
    uint64_t *row;
    uint64_t *lead; /* the word that leads to it, NULL for the bucket's own */
    unsigned length;
};

static struct tail chain_tail(uint64_t *row)
{
    struct tail end = {row, NULL, HTABLE_ROW};

    while (end.length == HTABLE_ROW && word_leads(end.row[LAST])) {
        end.lead = &end.row[LAST];
        end.row = word_pointer(*end.lead);
        end.length = word_length(*end.lead);
    }
    return end;
}

/* Another length for a row that is led to: 0 for no row yet or none any more.
 * The first `keep` words remain, the others are free. */
static uint64_t *row_resize(struct htable *t, const struct structure_host *host,
                            uint64_t *row, unsigned from, unsigned to,
                            unsigned keep)
{
    uint64_t *fresh = NULL;

    if (to != 0) {
        fresh = structure_alloc(host, to * sizeof(*fresh));
        memset(fresh, 0, to * sizeof(*fresh));
        if (keep != 0)
            memcpy(fresh, row, keep * sizeof(*fresh));
    }
    if (from != 0)
        structure_free(host, row);
    t->overflow = t->overflow + to - from;
    return fresh;
}

static void chain_put(struct htable *t, const struct structure_host *host,
                      uint64_t *row, uint64_t word)
{
    struct tail end = chain_tail(row);
    unsigned count = row_count(end.row, end.length);
    uint64_t *fresh;

    if (count < end.length) {
        end.row[count] = word;
    } else if (count < HTABLE_ROW) {
        fresh = row_resize(t, host, end.row, count, count + PAIR, count);
        fresh[count] = word;
        *end.lead = word_lead(fresh, count + PAIR);
    } else {
        fresh = row_resize(t, host, NULL, 0, PAIR, 0);
        fresh[0] = end.row[LAST];
        fresh[1] = word;
        end.row[LAST] = word_lead(fresh, PAIR);
    }
}

/* Take the last word of a chain that has one.  `hole` is a word of that chain
 * which is to hold it then, or is the last one itself. */
static void chain_take(struct htable *t, const struct structure_host *host,
                       uint64_t *row, uint64_t *hole)
{
    struct tail end = chain_tail(row);
    unsigned count = row_count(end.row, end.length);

    assert(count > 0);
    count--;
    *hole = end.row[count];
    end.row[count] = 0;
    if (end.lead == NULL)
        return;
    if (count == 1) {
        *end.lead = end.row[0];
        row_resize(t, host, end.row, PAIR, 0, 0);
    } else if (count + PAIR == end.length) {
        uint64_t *fresh =
            row_resize(t, host, end.row, end.length, count, count);

        *end.lead = word_lead(fresh, count);
    }
}

static uint64_t chain_count(const uint64_t *row)
{
    uint64_t count = 0;
    unsigned length = HTABLE_ROW;

    while (length == HTABLE_ROW && word_leads(row[LAST])) {
        uint64_t lead = row[LAST];

        count += LAST;
        row = word_pointer(lead);
        length = word_length(lead);
    }
    return count + row_count(row, length);
}

static struct item *chain_nth(const uint64_t *row, uint64_t n)
{
    while (n >= LAST && word_leads(row[LAST])) {
        n -= LAST;
        row = word_pointer(row[LAST]); /* n is within it, if it is shorter */
    }
    return word_pointer(row[n]);
}

/* Copy the items' words to `copy`, which has room for all; answers its end. */
static uint64_t *chain_copy(const uint64_t *row, uint64_t *copy)
{
    unsigned length = HTABLE_ROW, count;

    for (;;) {
        uint64_t lead = row[length - 1];

        count = row_count(row, length);
        if (length < HTABLE_ROW || !word_leads(lead))
            break;
        memcpy(copy, row, LAST * sizeof(*copy));
        copy += LAST;
        row = word_pointer(lead);
        length = word_length(lead);
    }
    memcpy(copy, row, count * sizeof(*copy));
    return copy + count;
}

/* The words of one or two chains, side by side. */
struct gathered {
    uint64_t *words;
    uint64_t *end;
    uint64_t room[COPY];
};

/* `b` may be NULL. */
static void chains_gather(struct gathered *g, const struct structure_host *host,
                          const uint64_t *a, const uint64_t *b)
{
    uint64_t count = chain_count(a) + (b != NULL ? chain_count(b) : 0);

    g->words = g->room;
    if (KR_UNLIKELY(count > COPY))
        g->words = structure_alloc(host, count * sizeof(*g->words));
    g->end = chain_copy(a, g->words);
    if (b != NULL)
        g->end = chain_copy(b, g->end);
}

static void chains_ungather(struct gathered *g,
                            const struct structure_host *host)
{
    if (KR_UNLIKELY(g->words != g->room))
        structure_free(host, g->words);
}

/* Free the rows that a bucket leads to, and all its words. */
static void chain_empty(struct htable *t, const struct structure_host *host,
                        uint64_t *row)
{
    uint64_t lead = row[LAST];

    while (word_leads(lead)) {
        uint64_t *next = word_pointer(lead);
        unsigned length = word_length(lead);

        lead = length == HTABLE_ROW ? next[LAST] : 0;
        row_resize(t, host, next, length, 0, 0);
    }
    memset(row, 0, sizeof(struct htable_row));
}

/* Write words into an empty bucket, and into as many rows as it takes. */
static void chain_fill(struct htable *t, const struct structure_host *host,
                       uint64_t *row, const uint64_t *words, uint64_t count)
{
    while (count > HTABLE_ROW) {
        uint64_t left = count - LAST;
        unsigned length = left < HTABLE_ROW
                              ? (unsigned)(left + PAIR - 1) / PAIR * PAIR
                              : HTABLE_ROW;
        uint64_t *next = row_resize(t, host, NULL, 0, length, 0);

        memcpy(row, words, LAST * sizeof(*row));
        row[LAST] = word_lead(next, length);
        row = next;
        words += LAST;
        count = left;
    }
    memcpy(row, words, count * sizeof(*row));
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

/* Buckets that a slab has room for when `n` are needed.  The first one: 1 2 3 4
 * 5 6 7 8 10 12 14 16 20 ..., the sizes that allocators have; one after it grows
 * by quarters. */
static uint64_t slab_room(uint64_t slab, uint64_t n)
{
    uint64_t step = slab == 0 ? power_of_two_above(n) / 8 : SLAB / 4;

    return step <= 1 ? n : (n + step - 1) / step * step;
}

static struct htable_row *slab_alloc(const struct structure_host *host,
                                     uint64_t buckets)
{
    return structure_alloc(host, buckets * sizeof(struct htable_row));
}

static void slab_resize(const struct structure_host *host,
                        struct htable_row **slab, uint64_t used, uint64_t room)
{
    struct htable_row *fresh = slab_alloc(host, room);

    memcpy(fresh, *slab, used * sizeof(*fresh));
    structure_free(host, *slab);
    *slab = fresh;
}

static void slab_resize_directory(struct htable *t,
                                  const struct structure_host *host,
                                  uint64_t used, uint64_t room)
{
    struct htable_row **slabs = structure_alloc(host, room * sizeof(*slabs));

    memcpy(slabs, t->at.slabs, used * sizeof(*slabs));
    structure_free(host, t->at.slabs);
    t->at.slabs = slabs;
}

/* From one slab to an array of two. */
static void slab_open_directory(struct htable *t,
                                const struct structure_host *host)
{
    struct htable_row **slabs = structure_alloc(host, 2 * sizeof(*slabs));

    slabs[0] = t->at.slab;
    t->at.slabs = slabs;
}

static void slab_close_directory(struct htable *t,
                                 const struct structure_host *host)
{
    struct htable_row *slab = t->at.slabs[0];

    structure_free(host, t->at.slabs);
    t->at.slab = slab;
}

static struct htable_row **table_slab(struct htable *t, uint64_t slab)
{
    return slab == 0 ? &t->at.slab : &t->at.slabs[slab];
}

/* Append an empty bucket. */
static uint64_t *table_add_bucket(struct htable *t,
                                  const struct structure_host *host)
{
    uint64_t slab = t->buckets >> HTABLE_SLAB_SHIFT;
    uint64_t used = t->buckets & (SLAB - 1);
    uint64_t *row;

    if (used == 0) {
        if (slab == 1)
            slab_open_directory(t, host);
        else if (slab > 1 && is_power_of_two(slab))
            slab_resize_directory(t, host, slab, 2 * slab);
        *table_slab(t, slab) = slab_alloc(host, slab_room(slab, 1));
    } else if (slab_room(slab, used) == used) {
        slab_resize(host, table_slab(t, slab), used, slab_room(slab, used + 1));
    }
    t->buckets++;
    row = table_row(t, t->buckets - 1);
    memset(row, 0, sizeof(struct htable_row));
    return row;
}

/* Take away the last bucket, which is empty. */
static void table_drop_bucket(struct htable *t,
                              const struct structure_host *host)
{
    uint64_t n = --t->buckets;
    uint64_t slab = n >> HTABLE_SLAB_SHIFT;
    uint64_t used = n & (SLAB - 1);

    if (used == 0) {
        structure_free(host, *table_slab(t, slab));
        if (slab == 0)
            t->at.slab = NULL;
        else if (slab == 1)
            slab_close_directory(t, host);
        else if (is_power_of_two(slab))
            slab_resize_directory(t, host, slab, slab);
    } else if (slab_room(slab, used) == used) {
        slab_resize(host, table_slab(t, slab), used, used);
    }
}

/* --- Fitting the table to its load --------------------------------------- */

/* Bit `bit` of the hash of a word's item.  From 16 on it is in the word, and
 * the item stays where it is: cold. */
static bool word_hash_bit(const struct structure_host *host, uint64_t word,
                          unsigned bit)
{
    if (bit >= 16)
        return word >> (bit + 32) & 1;
    return host->hash(item_key(word_pointer(word))) >> bit & 1;
}

/* The number of the bucket that bucket `n`, to be added, takes items from. */
static uint64_t bucket_parent(uint64_t n)
{
    return n ^ UINT64_C(1) << (63 - __builtin_clzll(n));
}

static void table_split(struct htable *t, const struct structure_host *host)
{
    uint64_t n = t->buckets;
    unsigned bit = 63 - (unsigned)__builtin_clzll(n);
    uint64_t *high = table_add_bucket(t, host);
    uint64_t *low = table_row(t, bucket_parent(n));
    struct gathered g;
    uint64_t *middle;

    chains_gather(&g, host, low, NULL);
    chain_empty(t, host, low);
    middle = g.words;
    for (uint64_t *word = g.words; word < g.end; word++) {
        uint64_t here = *word;

        if (!word_hash_bit(host, here, bit)) {
            *word = *middle;
            *middle++ = here;
        }
    }
    chain_fill(t, host, low, g.words, (uint64_t)(middle - g.words));
    chain_fill(t, host, high, middle, (uint64_t)(g.end - middle));
    chains_ungather(&g, host);
}

static void table_merge(struct htable *t, const struct structure_host *host)
{
    uint64_t n = t->buckets - 1;
    uint64_t *low = table_row(t, bucket_parent(n));
    uint64_t *high = table_row(t, n);
    struct gathered g;

    chains_gather(&g, host, low, high);
    chain_empty(t, host, low);
    chain_empty(t, host, high);
    chain_fill(t, host, low, g.words, (uint64_t)(g.end - g.words));
    chains_ungather(&g, host);
    table_drop_bucket(t, host);
}

static void table_grow(struct htable *t, const struct structure_host *host)
{
    for (int steps = 2; steps > 0; steps--) {
        if (2 * t->count <= t->buckets * LOAD_SPLIT ||
            t->buckets == BUCKETS_MAX)
            return;
        table_split(t, host);
    }
}

static void table_shrink(struct htable *t, const struct structure_host *host,
                         uint64_t steps)
{
    if (t->pinned)
        return;
    for (; steps > 0 && t->buckets > 1; steps--) {
        if (2 * t->count >= t->buckets * LOAD_MERGE)
            return;
        table_merge(t, host);
    }
    if (t->count == 0 && t->buckets == 1)
        table_drop_bucket(t, host);
}

/* --- Changing ------------------------------------------------------------ */

void htable_insert(struct htable *t, const struct structure_host *host,
                   uint64_t hash, struct item *item)
{
    assert(!t->pinned);
    if (KR_UNLIKELY(t->buckets == 0))
        table_add_bucket(t, host);
    chain_put(t, host, table_row(t, table_address(t, hash)),
              word_of(item, hash));
    t->count++;
    table_grow(t, host);
}

void htable_erase(struct htable *t, const struct structure_host *host,
                  uint64_t hash, const struct htable_place *at)
{
    assert(*at->word != 0 && !word_leads(*at->word));
    t->count--;
    chain_take(t, host, table_row(t, table_address(t, hash)), at->word);
    /* The last one gone, no change may come that would take the rest down. */
    table_shrink(t, host, t->count != 0 ? 2 : UINT64_MAX);
}

void htable_reserve(struct htable *t, const struct structure_host *host,
                    uint64_t count)
{
    uint64_t buckets = count / LOAD_SPLIT * 2 + 1;

    assert(t->buckets == 0);
    if (count == 0)
        return;
    if (buckets <= SLAB) {
        t->at.slab = slab_alloc(host, slab_room(0, buckets));
        memset(t->at.slab, 0, buckets * sizeof(*t->at.slab));
        t->buckets = buckets;
        return;
    }
    while (t->buckets < buckets && t->buckets < BUCKETS_MAX)
        table_add_bucket(t, host);
}

/* Take a row's worth of items out of a bucket that is not empty: the row after
 * its own while there is one, so that the chain stays a packed one.  How many
 * words are in `gone`. */
static unsigned bucket_take_row(struct htable *t,
                                const struct structure_host *host,
                                uint64_t *row, uint64_t *gone)
{
    uint64_t lead = row[LAST];
    unsigned length = HTABLE_ROW;
    unsigned count;

    if (!word_leads(lead)) {
        memcpy(gone, row, sizeof(struct htable_row));
        memset(row, 0, sizeof(struct htable_row));
        return row_count(gone, length);
    }
    length = word_length(lead);
    memcpy(gone, word_pointer(lead), length * sizeof(*gone));
    row_resize(t, host, word_pointer(lead), length, 0, 0);
    count = row_count(gone, length);
    row[LAST] = 0;
    if (word_leads(gone[count - 1]))
        row[LAST] = gone[--count];
    return count;
}

bool htable_clear_step(struct htable *t, const struct structure_host *host,
                       size_t budget, htable_item_fn release, void *ctx)
{
    assert(!t->pinned);
    while (budget > 0 && t->buckets > 0) {
        uint64_t *row = table_row(t, t->buckets - 1);
        uint64_t gone[HTABLE_ROW];
        unsigned count = bucket_take_row(t, host, row, gone);

        if (row[0] == 0)
            table_drop_bucket(t, host);
        t->count -= count;
        budget -= budget < 1 + count ? budget : 1 + count;
        for (unsigned i = 0; release != NULL && i < count; i++)
            release(word_pointer(gone[i]), ctx);
    }
    return t->buckets == 0;
}

/* --- Going round --------------------------------------------------------- */

/* The words are copied before any is visited, so `visit` may erase, and the
 * table may close the gap.  `all`: whatever it answers. */
static bool chains_visit(const struct structure_host *host, const uint64_t *a,
                         const uint64_t *b, htable_item_fn visit, void *ctx,
                         bool all)
{
    struct gathered g;
    bool more = true;

    chains_gather(&g, host, a, b);
    for (const uint64_t *word = g.words; word < g.end; word++)
        kr_prefetch(word_pointer(*word));
    for (const uint64_t *word = g.words; word < g.end && (more || all); word++)
        more = visit(word_pointer(*word), ctx);
    chains_ungather(&g, host);
    return more;
}

bool htable_each(struct htable *t, const struct structure_host *host,
                 htable_item_fn visit, void *ctx)
{
    bool more = true;

    assert(!t->pinned);
    t->pinned = true;
    for (uint64_t n = 0; more && n < t->buckets; n++)
        more = chains_visit(host, table_row(t, n), NULL, visit, ctx, false);
    t->pinned = false;
    if (t->buckets != 0 && 2 * t->count < t->buckets * LOAD_MERGE)
        table_shrink(t, host, UINT64_MAX);
    return more;
}

/* A place is the number of a bucket, and of an item in its chain. */
size_t htable_batch(const struct htable *t, uint64_t *place,
                    struct item **items, size_t max)
{
    struct chain_place at = chain_place(*place);
    uint64_t words[COPY];
    size_t count = 0;

    while (at.bucket < t->buckets && count < max) {
        size_t room = max - count < COPY ? max - count : COPY;
        size_t some = chain_words(t, &at, words, room);

        for (size_t i = 0; i < some; i++) {
            items[count] = word_pointer(words[i]);
            kr_prefetch(items[count++]);
        }
    }
    *place = chain_place_number(&at);
    return count;
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
uint64_t htable_scan(struct htable *t, const struct structure_host *host,
                     uint64_t cursor, htable_item_fn visit, void *ctx)
{
    uint64_t cell_mask, cell, twin;

    if (t->buckets == 0)
        return 0;
    assert(!t->pinned);
    cell_mask = table_mask(t) >> 1;
    cell = cursor & cell_mask;
    twin = cell + cell_mask + 1;
    chains_visit(host, table_row(t, cell),
                 twin < t->buckets ? table_row(t, twin) : NULL, visit, ctx,
                 true);
    return reverse_bits(reverse_bits(cursor | ~cell_mask) + 1);
}

/* Buckets hold different numbers of items, so take the i-th of a chain, with i
 * below 24, and try again where there is none: then each item has the same
 * chance.  A longer chain draws from all its own.  Three times in four the
 * answer stands in the bucket's own line. */
struct item *htable_random(const struct htable *t, uint64_t *seed)
{
    const uint64_t fair = 24;
    uint64_t number;

    if (t->count == 0)
        return NULL;
    for (int i = 0; i < 256; i++) {
        const uint64_t *row = table_row(t, chance_below(seed, t->buckets));
        uint64_t count = chain_count(row);
        uint64_t n = chance_below(seed, count > fair ? count : fair);

        if (n < count)
            return chain_nth(row, n);
    }
    /* Nearly empty for its size: a step of clearing, or hashes of an enemy. */
    number = chance_below(seed, t->buckets);
    for (;;) {
        const uint64_t *row = table_row(t, number);

        if (row[0] != 0)
            return chain_nth(row, chance_below(seed, chain_count(row)));
        number = number + 1 < t->buckets ? number + 1 : 0;
    }
}

/* --- Looking at it ------------------------------------------------------- */

size_t htable_memory(const struct htable *t)
{
    uint64_t slab = (t->buckets - 1) >> HTABLE_SLAB_SHIFT; /* the last one */
    uint64_t bytes = t->overflow * sizeof(uint64_t);

    if (t->buckets == 0)
        return 0;
    bytes += (slab * SLAB + slab_room(slab, t->buckets - slab * SLAB)) *
             sizeof(struct htable_row);
    if (slab > 0)
        bytes += power_of_two_above(slab + 1) * sizeof(t->at.slabs[0]);
    return (size_t)bytes;
}

static const char *table_check_word(const struct htable *t,
                                    const struct structure_host *host,
                                    uint64_t word, uint64_t number)
{
    uint64_t hash;

    if (word_leads(word))
        return "a word that is not the last of a row leads on";
    hash = host->hash(item_key(word_pointer(word)));
    if (table_address(t, hash) != number)
        return "an item is in a wrong chain";
    if (word >> 48 != (hash >> 16 & 0xffff))
        return "a tag is not its item's";
    return NULL;
}

static const char *table_check_chain(const struct htable *t,
                                     const struct structure_host *host,
                                     uint64_t number, uint64_t *items,
                                     uint64_t *overflow)
{
    const uint64_t *row = table_row(t, number);
    unsigned length = HTABLE_ROW;
    bool own = true;

    for (;;) {
        unsigned count = row_count(row, length);
        uint64_t lead = length == HTABLE_ROW ? row[LAST] : 0;
        unsigned kept = count - word_leads(lead);

        for (unsigned i = 0; i < kept; i++) {
            const char *wrong = row[i] == 0
                                    ? "a free word in the middle of a row"
                                    : table_check_word(t, host, row[i], number);

            if (wrong != NULL)
                return wrong;
        }
        if (!own && (count < PAIR || length - count >= PAIR))
            return "a row is longer than its items need";
        *items += kept;
        *overflow += own ? 0 : length;
        if (!word_leads(lead))
            return NULL;
        row = word_pointer(lead);
        length = word_length(lead);
        if (length == 0 || length > HTABLE_ROW || length % PAIR != 0)
            return "a row has no length that rows have";
        own = false;
    }
}

const char *htable_check(const struct htable *t,
                         const struct structure_host *host)
{
    uint64_t items = 0, overflow = 0;

    if (t->buckets == 0 && t->at.slab != NULL)
        return "a table without buckets has memory";
    if (t->buckets > BUCKETS_MAX)
        return "more buckets than a word knows bits for";
    for (uint64_t n = 0; n < t->buckets; n++) {
        const char *wrong = table_check_chain(t, host, n, &items, &overflow);

        if (wrong != NULL)
            return wrong;
    }
    if (items != t->count)
        return "the count is not that of the items";
    if (overflow != t->overflow)
        return "the count of words in overflow is wrong";
    return NULL;
}
