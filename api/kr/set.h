/* SPDX-License-Identifier: BSD-3-Clause */
/* set - read and make sets from another module.
 *
 * The module `set` offers this.  Who changes a set looks it up with
 * KR_FIND_WRITE, tells of the change afterwards by kr_keyspace->changed(), and
 * erases a set that remove() has emptied: nothing here does. */
#ifndef KR_SET_H
#define KR_SET_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_sets {
    uint32_t size;
    uint32_t reserved;

    /* --- Read ---------------------------------------------------------------- */

    /* Is the cell's value a set?  O(1). */
    bool (*is_set)(const struct kr_cell *cell);
    /* Members.  O(1). */
    uint64_t (*count)(const struct kr_cell *cell);
    /* O(1); O(members) or O(log members) of a small set. */
    bool (*contains)(const struct kr_cell *cell, struct kr_str member);
    /* Begin with any member; every one comes once, in no order. */
    void (*walk)(const struct kr_cell *cell, struct kr_walk *walk);
    /* The next batch: items; false at the end. */
    bool (*next)(struct kr_walk *walk);

    /* --- Change -------------------------------------------------------------- */

    /* A new set of `count` members, at least one, in place of whatever the key
     * held; one that is named twice is there once.  Copied.  O(bytes). */
    void (*put)(kr_db *db, struct kr_str key, uint64_t count,
                const struct kr_str *members, struct kr_cell *cell);
    /* Add or remove one; false: it was, or was not, there. */
    bool (*add)(struct kr_cell *cell, struct kr_str member);
    bool (*remove)(struct kr_cell *cell, struct kr_str member);

    /* --- Appended ------------------------------------------------------------ */

    /* One step of a scan: `each` gets a few members, and the answer is the next
     * cursor, 0 at the end.  What is there all the time is handed out at least
     * once, however the value changes between two steps; `each` must not change
     * it.  A small value comes in one step. */
    uint64_t (*scan)(const struct kr_cell *cell, uint64_t cursor,
                     kr_each_element each, void *ctx);
};
KR_INTERFACE(kr_sets, "set.values/1");

#ifdef __cplusplus
}
#endif
#endif
