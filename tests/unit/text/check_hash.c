/* SPDX-License-Identifier: BSD-3-Clause */
/* The keyed hash: it depends on each byte, on the size and on the secret. */
#include "core/text/hash.h"
#include "tests/unit/suites.h"

#include <stdio.h>

START_TEST(equal_bytes_have_equal_hashes_wherever_they_are)
{
    char block[600];

    hash_init();
    for (size_t size = 0; size < 300; size++) {
        memset(block, (int)size, sizeof(block));
        ck_assert_uint_eq(hash_bytes(kr_str(block, size)),
                          hash_bytes(kr_str(block + 3 + size % 5, size)));
    }
    ck_assert_uint_eq(hash_bytes(kr_str(NULL, 0)), hash_bytes(KR_STR("")));
}
END_TEST

START_TEST(each_byte_and_the_size_count)
{
    char block[300] = {0};

    hash_init();
    for (size_t size = 1; size < sizeof(block); size++) {
        uint64_t before = hash_bytes(kr_str(block, size));

        ck_assert_uint_ne(before, hash_bytes(kr_str(block, size - 1)));
        for (size_t at = 0; at < size; at += 1 + size / 20) {
            block[at] ^= 1;
            ck_assert_uint_ne(hash_bytes(kr_str(block, size)), before);
            block[at] ^= 1;
        }
    }
}
END_TEST

START_TEST(another_secret_makes_other_hashes)
{
    uint64_t before[64];
    char key[8];

    hash_init();
    for (int i = 0; i < 64; i++)
        before[i] = hash_bytes(
            kr_str(key, (size_t)snprintf(key, sizeof(key), "key%d", i)));
    hash_init();
    for (int i = 0; i < 64; i++)
        ck_assert_uint_ne(
            before[i], hash_bytes(kr_str(key, (size_t)snprintf(key, sizeof(key),
                                                               "key%d", i))));
}
END_TEST

Suite *hash_suite(void)
{
    Suite *suite = suite_create("hash");
    TCase *tests = tcase_create("hashes");

    tcase_add_test(tests, equal_bytes_have_equal_hashes_wherever_they_are);
    tcase_add_test(tests, each_byte_and_the_size_count);
    tcase_add_test(tests, another_secret_makes_other_hashes);
    suite_add_tcase(suite, tests);
    return suite;
}
