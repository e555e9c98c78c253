/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as bytes: the forms of the file format, there and back, and what bytes
 * from strangers may not do.  core/codec/read.c and core/codec/write.c. */

#include "core/codec/codec.h"
#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "tests/unit/suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static kr_writer writer;
static kr_reader reader;

static void codec_setup(void)
{
    codec_writer_init(&writer, 0);
    codec_reader_init(&reader, kr_str("", 0), 0);
}

static void codec_teardown(void)
{
    codec_writer_fini(&writer);
    codec_reader_fini(&reader);
}

static void codec_start(uint32_t flags)
{
    codec_teardown();
    codec_writer_init(&writer, flags);
}

/* Read what has been written. */
static void codec_turn(void)
{
    codec_reader_fini(&reader);
    codec_reader_init(&reader, kr_str(writer.data, writer.size), writer.flags);
}

static void codec_give(const char *bytes, size_t size)
{
    codec_reader_fini(&reader);
    codec_reader_init(&reader, kr_str(bytes, size), 0);
}

#define ck_assert_bytes(literal)                                               \
    do {                                                                       \
        ck_assert_uint_eq(writer.size, sizeof(literal) - 1);                   \
        ck_assert_mem_eq(writer.data, literal, sizeof(literal) - 1);           \
    } while (0)

/* --- Forms --------------------------------------------------------------- */

