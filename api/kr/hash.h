/* SPDX-License-Identifier: BSD-3-Clause */
/* hash - read and make hashes from another module.
 *
 * The module `hash` offers this.  Fields that have expired are not there, to
 * all functions alike.  Who changes a hash looks it up with KR_FIND_WRITE, tells
 * of the change afterwards by kr_keyspace->changed(), and erases a hash that
 * remove() has emptied: nothing here does. */
#ifndef KR_HASH_H
#define KR_HASH_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_hashes {
    uint32_t size;
    uint32_t reserved;

    /* --- Read ---------------------------------------------------------------- */

    /* Is the cell's value a hash?  O(1). */
    bool (*is_hash)(const struct kr_cell *cell);
    /* Fields; those that have expired and were not removed yet count.  O(1). */
    uint64_t (*count)(const struct kr_cell *cell);
    /* The value of `field`, borrowed as the cell is; a number is written into
     * `scratch`, KR_INT64_TEXT bytes of the caller's.  false: no such field.
     * O(1); O(fields) of a small hash. */
    bool (*get)(const struct kr_cell *cell, struct kr_str field, char *scratch,
                struct kr_str *value);
    /* When the field expires, in ms since 1970, or KR_NO_EXPIRY; false: no such
     * field. */
    bool (*expiry)(const struct kr_cell *cell, struct kr_str field,
                   int64_t *when_ms);
    /* Begin with any field; every one comes once, in no order. */
    void (*walk)(const struct kr_cell *cell, struct kr_walk *walk);
    /* The next batch: items and values; false at the end. */
    bool (*next)(struct kr_walk *walk);

    /* --- Change -------------------------------------------------------------- */

    /* A new hash of `count` pairs, at least one, in place of whatever the key
     * held: field, value, field, value; the later of two equal fields stays.
     * Copied.  O(bytes). */
    void (*put)(kr_db *db, struct kr_str key, uint64_t count,
                const struct kr_str *pairs, struct kr_cell *cell);
    /* Set the value of a field, whose expiry goes; true: it is a new one. */
    bool (*set)(struct kr_cell *cell, struct kr_str field, struct kr_str value);
    /* false: no such field. */
    bool (*remove)(struct kr_cell *cell, struct kr_str field);
    /* KR_NO_EXPIRY removes it; false: no such field. */
    bool (*set_expiry)(struct kr_cell *cell, struct kr_str field,
                       int64_t when_ms);

    /* --- Appended ------------------------------------------------------------ */

    /* One step of a scan: `each` gets a few fields, and the answer is the next
     * cursor, 0 at the end.  What is there all the time is handed out at least
     * once, however the value changes between two steps; `each` must not change
     * it.  A small value comes in one step. */
    uint64_t (*scan)(const struct kr_cell *cell, uint64_t cursor,
                     kr_each_element each, void *ctx);
};
KR_INTERFACE(kr_hashes, "hash.values/1");

#ifdef __cplusplus
}
#endif
#endif
