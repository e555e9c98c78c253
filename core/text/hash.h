/* SPDX-License-Identifier: BSD-3-Clause */
/* hash - of keys: XXH3 with a secret of this process, unknown to clients, so that
 * nobody can make keys collide.  And of names, which no peer chooses. */
#ifndef CORE_TEXT_HASH_H
#define CORE_TEXT_HASH_H

#include <kr/base.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HASH_SECRET_BYTES 192 /* what XXH3 uses at most, for short keys */

/* Inlined into look-ups, so it is a plain variable; written once. */
extern unsigned char hash_secret[HASH_SECRET_BYTES];

/* Draw the secret.  Hashes from before are void. */
void hash_init(void);

static inline uint64_t hash_bytes(struct kr_str bytes)
{
    return XXH3_64bits_withSecret(bytes.data, bytes.size, hash_secret,
                                  sizeof(hash_secret));
}

/* FNV-1a, the same in any case: short names of commands, modules, interfaces. */
static inline uint32_t hash_name(struct kr_str name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];

        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * 16777619u;
    }
    return hash ^ hash >> 15;
}

#endif
