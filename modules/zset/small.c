/* SPDX-License-Identifier: BSD-3-Clause */
#include "small.h"

#include <math.h>

/* Whole numbers up to here are numbers in the listpack: 2^62. */
#define SMALL_WHOLE_MAX 4611686018427387904.0

/* --- A pair to be written ------------------------------------------------ */

void small_pair(struct small_pair *pair, struct kr_str member, double score)
{
    pair->part[0] = listpack_element(member);
    if (fabs(score) <= SMALL_WHOLE_MAX && score == (double)(int64_t)score)
        pair->part[1] = listpack_number((int64_t)score);
    else
        pair->part[1] = listpack_element(
            kr_str(pair->text, kr_text->from_double(score, pair->text)));
}

/* --- Reading ------------------------------------------------------------- */

double small_score_of(const struct listpack_item *item)
{
    double score;

    if (KR_LIKELY(item->is_number))
        return (double)item->number;
    return kr_text->to_double(item->bytes, &score) ? score : NAN;
}

double small_score(const void *small, size_t place)
{
    struct listpack_item item;

    listpack_get(small, listpack_next(small, place), &item);
    return small_score_of(&item);
}

size_t small_find(const void *small, struct kr_str member)
{
    struct listpack_element element = listpack_element(member);

    return listpack_find(small, listpack_first(small), &element, 1);
}

static size_t small_next(const void *small, size_t place)
{
    return listpack_next(small, listpack_next(small, place));
}

size_t small_position(const void *small, size_t place)
{
    size_t at = listpack_first(small);
    size_t position = 0;

    for (; at != place; at = small_next(small, at))
        position++;
    return position;
}

/* Below 0: the member at `place` is before `member` in the order of bytes. */
static int small_compare(const void *small, size_t place, struct kr_str member)
{
    char text[LISTPACK_TEXT];
    struct kr_str there = listpack_bytes(small, place, text);
    size_t size = there.size < member.size ? there.size : member.size;
    int order = size > 0 ? memcmp(there.data, member.data, size) : 0;

    if (order != 0)
        return order;
    return (there.size > member.size) - (there.size < member.size);
}

static bool small_is_before(const void *small, size_t place,
                            struct kr_str member, double score)
{
    double there = small_score(small, place);

    return there < score ||
           (there == score && small_compare(small, place, member) < 0);
}

/* Scores often grow, so the last pair is looked at first. */
size_t small_seat(const void *small, struct kr_str member, double score)
{
    size_t place = listpack_first(small);
    size_t last;

    if (place == 0)
        return listpack_end(small);
    last = listpack_prev(small, listpack_last(small));
    if (small_is_before(small, last, member, score))
        return listpack_end(small);
    while (small_is_before(small, place, member, score))
        place = small_next(small, place);
    return place;
}

size_t small_seek_score(const void *small, double score, bool after)
{
    size_t place = listpack_first(small);
    size_t position = 0;

    for (; place != 0; place = small_next(small, place), position++) {
        double there = small_score(small, place);

        if (after ? there > score : there >= score)
            break;
    }
    return position;
}

size_t small_seek_member(const void *small, struct kr_str member, bool after)
{
    size_t place = listpack_first(small);
    size_t position = 0;

    for (; place != 0; place = small_next(small, place), position++)
        if (small_compare(small, place, member) >= (int)after)
            break;
    return position;
}

/* --- Bytes from outside -------------------------------------------------- */

static const char *small_check_twice(const void *small)
{
    for (size_t place = listpack_first(small); place != 0;
         place = small_next(small, place)) {
        struct listpack_item item;
        struct listpack_element element;

        listpack_get(small, place, &item);
        element = listpack_element_of(&item);
        if (listpack_find(small, small_next(small, place), &element, 1))
            return "a member is there twice";
    }
    return NULL;
}

const char *small_check(const void *small)
{
    size_t count = listpack_count(small);
    double last = -INFINITY;
    size_t place_before = 0;

    if (count == 0 || count % 2 != 0)
        return "members and scores do not pair up";
    for (size_t place = listpack_first(small); place != 0;
         place = small_next(small, place)) {
        char text[LISTPACK_TEXT];
        double score = small_score(small, place);

        if (isnan(score))
            return "a score is not a number";
        if (score < last ||
            (place_before != 0 && score == last &&
             small_compare(small, place_before,
                           listpack_bytes(small, place, text)) >= 0))
            return "members are out of order";
        last = score;
        place_before = place;
    }
    return count / 2 <= SMALL_TWICE ? small_check_twice(small) : NULL;
}
