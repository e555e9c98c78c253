/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_glob - hostile patterns and texts: byte 0 says where one ends and the
 * other begins.  Both answers must agree where case cannot matter. */

#include <stdlib.h>

#include "core/text/glob.h"

static char *fuzz_copy(const unsigned char *data, size_t size)
{
    char *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    return copy;
}

static bool fuzz_has_letters(const unsigned char *data, size_t size)
{
    /* A range of bytes may have letters inside, too. */
    for (size_t i = 0; i < size; i++)
        if (((data[i] | 0x20) >= 'a' && (data[i] | 0x20) <= 'z') ||
            data[i] == '-')
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *pattern, *text;
    size_t cut;
    bool plain, nocase;

    if (size < 1)
        return 0;
    cut = (size - 1) * data[0] / 256;
    pattern = fuzz_copy(data + 1, cut);
    text = fuzz_copy(data + 1 + cut, size - 1 - cut);
    plain = glob_match(kr_str(pattern, cut), kr_str(text, size - 1 - cut));
    nocase =
        glob_match_nocase(kr_str(pattern, cut), kr_str(text, size - 1 - cut));
    if (plain != nocase && !fuzz_has_letters(data + 1, size - 1))
        abort();
    free(pattern);
    free(text);
    return 0;
}
