/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/keyspace/digest.h"

static uint8_t *digest_current(kr_digest *digest)
{
    return digest->nested ? digest->part : digest->bytes;
}

static void digest_add_to(uint8_t *sum, struct kr_str bytes)
{
    uint8_t hash[SHA1_SIZE];

    sha1(bytes, hash);
    for (size_t i = 0; i < SHA1_SIZE; i++)
        sum[i] ^= hash[i];
}

void digest_reset(kr_digest *digest)
{
    memset(digest, 0, sizeof(*digest));
}

void digest_add(kr_digest *digest, struct kr_str bytes)
{
    digest_add_to(digest_current(digest), bytes);
}

void digest_mix(kr_digest *digest, struct kr_str bytes)
{
    uint8_t *sum = digest_current(digest), hash[SHA1_SIZE];

    digest_add_to(sum, bytes);
    sha1(kr_str((const char *)sum, SHA1_SIZE), hash);
    memcpy(sum, hash, SHA1_SIZE);
}

void digest_begin(kr_digest *digest)
{
    memset(digest->part, 0, SHA1_SIZE);
    digest->nested = true;
}

void digest_end(kr_digest *digest)
{
    if (!digest->nested)
        return;
    digest->nested = false;
    digest_add(digest, kr_str((const char *)digest->part, SHA1_SIZE));
}
