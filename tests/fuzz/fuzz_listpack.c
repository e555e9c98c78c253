/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_listpack - any bytes as a listpack: checked, then walked and edited.
 *
 *   +-------+------+----------------+----------+
 *   | flags |  n   | n edits, 2 each| listpack |
 *   +-------+------+----------------+----------+
 *
 * Flag 1 mends the size and the end, so that a mutation which changes the
 * length is not lost at the first test.  The block has exactly the listpack's
 * size, so that the address sanitizer sees each byte too many. */

#include <stdlib.h>

#include "modules/compact/listpack.h"

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

struct pack {
    char *bytes;
    size_t room;
};

/* A copy of exactly `size` bytes; what is left of them with a smaller one. */
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

static struct kr_str pack_str(const struct pack *pack)
{
    return kr_str(pack->bytes, pack->room);
}

/* There and back again: the same entries, and each is found. */
static void fuzz_walk(const struct pack *pack)
{
    size_t count = 0, back = 0, at, batched = 0, got;
    struct kr_str batch[3];
    char texts[3 * LISTPACK_TEXT];

    for (at = listpack_first(pack->bytes); at;
         at = listpack_next(pack->bytes, at), count++) {
        struct listpack_element element;
        struct listpack_item item;
        size_t found;

        listpack_get(pack->bytes, at, &item);
        element = listpack_element(listpack_item_bytes(&item, texts));
        fuzz_claim(element.size == listpack_entry_size(pack->bytes, at));
        fuzz_claim(listpack_equal(pack->bytes, at, &element));
        fuzz_claim(listpack_find(pack->bytes, at, &element, 0) == at);
        if (count > 64)
            continue;
        fuzz_claim(listpack_seek(pack->bytes, (int64_t)count) == at);
        found = listpack_find(pack->bytes, listpack_first(pack->bytes),
                              &element, count % 3);
        fuzz_claim(count % 3 ? found < pack->room : found && found <= at);
    }
    for (at = listpack_last(pack->bytes); at;
         at = listpack_prev(pack->bytes, at))
        back++;
    fuzz_claim(count == back && count == listpack_count(pack->bytes));
    at = listpack_first(pack->bytes);
    while ((got = listpack_batch(pack->bytes, &at, batch, 3, texts)) > 0)
        batched += got;
    fuzz_claim(batched == count);
}

/* Bytes and numbers to insert, by one byte of input. */
static struct listpack_element fuzz_element(uint8_t what)
{
    static const char filler[5000];

    switch (what % 4) {
    case 0:
        return listpack_number((int64_t)((what - 100ull) << (what / 4)));
    case 1:
        return listpack_element(kr_str(filler, what / 4));
    case 2:
        return listpack_element(kr_str(filler, 4 + (size_t)what * 16));
    default:
        return listpack_element(KR_STR("field"));
    }
}

static void fuzz_edit(struct pack *pack, uint8_t how, uint8_t what)
{
    struct listpack_element element = fuzz_element(what);
    int64_t index = (int64_t)(how / 8) - 16;
    size_t at = listpack_seek(pack->bytes, index);
    size_t size = listpack_size(pack->bytes);
    struct pack copy = {NULL, 0};

    switch (how % 8) {
    case 0:
    case 1:
        pack_room(pack, size + element.size);
        listpack_insert(pack->bytes, at ? at : size - 1, &element, 1);
        break;
    case 2:
        pack_room(pack, size + element.size);
        listpack_prepend(pack->bytes, &element, 1);
        break;
    case 3:
    case 4:
        if (!at)
            break;
        size = size - listpack_entry_size(pack->bytes, at) + element.size;
        if (size > pack->room)
            pack_room(pack, size);
        listpack_replace(pack->bytes, at, &element);
        break;
    case 5:
        if (at)
            listpack_delete(pack->bytes, at, what % 5);
        break;
    case 6:
        listpack_delete_range(pack->bytes, index, what);
        break;
    default:
        if (size > 20000)
            break;
        pack_room(&copy, size);
        memcpy(copy.bytes, pack->bytes, size);
        pack_room(pack, 2 * size - LISTPACK_EMPTY);
        listpack_merge(pack->bytes, copy.bytes, what & 1);
        free(copy.bytes);
    }
    pack_room(pack, listpack_size(pack->bytes));
    fuzz_claim(listpack_check(pack_str(pack)) == LISTPACK_SOUND);
}

/* The short form reads the same, and becomes the same bytes again.  Its block
 * ends where it ends, and begins where it begins. */
static void fuzz_short(const struct pack *pack)
{
    struct pack shorter = {NULL, pack->room}, longer = {NULL, 0};
    char *block;

    if (pack->room > LISTPACK_SHORT_MAX)
        return;
    block = malloc(pack->room - LISTPACK_SHORT_SAVES);
    if (!block)
        abort();
    shorter.bytes = block - LISTPACK_SHORT_SAVES;
    listpack_copy_short(shorter.bytes, pack->bytes);
    fuzz_claim(listpack_size(shorter.bytes) == pack->room);
    fuzz_walk(&shorter);
    pack_room(&longer, pack->room);
    listpack_copy(longer.bytes, shorter.bytes);
    fuzz_claim(listpack_check(pack_str(&longer)) == LISTPACK_SOUND);
    fuzz_claim(memcmp(longer.bytes + LISTPACK_HEADER,
                      pack->bytes + LISTPACK_HEADER,
                      pack->room - LISTPACK_HEADER) == 0);
    free(longer.bytes);
    free(block);
}

static void fuzz_mend(struct pack *pack)
{
    uint32_t size = (uint32_t)pack->room;

    if (size < LISTPACK_EMPTY)
        return;
    for (int i = 0; i < 4; i++)
        pack->bytes[i] = (char)(size >> 8 * i);
    pack->bytes[size - 1] = (char)0xff;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack pack = {NULL, 0};
    enum listpack_verdict verdict;
    size_t edits, skip;

    if (size < 2 || size < 2 + 2 * (size_t)(data[1] % 32))
        return 0;
    edits = data[1] % 32;
    skip = 2 + 2 * edits;
    pack_room(&pack, size - skip);
    if (size > skip)
        memcpy(pack.bytes, data + skip, size - skip);
    if (data[0] & 1)
        fuzz_mend(&pack);
    verdict = listpack_check(pack_str(&pack));
    if (verdict == LISTPACK_FOREIGN) {
        listpack_canonise(pack.bytes);
        fuzz_claim(listpack_size(pack.bytes) <= pack.room);
        pack_room(&pack, listpack_size(pack.bytes));
        verdict = listpack_check(pack_str(&pack));
        fuzz_claim(verdict == LISTPACK_SOUND);
    }
    if (verdict == LISTPACK_SOUND) {
        fuzz_walk(&pack);
        for (size_t i = 0; i < edits; i++)
            fuzz_edit(&pack, data[2 + 2 * i], data[3 + 2 * i]);
        fuzz_walk(&pack);
        fuzz_short(&pack);
    }
    free(pack.bytes);
    return 0;
}
