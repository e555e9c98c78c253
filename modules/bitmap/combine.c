/* SPDX-License-Identifier: BSD-3-Clause */
#include "combine.h"

#define COMBINE_BLOCK 8192u /* bytes */

/* Four words side by side, at any address; the compiler finds the vector
 * instructions for them. */
typedef uint64_t lane __attribute__((vector_size(32), aligned(1), may_alias));

/* out = out OPERATOR in: lanes, then what is left. */
#define COMBINE_LOOP(operator)                                                 \
    do {                                                                       \
        for (; at + sizeof(lane) <= size; at += sizeof(lane))                  \
            *(lane *)(out + at) operator##= *(const lane *)(in + at);          \
        for (; at < size; at++)                                                \
            out[at] operator##= in[at];                                        \
    } while (0)

static void combine_two(enum combine how, uint8_t *out, const uint8_t *in,
                        size_t size)
{
    size_t at = 0;

    switch (how) {
    case COMBINE_AND:
        COMBINE_LOOP(&);
        break;
    case COMBINE_OR:
        COMBINE_LOOP(|);
        break;
    case COMBINE_XOR:
    case COMBINE_NOT: /* with ones */
        COMBINE_LOOP(^);
        break;
    }
}

/* What `source` has between `from` and `from + size`; *have: how much it is. */
static const uint8_t *combine_part(const struct kr_str *source, size_t from,
                                   size_t size, size_t *have)
{
    *have = source->size <= from         ? 0
            : source->size - from < size ? source->size - from
                                         : size;
    return *have ? (const uint8_t *)source->data + from : NULL;
}

static void combine_block(enum combine how, const struct kr_str *sources,
                          size_t count, size_t from, uint8_t *out, size_t size)
{
    size_t have;
    const uint8_t *in = combine_part(&sources[0], from, size, &have);

    if (how == COMBINE_NOT) {
        memset(out, 0xff, size);
        combine_two(how, out, in, have);
        return;
    }
    if (have)
        memcpy(out, in, have);
    memset(out + have, 0, size - have);
    for (size_t i = 1; i < count; i++) {
        in = combine_part(&sources[i], from, size, &have);
        combine_two(how, out, in, have);
        if (how == COMBINE_AND)
            memset(out + have, 0, size - have);
    }
}

void combine(enum combine how, const struct kr_str *sources, size_t count,
             uint8_t *out, size_t size)
{
    for (size_t from = 0; from < size; from += COMBINE_BLOCK) {
        size_t left = size - from;

        combine_block(how, sources, count, from, out + from,
                      left < COMBINE_BLOCK ? left : COMBINE_BLOCK);
    }
}
