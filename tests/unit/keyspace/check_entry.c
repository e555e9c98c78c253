/* SPDX-License-Identifier: BSD-3-Clause */
/* check_entry - the bytes of one key. */
#include "core/keyspace/entry.h"

#include <check.h>

#include "core/memory/memory.h"

#include "tests/unit/suites.h"

#define KEY16 KR_STR("0123456789abcdef")

static char long_key[1000];

static struct kr_str key_long(size_t size)
{
    memset(long_key, 'k', sizeof(long_key));
    long_key[0] = '<';
    long_key[size - 1] = '>';
    return kr_str(long_key, size);
}

static struct entry_form form_of(uint64_t flags, uint32_t length)
{
    return (struct entry_form){flags, length, 5, 9};
}

static struct entry *make(struct kr_str key, uint64_t flags, uint32_t length)
{
    struct entry_form form = form_of(flags, length);
    struct entry *e = entry_new(key, &form, 77);

    if (flags & ENTRY_EXPIRES)
        entry_write_expiry(e, 123456789, 4321);
    if (!(flags & ENTRY_BOXED))
        memset(entry_payload(e), 'p', length);
    return e;
}

START_TEST(key_and_value_of_16_bytes_take_40)
{
    struct entry *e = make(KEY16, 0, 16);
    struct entry *timed = make(KEY16, ENTRY_EXPIRES, 16);
    struct entry *number = make(KEY16, 0, 8);

    ck_assert_uint_eq(entry_size(e), 40);
    ck_assert_uint_eq(entry_size(timed), 48);
    ck_assert_uint_eq(entry_size(number), 32);
    entry_free(e);
    entry_free(timed);
    entry_free(number);
}
END_TEST

/* Around 255 the key's length moves out of the head. */
static const size_t key_sizes[] = {1, 7, 8, 9, 16, 17, 254, 255, 256, 1000};

START_TEST(what_was_written_is_read)
{
    struct kr_str key = key_long(key_sizes[_i]);
    struct entry *e = make(key, ENTRY_EXPIRES, KR_INLINE_MAX);

    ck_assert(kr_str_equal(entry_key(e), key));
    ck_assert(entry_is(e, key));
    ck_assert_uint_eq(entry_length(e), KR_INLINE_MAX);
    ck_assert_uint_eq(entry_type(e), 5);
    ck_assert_uint_eq(entry_meta(e), 9);
    ck_assert_uint_eq(entry_age(e), 77);
    ck_assert_int_eq(entry_expiry(e), 123456789);
    ck_assert(entry_has_stamp(e, 4321));
    ck_assert(!entry_has_stamp(e, 4322));
    entry_free(e);
}
END_TEST

START_TEST(a_key_that_differs_in_one_byte_is_another)
{
    size_t size = key_sizes[_i];
    struct entry *e = make(key_long(size), 0, 1);

    for (size_t at = 0; at < size; at++) {
        struct kr_str key = key_long(size);

        long_key[at]++;
        ck_assert(!entry_is(e, key));
    }
    ck_assert(!entry_is(e, kr_str(long_key, size - 1)));
    entry_free(e);
}
END_TEST

START_TEST(the_empty_key_is_a_key)
{
    struct entry *e = make(kr_str(NULL, 0), 0, 3);

    ck_assert_uint_eq(entry_key(e).size, 0);
    ck_assert(entry_is(e, kr_str(NULL, 0)));
    ck_assert(!entry_is(e, KR_STR("a")));
    entry_free(e);
}
END_TEST

START_TEST(an_expiry_comes_and_goes_and_the_rest_stays)
{
    struct kr_str key = key_long(key_sizes[_i]);
    struct entry *e = make(key, _i % 2 ? ENTRY_ALIGNED : 0, 100);

    for (int round = 0; round < 3; round++) {
        struct entry_form form = entry_form(e);

        form.flags ^= ENTRY_EXPIRES;
        e = entry_reshape(e, &form);
        if (entry_expires(e))
            entry_write_expiry(e, 99, 1);
        ck_assert_int_eq(entry_expiry(e), round % 2 ? KR_NO_EXPIRY : 99);
        ck_assert(kr_str_equal(entry_key(e), key));
        for (uint32_t i = 0; i < 100; i++)
            ck_assert_int_eq(((char *)entry_payload(e))[i], 'p');
        if (_i % 2)
            ck_assert_uint_eq((uintptr_t)entry_payload(e) % 8, 0);
    }
    entry_free(e);
}
END_TEST

