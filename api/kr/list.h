/* SPDX-License-Identifier: BSD-3-Clause */
/* list - read and make lists from another module.
 *
 * The module `list` offers this.  Who changes a list looks it up with
 * KR_FIND_WRITE, tells of the change afterwards by kr_keyspace->changed(), and
 * erases a list that drop() or remove() has emptied: nothing here does. */
#ifndef KR_LIST_H
#define KR_LIST_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_lists {
    uint32_t size;
    uint32_t reserved;

    /* --- Read ---------------------------------------------------------------- */

    /* Is the cell's value a list?  O(1). */
    bool (*is_list)(const struct kr_cell *cell);
    /* Elements.  O(1). */
    uint64_t (*count)(const struct kr_cell *cell);
    /* Begin at the element number `index` (negative: from the end, -1 is the
     * last), towards the end or, with `back`, towards the beginning.  An index
     * that is not there: no elements.  O(nodes). */
    void (*walk)(const struct kr_cell *cell, int64_t index, bool back,
                 struct kr_walk *walk);
    /* The next batch: items; false at the end. */
    bool (*next)(struct kr_walk *walk);

    /* --- Change -------------------------------------------------------------- */

    /* A new list of `count` elements, at least one, in place of whatever the
     * key held.  The items are copied.  O(bytes). */
    void (*put)(kr_db *db, struct kr_str key, uint64_t count,
                const struct kr_str *items, struct kr_cell *cell);
    /* Add elements behind the last one, or one by one before the first.
     * Clients that wait for the key are woken.  O(bytes). */
    void (*push)(struct kr_cell *cell, bool front, uint64_t count,
                 const struct kr_str *items);
    /* Drop up to `count` elements of one end; answers how many are left: at 0
     * the caller erases the key.  O(count). */
    uint64_t (*drop)(struct kr_cell *cell, bool front, uint64_t count);
    /* Replace, insert before, or remove the element number `index`, which is
     * counted as in walk(); insert() takes the count itself too, for the end.
     * KR_ERANGE: there is no such place.  O(nodes). */
    kr_status (*set)(struct kr_cell *cell, int64_t index, struct kr_str item);
    kr_status (*insert)(struct kr_cell *cell, int64_t index,
                        struct kr_str item);
    kr_status (*remove)(struct kr_cell *cell, int64_t index);
};
KR_INTERFACE(kr_lists, "list.values/1");

#ifdef __cplusplus
}
#endif
#endif
