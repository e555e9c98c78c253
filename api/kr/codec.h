/* SPDX-License-Identifier: BSD-3-Clause */
/* codec - the primitives in which values are saved, loaded and digested.
 *
 * A kr_writer or kr_reader may be a file, a socket or memory (DUMP).  For a
 * type with RDB codes of its own the items stand bare, as Redis writes them;
 * for one with a file_name each item carries a tag, so that a host without the
 * module can carry the value along.  The functions are the same.
 *
 * Errors stick: after the first one writers drop and readers answer false.
 * [child] all but where marked. */
#ifndef KR_CODEC_H
#define KR_CODEC_H

#include <kr/base.h>
#include <kr/module.h>
#include <kr/type.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_CODEC_TAGGED   (1u << 0) /* items carry tags: types with a file_name */
#define KR_CODEC_COMPRESS (1u << 1) /* writers: pack long strings */
#define KR_CODEC_DEEP     (1u << 2) /* readers: what deep() answers */
#define KR_CODEC_SUM      (1u << 3) /* streams: keep the checksum */
#define KR_CODEC_WHOLE    (1u << 4) /* readers: one value, nothing behind it */

#define KR_DIGEST_SIZE 20 /* bytes */

/* Where a stream writer puts its bytes: false, it could not.  Where a stream
 * reader gets them: how many, at most `size`; 0 at the end, -1: it could not. */
typedef bool (*kr_codec_put)(void *ctx, struct kr_str bytes);
typedef int64_t (*kr_codec_get)(void *ctx, char *room, size_t size);

struct kr_codec {
    uint32_t size;
    uint32_t reserved;
    /* The RDB code of the value that save() is about to write. */
    void (*code)(kr_writer *out, uint8_t code);
    void (*write_uint64)(kr_writer *out, uint64_t value); /* length form */
    void (*write_int64)(kr_writer *out, int64_t value);
    void (*write_double)(kr_writer *out, double value); /* 8 bytes, binary */
    void (*write_float)(kr_writer *out, float value);
    /* A string: as an integer or compressed where the format says so. */
    void (*write_string)(kr_writer *out, struct kr_str bytes);
    void (*write_raw)(kr_writer *out, struct kr_str bytes); /* no length */

    /* What the function of that name has written.  false: other bytes stand
     * there, or none; load() then answers false, too. */
    bool (*read_uint64)(kr_reader *in, uint64_t *value);
    bool (*read_int64)(kr_reader *in, int64_t *value);
    bool (*read_double)(kr_reader *in, double *value);
    bool (*read_float)(kr_reader *in, float *value);
    /* The string, borrowed until the next call on `in`. */
    bool (*read_string)(kr_reader *in, struct kr_str *bytes);
    /* A blob with the string; the caller gets a reference. */
    bool (*read_blob)(kr_reader *in, struct kr_blob **blob);
    bool (*read_raw)(kr_reader *in, void *bytes, size_t size);
    /* Why load() answers false. */
    void (*refuse)(kr_reader *in, const char *reason);
    /* Check the contents of compact encodings too (sanitize-dump-payload)? */
    bool (*deep)(const kr_reader *in);

    /* One command of a rewrite. */
    void (*emit)(kr_writer *out, uint32_t argc, const struct kr_str *argv);

    /* The digest of a value is built as Redis builds it: mix() is sensitive to
     * order; add() is not; a nested digest for an element whose parts are
     * ordered: begin(), mix() ..., end().  [main] */
    void (*digest_mix)(kr_digest *digest, struct kr_str bytes);
    void (*digest_add)(kr_digest *digest, struct kr_str bytes);
    void (*digest_begin)(kr_digest *digest);
    void (*digest_end)(kr_digest *digest);

    /* A better place for `block`: the new address, or NULL to leave it.  The
     * old block has been freed when an address is answered.  [main] */
    void *(*move)(kr_mover *mover, void *block);
    bool (*move_should_pause)(kr_mover *mover);

    /* --- In memory: for DUMP, RESTORE and the like --------------------------- */

    /* A writer into memory that grows; `flags`: KR_CODEC_.  writer_bytes()
     * borrows what has been written until the next write, nothing when memory
     * ran out, which writer_failed() tells. */
    kr_writer *(*new_writer)(uint32_t flags);
    struct kr_str (*writer_bytes)(const kr_writer *out);
    bool (*writer_failed)(const kr_writer *out);
    void (*free_writer)(kr_writer *out);
    /* A reader of `bytes`, which are borrowed until it is freed.  left() counts
     * those not read yet; error() is why it refused, or NULL. */
    kr_reader *(*new_reader)(struct kr_str bytes, uint32_t flags);
    size_t (*reader_left)(const kr_reader *in);
    const char *(*reader_error)(const kr_reader *in);
    void (*free_reader)(kr_reader *in);