START_TEST(a_value_of_like_size_is_written_in_place)
{
    struct entry *e = make(KEY16, 0, 1000);
    struct entry_form less = form_of(0, 900);
    struct entry_form same = form_of(0, 1000);
    size_t used = memory_used();

    ck_assert_ptr_eq(entry_renew(e, &less), e);
    ck_assert_ptr_eq(entry_renew(e, &same), e);
    ck_assert_uint_eq(memory_used(), used);
    entry_free(e);
}
END_TEST

START_TEST(a_value_that_shrinks_a_lot_gives_memory_back)
{
    struct entry *e = make(KEY16, 0, 1000);
    struct entry_form less = form_of(0, 10);
    size_t used = memory_used();

    e = entry_renew(e, &less);
    ck_assert_uint_lt(memory_used(), used - 800);
    ck_assert(entry_is(e, KEY16));
    entry_free(e);
}
END_TEST

START_TEST(times_from_2_to_the_48_are_kept_whole)
{
    struct entry *e = make(KEY16, ENTRY_EXPIRES, 1);
    int64_t far = INT64_C(1) << 48;

    entry_write_expiry(e, far - 1, 65535);
    ck_assert_int_eq(entry_expiry(e), far - 1);
    ck_assert_uint_eq(entry_stamp(e), 65535);
    entry_write_expiry(e, far, 65535);
    ck_assert_int_eq(entry_expiry(e), far);
    ck_assert(!entry_has_stamp(e, 0));
    entry_write_expiry(e, INT64_MAX, 0);
    ck_assert_int_eq(entry_expiry(e), INT64_MAX);
    entry_write_expiry(e, 5, 6);
    ck_assert_int_eq(entry_expiry(e), 5);
    ck_assert(entry_has_stamp(e, 6));
    entry_free(e);
}
END_TEST

START_TEST(a_key_lives_through_the_millisecond_of_its_expiry)
{
    struct entry *e = make(KEY16, ENTRY_EXPIRES, 1);

    ck_assert(!entry_expired(e, 123456789));
    ck_assert(entry_expired(e, 123456790));
    entry_free(e);
}
END_TEST

START_TEST(a_new_box_is_null_and_a_kept_one_is_kept)
{
    struct entry *e = make(KEY16, 0, 3);
    struct entry_form boxed = form_of(ENTRY_BOXED, 0);
    void *box = e;

    e = entry_reshape(e, &boxed);
    ck_assert_ptr_null(entry_box(e));
    memcpy(entry_payload(e), &box, sizeof(box));
    boxed.flags |= ENTRY_EXPIRES;
    e = entry_reshape(e, &boxed);
    ck_assert_ptr_eq(entry_box(e), box);
    ck_assert_uint_eq(entry_length(e), 0);
    entry_free(e);
}
END_TEST

START_TEST(another_key_takes_all_else_along)
{
    struct entry *e = make(KEY16, ENTRY_EXPIRES, 20);

    e = entry_rekey(e, key_long(300));
    ck_assert(kr_str_equal(entry_key(e), key_long(300)));
    ck_assert_int_eq(entry_expiry(e), 123456789);
    ck_assert_uint_eq(entry_age(e), 77);
    ck_assert_int_eq(((char *)entry_payload(e))[19], 'p');
    entry_free(e);
}
END_TEST

Suite *entry_suite(void)
{
    Suite *suite = suite_create("keyspace entry");
    TCase *tcase = tcase_create("entry");
    int sizes = (int)KR_COUNT(key_sizes);

    tcase_add_test(tcase, key_and_value_of_16_bytes_take_40);
    tcase_add_loop_test(tcase, what_was_written_is_read, 0, sizes);
    tcase_add_loop_test(tcase, a_key_that_differs_in_one_byte_is_another, 0,
                        sizes);
    tcase_add_test(tcase, the_empty_key_is_a_key);
    tcase_add_loop_test(tcase, an_expiry_comes_and_goes_and_the_rest_stays, 0,
                        sizes);
    tcase_add_test(tcase, a_value_of_like_size_is_written_in_place);
    tcase_add_test(tcase, a_value_that_shrinks_a_lot_gives_memory_back);
    tcase_add_test(tcase, times_from_2_to_the_48_are_kept_whole);
    tcase_add_test(tcase, a_key_lives_through_the_millisecond_of_its_expiry);
    tcase_add_test(tcase, a_new_box_is_null_and_a_kept_one_is_kept);
    tcase_add_test(tcase, another_key_takes_all_else_along);
    suite_add_tcase(suite, tcase);
    return suite;
}
