/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/codec/codec.h"

#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/text/number.h"

#include <lzf.h>

/* The most that one byte of LZF unpacks to: three bytes say "264 again". */
#define UNPACK_MAX 264

void codec_reader_init(kr_reader *in, struct kr_str bytes, uint32_t flags)
{
    *in = (kr_reader){.bytes = bytes, .flags = flags};
}

void codec_reader_fini(kr_reader *in)
{
    memory_free(in->scratch);
    in->scratch = NULL;
    in->scratch_size = 0;
}

/* The first reason is the one that counts. */
void codec_refuse(kr_reader *in, const char *reason)
{
    if (!in->error)
        in->error = reason;
}

static bool read_fail(kr_reader *in, const char *reason)
{
    codec_refuse(in, reason);
    return false;
}

/* The next `size` bytes, NULL if there are not so many. */
static const char *read_take(kr_reader *in, uint64_t size)
{
    const char *bytes = in->bytes.data + in->at;

    if (in->error)
        return NULL;
    if (size > in->bytes.size - in->at) {
        codec_refuse(in, "the bytes end too early");
        return NULL;
    }
    in->at += size;
    return size > 0 ? bytes : "";
}

/* --- Numbers ------------------------------------------------------------- */

bool codec_read_byte(kr_reader *in, uint8_t *byte)
{
    const char *bytes = read_take(in, 1);

    if (!bytes)
        return false;
    *byte = (uint8_t)*bytes;
    return true;
}

static bool read_big_endian(kr_reader *in, unsigned size, uint64_t *value)
{
    const char *bytes = read_take(in, size);

    if (!bytes)
        return false;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value = *value << 8 | (unsigned char)bytes[i];
    return true;
}

static bool read_little_endian(kr_reader *in, unsigned size, uint64_t *value)
{
    const char *bytes = read_take(in, size);

    if (!bytes)
        return false;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return true;
}

bool codec_read_length(kr_reader *in, uint64_t *length, bool *encoded)
{
    uint8_t first, second;

    *encoded = false;
    if (!codec_read_byte(in, &first))
        return false;
    switch (first >> 6) {
    case 0:
        *length = first;
        return true;
    case 1:
        if (!codec_read_byte(in, &second))
            return false;
        *length = (uint64_t)(first & 63) << 8 | second;
        return true;
    case 3:
        *encoded = true;
        *length = first & 63;
        return true;
    default:
        break;
    }
    if (first == 0x80)
        return read_big_endian(in, 4, length);
    if (first == 0x81)
        return read_big_endian(in, 8, length);
    return read_fail(in, "a length of no known form");
}

static bool read_plain_length(kr_reader *in, uint64_t *length)
{
    bool encoded;

    if (!codec_read_length(in, length, &encoded))
        return false;
    return !encoded || read_fail(in, "an encoding where a length belongs");
}

static bool read_tag(kr_reader *in, enum codec_tag tag)
{
    uint64_t found;

    if (!(in->flags & KR_CODEC_TAGGED))
        return true;
    if (!read_plain_length(in, &found))
        return false;
    return found == tag || read_fail(in, "an item of another kind");
}

bool codec_read_uint64(kr_reader *in, uint64_t *value)
{
    return read_tag(in, CODEC_TAG_UINT64) && read_plain_length(in, value);
}

bool codec_read_int64(kr_reader *in, int64_t *value)
{
    uint64_t bits;

    if (!codec_read_uint64(in, &bits))
        return false;
    memcpy(value, &bits, sizeof(*value));
    return true;
}

bool codec_read_double(kr_reader *in, double *value)
{
    uint64_t bits;

    if (!read_tag(in, CODEC_TAG_DOUBLE) || !read_little_endian(in, 8, &bits))
        return false;
    memcpy(value, &bits, sizeof(*value));
    return true;
}

bool codec_read_float(kr_reader *in, float *value)
{
    uint64_t wide;
    uint32_t bits;

    if (!read_tag(in, CODEC_TAG_FLOAT) || !read_little_endian(in, 4, &wide))
        return false;
    bits = (uint32_t)wide;
    memcpy(value, &bits, sizeof(*value));
    return true;
}

/* --- Strings ------------------------------------------------------------- */

