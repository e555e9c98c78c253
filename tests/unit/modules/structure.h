/* SPDX-License-Identifier: BSD-3-Clause */
/* structure - what the tests of modules/structure share: a host that counts,
 * chance that can be repeated, keys.
 *
 * KEYRACK_TEST_SEED in the environment repeats a run. */
#ifndef TESTS_UNIT_MODULES_STRUCTURE_H
#define TESTS_UNIT_MODULES_STRUCTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "modules/structure/host.h"
#include "modules/structure/item.h"

/* A claim in a loop: ck_assert() costs a system call even where it holds. */
#define must(claim)                                                            \
    do {                                                                       \
        if (!(claim))                                                          \
            ck_abort_msg("not so: %s", #claim);                                \
    } while (0)

static uint64_t seed;

static inline uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t chance(uint64_t below)
{
    seed = mix(seed);
    return seed % below;
}

static inline void seed_set(const char *suite)
{
    const char *text = getenv("KEYRACK_TEST_SEED");

    seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    printf("%s: seed %llu\n", suite, (unsigned long long)seed);
}

/* --- A host that counts ------------------------------------------------------ */

/* The owner: what is allocated and not freed. */
struct account {
    size_t bytes;
    size_t blocks;
};

/* Its size stands before each block. */
#define ACCOUNT_HEAD 16

static inline void *account_alloc(void *owner, size_t size)
{
    struct account *account = owner;
    char *block = malloc(ACCOUNT_HEAD + size);

    must(size > 0 && block != NULL);
    memcpy(block, &size, sizeof(size));
    account->bytes += size;
    account->blocks++;
    memset(block + ACCOUNT_HEAD, 0xa5, size);
    return block + ACCOUNT_HEAD;
}

static inline void account_free(void *owner, void *block)
{
    struct account *account = owner;
    char *begin = (char *)block - ACCOUNT_HEAD;
    size_t size;

    memcpy(&size, begin, sizeof(size));
    account->bytes -= size;
    account->blocks--;
    memset(block, 0x5a, size);
    free(begin);
}

#endif
