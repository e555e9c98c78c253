/* SPDX-License-Identifier: BSD-3-Clause */
/* walk - the elements of a value, a batch at a time.
 *
 * A type's interface begins a walk and fills it again and again:
 *
 *   struct kr_walk walk;
 *
 *   kr_zsets->walk(&cell, 0, false, &walk);
 *   while (kr_zsets->next(&walk))
 *       for (uint32_t i = 0; i < walk.count; i++)
 *           use(walk.item[i], walk.score[i]);
 *
 * The strings are borrowed: from the value, or from `text`, where numbers are
 * written.  They are good until the next batch and as long as the cell is; the
 * value must not change during a walk.  To give up early is to stop asking.
 *
 * It takes about 3 KiB of the caller's stack.  Cost: one call through an
 * interface for up to KR_WALK_ROOM elements. */
#ifndef KR_WALK_H
#define KR_WALK_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/text.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_WALK_ROOM 32u /* elements of a batch */

struct kr_walk {
    const struct kr_cell *cell;
    uint32_t count;                   /* elements in this batch */
    uint32_t flags;                   /* the type's */
    uint64_t left;                    /* elements after this batch, at most */
    uint64_t place[4];                /* where to go on: the type's */
    struct kr_str item[KR_WALK_ROOM]; /* element, member or field */
    union {
        struct kr_str value[KR_WALK_ROOM]; /* of a hash */
        double score[KR_WALK_ROOM];        /* of a sorted set */
    };
    char text[KR_WALK_ROOM][2][KR_INT64_TEXT];
};

/* An element that a scan hands out, borrowed until the function that got it
 * returns. */
struct kr_element {
    struct kr_str item;  /* element, member or field */
    struct kr_str value; /* of a hash */
    double score;        /* of a sorted set */
};
typedef void (*kr_each_element)(void *ctx, const struct kr_element *element);

#ifdef __cplusplus
}
#endif
#endif
