/* SPDX-License-Identifier: BSD-3-Clause */
/* codec_interface - kr.codec/1: readers, writers and digests for modules. */
#include "core/keyspace/stored.h"

#include "core/keyspace/digest.h"
#include "core/memory/memory.h"
#include "core/text/crc64.h"

_Static_assert(KR_DIGEST_SIZE == SHA1_SIZE, "a digest is a SHA-1");

static bool codec_deep(const kr_reader *in)
{
    return in->flags & KR_CODEC_DEEP;
}

/* --- Moving -------------------------------------------------------------- */

/* No allocator that the host is built with tells which blocks would be better
 * elsewhere, so all stay. */
static void *codec_move(kr_mover *mover, void *block)
{
    (void)mover, (void)block;
    return NULL;
}

static bool codec_move_should_pause(kr_mover *mover)
{
    (void)mover;
    return false;
}

/* --- In memory ----------------------------------------------------------- */

static kr_writer *codec_new_writer(uint32_t flags)
{
    kr_writer *out = memory_alloc(sizeof(*out));

    codec_writer_init(out, flags);
    return out;
}

static kr_writer *codec_new_stream_writer(kr_codec_put put, void *ctx,
                                          uint32_t flags)
{
    kr_writer *out = memory_alloc(sizeof(*out));

    codec_writer_init_stream(out, put, ctx, flags);
    return out;
}

static kr_reader *codec_new_stream_reader(kr_codec_get get, void *ctx,
                                          uint64_t limit, uint32_t flags)
{
    kr_reader *in = memory_alloc(sizeof(*in));

    codec_reader_init_stream(in, get, ctx, limit, flags);
    return in;
}

static uint64_t codec_writer_offset(const kr_writer *out)
{
    return out->flushed + out->size;
}

static uint64_t codec_reader_offset(const kr_reader *in)
{
    return in->before + in->at;
}

static void codec_tag_writer(kr_writer *out, bool tagged)
{
    out->flags &= ~KR_CODEC_TAGGED;
    out->flags |= tagged ? KR_CODEC_TAGGED : 0;
}

static void codec_abandon(kr_writer *out)
{
    out->failed = true;
}

static void codec_tag_reader(kr_reader *in, bool tagged)
{
    in->flags &= ~KR_CODEC_TAGGED;
    in->flags |= tagged ? KR_CODEC_TAGGED : 0;
}

static struct kr_str codec_writer_bytes(const kr_writer *out)
{
    return out->failed ? kr_str(NULL, 0) : kr_str(out->data, out->size);
}

static bool codec_writer_failed(const kr_writer *out)
{
    return out->failed;
}

static void codec_free_writer(kr_writer *out)
{
    if (!out)
        return;
    codec_writer_fini(out);
    memory_free(out);
}

static kr_reader *codec_new_reader(struct kr_str bytes, uint32_t flags)
{
    kr_reader *in = memory_alloc(sizeof(*in));

    codec_reader_init(in, bytes, flags);
    return in;
}

static size_t codec_reader_left(const kr_reader *in)
{
    size_t here = in->bytes.size - in->at;

    return in->limit < SIZE_MAX - here ? here + (size_t)in->limit : SIZE_MAX;
}

static const char *codec_reader_error(const kr_reader *in)
{
    return in->error;
}

static void codec_free_reader(kr_reader *in)
{
    if (!in)
        return;
    codec_reader_fini(in);
    memory_free(in);
}

/* --- Digests ------------------------------------------------------------- */

static kr_digest *codec_digest_new(void)
{
    return memory_calloc(1, sizeof(kr_digest));
}

static void codec_digest_read(const kr_digest *digest,
                              uint8_t bytes[KR_DIGEST_SIZE])
{
    memcpy(bytes, digest->bytes, KR_DIGEST_SIZE);
}

static void codec_digest_free(kr_digest *digest)
{
    memory_free(digest);
}

const struct kr_codec codec_interface = {
    .size = sizeof(struct kr_codec),
    .code = stored_write_code,
    .write_uint64 = codec_write_uint64,
    .write_int64 = codec_write_int64,
    .write_double = codec_write_double,
    .write_float = codec_write_float,
    .write_string = codec_write_string,
    .write_raw = codec_write_raw,
    .read_uint64 = codec_read_uint64,
    .read_int64 = codec_read_int64,
    .read_double = codec_read_double,
    .read_float = codec_read_float,
    .read_string = codec_read_string,
    .read_blob = codec_read_blob,
    .read_raw = codec_read_raw,
    .refuse = codec_refuse,
    .deep = codec_deep,
    .emit = codec_emit,
    .digest_mix = digest_mix,
    .digest_add = digest_add,
    .digest_begin = digest_begin,
    .digest_end = digest_end,
    .move = codec_move,
    .move_should_pause = codec_move_should_pause,
    .new_writer = codec_new_writer,
    .writer_bytes = codec_writer_bytes,
    .writer_failed = codec_writer_failed,
    .free_writer = codec_free_writer,
    .new_reader = codec_new_reader,
    .reader_left = codec_reader_left,
    .reader_error = codec_reader_error,
    .free_reader = codec_free_reader,
    .digest_new = codec_digest_new,
    .digest_reset = digest_reset,
    .digest_read = codec_digest_read,
    .digest_free = codec_digest_free,
    .read_room = codec_read_room,
    .write_value = stored_write,
    .read_code = stored_read_code,
    .read_value = stored_read,
    .checksum = crc64,
    .write_packed = codec_write_packed,
    .new_stream_writer = codec_new_stream_writer,
    .flush = codec_flush,
    .new_stream_reader = codec_new_stream_reader,
    .writer_offset = codec_writer_offset,
    .reader_offset = codec_reader_offset,
    .writer_sum = codec_writer_sum,
    .reader_sum = codec_reader_sum,
    .skip = codec_skip_tagged,
    .tag_writer = codec_tag_writer,
    .tag_reader = codec_tag_reader,
    .abandon = codec_abandon,
    .reader_short = codec_reader_short,
    .refuse_empty = codec_refuse_empty,
    .pass_empty = codec_pass_empty,
    .skip_bytes = codec_skip_bytes,
};
