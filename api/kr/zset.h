/* SPDX-License-Identifier: BSD-3-Clause */
/* zset - read and make sorted sets from another module.
 *
 * The module `zset` offers this.  Members are in order of (score, bytes); a
 * position counts from 0 at the lowest.  Who changes a sorted set looks it up
 * with KR_FIND_WRITE, tells of the change afterwards by kr_keyspace->changed(),
 * and erases one that remove() or remove_range() has emptied: nothing here
 * does. */
#ifndef KR_ZSET_H
#define KR_ZSET_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_scored {
    struct kr_str member;
    double score; /* not NaN */
};

/* From `min` to `max`, either of them left out where it says so. */
struct kr_score_range {
    double min;
    double max;
    bool min_open;
    bool max_open;
};

/* By bytes, in the same way. */
struct kr_member_range {
    const struct kr_str *min; /* NULL: from the first */
    const struct kr_str *max; /* NULL: to the last */
    bool min_open;
    bool max_open;
};

/* What add() did. */
#define KR_ZSET_SAME    0u /* it had that score */
#define KR_ZSET_ADDED   1u
#define KR_ZSET_UPDATED 2u

struct kr_zsets {
    uint32_t size;
    uint32_t reserved;

    /* --- Read ---------------------------------------------------------------- */

    /* Is the cell's value a sorted set?  O(1). */
    bool (*is_zset)(const struct kr_cell *cell);
    /* Members.  O(1). */
    uint64_t (*count)(const struct kr_cell *cell);
    /* The score, or the position, of a member; false: no such member.  O(1) and
     * O(log n); O(members) of a small one. */
    bool (*score)(const struct kr_cell *cell, struct kr_str member,
                  double *score);
    bool (*position)(const struct kr_cell *cell, struct kr_str member,
                     uint64_t *position);
    /* How many members the range has; *first is the position of the lowest of
     * them.  O(log n). */
    uint64_t (*seek)(const struct kr_cell *cell,
                     const struct kr_score_range *range, uint64_t *first);
    /* Begin at a position, upwards or, with `back`, downwards.  One that is not
     * there: no members.  Who wants only some of those that follow lowers
     * walk->left before the first batch.  O(log n). */
    void (*walk)(const struct kr_cell *cell, uint64_t position, bool back,
                 struct kr_walk *walk);
    /* The next batch: items and scores; false at the end. */
    bool (*next)(struct kr_walk *walk);

    /* --- Change -------------------------------------------------------------- */

    /* A new sorted set of `count` members, at least one, in place of whatever
     * the key held; the last score of one that is named twice stays.  Copied.
     * Clients that wait for the key are woken.  O(n log n). */
    void (*put)(kr_db *db, struct kr_str key, uint64_t count,
                const struct kr_scored *members, struct kr_cell *cell);
    /* Add a member or give it another score: KR_ZSET_.  O(log n). */
    uint32_t (*add)(struct kr_cell *cell, struct kr_str member, double score);
    /* false: no such member. */
    bool (*remove)(struct kr_cell *cell, struct kr_str member);
    /* Remove `count` members from `position` on; answers how many are left. */
    uint64_t (*remove_range)(struct kr_cell *cell, uint64_t position,
                             uint64_t count);

    /* --- Appended ------------------------------------------------------------ */

    /* One step of a scan: `each` gets a few members, and the answer is the next
     * cursor, 0 at the end.  What is there all the time is handed out at least
     * once, however the value changes between two steps; `each` must not change
     * it.  A small value comes in one step. */
    uint64_t (*scan)(const struct kr_cell *cell, uint64_t cursor,
                     kr_each_element each, void *ctx);
    /* As seek(), by bytes alone, where all scores are equal; in others the answer
     * is some positions. */
    uint64_t (*seek_members)(const struct kr_cell *cell,
                             const struct kr_member_range *range,
                             uint64_t *first);
};
KR_INTERFACE(kr_zsets, "zset.values/1");

#ifdef __cplusplus
}
#endif
#endif
