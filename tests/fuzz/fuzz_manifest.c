/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_manifest - any bytes as a log's manifest: refused, or what is read is
 * written so that it reads back to the same. */

#include <stdlib.h>

#include "core/module/memory_interface.h"
#include "modules/aof/manifest.h"

#include <kr/memory.h>

const struct kr_memory *kr_memory = &memory_interface;

static bool fuzz_same(const struct manifest *a, const struct manifest *b)
{
    static const char types[] = {MANIFEST_BASE, MANIFEST_HISTORY,
                                 MANIFEST_INCREMENT};
    struct kr_str one = manifest_format(NULL, a);
    struct kr_str other = manifest_format(NULL, b);
    bool same = kr_str_equal(one, other);

    for (size_t i = 0; i < KR_COUNT(types); i++)
        same =
            same && manifest_count(a, types[i]) == manifest_count(b, types[i]);
    kr_memory->free(NULL, (void *)(uintptr_t)one.data);
    kr_memory->free(NULL, (void *)(uintptr_t)other.data);
    return same;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct manifest manifest = {0}, again = {0};
    struct manifest_error error;
    char *copy = malloc(size ? size : 1); /* exactly its size */
    struct kr_str text;

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    if (manifest_parse(NULL, &manifest, kr_str(copy, size), &error)) {
        bool too_long = false;

        for (size_t i = 0; i < manifest.count; i++)
            too_long |= strlen(manifest.files[i].name) > 200;
        text = manifest_format(NULL, &manifest);
        if (!too_long && manifest.count > 0 &&
            (!manifest_parse(NULL, &again, text, &error) ||
             !fuzz_same(&manifest, &again)))
            abort();
        kr_memory->free(NULL, (void *)(uintptr_t)text.data);
    } else if (!error.reason || manifest.count > 0) {
        abort();
    }
    manifest_clear(NULL, &manifest);
    manifest_clear(NULL, &again);
    free(copy);
    return 0;
}
