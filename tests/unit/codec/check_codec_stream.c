/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers and writers of streams: the same bytes as in memory, whatever the
 * pieces they come in, the same checksum, and no memory for lengths that lie. */

#include "core/codec/codec.h"
#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/text/crc64.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BYTES_MAX (8u << 20)

/* What was put, and what is to be got in pieces of `piece` bytes at most. */
static struct {
    char *bytes;
    size_t size, at, piece;
    bool fails;
} tape;

static bool tape_put(void *ctx, struct kr_str bytes)
{
    (void)ctx;
    if (tape.fails || bytes.size > BYTES_MAX - tape.size)
        return false;
    memcpy(tape.bytes + tape.size, bytes.data, bytes.size);
    tape.size += bytes.size;
    return true;
}

static int64_t tape_get(void *ctx, char *room, size_t size)
{
    (void)ctx;
    if (tape.fails)
        return -1;
    if (size > tape.size - tape.at)
        size = tape.size - tape.at;
    if (size > tape.piece)
        size = tape.piece;
    memcpy(room, tape.bytes + tape.at, size);
    tape.at += size;
    return (int64_t)size;
}

static void tape_setup(void)
{
    memset(&tape, 0, sizeof(tape));
    tape.bytes = memory_alloc(BYTES_MAX);
    tape.piece = SIZE_MAX;
}

static void tape_teardown(void)
{
    memory_free(tape.bytes);
}

/* Strings about the sizes at which something changes, and numbers. */
static const size_t sizes[] = {0,      1,     63,     64,     16384,  65535,
                               65536,  65537, 262143, 262144, 262145, 600000,
                               700001, 3,     5,      262139, 1 << 21};

static struct kr_str text_of(size_t i)
{
    static char text[1 << 21];

    for (size_t k = 0; k < sizes[i]; k++)
        text[k] = (char)('a' + (k * 7 + i + k / 91) % 23);
    return kr_str(text, sizes[i]);
}

static void write_all(kr_writer *out)
{
    for (size_t i = 0; i < KR_COUNT(sizes); i++) {
        codec_write_string(out, text_of(i));
        codec_write_uint64(out, i * 1000003);
        codec_write_double(out, (double)i / 3);
    }
}

static void read_all(kr_reader *in, bool blobs)
{
    for (size_t i = 0; i < KR_COUNT(sizes); i++) {
        struct kr_blob *blob;
        struct kr_str bytes;
        uint64_t number;
        double real;

        if (blobs) {
            ck_assert(codec_read_blob(in, &blob));
            bytes = kr_str(blob->data, blob->size);
        } else {
            ck_assert(codec_read_string(in, &bytes));
        }
        ck_assert(kr_str_equal(bytes, text_of(i)));
        if (blobs)
            blob_release(blob);
        ck_assert(codec_read_uint64(in, &number));
        ck_assert_uint_eq(number, i * 1000003);
        ck_assert(codec_read_double(in, &real));
        ck_assert_double_eq(real, (double)i / 3);
    }
}

START_TEST(a_stream_writer_puts_what_one_in_memory_has)
{
    kr_writer memory, stream;

    codec_writer_init(&memory, 0);
    codec_writer_init_stream(&stream, tape_put, NULL, KR_CODEC_SUM);
    write_all(&memory);
    write_all(&stream);
    ck_assert_uint_eq(stream.flushed + stream.size, memory.size);
    ck_assert_uint_eq(codec_writer_sum(&stream),
                      crc64(0, kr_str(memory.data, memory.size)));
    ck_assert(codec_flush(&stream));
    ck_assert_uint_eq(tape.size, memory.size);
    ck_assert_mem_eq(tape.bytes, memory.data, memory.size);
    ck_assert_uint_le(stream.capacity, 256 * 1024);
    codec_writer_fini(&memory);
    codec_writer_fini(&stream);
}
END_TEST

static const size_t pieces[] = {SIZE_MAX, 1 << 20, 65536, 4097, 1021};

