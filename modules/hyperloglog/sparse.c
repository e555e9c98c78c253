/* SPDX-License-Identifier: BSD-3-Clause */
#include "sparse.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SPARSE_VALUE_BIT  0x80u
#define SPARSE_LONG_BIT   0x40u
#define SPARSE_SHORT_MAX  64u /* zeros that one byte can say */
#define SPARSE_REPEAT_MAX 4u  /* registers of a value in one byte */
#define SPARSE_JOIN_STEPS 5   /* runs that an edit can have made joinable */
#define SPARSE_NONE       SIZE_MAX

/* --- Runs ----------------------------------------------------------------- */

/* A run's kind is as good as random: conditional moves, no branches.  The byte
 * behind the run's first is read, whatever it is. */
static inline struct sparse_run sparse_read_two(const uint8_t *bytes)
{
    uint32_t head = bytes[0];
    uint32_t said = head & (head & SPARSE_VALUE_BIT ? 3 : 63);
    uint32_t value = (head >> 2 & 31) + 1;
    bool is_long =
        (head & (SPARSE_VALUE_BIT | SPARSE_LONG_BIT)) == SPARSE_LONG_BIT;

    return (struct sparse_run){
        .length = (is_long ? said << 8 | bytes[1] : said) + 1,
        .value = (uint8_t)(head & SPARSE_VALUE_BIT ? value : 0),
        .size = is_long ? 2 : 1};
}

struct sparse_run sparse_read(struct kr_str runs, size_t at)
{
    uint8_t bytes[2] = {(uint8_t)runs.data[at], 0};
    struct sparse_run run;

    if (KR_LIKELY(at + 1 < runs.size))
        return sparse_read_two((const uint8_t *)runs.data + at);
    run = sparse_read_two(bytes);
    return run.size == 1 ? run : (struct sparse_run){0};
}

/* Write a run; answers its bytes.  None is written for no registers. */
static size_t sparse_write(uint8_t *bytes, uint8_t value, uint32_t length)
{
    if (!length)
        return 0;
    length--;
    if (value) {
        bytes[0] = (uint8_t)(SPARSE_VALUE_BIT | (value - 1u) << 2 | length);
        return 1;
    }
    if (length < SPARSE_SHORT_MAX) {
        bytes[0] = (uint8_t)length;
        return 1;
    }
    bytes[0] = (uint8_t)(SPARSE_LONG_BIT | length >> 8);
    bytes[1] = (uint8_t)length;
    return 2;
}

void sparse_clear(uint8_t *runs)
{
    (void)sparse_write(runs, 0, SKETCH_REGISTERS);
}

/* The next run of registers, of which `index` have been seen; false at the end
 * and where it is broken.  All is well if `index` then is SKETCH_REGISTERS and
 * no byte is left. */
static inline bool sparse_next(struct kr_str runs, size_t *at, uint32_t *index,
                               struct sparse_run *run)
{
    if (*at >= runs.size)
        return false;
    *run = sparse_read(runs, *at);
    if (!run->size || run->length > SKETCH_REGISTERS - *index)
        return false;
    *at += run->size;
    *index += run->length;
    return true;
}

bool sparse_count(struct kr_str runs, uint32_t *histogram)
{
    struct sparse_run run;
    uint32_t index = 0;
    size_t at = 0;

    while (sparse_next(runs, &at, &index, &run))
        histogram[run.value] += run.length;
    return at == runs.size && index == SKETCH_REGISTERS;
}

bool sparse_merge(struct kr_str runs, uint8_t *registers)
{
    struct sparse_run run;
    uint32_t index = 0;
    size_t at = 0;

    while (sparse_next(runs, &at, &index, &run)) {
        if (!run.value)
            continue;
        for (uint32_t i = index - run.length; i < index; i++) {
            if (registers[i] < run.value)
                registers[i] = run.value;
        }
    }
    return at == runs.size && index == SKETCH_REGISTERS;
}

/* --- Finding the run of a register ---------------------------------------- */

