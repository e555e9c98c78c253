/* SPDX-License-Identifier: BSD-3-Clause */
/* finds - the points that a search has found: all of them, or the nearest or
 * furthest so many.
 *
 *   find     distance, score, point, member ----.      one for each that is or
 *   ...                                          v     was among the wanted
 *   text     +------------------------------------+    their members' bytes
 *            | Palermo Catania Agrigento ...      |
 *            +------------------------------------+
 *   place    distance, find                            what is wanted: a heap
 *
 * With an order the places are a heap whose root is the one to go first when a
 * better one comes.  So the nearest ten of a million take ten places, and
 * sorting is taking the heap apart.  Of equally distant ones the first found is
 * the better. */
#ifndef GEO_FINDS_H
#define GEO_FINDS_H

#include "earth.h"

#include <kr/base.h>

enum finds_order { FINDS_AS_FOUND, FINDS_NEAREST, FINDS_FURTHEST };

struct find {
    double distance; /* metres */
    double score;
    struct point point;
    size_t member; /* offset in the text */
    size_t size;
};

struct finds_place {
    double distance;
    size_t find;
};

struct finds {
    enum finds_order order;
    uint64_t most; /* of them are wanted; 0: all */
    struct find *find;
    size_t count, room;
    struct finds_place *place;
    size_t places, place_room;
    char *text;
    size_t text_size, text_room;
};

void finds_init(struct finds *finds, enum finds_order order, uint64_t most);
void finds_fini(struct finds *finds);

/* Take a point along, if it is wanted.  The member is copied. */
void finds_add(struct finds *finds, struct kr_str member, double score,
               struct point point, double distance);

/* Bring the wanted ones into their order; then there are finds_count() of
 * them. */
void finds_sort(struct finds *finds);

static inline size_t finds_count(const struct finds *finds)
{
    return finds->places;
}

static inline const struct find *finds_get(const struct finds *finds, size_t i)
{
    return &finds->find[finds->place[i].find];
}

static inline struct kr_str finds_member(const struct finds *finds,
                                         const struct find *find)
{
    return kr_str(finds->text + find->member, find->size);
}

#endif
