/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/text/buffer.h"

#include "core/memory/memory.h"
#include "tests/unit/suites.h"

START_TEST(pieces_follow_one_another_and_end_in_nul)
{
    struct buffer b = {0};

    buffer_append(&b, KR_STR("keys="));
    buffer_append_int64(&b, INT64_MIN);
    buffer_append_char(&b, ',');
    buffer_append_double(&b, 0.1);
    buffer_append(&b, kr_str(NULL, 0));
    buffer_printf(&b, " %s:%d", "x", 7);
    ck_assert_str_eq(b.data,
                     "keys=-9223372036854775808,0.10000000000000001 x:7");
    ck_assert_uint_eq(b.size, strlen(b.data));
    buffer_free(&b);
    ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(a_format_of_any_length_is_written_whole)
{
    for (int size = 0; size < 400; size++) {
        struct buffer b = {0};

        buffer_printf(&b, "%*s|", size, "");
        buffer_printf(&b, "%*s|", size, "");
        ck_assert_uint_eq(b.size, 2 * (size_t)size + 2);
        ck_assert_int_eq(b.data[size], '|');
        ck_assert_int_eq(b.data[b.size - 1], '|');
        ck_assert_int_eq(b.data[b.size], '\0');
        buffer_free(&b);
    }
}
END_TEST

START_TEST(a_byte_at_a_time_grows_by_doubling)
{
    struct buffer b = {0};
    size_t moves = 0, capacity = 0;

    for (int i = 0; i < 100000; i++) {
        buffer_append_char(&b, (char)i);
        moves += b.capacity != capacity;
        capacity = b.capacity;
        if (b.size >= b.capacity)
            ck_abort_msg("no room for the NUL");
    }
    for (int i = 0; i < 100000; i++)
        if (b.data[i] != (char)i)
            ck_abort_msg("byte %d", i);
    ck_assert_uint_le(moves, 12);
    buffer_free(&b);
}
END_TEST

START_TEST(what_is_stolen_is_no_longer_in_the_buffer)
{
    struct buffer b = {0};
    size_t size = 99;
    char *empty = buffer_steal(&b, &size);
    char *text;

    ck_assert_str_eq(empty, "");
    ck_assert_uint_eq(size, 0);
    buffer_append(&b, KR_STR("a\0b"));
    text = buffer_steal(&b, &size);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(text, "a\0b", 4);
    ck_assert_ptr_null(b.data);
    ck_assert_uint_eq(b.size, 0);
    memory_free(empty);
    memory_free(text);
}
END_TEST

START_TEST(clearing_keeps_the_memory)
{
    struct buffer b = {0};
    char *data;

    buffer_clear(&b);
    buffer_append(&b, KR_STR("one"));
    data = b.data;
    buffer_clear(&b);
    ck_assert_uint_eq(buffer_str(&b).size, 0);
    buffer_append(&b, KR_STR("two"));
    ck_assert_ptr_eq(b.data, data);
    ck_assert_str_eq(b.data, "two");
    buffer_free(&b);
}
END_TEST

Suite *buffer_suite(void)
{
    Suite *suite = suite_create("text/buffer");
    TCase *tcase = tcase_create("buffer");

    tcase_add_test(tcase, pieces_follow_one_another_and_end_in_nul);
    tcase_add_test(tcase, a_format_of_any_length_is_written_whole);
    tcase_add_test(tcase, a_byte_at_a_time_grows_by_doubling);
    tcase_add_test(tcase, what_is_stolen_is_no_longer_in_the_buffer);
    tcase_add_test(tcase, clearing_keeps_the_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
