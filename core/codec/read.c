/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/codec/codec.h"

#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/text/crc64.h"
#include "core/text/number.h"

#include <lzf.h>

/* The most that one byte of LZF unpacks to: three bytes say "264 again". */
#define UNPACK_MAX 264

#define WINDOW_SIZE (256 * 1024)
#define READ_END    "the bytes end too early"
#define READ_EMPTY  "a value without elements"

void codec_reader_init(kr_reader *in, struct kr_str bytes, uint32_t flags)
{
    *in = (kr_reader){.bytes = bytes, .flags = flags};
}

void codec_reader_init_stream(kr_reader *in, kr_codec_get get, void *ctx,
                              uint64_t limit, uint32_t flags)
{
    *in = (kr_reader){.flags = flags, .get = get, .ctx = ctx, .limit = limit};
    in->window = memory_alloc(WINDOW_SIZE);
    in->capacity = WINDOW_SIZE;
    in->bytes.data = in->window;
}

void codec_reader_fini(kr_reader *in)
{
    memory_free(in->window);
    in->window = NULL;
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

bool codec_reader_short(const kr_reader *in)
{
    return in->error && strcmp(in->error, READ_END) == 0;
}

void codec_refuse_empty(kr_reader *in)
{
    codec_refuse(in, READ_EMPTY);
}

bool codec_pass_empty(kr_reader *in)
{
    if (!in->error || strcmp(in->error, READ_EMPTY) != 0)
        return false;
    in->error = NULL;
    return true;
}

static bool read_fail(kr_reader *in, const char *reason)
{
    codec_refuse(in, reason);
    return false;
}

/* --- Streams ------------------------------------------------------------- */

/* What is far beyond any file stands for "unknown", also when some of it has
 * been read. */
static bool read_knows_limit(const kr_reader *in)
{
    return in->limit <= UINT64_MAX / 2;
}

static void read_sum(kr_reader *in)
{
    if (in->flags & KR_CODEC_SUM)
        in->sum = crc64(
            in->sum, kr_str(in->bytes.data + in->summed, in->at - in->summed));
    in->summed = in->at;
}

uint64_t codec_reader_sum(kr_reader *in)
{
    read_sum(in);
    return in->sum;
}

/* Bytes that have been read and stay. */
static size_t read_kept(const kr_reader *in)
{
    return in->keeps ? in->at - in->keep : 0;
}

void codec_keep(kr_reader *in)
{
    in->keep = in->at;
    in->keeps = true;
}

void codec_let_go(kr_reader *in)
{
    in->keeps = false;
}

/* What has been read leaves the window, which is then `capacity` large. */
static bool read_slide(kr_reader *in, size_t capacity)
{
    size_t kept = read_kept(in), from = in->at - kept;
    size_t left = in->bytes.size - from;
    char *window = in->window;

    read_sum(in);
    if (capacity != in->capacity) {
        window = memory_try_alloc(capacity);
        if (!window)
            return read_fail(in, "not enough memory for a string");
        memcpy(window, in->window + from, left);
        memory_free(in->window);
    } else if (left > 0) {
        memmove(window, window + from, left);
    }
    in->before += from;
    in->window = window;
    in->capacity = capacity;
    in->bytes = kr_str(window, left);
    in->at = in->summed = kept;
    in->keep = 0;
    return true;
}

/* Up to `size` bytes from the source to `room`. */
static size_t read_get(kr_reader *in, char *room, size_t size)
{
    int64_t got;

    if (size > in->limit)
        size = (size_t)in->limit;
    got = size > 0 ? in->get(in->ctx, room, size) : 0;
    if (got < 0)
        codec_refuse(in, "the bytes cannot be read");
    else if (got == 0)
        codec_refuse(in, READ_END);
    if (got <= 0 || (uint64_t)got > size)
        return 0;
    in->limit -= (uint64_t)got;
    return (size_t)got;
}

/* Bring the window to at least `size` bytes to be read.  It grows with what has
 * come: no further ahead than to twice as much.  What is kept stands before. */
static __attribute__((noinline)) bool read_fill(kr_reader *in, uint64_t size)
{
    if (!in->get || size - (in->bytes.size - in->at) > in->limit)
        return read_fail(in, READ_END);
    while (in->bytes.size - in->at < size) {
        size_t kept = read_kept(in), capacity = WINDOW_SIZE, got;
        size_t left = in->bytes.size - in->at + kept;

        while (capacity < size + kept && capacity <= left)
            capacity *= 2;
        if (read_knows_limit(in) && capacity < size + kept)
            capacity = (size_t)size + kept;
        if (!read_slide(in, capacity))
            return false;
        got = read_get(in, in->window + left, in->capacity - left);
        if (got == 0)
            return false;
        in->bytes.size += got;
    }
    return true;
}

/* The next `size` bytes, NULL if there are not so many. */
static inline const char *read_take(kr_reader *in, uint64_t size)
{
    const char *bytes;

    if (KR_UNLIKELY(in->error != NULL))
        return NULL;
    if (KR_UNLIKELY(size > in->bytes.size - in->at) && !read_fill(in, size))
        return NULL;
    bytes = in->bytes.data + in->at;
    in->at += size;
    return KR_LIKELY(size > 0) ? bytes : "";
}

/* The next `size` bytes to where the caller wants them: what the window has not
 * got does not pass through it. */
static bool read_copy(kr_reader *in, char *to, size_t size)
{
    size_t here = in->bytes.size - in->at;
    const char *bytes;

    if (in->error)
        return false;
    if (in->keeps) {
        bytes = read_take(in, size);
        if (bytes)
            memcpy(to, bytes, size);
        return bytes != NULL;
    }
    if (size > here && (!in->get || size - here > in->limit))
        return read_fail(in, READ_END);
    if (here > size)
        here = size;
    if (here > 0)
        memcpy(to, in->bytes.data + in->at, here);
    in->at += here;
    if (here == size)
        return true;
    if (!read_slide(in, in->capacity))
        return false;
    while (here < size) {
        size_t got = read_get(in, to + here, size - here);

        if (got == 0)
            return false;
        if (in->flags & KR_CODEC_SUM)
            in->sum = crc64(in->sum, kr_str(to + here, got));
        in->before += got;
        here += got;
    }
    return true;
}

/* --- Numbers ------------------------------------------------------------- */

static inline bool read_byte(kr_reader *in, uint8_t *byte)
{
    const char *bytes = read_take(in, 1);

    if (!bytes)
        return false;
    *byte = (uint8_t)*bytes;
    return true;
}

bool codec_read_byte(kr_reader *in, uint8_t *byte)
{
    return read_byte(in, byte);
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

/* Lengths are short, mostly. */
static inline bool read_length(kr_reader *in, uint64_t *length, bool *encoded)
{
    uint8_t first, second;

    *encoded = false;
    if (!read_byte(in, &first))
        return false;
    switch (first >> 6) {
    case 0:
        *length = first;
        return true;
    case 1:
        if (!read_byte(in, &second))
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

bool codec_read_length(kr_reader *in, uint64_t *length, bool *encoded)
{
    return read_length(in, length, encoded);
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

static inline bool read_string_body(kr_reader *in, uint64_t length,
                                    bool encoded, struct kr_str *bytes)
{
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

bool codec_read_string(kr_reader *in, struct kr_str *bytes)
{
    uint64_t length;
    bool encoded;

    return read_tag(in, CODEC_TAG_STRING) &&
           read_length(in, &length, &encoded) &&
           read_string_body(in, length, encoded, bytes);
}

/* A large string that stands as it is goes from the source to its blob. */
static bool read_large_blob(kr_reader *in, uint64_t length,
                            struct kr_blob **blob)
{
    if (length > in->limit && length - in->limit > in->bytes.size - in->at)
        return read_fail(in, READ_END);
    *blob = blob_new((size_t)length, 0);
    if (!*blob)
        return read_fail(in, "not enough memory for a string");
    if (read_copy(in, (*blob)->data, (size_t)length))
        return true;
    blob_release(*blob);
    *blob = NULL;
    return false;
}

bool codec_read_blob(kr_reader *in, struct kr_blob **blob)
{
    struct kr_str bytes;
    uint64_t length;
    bool encoded;

    if (!read_tag(in, CODEC_TAG_STRING) ||
        !codec_read_length(in, &length, &encoded))
        return false;
    if (in->get && !encoded && length > WINDOW_SIZE / 4 && read_knows_limit(in))
        return read_large_blob(in, length, blob);
    if (!read_string_body(in, length, encoded, &bytes))
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

    if (!read_tag(in, CODEC_TAG_STRING))
        return false;
    if (in->flags & KR_CODEC_TAGGED) {
        if (!read_plain_length(in, &length))
            return false;
        if (length != size)
            return read_fail(in, "raw bytes of another number");
    }
    return read_copy(in, bytes, size);
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

bool codec_skip_bytes(kr_reader *in, struct kr_str *bytes)
{
    bool fine;

    codec_keep(in);
    fine = codec_skip_tagged(in);
    *bytes = kr_str(in->bytes.data + in->keep, in->at - in->keep);
    codec_let_go(in);
    return fine;
}
