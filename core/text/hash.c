/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/text/hash.h"

#include "core/text/random.h"

#include <assert.h>

unsigned char hash_secret[HASH_SECRET_BYTES] __attribute__((aligned(64)));

static_assert(HASH_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN,
              "XXH3 refuses shorter secrets");

void hash_init(void)
{
    random_secure(hash_secret, sizeof(hash_secret));
}
