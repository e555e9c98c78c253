/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_codec - a reader on any bytes.
 *
 * The first byte picks the flags; each following item begins with what to ask
 * the reader for.  What it accepts must come back when it is written again. */

#include <stdlib.h>

#include "core/keyspace/stored.h"
#include "core/memory/blob.h"

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

static void fuzz_string(struct kr_str bytes, uint32_t flags)
{
    struct kr_str back;
    kr_writer out;
    kr_reader in;

    codec_writer_init(&out, flags);
    codec_write_string(&out, bytes);
    fuzz_claim(!out.failed);
    codec_reader_init(&in, kr_str(out.data, out.size), flags);
    fuzz_claim(codec_read_string(&in, &back));
    fuzz_claim(kr_str_equal(back, bytes));
    fuzz_claim(in.at == out.size);
    codec_reader_fini(&in);
    codec_writer_fini(&out);
}

static bool fuzz_item(kr_reader *in, uint8_t kind)
{
    struct kr_str bytes;
    struct kr_blob *blob;
    uint64_t number;
    int64_t wide;
    double real;
    float narrow;
    char raw[16];

    switch (kind % 8) {
    case 0:
        return codec_read_uint64(in, &number);
    case 1:
        return codec_read_int64(in, &wide);
    case 2:
        return codec_read_double(in, &real);
    case 3:
        return codec_read_float(in, &narrow);
    case 4:
        if (!codec_read_string(in, &bytes))
            return false;
        fuzz_string(bytes, in->flags);
        return true;
    case 5:
        if (!codec_read_blob(in, &blob))
            return false;
        fuzz_string(kr_str(blob->data, blob->size), in->flags);
        blob_release(blob);
        return true;
    case 6:
        return codec_read_raw(in, raw, kind / 8 % (sizeof(raw) + 1));
    default:
        return codec_skip_tagged(in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kr_reader in;
    uint8_t kind;

    if (size < 1)
        return 0;
    codec_reader_init(&in, kr_str((const char *)data + 1, size - 1),
                      data[0] & 7);
    while (codec_read_byte(&in, &kind) && fuzz_item(&in, kind))
        continue;
    fuzz_claim(in.at <= in.bytes.size);
    fuzz_claim(in.error != NULL);
    codec_reader_fini(&in);
    return 0;
}
