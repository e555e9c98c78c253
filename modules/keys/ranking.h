/* SPDX-License-Identifier: BSD-3-Clause */
/* ranking - the order in which SORT answers elements.
 *
 * By their numbers, and where these are equal by the bytes of the elements; or
 * by texts: weights if there are some, the elements if not.  Texts that nobody
 * stores compare as the locale collates them, and as far as the first NUL; all
 * else compares as bytes.  What is equal in all that keeps its place. */
#ifndef KEYS_RANKING_H
#define KEYS_RANKING_H

#include <kr/base.h>

#include <locale.h>

struct ranking_item {
    struct kr_str element; /* a NUL stands behind it, and behind the weight */
    union {
        double score; /* by number */
        struct kr_str
            weight; /* by text; data NULL: it has none, and is first */
    };
};

struct ranking {
    bool by_text;
    bool by_weight;
    bool descending;
    bool as_bytes;    /* even where a locale could be asked */
    locale_t collate; /* 0: the C locale, which is bytes */
};

/* Sort `count` items; `room` is as large as `items` and is written over. */
void ranking_sort(const struct ranking *order, struct ranking_item *items,
                  struct ranking_item *room, size_t count);

#endif
