/* SPDX-License-Identifier: BSD-3-Clause */
/* codec - values as bytes, in the encodings of RDB.
 *
 * A length, which is also how whole numbers are written:
 *
 *   00llllll                               0 to 63
 *   01llllll llllllll                      to 16383, high byte first
 *   10000000 and 4 bytes, high first       to 2^32 - 1
 *   10000001 and 8 bytes, high first       to 2^64 - 1
 *   11eeeeee                               not a length: a string's encoding
 *
 * A string:
 *
 *   length bytes
 *   11000000 b | 11000001 bb | 11000010 bbbb       a number, low byte first
 *   11000011 length-here length-after bytes        compressed by LZF
 *
 * Bare items stand one after the other.  Tagged ones (CODEC_TAGGED, for module
 * types) have a length before each that says what it is, so that a reader who
 * does not know the type can step over them.
 *
 * Writers grow in memory, or hand their buffer to a sink when it is full.
 * Readers borrow their bytes, or hold a window of a stream:
 *
 *     read before | window: read  | to be read |  still with the source
 *     ------------+---------------+------------+------------------------
 *                 before          at           bytes.size      limit
 *
 * The window moves on with what is read, and grows for a string that is larger,
 * or to keep what has been read since codec_keep().
 * Whatever the bytes are, a reader stays within them, allocates no more than
 * there are (or LZF can unpack of them), and once it has refused it refuses
 * everything. */
#ifndef CORE_CODEC_CODEC_H
#define CORE_CODEC_CODEC_H

#include <kr/codec.h>
#include <kr/type.h>

/* ORDER: numbers of the file format */
enum codec_tag {
    CODEC_TAG_EOF,
    CODEC_TAG_INT64,
    CODEC_TAG_UINT64,
    CODEC_TAG_FLOAT,
    CODEC_TAG_DOUBLE,
    CODEC_TAG_STRING,
};

struct kr_writer {
    char *data;
    size_t size;     /* bytes written */
    size_t capacity; /* bytes allocated */
    uint32_t flags;  /* KR_CODEC_ */
    bool failed; /* no memory, or save() says so: what is written is dropped */
    const struct kr_str *key; /* to be written behind the next code, or NULL */
    kr_codec_put put;         /* NULL: in memory */
    void *ctx;
    uint64_t flushed; /* bytes that have been put */
    uint64_t sum;     /* of them, with KR_CODEC_SUM */
    char *scratch;    /* for compressing */
    size_t scratch_size;
};

struct kr_reader {
    struct kr_str bytes; /* borrowed */
    size_t at;           /* the next byte to read */
    uint32_t flags;      /* KR_CODEC_ */
    const char *error;   /* why it refused, or NULL */
    char *scratch;       /* the last string that did not stand as it was */
    size_t scratch_size; /* bytes allocated */
    kr_codec_get get;    /* NULL: `bytes` is all there is */
    void *ctx;
    char *window;    /* what `bytes` points to */
    size_t capacity; /* bytes allocated */
    size_t keep;     /* if `keeps`: the bytes from here on stay in the window */
    bool keeps;
    uint64_t before; /* bytes of the stream in front of the window */
    uint64_t limit;  /* bytes that the source may still give */
    uint64_t sum;    /* of all up to byte `summed` of the window */
    size_t summed;
};

void codec_writer_init(kr_writer *out, uint32_t flags);
void codec_writer_fini(kr_writer *out);
void codec_reader_init(kr_reader *in, struct kr_str bytes, uint32_t flags);
void codec_reader_fini(kr_reader *in);
void codec_writer_init_stream(kr_writer *out, kr_codec_put put, void *ctx,
                              uint32_t flags);
void codec_reader_init_stream(kr_reader *in, kr_codec_get get, void *ctx,
                              uint64_t limit, uint32_t flags);

/* What is read from here on stays, from bytes.data + keep to `at`, until it is
 * let go. */
void codec_keep(kr_reader *in);
void codec_let_go(kr_reader *in);

/* --- skip.c -------------------------------------------------------------- */

/* Is it known how values under the code end? */
bool codec_knows_end(uint8_t code);
/* Step over one whose code has been read. */
bool codec_skip_bare(kr_reader *in, uint8_t code);

/* --- write.c ------------------------------------------------------------- */

/* Put what has gathered; false: the writer has failed. */
bool codec_flush(kr_writer *out);
uint64_t codec_writer_sum(kr_writer *out);
void codec_write_bytes(kr_writer *out, const void *bytes, size_t size);
void codec_write_byte(kr_writer *out, uint8_t byte);
void codec_write_length(kr_writer *out, uint64_t length);
void codec_write_uint64(kr_writer *out, uint64_t value);
void codec_write_int64(kr_writer *out, int64_t value);
void codec_write_double(kr_writer *out, double value);
void codec_write_float(kr_writer *out, float value);
void codec_write_string(kr_writer *out, struct kr_str bytes);
void codec_write_raw(kr_writer *out, struct kr_str bytes);
void codec_write_packed(kr_writer *out, struct kr_str packed, size_t size);
void codec_emit(kr_writer *out, uint32_t argc, const struct kr_str *argv);

/* --- read.c -------------------------------------------------------------- */

bool codec_read_byte(kr_reader *in, uint8_t *byte);
/* A length; *encoded when it is a string's encoding instead. */
bool codec_read_length(kr_reader *in, uint64_t *length, bool *encoded);
bool codec_read_uint64(kr_reader *in, uint64_t *value);
bool codec_read_int64(kr_reader *in, int64_t *value);
bool codec_read_double(kr_reader *in, double *value);
bool codec_read_float(kr_reader *in, float *value);
bool codec_read_string(kr_reader *in, struct kr_str *bytes);
bool codec_read_blob(kr_reader *in, struct kr_blob **blob);
bool codec_read_raw(kr_reader *in, void *bytes, size_t size);
void *codec_read_room(kr_reader *in, size_t size);
void codec_refuse(kr_reader *in, const char *reason);
bool codec_reader_short(const kr_reader *in);
void codec_refuse_empty(kr_reader *in);
bool codec_pass_empty(kr_reader *in);
uint64_t codec_reader_sum(kr_reader *in);
/* Step over the tagged items of a value, its end mark included. */
bool codec_skip_tagged(kr_reader *in);
/* The same; they stand in the buffer until the next read. */
bool codec_skip_bytes(kr_reader *in, struct kr_str *bytes);

#endif
