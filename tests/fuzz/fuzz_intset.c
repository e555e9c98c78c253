/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_intset - any bytes as an intset: checked, then read and edited.
 *
 *   +-------+------+-----------------+--------+
 *   | flags |  n   | n values, 8 each| intset |
 *   +-------+------+-----------------+--------+
 *
 * Flag 1 mends the width and the count.  Each value goes in if it is not there,
 * and out if it is.  The block has exactly the set's size. */

#include <stdlib.h>

#include "modules/compact/intset.h"

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

struct pack {
    char *bytes;
    size_t room;
};

static void pack_room(struct pack *pack, size_t size)
{
    char *bytes = malloc(size);

    if (!bytes)
        abort();
    if (pack->bytes)
        memcpy(bytes, pack->bytes, size < pack->room ? size : pack->room);
    free(pack->bytes);
    pack->bytes = bytes;
    pack->room = size;
}

static void fuzz_walk(const struct pack *pack)
{
    size_t count = intset_count(pack->bytes), index = 0, place, got;
    int64_t values[5];

    while ((got = intset_batch(pack->bytes, index, values, 5)) > 0) {
        for (size_t i = 0; i < got; i++) {
            fuzz_claim(intset_find(pack->bytes, values[i], &place));
            fuzz_claim(place == index + i);
        }
        index += got;
    }
    fuzz_claim(index == count);
    if (count)
        fuzz_claim(intset_min(pack->bytes) <= intset_max(pack->bytes));
}

static void fuzz_toggle(struct pack *pack, int64_t value)
{
    size_t place, other;

    if (intset_find(pack->bytes, value, &place)) {
        intset_delete(pack->bytes, place);
        fuzz_claim(!intset_find(pack->bytes, value, &other));
    } else {
        pack_room(pack, intset_size_for(pack->bytes, value));
        intset_insert(pack->bytes, place, value);
        fuzz_claim(intset_find(pack->bytes, value, &other));
    }
    fuzz_claim(place == other);
    pack_room(pack, intset_size(pack->bytes));
    fuzz_claim(intset_check(kr_str(pack->bytes, pack->room)));
}

/* A width by the flags, and as many values as there are bytes for. */
static void fuzz_mend(struct pack *pack, uint8_t flags)
{
    size_t width = (size_t)2 << (flags >> 1 & 3) % 3;
    size_t count;

    if (pack->room < INTSET_EMPTY)
        return;
    count = (pack->room - INTSET_EMPTY) / width;
    pack_room(pack, INTSET_EMPTY + count * width);
    for (int i = 0; i < 4; i++) {
        pack->bytes[i] = (char)(width >> 8 * i);
        pack->bytes[4 + i] = (char)(count >> 8 * i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack pack = {NULL, 0};
    size_t values, skip;

    if (size < 2 || size < 2 + 8 * (size_t)(data[1] % 16))
        return 0;
    values = data[1] % 16;
    skip = 2 + 8 * values;
    pack_room(&pack, size - skip);
    if (size > skip)
        memcpy(pack.bytes, data + skip, size - skip);
    if (data[0] & 1)
        fuzz_mend(&pack, data[0]);
    if (intset_check(kr_str(pack.bytes, pack.room))) {
        fuzz_walk(&pack);
        for (size_t i = 0; i < values; i++) {
            int64_t value;

            memcpy(&value, data + 2 + 8 * i, sizeof(value));
            fuzz_toggle(&pack, value >> data[0] % 64);
        }
        fuzz_walk(&pack);
    }
    free(pack.bytes);
    return 0;
}
