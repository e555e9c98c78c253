/* SPDX-License-Identifier: BSD-3-Clause */
/* htable_row - the words and rows of an htable, for the files that read them:
 * htable.c and join.c.  htable.h draws them. */
#ifndef MODULES_STRUCTURE_HTABLE_ROW_H
#define MODULES_STRUCTURE_HTABLE_ROW_H

#include <assert.h>

#include "htable.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SLAB (UINT64_C(1) << HTABLE_SLAB_SHIFT)
#define LAST (HTABLE_ROW - 1) /* the word that may lead on */

/* --- One word ------------------------------------------------------------ */

static inline void *word_pointer(uint64_t word)
{
    return (void *)(uintptr_t)(word & UINT64_C(0x0000fffffffffffe));
}

static inline uint64_t word_of(const struct item *item, uint64_t hash)
{
    uint64_t word = (uint64_t)(uintptr_t)item;

    assert(item != NULL && word >> 48 == 0 && (word & 1) == 0);
    return word | hash >> 16 << 48;
}

static inline bool word_leads(uint64_t word)
{
    return (word & 1) != 0;
}

/* The words of the row that `word` leads to. */
static inline unsigned word_length(uint64_t word)
{
    return (unsigned)(word >> 48);
}

static inline uint64_t word_lead(const uint64_t *row, unsigned length)
{
    return (uint64_t)(uintptr_t)row | (uint64_t)length << 48 | 1;
}

/* --- Addresses ----------------------------------------------------------- */

static inline uint64_t *table_row(const struct htable *t, uint64_t number)
{
    if (t->buckets <= SLAB)
        return t->at.slab[number].word;
    return t->at.slabs[number >> HTABLE_SLAB_SHIFT][number & (SLAB - 1)].word;
}

/* 2^(L+1) - 1. */
static inline uint64_t table_mask(const struct htable *t)
{
    return (UINT64_C(2) << (63 - __builtin_clzll(t->buckets))) - 1;
}

static inline uint64_t table_address(const struct htable *t, uint64_t hash)
{
    uint64_t mask = table_mask(t);
    uint64_t number = hash & mask;

    return number < t->buckets ? number : number & mask >> 1;
}

/* --- One row -------------------------------------------------------------- */

/* The words of a row of eight whose upper 16 bits are `tag`: bit 4 i + 3 for
 * word i.  Free words and a lead may be among them. */
static inline uint32_t row_match(const uint64_t *row, uint16_t tag)
{
#if defined(__SSE2__)
    const __m128i *pair = (const __m128i *)(const void *)row;
    __m128i want = _mm_set1_epi16((short)tag);
    __m128i a = _mm_cmpeq_epi16(_mm_loadu_si128(pair), want);
    __m128i b = _mm_cmpeq_epi16(_mm_loadu_si128(pair + 1), want);
    __m128i c = _mm_cmpeq_epi16(_mm_loadu_si128(pair + 2), want);
    __m128i d = _mm_cmpeq_epi16(_mm_loadu_si128(pair + 3), want);
    uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, b));
    uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(c, d));

    return (low | high << 16) & UINT32_C(0x88888888);
#else
    uint32_t found = 0;

    for (unsigned i = 0; i < HTABLE_ROW; i++)
        found |= (uint32_t)(row[i] >> 48 == tag) << (4 * i + 3);
    return found;
#endif
}

static inline unsigned row_count(const uint64_t *row, unsigned length)
{
    while (length > 0 && row[length - 1] == 0)
        length--;
    return length;
}

/* --- The words of one chain after the other ------------------------------- */

/* Where a walk goes on: an item of a chain. */
struct chain_place {
    uint64_t bucket;
    uint64_t from;
};

#define CHAIN_SHIFT 24 /* items in a chain: far more than ever */

static inline struct chain_place chain_place(uint64_t number)
{
    struct chain_place at = {number >> CHAIN_SHIFT,
                             number & ((UINT64_C(1) << CHAIN_SHIFT) - 1)};

    return at;
}

static inline uint64_t chain_place_number(const struct chain_place *at)
{
    return at->bucket << CHAIN_SHIFT | at->from;
}

/* Copy up to `max` words of items, from *at to the end of its chain at most;
 * answers how many, and moves *at behind them. */
static inline size_t chain_words(const struct htable *t, struct chain_place *at,
                                 uint64_t *words, size_t max)
{
    const uint64_t *row = table_row(t, at->bucket);
    unsigned length = HTABLE_ROW;
    uint64_t skip = at->from;
    size_t count = 0;

    for (;;) {
        uint64_t lead = row[length - 1];
        bool more = length == HTABLE_ROW && word_leads(lead);
        unsigned used = more ? LAST : row_count(row, length);

        for (uint64_t i = skip; i < used && count < max; i++)
            words[count++] = row[i];
        if (count == max) {
            at->from += count;
            return count;
        }
        if (!more)
            break;
        skip -= skip < used ? skip : used;
        row = word_pointer(lead);
        length = word_length(lead);
    }
    at->bucket++;
    at->from = 0;
    return count;
}

#endif