static const struct {
    uint64_t value;
    const char *bytes;
    size_t size;
} lengths[] = {
    {0, "\x00", 1},
    {63, "\x3f", 1},
    {64, "\x40\x40", 2},
    {16383, "\x7f\xff", 2},
    {16384, "\x80\x00\x00\x40\x00", 5},
    {UINT32_MAX, "\x80\xff\xff\xff\xff", 5},
    {UINT64_C(1) << 32, "\x81\x00\x00\x00\x01\x00\x00\x00\x00", 9},
    {UINT64_MAX, "\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9},
};

START_TEST(a_length_takes_the_shortest_form)
{
    uint64_t back;

    codec_write_length(&writer, lengths[_i].value);
    ck_assert_uint_eq(writer.size, lengths[_i].size);
    ck_assert_mem_eq(writer.data, lengths[_i].bytes, writer.size);
    codec_turn();
    ck_assert(codec_read_uint64(&reader, &back));
    ck_assert_uint_eq(back, lengths[_i].value);
}
END_TEST

static const struct {
    const char *text;
    const char *bytes;
    size_t size;
} strings[] = {
    {"", "\x00", 1},
    {"v", "\x01v", 2},
    {"0", "\xc0\x00", 2},
    {"-128", "\xc0\x80", 2},
    {"127", "\xc0\x7f", 2},
    {"128", "\xc1\x80\x00", 3},
    {"-32768", "\xc1\x00\x80", 3},
    {"32768", "\xc2\x00\x80\x00\x00", 5},
    {"-2147483648", "\xc2\x00\x00\x00\x80", 5},
    {"2147483648",
     "\x0a"
     "2147483648",
     11},
    {"007",
     "\x03"
     "007",
     4},
    {"+7", "\x02+7", 3},
    {" 7", "\x02 7", 3},
};

START_TEST(a_string_that_is_a_small_number_is_written_as_one)
{
    struct kr_str text = kr_cstr(strings[_i].text), back;

    codec_write_string(&writer, text);
    ck_assert_uint_eq(writer.size, strings[_i].size);
    ck_assert_mem_eq(writer.data, strings[_i].bytes, writer.size);
    codec_turn();
    ck_assert(codec_read_string(&reader, &back));
    ck_assert(kr_str_equal(back, text));
}
END_TEST

START_TEST(a_long_string_of_one_letter_is_packed_only_when_asked)
{
    char text[1000];
    struct kr_str back;

    memset(text, 'a', sizeof(text));
    codec_write_string(&writer, kr_str(text, sizeof(text)));
    ck_assert_uint_eq(writer.size, 2 + sizeof(text));
    codec_start(KR_CODEC_COMPRESS);
    codec_write_string(&writer, kr_str(text, sizeof(text)));
    ck_assert_uint_lt(writer.size, 50);
    ck_assert_uint_eq((unsigned char)writer.data[0], 0xc3);
    codec_turn();
    ck_assert(codec_read_string(&reader, &back));
    ck_assert(kr_str_equal(back, kr_str(text, sizeof(text))));
}
END_TEST

START_TEST(what_is_packed_already_is_written_as_it_is)
{
    char text[1000], packed[50];
    struct kr_str back;
    size_t size;

    memset(text, 'a', sizeof(text));
    codec_start(KR_CODEC_COMPRESS);
    codec_write_string(&writer, kr_str(text, sizeof(text)));
    size = writer.size - 4; /* behind 0xc3, a length of one byte, one of two */
    ck_assert_uint_le(size, sizeof(packed));
    memcpy(packed, writer.data + 4, size);
    codec_start(0);
    codec_write_packed(&writer, kr_str(packed, size), sizeof(text));
    ck_assert_uint_eq(writer.size, 4 + size);
    codec_turn();
    ck_assert(codec_read_string(&reader, &back));
    ck_assert(kr_str_equal(back, kr_str(text, sizeof(text))));
}
END_TEST

START_TEST(twenty_bytes_are_too_short_to_pack)
{
    codec_start(KR_CODEC_COMPRESS);
    codec_write_string(&writer, KR_STR("aaaaaaaaaaaaaaaaaaaa"));
    ck_assert_bytes("\x14"
                    "aaaaaaaaaaaaaaaaaaaa");
}
END_TEST

START_TEST(a_double_is_eight_bytes_the_low_one_first)
{
    double back;

    codec_write_double(&writer, 1.0);
    ck_assert_bytes("\x00\x00\x00\x00\x00\x00\xf0\x3f");
    codec_write_double(&writer, -INFINITY);
    codec_turn();
    ck_assert(codec_read_double(&reader, &back));
    ck_assert_double_eq(back, 1.0);
    ck_assert(codec_read_double(&reader, &back));
    ck_assert(isinf(back) && back < 0);
}
END_TEST

START_TEST(tagged_items_say_what_they_are)
{
    codec_start(KR_CODEC_TAGGED);
    codec_write_uint64(&writer, 5);
    codec_write_int64(&writer, 5);
    codec_write_float(&writer, 1.0F);
    codec_write_double(&writer, 1.0);
    codec_write_string(&writer, KR_STR("v"));
    codec_write_raw(&writer, KR_STR("12"));
    ck_assert_bytes("\x02\x05"
                    "\x02\x05"
                    "\x03\x00\x00\x80\x3f"
                    "\x04\x00\x00\x00\x00\x00\x00\xf0\x3f"
                    "\x05\x01v"
                    "\x05\x02"
                    "12");
}
END_TEST

START_TEST(a_rewritten_command_is_in_resp)
{
    struct kr_str words[] = {KR_STR("SET"), KR_STR("k"), KR_STR("")};

    codec_emit(&writer, 3, words);
    ck_assert_bytes("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
}
END_TEST

/* --- There and back ------------------------------------------------------ */

START_TEST(raw_bytes_come_back_bare_and_tagged)
{
    char back[3];

    codec_start(_i ? KR_CODEC_TAGGED : 0);
    codec_write_raw(&writer, KR_STR("abc"));
    codec_turn();
    ck_assert(codec_read_raw(&reader, back, 3));
    ck_assert_mem_eq(back, "abc", 3);
    ck_assert_uint_eq(reader.at, reader.bytes.size);
}
END_TEST

START_TEST(a_blob_is_the_callers_own_copy)
{
    struct kr_blob *blob;

    codec_write_string(&writer, KR_STR("12345"));
    codec_turn();
    ck_assert(codec_read_blob(&reader, &blob));
    ck_assert(kr_str_equal(kr_str(blob->data, blob->size), KR_STR("12345")));
    blob_release(blob);
}
END_TEST

START_TEST(a_reader_has_room_of_its_own)
{
    struct kr_str string;
    char *room;

    codec_give("\x03"
               "abc\xc0\x07",
               6);
    ck_assert(codec_read_string(&reader, &string));
    room = codec_read_room(&reader, 3000);
    memset(room, 'x', 3000);
    ck_assert_mem_eq(string.data, "abc", 3);
    ck_assert_ptr_nonnull(codec_read_room(&reader, 0));
    ck_assert(codec_read_string(&reader, &string));
    ck_assert_mem_eq(string.data, "7", 1);
}
END_TEST

START_TEST(numbers_are_read_beside_a_reader_s_room)
{
    int64_t number;
    uint64_t length;
    double real;
    char *room, raw[3], kept[40];

    memset(kept, 'x', sizeof(kept));
    codec_write_int64(&writer, -5);
    codec_write_uint64(&writer, UINT64_MAX);
    codec_write_double(&writer, 0.5);
    codec_write_raw(&writer, KR_STR("abc"));
    codec_turn();
    room = codec_read_room(&reader, sizeof(kept));
    memcpy(room, kept, sizeof(kept));
    ck_assert(codec_read_int64(&reader, &number));
    ck_assert(codec_read_uint64(&reader, &length));
    ck_assert(codec_read_double(&reader, &real));
    ck_assert(codec_read_raw(&reader, raw, sizeof(raw)));
    ck_assert_mem_eq(room, kept, sizeof(kept));
}
END_TEST

START_TEST(a_value_of_an_unknown_type_can_be_stepped_over)
{
    codec_start(KR_CODEC_TAGGED);
    codec_write_uint64(&writer, 1 << 20);
    codec_write_string(&writer, KR_STR("77"));
    codec_write_double(&writer, 2.5);
    codec_write_float(&writer, 2.5F);
    codec_write_length(&writer, CODEC_TAG_EOF);
    codec_write_byte(&writer, 'x');
    codec_turn();
    ck_assert(codec_skip_tagged(&reader));
    ck_assert_uint_eq(reader.at, reader.bytes.size - 1);
    ck_assert_uint_eq(reader.flags, KR_CODEC_TAGGED);
}
END_TEST

START_TEST(random_values_come_back)
{
    unsigned seed = (unsigned)time(NULL);
    char text[300];
    uint64_t number;
    int64_t wide;
    struct kr_str back;

    printf("seed %u\n", seed);
    srandom(seed);
    /* Where the heap can fail, it does. */
    snprintf(text, sizeof(text), "%u", seed);
    setenv("KR_HOSTILE_SEED", text, 1);
    for (int round = 0; round < 20000; round++) {
        uint64_t x =
            ((uint64_t)random() << 33 ^ (uint64_t)random()) >> (random() % 64);
        size_t size = (size_t)random() % sizeof(text);
        char letters = (char)(1 + random() % 26);

        codec_start((uint32_t)random() % 4);
        for (size_t i = 0; i < size; i++)
            text[i] = (char)('a' + random() % letters);
        codec_write_uint64(&writer, x);
        codec_write_int64(&writer, -(int64_t)(x >> 1));
        codec_write_string(&writer, kr_str(text, size));
        if (writer.failed)
            continue;
        codec_turn();
        ck_assert(codec_read_uint64(&reader, &number));
        ck_assert_uint_eq(number, x);
        ck_assert(codec_read_int64(&reader, &wide));
        ck_assert_int_eq(wide, -(int64_t)(x >> 1));
        if (!codec_read_string(&reader, &back)) {
            /* Only a heap that fails is a reason. */
            ck_assert_str_eq(reader.error, "not enough memory for a string");
            continue;
        }
        ck_assert(kr_str_equal(back, kr_str(text, size)));
        ck_assert_uint_eq(reader.at, reader.bytes.size);
    }
}
END_TEST

/* --- Hostile bytes ------------------------------------------------------- */

static const struct {
    const char *bytes;
    size_t size;
} broken[] = {
    {"", 0}, /* nothing */
    {"\x05"  /* a string longer than the rest */
     "abc",
     4},
    {"\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9}, /* much longer */
    {"\x82\x00", 2},                             /* a length of no form */
    {"\x40", 1},                                 /* half a length */
    {"\xc1\x00", 2},                             /* half a number */
    {"\xc4", 1},                                 /* no such encoding */
    {"\xc3\x02\x80\x7f\xff\xff\xff\x00" /* two bytes to two gigabytes */
     "a",
     9},
    {"\xc3\x02\x05\x00" /* unpacks to one byte, not five */
     "a",
     5},
    {"\xc3\x00\x05", 3},             /* out of nothing */
    {"\xc3\xc0\x05\x00", 4},         /* an encoding as a length */
    {"\xc3\x03\x09\x20\xff\xff", 6}, /* looks back before its start */
};

START_TEST(broken_strings_are_refused_with_a_reason)
{
    size_t used = memory_used();
    struct kr_str back;

    codec_give(broken[_i].bytes, broken[_i].size);
    ck_assert(!codec_read_string(&reader, &back));
    ck_assert_ptr_nonnull(reader.error);
    codec_reader_fini(&reader);
    ck_assert_uint_le(memory_used(), used);
}
END_TEST

START_TEST(after_a_refusal_everything_is_refused)
{
    uint64_t value;
    uint8_t byte;

    codec_give("\x05\x05", 2);
    codec_refuse(&reader, "first");
    codec_refuse(&reader, "second");
    ck_assert_str_eq(reader.error, "first");
    ck_assert(!codec_read_uint64(&reader, &value));
    ck_assert(!codec_read_byte(&reader, &byte));
    ck_assert_uint_eq(reader.at, 0);
}
END_TEST

START_TEST(an_item_of_another_kind_is_refused)
{
    double back;

    codec_start(KR_CODEC_TAGGED);
    codec_write_uint64(&writer, 5);
    codec_turn();
    ck_assert(!codec_read_double(&reader, &back));
}
END_TEST

START_TEST(raw_bytes_of_another_number_are_refused)
{
    char back[8];

    codec_start(KR_CODEC_TAGGED);
    codec_write_raw(&writer, KR_STR("abcd"));
    codec_turn();
    ck_assert(!codec_read_raw(&reader, back, 3));
}
END_TEST

START_TEST(a_chain_of_items_without_an_end_is_refused)
{
    codec_start(KR_CODEC_TAGGED);
    codec_write_uint64(&writer, 5);
    codec_turn();
    ck_assert(!codec_skip_tagged(&reader));
}
END_TEST

Suite *codec_suite(void)
{
    Suite *suite = suite_create("codec");
    TCase *forms = tcase_create("forms");
    TCase *back = tcase_create("there and back");
    TCase *hostile = tcase_create("hostile");

    tcase_add_checked_fixture(forms, codec_setup, codec_teardown);
    tcase_add_loop_test(forms, a_length_takes_the_shortest_form, 0,
                        KR_COUNT(lengths));
    tcase_add_loop_test(forms,
                        a_string_that_is_a_small_number_is_written_as_one, 0,
                        KR_COUNT(strings));
    tcase_add_test(forms,
                   a_long_string_of_one_letter_is_packed_only_when_asked);
    tcase_add_test(forms, what_is_packed_already_is_written_as_it_is);
    tcase_add_test(forms, twenty_bytes_are_too_short_to_pack);
    tcase_add_test(forms, a_double_is_eight_bytes_the_low_one_first);
    tcase_add_test(forms, tagged_items_say_what_they_are);
    tcase_add_test(forms, a_rewritten_command_is_in_resp);
    suite_add_tcase(suite, forms);

    tcase_add_checked_fixture(back, codec_setup, codec_teardown);
    tcase_add_loop_test(back, raw_bytes_come_back_bare_and_tagged, 0, 2);
    tcase_add_test(back, a_blob_is_the_callers_own_copy);
    tcase_add_test(back, a_reader_has_room_of_its_own);
    tcase_add_test(back, numbers_are_read_beside_a_reader_s_room);
    tcase_add_test(back, a_value_of_an_unknown_type_can_be_stepped_over);
    tcase_add_test(back, random_values_come_back);
    suite_add_tcase(suite, back);

    tcase_add_checked_fixture(hostile, codec_setup, codec_teardown);
    tcase_add_loop_test(hostile, broken_strings_are_refused_with_a_reason, 0,
                        KR_COUNT(broken));
    tcase_add_test(hostile, after_a_refusal_everything_is_refused);
    tcase_add_test(hostile, an_item_of_another_kind_is_refused);
    tcase_add_test(hostile, raw_bytes_of_another_number_are_refused);
    tcase_add_test(hostile, a_chain_of_items_without_an_end_is_refused);
    suite_add_tcase(suite, hostile);
    return suite;
}
