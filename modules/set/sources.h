/* SPDX-License-Identifier: BSD-3-Clause */
/* sources - the sets that SINTER, SUNION, SDIFF and their kin are about. */
#ifndef SET_SOURCES_H
#define SET_SOURCES_H

#include <kr/call.h>

#include "gather.h"
#include "value.h"

struct source {
    struct kr_cell cell; /* `set` is a view of it */
    struct set set;
    uint64_t count; /* 0: there is no such key */
};

struct sources {
    struct kr_call *call;
    struct source *all; /* in the order of the keys, until sorted */
    uint32_t count;
    bool missing; /* a key is not there */
    struct source few[4];
};

/* Find the sets at arguments `first` to first + count - 1.  false: one is no
 * set, replied.  Otherwise sources_fini() must follow. */
bool sources_find(struct sources *sources, struct kr_call *call, uint32_t first,
                  uint32_t count);
void sources_fini(struct sources *sources);

/* Sort those from number `from` on by their size. */
void sources_sort(struct sources *sources, uint32_t from, bool largest_first);

/* Are the two one and the same? */
static inline bool sources_same(const struct source *a, const struct source *b)
{
    return a->cell.entry == b->cell.entry;
}

/* --- Members that pass --------------------------------------------------- */

/* Of the members in `batch`, keep those that all sets from number `from` to
 * before `to` have, or with `none` those that no one has; absent keys are not
 * asked.  Answers how many are left: they are the first of the batch. */
uint32_t sources_filter(const struct sources *sources, uint32_t from,
                        uint32_t to, bool none, struct set_walk *batch);

/* --- Where the result goes ----------------------------------------------- */

/* What has been gathered becomes the value of argument 1, or, if that is
 * nothing, argument 1 is deleted; the reply is its count.  NULL: nothing. */
void sources_store(struct kr_call *call, struct gather *gather,
                   struct kr_str event);

#endif
