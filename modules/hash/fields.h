/* SPDX-License-Identifier: BSD-3-Clause */
/* fields - the fields of a large hash: a table of items, and in what order
 * those expire that do.
 *
 *   struct fields
 *   +-------+-------+
 *   | table | times |
 *   +---|---+---|---+
 *       |       +-> tree     time | -------------------------+
 *       |           (NULL: nothing expires)                  v
 *       +-> slot   tag | --> | size | field | value |   or   | size | field |
 *                                                            fd | time | value |
 *
 * The value, the item's tail, is a string with its size before it; the first
 * byte tells:
 *
 *   00 ... fc          that many bytes follow
 *   fd                 a time follows, 8 bytes, and then a value without fd
 *   fe + uint32        that many bytes follow, and so
 *   ff + uint64
 *
 * So a field that does not expire pays nothing for those that could, and a hash
 * in which none does a NULL.  The tree has the items that the table has, never
 * copies: an item that is given or takes a time moves in memory, and both learn
 * the new address (structure/item.h).
 *
 * Times are ms since 1970, below 2^53: the tree orders them as doubles.
 *
 * Invariants (fields_check() verifies them): the tree has exactly the items with
 * a time, under that time; there is no empty tree.
 *
 * Costs: O(1); with a time O(log n) more, and 28 bytes. */
#ifndef HASH_FIELDS_H
#define HASH_FIELDS_H

#include <kr/base.h>

#include "../structure/host.h"
#include "../structure/htable.h"
#include "../structure/tree.h"

#define FIELDS_NEVER INT64_MAX /* the time of what does not expire */

struct fields {
    struct htable table;
    struct tree *times;
};

/* --- The item ------------------------------------------------------------ */

struct kr_str fields_value(const struct item *item);

/* When it expires, or FIELDS_NEVER. */
int64_t fields_time(const struct item *item);

/* --- The whole ----------------------------------------------------------- */

struct fields *fields_new(const struct structure_host *host);

/* Take away up to about `budget` items; true when none are left and all memory
 * but the struct's is given back. */
bool fields_clear_step(struct fields *f, const struct structure_host *host,
                       size_t budget);
void fields_free(struct fields *f, const struct structure_host *host);

struct fields *fields_copy(struct fields *f, const struct structure_host *host);

static inline uint64_t fields_count(const struct fields *f)
{
    return htable_count(&f->table);
}

/* --- One field ----------------------------------------------------------- */

/* Where a field is, or that it is not there (item NULL).  Good until the next
 * change, except through this very place. */
struct fields_place {
    struct item *item;
    struct htable_place at;
    uint64_t hash;
};

bool fields_seek(const struct fields *f, const struct structure_host *host,
                 struct kr_str field, struct fields_place *place);

/* Add the field that was not found, with a time or FIELDS_NEVER.  The place is
 * void afterwards. */
void fields_add(struct fields *f, const struct structure_host *host,
                const struct fields_place *place, struct kr_str field,
                struct kr_str value, int64_t time);

/* Another value, or another time, for one that was; the rest stays.  `value` may
 * lie in the item itself. */
void fields_set_value(struct fields *f, const struct structure_host *host,
                      struct fields_place *place, struct kr_str value);
void fields_set_time(struct fields *f, const struct structure_host *host,
                     struct fields_place *place, int64_t time);

void fields_remove(struct fields *f, const struct structure_host *host,
                   struct fields_place *place);

/* Ask `move` for a better place for an item of the table: another address, which
 * has the bytes and replaces the old one, or NULL. */
typedef struct kr_mover kr_mover;
void fields_move(struct fields *f, const struct structure_host *host,
                 struct item *item, void *(*move)(kr_mover *mover, void *block),
                 kr_mover *mover);

/* --- Times --------------------------------------------------------------- */

/* The earliest, or FIELDS_NEVER. */
int64_t fields_earliest(const struct fields *f);

/* How many have a time before `now`.  O(log n). */
uint64_t fields_expired(const struct fields *f, int64_t now);

/* Up to `max` of them, the earliest first; how many. */
size_t fields_due(const struct fields *f, int64_t now, struct item **items,
                  size_t max);

/* --- Looking at it ------------------------------------------------------- */

/* Bytes of the table and the tree, without the items. */
size_t fields_memory(const struct fields *f);

/* NULL, or the invariant that does not hold.  O(n). */
const char *fields_check(struct fields *f, const struct structure_host *host);

#endif
