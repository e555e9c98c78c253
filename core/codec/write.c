/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/codec/codec.h"

#include "core/memory/memory.h"
#include "core/text/crc64.h"
#include "core/text/number.h"

#include <lzf.h>

#define NUMBER_TEXT_MAX 11 /* letters of the longest 32-bit number */
#define PACK_FROM       21 /* bytes: shorter strings do not get smaller */
#define BUFFER_SIZE     (256 * 1024)
#define SCRATCH_MIN     1024
#define SCRATCH_KEPT    (64 * 1024)

void codec_writer_init(kr_writer *out, uint32_t flags)
{
    *out = (kr_writer){.flags = flags};
}

void codec_writer_init_stream(kr_writer *out, kr_codec_put put, void *ctx,
                              uint32_t flags)
{
    *out = (kr_writer){.flags = flags, .put = put, .ctx = ctx};
    out->data = memory_alloc(BUFFER_SIZE);
    out->capacity = BUFFER_SIZE;
}

void codec_writer_fini(kr_writer *out)
{
    memory_free(out->data);
    memory_free(out->scratch);
    out->data = out->scratch = NULL;
    out->size = out->capacity = out->scratch_size = 0;
}

/* --- Streams ------------------------------------------------------------- */

static bool writer_put(kr_writer *out, struct kr_str bytes)
{
    if (out->flags & KR_CODEC_SUM)
        out->sum = crc64(out->sum, bytes);
    out->flushed += bytes.size;
    if (bytes.size > 0 && !out->put(out->ctx, bytes))
        out->failed = true;
    return !out->failed;
}

bool codec_flush(kr_writer *out)
{
    size_t size = out->size;

    if (!out->put || out->failed)
        return !out->failed;
    out->size = 0;
    return writer_put(out, kr_str(out->data, size));
}

uint64_t codec_writer_sum(kr_writer *out)
{
    return crc64(out->sum, kr_str(out->data, out->size));
}

/* Room for `size` more bytes, NULL when there is no memory. */
static char *writer_room(kr_writer *out, size_t size)
{
    size_t capacity = out->capacity > 0 ? out->capacity : 64;
    char *data;

    if (out->failed)
        return NULL;
    if (KR_LIKELY(size <= out->capacity - out->size))
        return out->data + out->size;
    if (out->put)
        return codec_flush(out) && size <= out->capacity ? out->data : NULL;
    if (size > SIZE_MAX / 2 - out->size) {
        out->failed = true;
        return NULL;
    }
    while (capacity < out->size + size)
        capacity *= 2;
    data = memory_try_realloc(out->data, capacity);
    if (!data) {
        out->failed = true;
        return NULL;
    }
    out->data = data;
    out->capacity = capacity;
    return data + out->size;
}

void codec_write_bytes(kr_writer *out, const void *bytes, size_t size)
{
    char *to = writer_room(out, size);

    /* A sink takes what is larger than the buffer as it is. */
    if (KR_UNLIKELY(!to)) {
        if (out->put && !out->failed)
            (void)writer_put(out, kr_str(bytes, size));
        return;
    }
    if (size == 0)
        return;
    memcpy(to, bytes, size);
    out->size += size;
}

void codec_write_byte(kr_writer *out, uint8_t byte)
{
    codec_write_bytes(out, &byte, 1);
}

/* --- Numbers ------------------------------------------------------------- */

static void write_big_endian(kr_writer *out, uint64_t value, unsigned size)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * (size - 1 - i));
    codec_write_bytes(out, bytes, size);
}

static void write_little_endian(kr_writer *out, uint64_t value, unsigned size)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    codec_write_bytes(out, bytes, size);
}

void codec_write_length(kr_writer *out, uint64_t length)
{
    if (length < 64) {
        codec_write_byte(out, (uint8_t)length);
    } else if (length < 16384) {
        write_big_endian(out, length | 0x4000, 2);
    } else if (length <= UINT32_MAX) {
        codec_write_byte(out, 0x80);
        write_big_endian(out, length, 4);
    } else {
        codec_write_byte(out, 0x81);
        write_big_endian(out, length, 8);
    }
}

static void write_tag(kr_writer *out, enum codec_tag tag)
{
    if (out->flags & KR_CODEC_TAGGED)
        codec_write_length(out, tag);
}

void codec_write_uint64(kr_writer *out, uint64_t value)
{
    write_tag(out, CODEC_TAG_UINT64);
    codec_write_length(out, value);
}

