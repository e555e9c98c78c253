/* SPDX-License-Identifier: BSD-3-Clause */
/* The checksums against their published check values and against the bit by
 * bit definition. */

#include <stdlib.h>

#include "core/text/crc16.h"
#include "core/text/crc64.h"
#include "tests/unit/suites.h"

static uint16_t crc16_by_bits(const unsigned char *p, size_t size)
{
    uint32_t crc = 0;

    while (size--) {
        crc ^= (uint32_t)*p++ << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (uint16_t)crc;
}

/* The polynomial with its bits in the other order, as the low bit is first. */
static uint64_t crc64_by_bits(uint64_t crc, const unsigned char *p, size_t size)
{
    while (size--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x95ac9329ac4bc9b5 : 0);
    }
    return crc;
}

START_TEST(nine_digits_give_the_published_check_values)
{
    ck_assert_uint_eq(crc16(KR_STR("123456789")), 0x31c3);
    ck_assert_uint_eq(crc64(0, KR_STR("123456789")), 0xe9c6d914c4b8d9ca);
}
END_TEST

START_TEST(nothing_changes_nothing)
{
    ck_assert_uint_eq(crc16(kr_str(NULL, 0)), 0);
    ck_assert_uint_eq(crc64(0xdeadbeef, kr_str(NULL, 0)), 0xdeadbeef);
}
END_TEST

START_TEST(tables_agree_with_the_definition_at_every_length_and_alignment)
{
    unsigned char bytes[720];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 167 + (i >> 3));
    for (size_t from = 0; from < 9; from++)
        for (size_t size = 0; size < 700; size++) {
            struct kr_str s = kr_str((char *)bytes + from, size);

            if (crc16(s) != crc16_by_bits(bytes + from, size) ||
                crc64(from * UINT64_C(0x123456789abcdef1), s) !=
                    crc64_by_bits(from * UINT64_C(0x123456789abcdef1),
                                  bytes + from, size))
                ck_abort_msg("%zu bytes from %zu", size, from);
        }
}
END_TEST

START_TEST(crc64_goes_on_where_it_stopped)
{
    struct kr_str all = KR_STR("a snapshot is checked in pieces of any size");

    for (size_t cut = 0; cut <= all.size; cut++) {
        uint64_t crc = crc64(0, kr_str(all.data, cut));

        crc = crc64(crc, kr_str(all.data + cut, all.size - cut));
        ck_assert_uint_eq(crc, crc64(0, all));
    }
}
END_TEST

START_TEST(slots_are_of_the_first_tag_that_is_not_empty)
{
    static const struct {
        struct kr_str key, hashed;
    } rows[] = {
        {{"foo", 3}, {"foo", 3}},
        {{"{user}a", 7}, {"user", 4}},
        {{"a{user}b", 8}, {"user", 4}},
        {{"{}user", 6}, {"{}user", 6}},
        {{"a{}{user}", 9}, {"a{}{user}", 9}},
        {{"{{a}}", 5}, {"{a", 2}},
        {{"a{b}{c}", 7}, {"b", 1}},
        {{"a{b", 3}, {"a{b", 3}},
        {{"a}b{", 4}, {"a}b{", 4}},
        {{"", 0}, {"", 0}},
    };

    for (size_t i = 0; i < KR_COUNT(rows); i++)
        ck_assert_uint_eq(crc16_slot(rows[i].key),
                          crc16(rows[i].hashed) % CRC16_SLOTS);
    ck_assert_uint_eq(crc16_slot(KR_STR("foo")), 12182);
}
END_TEST

Suite *crc_suite(void)
{
    Suite *suite = suite_create("text/crc");
    TCase *tcase = tcase_create("crc16 and crc64");

    tcase_add_test(tcase, nine_digits_give_the_published_check_values);
    tcase_add_test(tcase, nothing_changes_nothing);
    tcase_add_test(
        tcase, tables_agree_with_the_definition_at_every_length_and_alignment);
    tcase_add_test(tcase, crc64_goes_on_where_it_stopped);
    tcase_add_test(tcase, slots_are_of_the_first_tag_that_is_not_empty);
    suite_add_tcase(suite, tcase);
    return suite;
}