    /* A digest of nothing; its bytes so far.  The number of the value's type is
     * mixed by whoever makes the digest, not by kr_type->digest().  [main] */
    kr_digest *(*digest_new)(void);
    void (*digest_reset)(kr_digest *digest);
    void (*digest_read)(const kr_digest *digest, uint8_t bytes[20]);
    void (*digest_free)(kr_digest *digest);

    /* `size` bytes of the reader's own, aligned for anything, uninitialised: where
     * load() makes an inline value that does not stand in the bytes read.  Good
     * until a string or a blob is read from `in` or more room is asked for;
     * numbers and raw bytes may be read meanwhile.  NULL: no memory, and the
     * value is refused.  O(1). */
    void *(*read_room)(kr_reader *in, size_t size);

    /* --- Whole values: as they stand in a snapshot and in a DUMP ------------- */

    /* The code of a value of the type at `slot`, then `key` unless it is NULL,
     * then the value, framed as a module's type if it is one.  `out` is not
     * tagged.  false, and nothing is written: the type is away, or is never
     * saved.  [main], [child] */
    bool (*write_value)(kr_writer *out, uint16_t slot,
                        const struct kr_peek *value, const struct kr_str *key);
    /* Read the two parts: first the code, then, after the key if there is one,
     * the value.  value->size is the caller's.  A value that was read is the
     * caller's to place by kr_keyspace->adopt(), before `in` is read again or
     * freed: its bytes may stand there.  false: refused, reader_error() says
     * why, and nothing is left.  A value of a type whose module is away comes
     * sealed, if its end can be told: it is a module's type, or the reader has
     * KR_CODEC_WHOLE.  [main] */
    bool (*read_code)(kr_reader *in, uint8_t *code);
    bool (*read_value)(kr_reader *in, uint8_t code, uint16_t *slot,
                       struct kr_value *value);
    /* The checksum (CRC-64) at the end of snapshots and dumps.  Start from 0;
     * to go on, pass what the bytes before gave.  [any] */
    uint64_t (*checksum)(uint64_t sum, struct kr_str bytes);

    /* A string of `size` bytes that LZF has made `packed` of, as it is.  Its
     * reader need not know.  [child] */
    void (*write_packed)(kr_writer *out, struct kr_str packed, size_t size);

    /* --- Streams: values of any size through a buffer of 256 KiB ------------ */

    /* A writer that calls `put` whenever its buffer is full, and with large
     * strings as they are.  When that answers false the writer has failed. */
    kr_writer *(*new_stream_writer)(kr_codec_put put, void *ctx,
                                    uint32_t flags);
    /* Put what has gathered.  false: the writer has failed. */
    bool (*flush)(kr_writer *out);
    /* A reader that calls `get` for more.  No more than `limit` bytes will
     * come (UINT64_MAX: unknown): a length beyond is refused at once, so that
     * no memory is asked for that a hostile length makes up. */
    kr_reader *(*new_stream_reader)(kr_codec_get get, void *ctx, uint64_t limit,
                                    uint32_t flags);
    /* Bytes written or read so far, and their checksum (with KR_CODEC_SUM). */
    uint64_t (*writer_offset)(const kr_writer *out);
    uint64_t (*reader_offset)(const kr_reader *in);
    uint64_t (*writer_sum)(kr_writer *out);
    uint64_t (*reader_sum)(kr_reader *in);
    /* Step over tagged items, up to and with their end mark. */
    bool (*skip)(kr_reader *in);
    /* Items written from here on are tagged, or no longer; read so. */
    void (*tag_writer)(kr_writer *out, bool tagged);
    void (*tag_reader)(kr_reader *in, bool tagged);
    /* save() cannot write the value: the writer has failed, and with it the
     * snapshot, the rewrite or the DUMP.  Why is for the log.  [child] */
    void (*abandon)(kr_writer *out);
    /* Has it refused because the bytes end too early?  So does a file that was
     * cut.  O(1). */
    bool (*reader_short)(const kr_reader *in);
    /* load() has read a value of no elements, which no key may have: it frees
     * what it has, calls this and answers false. */
    void (*refuse_empty)(kr_reader *in);
    /* Was that the reason?  Then it is forgotten, and the reader goes on behind
     * the value: files of old servers have such keys, to be passed over. */
    bool (*pass_empty)(kr_reader *in);
    /* As skip(); *bytes is what was stepped over, good until the next call on
     * `in`.  O(bytes). */
    bool (*skip_bytes)(kr_reader *in, struct kr_str *bytes);
};
KR_INTERFACE(kr_codec, "kr.codec/1");

#ifdef __cplusplus
}
#endif
#endif
