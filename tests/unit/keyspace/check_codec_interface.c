/* SPDX-License-Identifier: BSD-3-Clause */
/* kr.codec/1 as a module has it: readers and writers on the heap, digests.  What
 * they do is core/codec/read.c, write.c and value.c. */
#include "core/keyspace/stored.h"
#include "tests/unit/suites.h"

#include <string.h>

#define C (&codec_interface)

START_TEST(what_is_written_is_read_back)
{
    kr_writer *out = C->new_writer(0);
    struct kr_str bytes, text;
    kr_reader *in;
    int64_t number;

    C->write_int64(out, -5);
    C->write_string(out, KR_STR("text"));
    bytes = C->writer_bytes(out);
    ck_assert_uint_eq(bytes.size, C->writer_offset(out));
    in = C->new_reader(bytes, 0);
    ck_assert_uint_eq(C->reader_left(in), bytes.size);
    ck_assert(C->read_int64(in, &number));
    ck_assert_int_eq(number, -5);
    ck_assert(C->read_string(in, &text));
    ck_assert(kr_str_equal(text, KR_STR("text")));
    ck_assert_uint_eq(C->reader_left(in), 0);
    ck_assert_uint_eq(C->reader_offset(in), bytes.size);
    ck_assert_ptr_null(C->reader_error(in));
    C->free_reader(in);
    C->free_writer(out);
    C->free_reader(NULL);
    C->free_writer(NULL);
}
END_TEST

START_TEST(what_was_abandoned_has_no_bytes)
{
    kr_writer *out = C->new_writer(0);

    C->write_int64(out, 1);
    ck_assert(!C->writer_failed(out));
    C->abandon(out);
    ck_assert(C->writer_failed(out));
    ck_assert_uint_eq(C->writer_bytes(out).size, 0);
    C->free_writer(out);
}
END_TEST

START_TEST(tags_can_be_switched_on_and_off)
{
    kr_writer *out = C->new_writer(0);
    struct kr_str bytes;
    kr_reader *in;
    uint64_t number;

    C->tag_writer(out, true);
    C->write_uint64(out, 7);
    C->tag_writer(out, false);
    C->write_uint64(out, 8);
    bytes = C->writer_bytes(out);
    ck_assert_uint_eq(bytes.size, 3); /* 2: a number follows; 7; 8 */
    in = C->new_reader(bytes, 0);
    C->tag_reader(in, true);
    ck_assert(C->read_uint64(in, &number));
    ck_assert_uint_eq(number, 7);
    C->tag_reader(in, false);
    ck_assert(C->read_uint64(in, &number));
    ck_assert_uint_eq(number, 8);
    C->free_reader(in);
    C->free_writer(out);
}
END_TEST

START_TEST(a_reader_that_has_refused_says_why)
{
    kr_reader *in = C->new_reader(KR_STR("\x01"), 0);
    struct kr_str text;

    ck_assert(!C->read_string(in, &text));
    ck_assert_ptr_nonnull(C->reader_error(in));
    C->free_reader(in);
    in = C->new_reader(KR_STR("\x01"
                              "a"),
                       KR_CODEC_DEEP);
    ck_assert(C->deep(in));
    C->refuse(in, "not today");
    ck_assert_str_eq(C->reader_error(in), "not today");
    ck_assert(!C->read_string(in, &text));
    C->free_reader(in);
}
END_TEST

static bool append(void *ctx, struct kr_str bytes)
{
    char *text = ctx;

    memcpy(text + strlen(text), bytes.data, bytes.size);
    return true;
}

static int64_t take(void *ctx, char *bytes, size_t room)
{
    const char **rest = ctx;
    size_t size = strlen(*rest);

    size = size < room ? size : room;
    memcpy(bytes, *rest, size);
    *rest += size;
    return (int64_t)size;
}

START_TEST(streams_count_what_has_passed)
{
    char text[64] = "";
    const char *rest = text;
    kr_writer *out = C->new_stream_writer(append, text, 0);
    kr_reader *in;
    struct kr_str word;

    C->write_string(out, KR_STR("a word"));
    ck_assert_uint_eq(C->writer_offset(out), 7);
    ck_assert(C->flush(out));
    ck_assert_uint_eq(C->writer_offset(out), 7);
    ck_assert_str_eq(text, "\x06"
                           "a word");
    C->free_writer(out);
    in = C->new_stream_reader(take, &rest, 7, 0);
    ck_assert_uint_eq(C->reader_left(in), 7);
    ck_assert(C->read_string(in, &word));
    ck_assert(kr_str_equal(word, KR_STR("a word")));
    ck_assert_uint_eq(C->reader_offset(in), 7);
    C->free_reader(in);
}
END_TEST

START_TEST(a_digest_of_parts_in_any_order_is_the_same)
{
    kr_digest *a = C->digest_new(), *b = C->digest_new();
    uint8_t one[KR_DIGEST_SIZE], two[KR_DIGEST_SIZE];

    C->digest_add(a, KR_STR("x"));
    C->digest_add(a, KR_STR("y"));
    C->digest_add(b, KR_STR("y"));
    C->digest_add(b, KR_STR("x"));
    C->digest_read(a, one);
    C->digest_read(b, two);
    ck_assert_mem_eq(one, two, KR_DIGEST_SIZE);
    C->digest_reset(b);
    C->digest_mix(b, KR_STR("y"));
    C->digest_mix(b, KR_STR("x"));
    C->digest_read(b, two);
    ck_assert_mem_ne(one, two, KR_DIGEST_SIZE);
    C->digest_free(a);
    C->digest_free(b);
}
END_TEST

START_TEST(no_block_is_better_elsewhere)
{
    char block;

    ck_assert_ptr_null(C->move(NULL, &block));
    ck_assert(!C->move_should_pause(NULL));
}
END_TEST

Suite *codec_interface_suite(void)
{
    Suite *suite = suite_create("codec_interface");
    TCase *tcase = tcase_create("codec_interface");

    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_test(tcase, what_was_abandoned_has_no_bytes);
    tcase_add_test(tcase, tags_can_be_switched_on_and_off);
    tcase_add_test(tcase, a_reader_that_has_refused_says_why);
    tcase_add_test(tcase, streams_count_what_has_passed);
    tcase_add_test(tcase, a_digest_of_parts_in_any_order_is_the_same);
    tcase_add_test(tcase, no_block_is_better_elsewhere);
    suite_add_tcase(suite, tcase);
    return suite;
}