START_TEST(a_stream_reader_reads_it_back_in_pieces_of_any_size)
{
    kr_writer out;
    kr_reader in;

    codec_writer_init_stream(&out, tape_put, NULL, 0);
    write_all(&out);
    ck_assert(codec_flush(&out));
    codec_writer_fini(&out);
    for (int how = 0; how < 4; how++) {
        tape.at = 0;
        tape.piece = pieces[_i];
        codec_reader_init_stream(&in, tape_get, NULL,
                                 how & 1 ? UINT64_MAX : tape.size,
                                 KR_CODEC_SUM);
        read_all(&in, how & 2);
        ck_assert_uint_eq(codec_reader_sum(&in),
                          crc64(0, kr_str(tape.bytes, tape.size)));
        ck_assert_uint_eq(in.before + in.at, tape.size);
        codec_reader_fini(&in);
    }
}
END_TEST

START_TEST(the_checksum_is_of_what_was_read_and_no_further)
{
    kr_reader in;
    uint64_t number;

    memcpy(tape.bytes, "\x01\x02\x03\x04", 4);
    tape.size = 4;
    codec_reader_init_stream(&in, tape_get, NULL, 4, KR_CODEC_SUM);
    for (size_t i = 1; i <= 4; i++) {
        ck_assert(codec_read_uint64(&in, &number));
        ck_assert_uint_eq(codec_reader_sum(&in),
                          crc64(0, kr_str(tape.bytes, i)));
    }
    ck_assert(!codec_read_uint64(&in, &number));
    codec_reader_fini(&in);
}
END_TEST

START_TEST(a_length_beyond_the_end_takes_no_memory)
{
    static const char huge[] = "\x81\x00\x00\x01\x00\x00\x00\x00\x00rest";
    struct kr_blob *blob = NULL;
    struct kr_str bytes;
    kr_reader in;
    size_t used = memory_used();

    memcpy(tape.bytes, huge, sizeof(huge));
    tape.size = sizeof(huge);
    for (int how = 0; how < 4; how++) {
        tape.at = 0;
        codec_reader_init_stream(&in, tape_get, NULL,
                                 how & 1 ? UINT64_MAX : tape.size, 0);
        if (how & 2)
            ck_assert(!codec_read_blob(&in, &blob));
        else
            ck_assert(!codec_read_string(&in, &bytes));
        ck_assert_str_eq(in.error, "the bytes end too early");
        ck_assert_uint_lt(memory_used(), used + (2u << 20));
        codec_reader_fini(&in);
    }
}
END_TEST

START_TEST(what_cannot_be_read_or_put_is_an_error_that_stays)
{
    kr_writer out;
    kr_reader in;
    uint64_t number;

    tape.fails = true;
    codec_reader_init_stream(&in, tape_get, NULL, 100, 0);
    ck_assert(!codec_read_uint64(&in, &number));
    ck_assert_str_eq(in.error, "the bytes cannot be read");
    tape.fails = false;
    ck_assert(!codec_read_uint64(&in, &number));
    codec_reader_fini(&in);
    tape.fails = true;
    codec_writer_init_stream(&out, tape_put, NULL, 0);
    codec_write_uint64(&out, 1);
    ck_assert(!codec_flush(&out));
    tape.fails = false;
    write_all(&out);
    ck_assert(!codec_flush(&out));
    ck_assert_uint_eq(tape.size, 0);
    codec_writer_fini(&out);
}
END_TEST

Suite *codec_stream_suite(void)
{
    Suite *suite = suite_create("codec_stream");
    TCase *tests = tcase_create("streams");

    tcase_add_checked_fixture(tests, tape_setup, tape_teardown);
    tcase_add_test(tests, a_stream_writer_puts_what_one_in_memory_has);
    tcase_add_loop_test(tests,
                        a_stream_reader_reads_it_back_in_pieces_of_any_size, 0,
                        KR_COUNT(pieces));
    tcase_add_test(tests, the_checksum_is_of_what_was_read_and_no_further);
    tcase_add_test(tests, a_length_beyond_the_end_takes_no_memory);
    tcase_add_test(tests, what_cannot_be_read_or_put_is_an_error_that_stays);
    suite_add_tcase(suite, tests);
    return suite;
}