/* The format has a tag for signed numbers, which nobody ever wrote. */
void codec_write_int64(kr_writer *out, int64_t value)
{
    codec_write_uint64(out, (uint64_t)value);
}

void codec_write_double(kr_writer *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    write_tag(out, CODEC_TAG_DOUBLE);
    write_little_endian(out, bits, 8);
}

void codec_write_float(kr_writer *out, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    write_tag(out, CODEC_TAG_FLOAT);
    write_little_endian(out, bits, 4);
}

/* --- Strings ------------------------------------------------------------- */

/* Text that is a 32-bit number in its only spelling. */
static bool write_as_number(kr_writer *out, struct kr_str bytes)
{
    int64_t value;

    if (bytes.size > NUMBER_TEXT_MAX || !number_parse_int64(bytes, &value))
        return false;
    if (value >= INT8_MIN && value <= INT8_MAX) {
        codec_write_byte(out, 0xc0);
        write_little_endian(out, (uint64_t)value, 1);
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        codec_write_byte(out, 0xc1);
        write_little_endian(out, (uint64_t)value, 2);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        codec_write_byte(out, 0xc2);
        write_little_endian(out, (uint64_t)value, 4);
    } else {
        return false;
    }
    return true;
}

static void write_packed_form(kr_writer *out, struct kr_str packed, size_t size)
{
    codec_write_byte(out, 0xc3);
    codec_write_length(out, packed.size);
    codec_write_length(out, size);
    codec_write_bytes(out, packed.data, packed.size);
}

/* Room that is kept for the next string, unless it is large. */
static char *writer_scratch(kr_writer *out, size_t size)
{
    if (size > out->scratch_size) {
        memory_free(out->scratch);
        size = size > SCRATCH_MIN ? size : SCRATCH_MIN;
        out->scratch = memory_try_alloc(size);
        out->scratch_size = out->scratch ? size : 0;
    }
    return out->scratch;
}

static void writer_trim_scratch(kr_writer *out)
{
    if (out->scratch_size <= SCRATCH_KEPT)
        return;
    memory_free(out->scratch);
    out->scratch = NULL;
    out->scratch_size = 0;
}

/* Compressed, if that saves four bytes and there is memory for the attempt. */
static bool write_packed(kr_writer *out, struct kr_str bytes)
{
    unsigned packed;
    char *room;

    if (!(out->flags & KR_CODEC_COMPRESS) || bytes.size < PACK_FROM ||
        bytes.size > UINT32_MAX)
        return false;
    room = writer_scratch(out, bytes.size);
    if (!room)
        return false;
    packed = lzf_compress(bytes.data, (unsigned)bytes.size, room,
                          (unsigned)bytes.size - 4);
    if (packed > 0)
        write_packed_form(out, kr_str(room, packed), bytes.size);
    writer_trim_scratch(out);
    return packed > 0;
}

void codec_write_string(kr_writer *out, struct kr_str bytes)
{
    write_tag(out, CODEC_TAG_STRING);
    if (write_as_number(out, bytes) || write_packed(out, bytes))
        return;
    codec_write_length(out, bytes.size);
    codec_write_bytes(out, bytes.data, bytes.size);
}

void codec_write_packed(kr_writer *out, struct kr_str packed, size_t size)
{
    write_tag(out, CODEC_TAG_STRING);
    write_packed_form(out, packed, size);
}

/* Where items are tagged, what has no length could not be stepped over. */
void codec_write_raw(kr_writer *out, struct kr_str bytes)
{
    if (out->flags & KR_CODEC_TAGGED) {
        write_tag(out, CODEC_TAG_STRING);
        codec_write_length(out, bytes.size);
    }
    codec_write_bytes(out, bytes.data, bytes.size);
}

/* --- Commands of a rewrite ----------------------------------------------- */

static void write_resp_number(kr_writer *out, char kind, uint64_t value)
{
    char digits[NUMBER_INT64_MAX];
    size_t size = number_write_uint64(digits, value);

    codec_write_byte(out, (uint8_t)kind);
    codec_write_bytes(out, digits, size);
    codec_write_bytes(out, "\r\n", 2);
}

void codec_emit(kr_writer *out, uint32_t argc, const struct kr_str *argv)
{
    write_resp_number(out, '*', argc);
    for (uint32_t i = 0; i < argc; i++) {
        write_resp_number(out, '$', argv[i].size);
        codec_write_bytes(out, argv[i].data, argv[i].size);
        codec_write_bytes(out, "\r\n", 2);
    }
}
