/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_legacy - any bytes as a ziplist or a zipmap, read into a listpack.
 *
 *   +-------+--------------------+
 *   | flags | ziplist or zipmap  |     flag 1: a zipmap
 *   +-------+--------------------+
 *
 * Flag 2 mends a ziplist's size, so that a mutation which changes the length is
 * not lost at the first test.  The block has exactly the form's size, so that
 * the address sanitizer sees each byte too many. */

#include <stdlib.h>

#include "modules/compact/legacy.h"

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

static char *fuzz_append(char *listpack, const struct listpack_item *item)
{
    struct listpack_element element = listpack_element_of(item);

    listpack = realloc(listpack, listpack_size(listpack) + element.size);
    if (!listpack)
        abort();
    listpack_append(listpack, &element, 1);
    return listpack;
}

static void fuzz_read(enum legacy_form form, struct kr_str bytes)
{
    char *listpack = malloc(LISTPACK_EMPTY);
    enum legacy_step step = LEGACY_BROKEN;
    struct legacy_reader reader;
    struct listpack_item item;
    size_t count = 0;

    if (!listpack)
        abort();
    listpack_init(listpack);
    if (legacy_open(&reader, form, bytes)) {
        while ((step = legacy_next(&reader, &item)) == LEGACY_ITEM) {
            listpack = fuzz_append(listpack, &item);
            count++;
        }
    }
    fuzz_claim(count <= bytes.size);
    fuzz_claim(listpack_count(listpack) == count);
    fuzz_claim(listpack_check(kr_str(listpack, listpack_size(listpack))) ==
               LISTPACK_SOUND);
    fuzz_claim(step != LEGACY_END || form != LEGACY_ZIPMAP || count % 2 == 0);
    free(listpack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes;

    if (size < 1)
        return 0;
    bytes = malloc(size);
    if (!bytes)
        abort();
    memcpy(bytes + 1, data + 1, size - 1);
    if ((data[0] & 2) && size > 4) {
        for (int i = 0; i < 4; i++)
            bytes[1 + i] = (char)((size - 1) >> 8 * i);
    }
    fuzz_read(data[0] & 1 ? LEGACY_ZIPMAP : LEGACY_ZIPLIST,
              kr_str(bytes + 1, size - 1));
    free(bytes);
    return 0;
}