/* Where the search is, and the two runs before it.  At most the register is
 * reached, so `first` cannot overflow whatever the runs say. */
struct sparse_search {
    size_t at;
    size_t before; /* SPARSE_NONE: there is none */
    size_t before2;
    uint32_t first;
};

#if defined(__SSE2__)

/* 16 bytes: which of them begin a run, which of these a long one, and which are
 * the second bytes of long ones. */
struct sparse_block {
    uint32_t ops, longs, seconds;
    uint32_t size; /* 15 where the last one's second byte is outside */
};

/* Bytes 01...... begin a long run, unless they are the second byte of one.  So
 * in an unbroken row of them the first, the third ... begin one, and what
 * follows a row of odd length is a second byte, too.  The subtraction borrows
 * through each row, and all rows are looked at together:
 *
 *     candidates   . 1 1 1 . . 1 . 1 1 . .      (first byte on the left)
 *     longs        . 1 . 1 . . 1 . 1 . . .
 *     seconds      . . 1 . 1 . . 1 . 1 . . */
static struct sparse_block sparse_block_of(uint32_t candidates)
{
    const uint32_t odd = UINT32_C(0xaaaaaaaa);
    uint32_t both = ((candidates << 1 | odd) - candidates) ^ odd;
    uint32_t longs = both & candidates, seconds = both ^ candidates;
    uint32_t size = longs & 0x8000 ? 15 : 16;
    uint32_t within = (UINT32_C(1) << size) - 1;

    return (struct sparse_block){.ops = ~seconds & within,
                                 .longs = longs & within,
                                 .seconds = seconds,
                                 .size = size};
}

/* A byte of ones for each of the 16 bits. */
static __m128i sparse_bytes_of(uint32_t bits)
{
    const __m128i each = _mm_set1_epi64x((int64_t)UINT64_C(0x8040201008040201));
    __m128i v = _mm_cvtsi32_si128((int)bits);

    v = _mm_unpacklo_epi8(v, v);
    v = _mm_shufflelo_epi16(v, 0x50);
    v = _mm_shuffle_epi32(v, 0x50);
    return _mm_cmpeq_epi8(_mm_and_si128(v, each), each);
}

static uint32_t sparse_sum(__m128i bytes)
{
    __m128i sums = _mm_sad_epu8(bytes, _mm_setzero_si128());

    return (uint32_t)_mm_cvtsi128_si32(sums) +
           (uint32_t)_mm_extract_epi16(sums, 4);
}

/* The registers of a block's runs: what their bytes say, and one for each. */
static uint32_t sparse_block_length(const struct sparse_block *block,
                                    __m128i bytes)
{
    __m128i values = _mm_cmplt_epi8(bytes, _mm_setzero_si128());
    __m128i bits = _mm_sub_epi8(_mm_set1_epi8(0x3f),
                                _mm_and_si128(values, _mm_set1_epi8(0x3c)));
    __m128i said = _mm_and_si128(bytes, bits);
    __m128i ops = sparse_bytes_of(block->ops);
    __m128i longs = sparse_bytes_of(block->longs);
    __m128i seconds = sparse_bytes_of(block->seconds);
    __m128i low =
        _mm_or_si128(_mm_and_si128(said, _mm_andnot_si128(longs, ops)),
                     _mm_and_si128(bytes, seconds));

    low = _mm_sub_epi8(low, ops); /* ops are -1 */
    return sparse_sum(low) + (sparse_sum(_mm_and_si128(said, longs)) << 8);
}

/* Skip runs sixteen bytes at a time, up to the run of register `index` or a few
 * before it. */
static void sparse_skip(struct kr_str runs, uint32_t index,
                        struct sparse_search *search)
{
    while (runs.size - search->at >= 16) {
        __m128i bytes = _mm_loadu_si128(
            (const __m128i *)(const void *)(runs.data + search->at));
        uint32_t bit6 = (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(bytes, 1));
        uint32_t bit7 = (uint32_t)_mm_movemask_epi8(bytes);
        struct sparse_block block = sparse_block_of(bit6 & ~bit7);
        uint32_t length = sparse_block_length(&block, bytes);
        uint32_t last = 31 - (uint32_t)__builtin_clz(block.ops);
        uint32_t others = block.ops ^ UINT32_C(1) << last;

        if (search->first + length > index)
            return;
        search->first += length;
        search->before2 =
            others ? search->at + 31 - (uint32_t)__builtin_clz(others)
                   : search->before;
        search->before = search->at + last;
        search->at += block.size;
    }
}