/* Room for `size` bytes that the last string is given up for. */
static char *read_scratch(kr_reader *in, size_t size)
{
    if (size > in->scratch_size) {
        memory_free(in->scratch);
        in->scratch = memory_try_alloc(size);
        in->scratch_size = in->scratch ? size : 0;
        if (!in->scratch)
            codec_refuse(in, "not enough memory for a string");
    }
    return in->scratch;
}

void *codec_read_room(kr_reader *in, size_t size)
{
    return read_scratch(in, size > 0 ? size : 1);
}

/* A number of 2^power bytes. */
static bool read_number(kr_reader *in, unsigned power, struct kr_str *bytes)
{
    unsigned size = 1u << power, unused = 64 - 8 * size;
    uint64_t bits;
    char *text;

    if (!read_little_endian(in, size, &bits) ||
        !(text = read_scratch(in, NUMBER_INT64_MAX)))
        return false;
    /* Bring the sign to the front and back. */
    bytes->size = number_write_int64(text, (int64_t)(bits << unused) >> unused);
    bytes->data = text;
    return true;
}

static bool read_packed(kr_reader *in, struct kr_str *bytes)
{
    uint64_t packed, size;
    const char *from;
    char *to;

    if (!read_plain_length(in, &packed) || !read_plain_length(in, &size) ||
        !(from = read_take(in, packed)))
        return false;
    if (packed == 0 || size == 0 || packed > UINT32_MAX || size > UINT32_MAX ||
        size / UNPACK_MAX > packed)
        return read_fail(in, "a compressed string of impossible size");
    if (!(to = read_scratch(in, (size_t)size)))
        return false;
    if (lzf_decompress(from, (unsigned)packed, to, (unsigned)size) != size)
        return read_fail(in, "a compressed string that does not unpack");
    *bytes = kr_str(to, (size_t)size);
    return true;
}

bool codec_read_string(kr_reader *in, struct kr_str *bytes)
{
    uint64_t length;
    bool encoded;

    if (!read_tag(in, CODEC_TAG_STRING) ||
        !codec_read_length(in, &length, &encoded))
        return false;
    if (!encoded) {
        bytes->data = read_take(in, length);
        bytes->size = (size_t)length;
        return bytes->data != NULL;
    }
    if (length <= 2)
        return read_number(in, (unsigned)length, bytes);
    if (length == 3)
        return read_packed(in, bytes);
    return read_fail(in, "a string of no known encoding");
}

bool codec_read_blob(kr_reader *in, struct kr_blob **blob)
{
    struct kr_str bytes;

    if (!codec_read_string(in, &bytes))
        return false;
    *blob = blob_new(bytes.size, 0);
    if (!*blob)
        return read_fail(in, "not enough memory for a string");
    if (bytes.size > 0)
        memcpy((*blob)->data, bytes.data, bytes.size);
    return true;
}

bool codec_read_raw(kr_reader *in, void *bytes, size_t size)
{
    uint64_t length = size;
    const char *from;

    if (!read_tag(in, CODEC_TAG_STRING))
        return false;
    if (in->flags & KR_CODEC_TAGGED) {
        if (!read_plain_length(in, &length))
            return false;
        if (length != size)
            return read_fail(in, "raw bytes of another number");
    }
    if (!(from = read_take(in, size)))
        return false;
    if (size > 0)
        memcpy(bytes, from, size);
    return true;
}

/* --- Values of unknown types --------------------------------------------- */

bool codec_skip_tagged(kr_reader *in)
{
    uint64_t tag, number;
    struct kr_str bytes;
    uint32_t flags = in->flags;
    bool fine = true;

    in->flags &= ~KR_CODEC_TAGGED;
    while (fine && (fine = read_plain_length(in, &tag)) &&
           tag != CODEC_TAG_EOF) {
        switch (tag) {
        case CODEC_TAG_INT64:
        case CODEC_TAG_UINT64:
            fine = read_plain_length(in, &number);
            break;
        case CODEC_TAG_FLOAT:
            fine = read_take(in, 4) != NULL;
            break;
        case CODEC_TAG_DOUBLE:
            fine = read_take(in, 8) != NULL;
            break;
        case CODEC_TAG_STRING:
            fine = codec_read_string(in, &bytes);
            break;
        default:
            fine = read_fail(in, "an item of no known kind");
        }
    }
    in->flags = flags;
    return fine;
}
