/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_sparse - any bytes as the runs of a sparse sketch: read, then edited.
 *
 *   +-------+------+------------------+------+
 *   | flags |  n   | n ranks, 3 bytes | runs |
 *   +-------+------+------------------+------+
 *
 * Flag 1 completes the runs with zeros to as many registers as there must be.
 * Flag 2 sorts the ranks, so that each search goes on from the last one.  The
 * block has exactly the runs' size. */

#include <stdlib.h>

#include "modules/hyperloglog/sparse.h"

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

struct pack {
    uint8_t *runs;
    size_t size;
};

static struct kr_str pack_runs(const struct pack *pack)
{
    return kr_str((const char *)pack->runs, pack->size);
}

/* Only the first `kept` bytes are of use. */
static void pack_move(struct pack *pack, size_t room, size_t kept)
{
    uint8_t *runs = malloc(room ? room : 1);

    if (!runs)
        abort();
    if (kept)
        memcpy(runs, pack->runs, kept);
    free(pack->runs);
    pack->runs = runs;
}

static void fuzz_complete(struct pack *pack)
{
    uint32_t have = 0, left;

    for (size_t at = 0; at < pack->size;) {
        struct sparse_run run = sparse_read(pack_runs(pack), at);

        if (!run.size || have + run.length > SKETCH_REGISTERS)
            return;
        have += run.length;
        at += run.size;
    }
    left = SKETCH_REGISTERS - have;
    if (!left)
        return;
    pack_move(pack, pack->size + 2, pack->size);
    pack->runs[pack->size++] = (uint8_t)(0x40 | (left - 1) >> 8);
    pack->runs[pack->size++] = (uint8_t)(left - 1);
}

/* Sound runs stay sound, and say the register's new value. */
static void fuzz_raise(struct pack *pack, struct sparse_place *place,
                       struct register_rank rank)
{
    static uint8_t before[SKETCH_REGISTERS], after[SKETCH_REGISTERS];
    struct sparse_edit edit;
    enum sparse_outcome outcome;
    size_t size;
    bool sound;

    memset(before, 0, sizeof(before));
    sound = sparse_merge(pack_runs(pack), before);
    outcome = sparse_plan(pack_runs(pack), place, rank, &edit);
    fuzz_claim(!sound || outcome != SPARSE_BROKEN);
    if (sound)
        fuzz_claim((outcome == SPARSE_EDIT) ==
                   (before[rank.index] < rank.value));
    if (outcome != SPARSE_EDIT)
        return;
    size = sparse_size_after(pack->size, &edit);
    pack_move(pack, size > pack->size ? size : pack->size, pack->size);
    pack->size = sparse_apply(pack->runs, pack->size, &edit);
    fuzz_claim(pack->size <= size);
    pack_move(pack, pack->size, pack->size);
    if (!sound)
        return;
    memset(after, 0, sizeof(after));
    fuzz_claim(sparse_merge(pack_runs(pack), after));
    before[rank.index] = rank.value;
    fuzz_claim(memcmp(before, after, sizeof(before)) == 0);
}

static int rank_compare(const void *a, const void *b)
{
    const struct register_rank *one = a, *other = b;

    return one->index < other->index ? -1 : one->index > other->index;
}

static void fuzz_edit(struct pack *pack, const uint8_t *data, size_t count,
                      bool sorted)
{
    struct register_rank ranks[16];
    struct sparse_place place = {0, 0};

    for (size_t i = 0; i < count; i++, data += 3) {
        ranks[i].index = (data[0] | (uint32_t)data[1] << 8) % SKETCH_REGISTERS;
        ranks[i].value = (uint8_t)(data[2] % SPARSE_VALUE_MAX + 1);
    }
    if (sorted)
        qsort(ranks, count, sizeof(ranks[0]), rank_compare);
    for (size_t i = 0; i < count; i++) {
        struct sparse_place none = {0, 0};

        fuzz_raise(pack, sorted ? &place : &none, ranks[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack pack = {NULL, 0};
    uint32_t histogram[REGISTER_VALUES] = {0};
    size_t count, skip;

    if (size < 2 || size < 2 + 3 * (size_t)(data[1] % 16))
        return 0;
    count = data[1] % 16;
    skip = 2 + 3 * count;
    pack.size = size - skip;
    pack_move(&pack, pack.size, 0);
    if (pack.size)
        memcpy(pack.runs, data + skip, pack.size);
    if (data[0] & 1)
        fuzz_complete(&pack);
    (void)sparse_count(pack_runs(&pack), histogram);
    fuzz_edit(&pack, data + 2, count, data[0] & 2);
    free(pack.runs);
    return 0;
}
