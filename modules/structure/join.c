/* SPDX-License-Identifier: BSD-3-Clause */
#include "join.h"

#include "htable_row.h"

#define ROWS_PAY 8  /* buckets of b for each of a */
#define WORDS    32 /* of a, taken together */
#define PAIRS    32

/* Items of which the tags agree, on their way from memory. */
struct join {
    struct item *a[PAIRS], *b[PAIRS];
    size_t pairs;
    struct item **items; /* where to: those whose keys agree */
    size_t count;
};

bool join_pays(const struct htable *a, const struct htable *b)
{
    return b->buckets / ROWS_PAY <= a->buckets;
}

/* --- Pairs --------------------------------------------------------------- */

static void join_settle(struct join *join)
{
    for (size_t i = 0; i < join->pairs; i++)
        if (kr_str_equal(item_key(join->a[i]), item_key(join->b[i])))
            join->items[join->count++] = join->a[i];
    join->pairs = 0;
}

static void join_pair(struct join *join, uint64_t a, uint64_t b)
{
    if (b == 0 || word_leads(b))
        return;
    if (join->pairs == PAIRS)
        join_settle(join);
    join->a[join->pairs] = word_pointer(a);
    join->b[join->pairs] = word_pointer(b);
    kr_prefetch(join->a[join->pairs]);
    kr_prefetch(join->b[join->pairs++]);
}

/* --- One chain of b ------------------------------------------------------ */

/* cold: an eighth of the rows leads on. */
static void join_on(struct join *join, const uint64_t *words, size_t count,
                    uint64_t lead)
{
    while (word_leads(lead)) {
        const uint64_t *row = word_pointer(lead);
        unsigned length = word_length(lead);

        for (size_t i = 0; i < count; i++)
            for (unsigned k = 0; k < length; k++)
                if (row[k] >> 48 == words[i] >> 48)
                    join_pair(join, words[i], row[k]);
        lead = row[length - 1];
    }
}

static void join_chain(struct join *join, const uint64_t *words, size_t count,
                       const uint64_t *row)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t found = row_match(row, (uint16_t)(words[i] >> 48));
             found != 0; found &= found - 1)
            join_pair(join, words[i], row[(unsigned)__builtin_ctz(found) / 4]);
    join_on(join, words, count, row[LAST]);
}

/* --- The buckets of b ---------------------------------------------------- */

/* What all items of a bucket have in common: the low bits of their hashes. */
static uint64_t bucket_mask(const struct htable *t, uint64_t bucket)
{
    uint64_t mask = table_mask(t);

    return (bucket | (mask ^ mask >> 1)) < t->buckets ? mask : mask >> 1;
}

/* Words of a bucket of `a`, with all the chains where they can be in `b`. */
static void join_words(struct join *join, const struct htable *a,
                       uint64_t bucket, const struct htable *b,
                       const uint64_t *words, size_t count)
{
    uint64_t known = bucket_mask(a, bucket);
    uint64_t low = table_mask(b) >> 1; /* all buckets of b know these bits */

    if (known > low) {
        join_chain(join, words, count, table_row(b, table_address(b, bucket)));
        return;
    }
    for (uint64_t n = bucket; n <= low; n += known + 1) {
        join_chain(join, words, count, table_row(b, n));
        if (n + low + 1 < b->buckets)
            join_chain(join, words, count, table_row(b, n + low + 1));
    }
}

size_t join_batch(const struct htable *a, const struct htable *b,
                  uint64_t *place, struct item **items, size_t max)
{
    struct chain_place at = chain_place(*place);
    struct join join = {.items = items};
    uint64_t words[WORDS];
    size_t taken = 0; /* each of them may turn out to be one for `items` */

    if (b->buckets == 0)
        return 0;
    while (at.bucket < a->buckets && taken < max) {
        uint64_t bucket = at.bucket;
        size_t room = max - taken < WORDS ? max - taken : WORDS;
        size_t some = chain_words(a, &at, words, room);

        join_words(&join, a, bucket, b, words, some);
        taken += some;
        if (taken == max || at.bucket == a->buckets) {
            join_settle(&join);
            taken = join.count;
            if (join.count > 0)
                break;
        }
    }
    *place = chain_place_number(&at);
    return join.count;
}
