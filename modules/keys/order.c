/* SPDX-License-Identifier: BSD-3-Clause */
/* order - a merge sort, since that keeps equal items in their places: runs of a
 * few items are sorted by insertion, then pairs of runs are merged from the
 * items into the room and back, until one run is left. */
#include "order.h"

#include <string.h>

#define RUN 8u /* items that are sorted by insertion */

/* --- Comparing ----------------------------------------------------------- */

static int order_bytes(struct kr_str a, struct kr_str b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int way = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

    return way ? way : (a.size > b.size) - (a.size < b.size);
}

static int order_texts(const struct order *order, struct kr_str a,
                       struct kr_str b)
{
    if (order->as_bytes)
        return order_bytes(a, b);
    if (order->collate)
        return strcoll_l(a.data, b.data, order->collate);
    return strcmp(a.data, b.data);
}

static int order_weights(const struct order *order, struct kr_str a,
                         struct kr_str b)
{
    if (!a.data || !b.data)
        return (a.data != NULL) - (b.data != NULL);
    return order_texts(order, a, b);
}

static inline int order_compare(const struct order *order,
                                const struct order_item *a,
                                const struct order_item *b)
{
    int way;

    if (!order->by_text)
        way = a->score < b->score   ? -1
              : a->score > b->score ? 1
                                    : order_bytes(a->element, b->element);
    else if (order->by_weight)
        way = order_weights(order, a->weight, b->weight);
    else
        way = order_texts(order, a->element, b->element);
    return order->descending ? (way < 0) - (way > 0) : way;
}

/* --- Sorting ------------------------------------------------------------- */

static void order_insert(const struct order *order, struct order_item *items,
                         size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct order_item item = items[i];
        size_t at = i;

        while (at > 0 && order_compare(order, &items[at - 1], &item) > 0) {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = item;
    }
}

/* Merge the run of `left` items with the one of `right` behind it. */
static void order_merge(const struct order *order,
                        const struct order_item *from, size_t left,
                        size_t right, struct order_item *to)
{
    const struct order_item *a = from, *a_end = from + left;
    const struct order_item *b = a_end, *b_end = a_end + right;

    while (a < a_end && b < b_end)
        *to++ = order_compare(order, a, b) <= 0 ? *a++ : *b++;
    while (a < a_end)
        *to++ = *a++;
    while (b < b_end)
        *to++ = *b++;
}

static size_t order_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void order_sort(const struct order *order, struct order_item *items,
                struct order_item *room, size_t count)
{
    struct order_item *from = items, *to = room;

    for (size_t at = 0; at < count; at += RUN)
        order_insert(order, items + at, order_smaller(RUN, count - at));
    for (size_t run = RUN; run < count; run *= 2) {
        struct order_item *swap = from;

        for (size_t at = 0; at < count; at += 2 * run) {
            size_t left = order_smaller(run, count - at);
            size_t right = order_smaller(run, count - at - left);

            order_merge(order, from + at, left, right, to + at);
        }
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
}
