/* SPDX-License-Identifier: BSD-3-Clause */
#include "limit.h"

#include <limits.h>

#define LIMIT_SAFE_BYTES 8192u /* where only entries are counted */
#define LIMIT_SIZES      5     /* 4 KiB to 64 KiB */
#define LIMIT_OVERHEAD   15u   /* bytes of a listpack with one long element */

/* Written by the host. */
static int64_t limit_size;
static int64_t limit_depth;
static int64_t limit_plain; /* 0: as large as a node */

/* clang-format off */
const struct kr_param limit_params[] = {
    {.name = "list-max-listpack-size", .alias = "list-max-ziplist-size",
     .type = KR_PARAM_INT, .slot = &limit_size, .initial = "-2",
     .min = INT_MIN, .max = INT_MAX},
    {.name = "list-compress-depth", .type = KR_PARAM_INT,
     .slot = &limit_depth, .initial = "0", .min = 0, .max = INT_MAX},
    {.name = "debug-quicklist-packed-threshold", .type = KR_PARAM_MEMORY,
     .flags = KR_PARAM_HIDDEN | KR_PARAM_VOLATILE, .slot = &limit_plain,
     .initial = "0", .min = 0, .max = UINT32_MAX},
};
/* clang-format on */

_Static_assert(KR_COUNT(limit_params) == LIMIT_PARAM_COUNT,
               "LIMIT_PARAM_COUNT counts the rows");

struct limits limit_now(void)
{
    struct limits limits = {.bytes = LIMIT_SAFE_BYTES,
                            .count = UINT32_MAX,
                            .depth = (uint32_t)limit_depth};
    int64_t size = limit_size;

    if (size >= 0)
        limits.count = size > 0 ? (uint32_t)size : 1;
    else
        limits.bytes = 2048u << (size < -LIMIT_SIZES ? LIMIT_SIZES : -size);
    limits.plain = limits.bytes - LIMIT_OVERHEAD;
    if (KR_UNLIKELY(limit_plain > 0) && limit_plain < limits.plain)
        limits.plain = (uint32_t)limit_plain;
    return limits;
}
