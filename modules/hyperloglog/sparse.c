/* SPDX-License-Identifier: BSD-3-Clause */
#include "sparse.h"

#include <endian.h>

#define SPARSE_VALUE_BIT  0x80u
#define SPARSE_LONG_BIT   0x40u
#define SPARSE_SHORT_MAX  64u /* zeros that one byte can say */
#define SPARSE_REPEAT_MAX 4u  /* registers of a value in one byte */
#define SPARSE_JOIN_STEPS 5   /* runs that an edit can have made joinable */
#define SPARSE_NONE       SIZE_MAX

/* --- Runs ----------------------------------------------------------------- */

struct sparse_run sparse_read(struct kr_str runs, size_t at)
{
    const uint8_t *bytes = (const uint8_t *)runs.data + at;
    uint32_t head = bytes[0];

    if (head & SPARSE_VALUE_BIT)
        return (struct sparse_run){(head & 3) + 1,
                                   (uint8_t)((head >> 2 & 31) + 1), 1};
    if (!(head & SPARSE_LONG_BIT))
        return (struct sparse_run){head + 1, 0, 1};
    if (at + 1 == runs.size)
        return (struct sparse_run){0};
    return (struct sparse_run){((head & 63) << 8 | bytes[1]) + 1, 0, 2};
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

#define SPARSE_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Skip runs eight bytes at a time, up to the run of register `index` or a few
 * before it.
 *
 * A word begins where a run does.  Up to its first long run of zeros every byte
 * is a run, whose length stands in its low two bits (a value) or six (zeros);
 * these are added up side by side. */
static void sparse_skip(struct kr_str runs, uint32_t index,
                        struct sparse_search *search)
{
    while (runs.size - search->at >= 9) {
        const uint8_t *bytes = (const uint8_t *)runs.data + search->at;
        uint64_t word, values, zeros, lengths, sum;
        uint32_t count = 8, more = 0;

        memcpy(&word, bytes, 8);
        word = le64toh(word);
        values = word & SPARSE_EACH(SPARSE_VALUE_BIT);
        zeros = word & SPARSE_EACH(SPARSE_LONG_BIT) & ~(values >> 1);
        lengths = word & (SPARSE_EACH(0x3f) ^ (values >> 7) * 0x3c);
        if (zeros) {
            count = (uint32_t)__builtin_ctzll(zeros) / 8;
            lengths &= (UINT64_C(1) << 8 * count) - 1;
            more = ((bytes[count] & 63u) << 8 | bytes[count + 1]) + 1;
        }
        sum = (lengths & UINT64_C(0x00ff00ff00ff00ff)) +
              (lengths >> 8 & UINT64_C(0x00ff00ff00ff00ff));
        sum = sum * UINT64_C(0x0001000100010001) >> 48;
        sum += count + more;
        if (search->first + sum > index)
            return;
        search->first += (uint32_t)sum;
        if (!more)
            count--; /* the last run of the word, not the one behind it */
        search->before2 = count ? search->at + count - 1 : search->before;
        search->before = search->at + count;
        search->at += count + (more ? 2 : 1);
    }
}

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
