/* SPDX-License-Identifier: BSD-3-Clause */
/* Digests and the hash they are made of, against published and recorded ones. */

#include "core/keyspace/digest.h"
#include "core/text/sha1.h"
#include "tests/unit/suites.h"

#include <stdio.h>

static void digest_hex(const uint8_t *bytes, char text[41])
{
    for (size_t i = 0; i < SHA1_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static const struct {
    const char *text;
    size_t repeat;
    const char *hash;
} hashes[] = {
    {"", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {"0123456701234567012345670123456701234567012345670123456701234567", 10,
     "dea356a2cddd90c7a7ecedc5ebb563934f460452"},
};

START_TEST(sha1_gives_the_published_hashes)
{
    char message[1024] = "", text[41];
    uint8_t hash[SHA1_SIZE];

    for (size_t i = 0; i < hashes[_i].repeat; i++)
        strcat(message, hashes[_i].text);
    sha1(kr_cstr(message), hash);
    digest_hex(hash, text);
    ck_assert_str_eq(text, hashes[_i].hash);
}
END_TEST

/* Each length around the end of a block pads in its own way; their hashes,
 * hashed together, were computed by another program. */
START_TEST(sha1_pads_every_length_right)
{
    char message[130], text[41];
    uint8_t hashed[130][SHA1_SIZE], all[SHA1_SIZE];

    memset(message, 'x', sizeof(message));
    for (size_t size = 0; size < 130; size++)
        sha1(kr_str(message, size), hashed[size]);
    sha1(kr_str((const char *)hashed, sizeof(hashed)), all);
    digest_hex(all, text);
    ck_assert_str_eq(text, "917e149b75e688b99b568bb19d9a8970db0ffe1c");
}
END_TEST

START_TEST(add_does_not_know_the_order_and_mix_does)
{
    kr_digest a, b;

    digest_reset(&a);
    digest_reset(&b);
    digest_add(&a, KR_STR("1"));
    digest_add(&a, KR_STR("2"));
    digest_add(&b, KR_STR("2"));
    digest_add(&b, KR_STR("1"));
    ck_assert_mem_eq(a.bytes, b.bytes, SHA1_SIZE);
    digest_mix(&a, KR_STR("1"));
    digest_mix(&a, KR_STR("2"));
    digest_mix(&b, KR_STR("2"));
    digest_mix(&b, KR_STR("1"));
    ck_assert_mem_ne(a.bytes, b.bytes, SHA1_SIZE);
}
END_TEST

/* What redis-server 7.0 answers to DEBUG DIGEST-VALUE after SET foo bar, and
 * after HSET h f v. */
START_TEST(a_string_has_the_digest_that_redis_gives_it)
{
    kr_digest digest;
    char text[41];

    digest_reset(&digest);
    digest_mix(&digest, kr_str("\0\0\0\0", 4));
    digest_mix(&digest, KR_STR("bar"));
    digest_hex(digest.bytes, text);
    ck_assert_str_eq(text, "68467c70ae30376e7ce005bcc8827f5ba7fd67dc");
}
END_TEST

START_TEST(a_hash_has_the_digest_that_redis_gives_it)
{
    kr_digest digest;
    char text[41];

    digest_reset(&digest);
    digest_mix(&digest, kr_str("\0\0\0\4", 4));
    digest_begin(&digest);
    digest_mix(&digest, KR_STR("f"));
    digest_mix(&digest, KR_STR("v"));
    digest_end(&digest);
    digest_hex(digest.bytes, text);
    ck_assert_str_eq(text, "90c76e9e9f4c62d642a34fc97c7dad503b51f906");
}
END_TEST

Suite *digest_suite(void)
{
    Suite *suite = suite_create("digest");
    TCase *hash = tcase_create("sha1");
    TCase *sums = tcase_create("digest");

    tcase_add_loop_test(hash, sha1_gives_the_published_hashes, 0,
                        KR_COUNT(hashes));
    tcase_add_test(hash, sha1_pads_every_length_right);
    suite_add_tcase(suite, hash);
    tcase_add_test(sums, add_does_not_know_the_order_and_mix_does);
    tcase_add_test(sums, a_string_has_the_digest_that_redis_gives_it);
    tcase_add_test(sums, a_hash_has_the_digest_that_redis_gives_it);
    suite_add_tcase(suite, sums);
    return suite;
}
