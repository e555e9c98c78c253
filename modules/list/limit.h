/* SPDX-License-Identifier: BSD-3-Clause */
/* limit - how large the pieces of a list may get: list-max-listpack-size and
 * list-compress-depth.
 *
 *   size      -1    -2    -3     -4     -5     n
 *   bytes    4096  8192  16384  32768  65536  8192
 *   entries  any   any   any    any    any    n, at least 1
 *
 * A list within these limits is one listpack.  A larger one is a chain, and the
 * limits are those of its nodes; when it has shrunk to one node of half of them
 * it is a listpack again, so that a list at the border does not go to and fro.
 *
 * In a chain, an element that would fill a node is a node by itself.  For tests
 * DEBUG QUICKLIST-PACKED-THRESHOLD makes it so for shorter ones. */
#ifndef LIST_LIMIT_H
#define LIST_LIMIT_H

#include <kr/base.h>
#include <kr/config.h>

struct limits {
    uint32_t bytes; /* of a listpack */
    uint32_t count; /* entries of it */
    uint32_t depth; /* nodes at each end that stay uncompressed; 0: all */
    uint32_t plain; /* bytes of an element that is a node by itself */
};

enum { LIMIT_PARAM_COUNT = 3 };
extern const struct kr_param limit_params[];

/* The limits as they are at this moment. */
struct limits limit_now(void);

static inline bool limit_exceeded(const struct limits *limits, size_t bytes,
                                  size_t count)
{
    return bytes > limits->bytes || count > limits->count;
}

/* Is that little enough to become one listpack again? */
static inline bool limit_allows_return(const struct limits *limits,
                                       size_t bytes, size_t count)
{
    return !limit_exceeded(limits, bytes, count) &&
           (limits->count == UINT32_MAX ? bytes <= limits->bytes / 2
                                        : count <= limits->count / 2);
}

static inline bool limit_is_huge(const struct limits *limits, size_t bytes)
{
    return bytes >= limits->plain;
}

#endif