#else

static void sparse_skip(struct kr_str runs, uint32_t index,
                        struct sparse_search *search)
{
    (void)runs;
    (void)index;
    (void)search;
}

#endif

/* false: broken. */
static bool sparse_seek(struct kr_str runs, uint32_t index,
                        struct sparse_search *search, struct sparse_run *run)
{
    sparse_skip(runs, index, search);
    while (search->at < runs.size) {
        *run = sparse_read(runs, search->at);
        if (!run->size)
            return false;
        if (index < search->first + run->length)
            return true;
        search->before2 = search->before;
        search->before = search->at;
        search->first += run->length;
        search->at += run->size;
    }
    return false;
}

/* --- Raising one register ------------------------------------------------- */

/* A later search has to know the run before its own.  That one may be what this
 * edit joins to its left neighbour, so it starts at the neighbour before. */
static void sparse_remember(struct kr_str runs,
                            const struct sparse_search *search,
                            struct sparse_place *place)
{
    uint32_t first = search->first;

    if (search->before2 == SPARSE_NONE)
        return;
    first -= sparse_read(runs, search->before).length;
    first -= sparse_read(runs, search->before2).length;
    *place = (struct sparse_place){search->before2, first};
}

enum sparse_outcome sparse_plan(struct kr_str runs, struct sparse_place *place,
                                struct register_rank rank,
                                struct sparse_edit *edit)
{
    struct sparse_search search = {place->at, SPARSE_NONE, SPARSE_NONE,
                                   place->first};
    struct sparse_run run;
    uint32_t left;
    uint8_t *out = edit->bytes;

    if (!sparse_seek(runs, rank.index, &search, &run))
        return SPARSE_BROKEN;
    sparse_remember(runs, &search, place);
    if (rank.value <= run.value)
        return SPARSE_SAME;
    left = rank.index - search.first;
    out += sparse_write(out, run.value, left);
    out += sparse_write(out, rank.value, 1);
    out += sparse_write(out, run.value, run.length - left - 1);
    edit->at = search.at;
    edit->removed = run.size;
    edit->added = (size_t)(out - edit->bytes);
    edit->join = search.before == SPARSE_NONE ? search.at : search.before;
    return SPARSE_EDIT;
}

/* Join neighbours of the same value, as far as one byte can say how many they
 * are.  The new run and what was cut off lie within a few runs from `at`. */
static size_t sparse_join(uint8_t *runs, size_t size, size_t at)
{
    for (int i = 0; i < SPARSE_JOIN_STEPS && at < size; i++) {
        uint8_t run = runs[at];
        uint32_t length;

        if (!(run & SPARSE_VALUE_BIT)) {
            at += run & SPARSE_LONG_BIT ? 2 : 1;
            continue;
        }
        if (at + 1 == size || (runs[at + 1] ^ run) & ~3) {
            at++;
            continue;
        }
        length = (run & 3u) + (runs[at + 1] & 3u) + 2;
        if (length > SPARSE_REPEAT_MAX) {
            at++;
            continue;
        }
        runs[at] = (uint8_t)((run & ~3u) | (length - 1));
        size--;
        memmove(runs + at + 1, runs + at + 2, size - at - 1);
    }
    return size;
}

size_t sparse_apply(uint8_t *runs, size_t size, const struct sparse_edit *edit)
{
    size_t after = edit->at + edit->removed;

    memmove(runs + edit->at + edit->added, runs + after, size - after);
    memcpy(runs + edit->at, edit->bytes, edit->added);
    return sparse_join(runs, sparse_size_after(size, edit), edit->join);
}
