/* SPDX-License-Identifier: BSD-3-Clause */
/* ranking - a merge sort, since that keeps equal items in their places: runs of a
 * few items are sorted by insertion, then pairs of runs are merged from the
 * items into the room and back, until one run is left. */
#include "ranking.h"

#include <string.h>

#define RUN 8u /* items that are sorted by insertion */

/* --- Comparing ----------------------------------------------------------- */

static int ranking_bytes(struct kr_str a, struct kr_str b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int way = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

    return way ? way : (a.size > b.size) - (a.size < b.size);
}

static int ranking_texts(const struct ranking *order, struct kr_str a,
                         struct kr_str b)
{
    if (order->as_bytes)
        return ranking_bytes(a, b);
    if (order->collate)
        return strcoll_l(a.data, b.data, order->collate);
    return strcmp(a.data, b.data);
}

static int ranking_weights(const struct ranking *order, struct kr_str a,
                           struct kr_str b)
{
    if (!a.data || !b.data)
        return (a.data != NULL) - (b.data != NULL);
    return ranking_texts(order, a, b);
}

static inline int ranking_compare(const struct ranking *order,
                                  const struct ranking_item *a,
                                  const struct ranking_item *b)
{
    int way;

    if (!order->by_text)
        way = a->score < b->score   ? -1
              : a->score > b->score ? 1
                                    : ranking_bytes(a->element, b->element);
    else if (order->by_weight)
        way = ranking_weights(order, a->weight, b->weight);
    else
        way = ranking_texts(order, a->element, b->element);
    return order->descending ? (way < 0) - (way > 0) : way;
}

/* --- Sorting ------------------------------------------------------------- */

static void ranking_insert(const struct ranking *order,
                           struct ranking_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct ranking_item item = items[i];
        size_t at = i;

        while (at > 0 && ranking_compare(order, &items[at - 1], &item) > 0) {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = item;
    }
}

/* Merge the run of `left` items with the one of `right` behind it. */
static void ranking_merge(const struct ranking *order,
                          const struct ranking_item *from, size_t left,
                          size_t right, struct ranking_item *to)
{
    const struct ranking_item *a = from, *a_end = from + left;
    const struct ranking_item *b = a_end, *b_end = a_end + right;

    while (a < a_end && b < b_end)
        *to++ = ranking_compare(order, a, b) <= 0 ? *a++ : *b++;
    while (a < a_end)
        *to++ = *a++;
    while (b < b_end)
        *to++ = *b++;
}

static size_t ranking_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void ranking_sort(const struct ranking *order, struct ranking_item *items,
                  struct ranking_item *room, size_t count)
{
    struct ranking_item *from = items, *to = room;

    for (size_t at = 0; at < count; at += RUN)
        ranking_insert(order, items + at, ranking_smaller(RUN, count - at));
    for (size_t run = RUN; run < count; run *= 2) {
        struct ranking_item *swap = from;

        for (size_t at = 0; at < count; at += 2 * run) {
            size_t left = ranking_smaller(run, count - at);
            size_t right = ranking_smaller(run, count - at - left);

            ranking_merge(order, from + at, left, right, to + at);
        }
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
}
