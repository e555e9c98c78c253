/* SPDX-License-Identifier: BSD-3-Clause */
/* value - a set as it stands in memory.
 *
 *   meta       shape             payload                    OBJECT ENCODING
 *   INTSET     inline or boxed   one run of bytes, intset.h   intset
 *   LISTPACK   inline or boxed   one run of bytes, listpack.h listpack
 *   TABLE      boxed             struct htable of items       hashtable
 *
 * A set begins as the first of the three that its members allow, and goes down
 * the table when it outgrows it, never up: integers only, and few of them; few
 * members, and short ones; anything.  What few and short are is configured, and
 * the moments are Redis's, since OBJECT ENCODING shows them.
 *
 * An item of a table is the member alone, without a tail (item.h).  The word of
 * a boxed value says in its lowest bit that it leads to a table, for who is
 * given nothing but the word.
 *
 * Costs: to find a member takes O(log n) in an intset, O(n) in a listpack, O(1)
 * in a table.  A conversion is O(n). */
#ifndef SET_VALUE_H
#define SET_VALUE_H

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/reply.h>
#include <kr/type.h>

#include "../compact/packed.h"
#include "../structure/htable.h"
#include "../structure/join.h"
#include "member.h"
#include "module.h"

#define VALUE_LAYOUT   2u  /* the number of the table above */
#define VALUE_IS_TABLE 1u  /* in the word of a boxed value */
#define VALUE_BATCH    32u /* members that are worked on together */

enum set_form { SET_INTSET, SET_LISTPACK, SET_TABLE };

/* A view of a set, good as long as its cell. */
struct set {
    enum set_form form;
    union {
        void *packed;
        struct htable *table;
    };
};

/* --- Read ---------------------------------------------------------------- */

static inline void *value_box(struct htable *table)
{
    return (char *)table + VALUE_IS_TABLE;
}

static inline bool value_is_table(const void *box)
{
    return ((uintptr_t)box & VALUE_IS_TABLE) != 0;
}

static inline struct htable *value_table(void *box)
{
    return (struct htable *)(void *)((char *)box - VALUE_IS_TABLE);
}

static inline struct set value_view(enum set_form form, void *bytes)
{
    struct set set = {.form = form, .packed = bytes};

    if (form == SET_TABLE)
        set.table = value_table(bytes);
    return set;
}

static inline struct set value_of(const struct kr_cell *cell)
{
    return value_view((enum set_form)cell->meta, cell->meta == SET_INTSET
                                                     ? packed_intset(cell)
                                                     : packed_bytes(cell));
}

static inline struct set value_peek(const struct kr_peek *peek)
{
    struct kr_cell cell = {
        .data = peek->data, .meta = peek->meta, .boxed = peek->boxed};

    return value_of(&cell);
}

uint64_t value_count(const struct set *set);
bool value_has(const struct set *set, struct member *member);

/* Which of up to VALUE_BATCH members are there: a bit for each.  The memory of
 * all of them is fetched together. */
uint32_t value_has_batch(const struct set *set, struct member *members,
                         uint32_t count);

/* Fetch the memory that looking for these members will read: the buckets of all
 * of them are on their way before the first is looked at, then the items. */
void value_prefetch(const struct htable *table, struct member *members,
                    uint32_t count);

/* All members, a batch at a time; the set does not change meanwhile. */
struct set_walk {
    struct set set;
    uint64_t place; /* where to go on: an index, an offset, an htable's */
    const struct htable *with; /* NULL, or only what that one has, too */
    uint32_t count;            /* of this batch */
    struct member member[VALUE_BATCH];
};

void value_walk(const struct set *set, struct set_walk *walk);
/* Walk what `set` and `other` have in common, where that is cheaper than to ask
 * `other` for each member.  false: it walks all of `set`. */
bool value_walk_common(const struct set *set, const struct set *other,
                       struct set_walk *walk);
bool value_next(struct set_walk *walk); /* false: no more */

static inline void value_reply(struct kr_reply *reply, const struct member *m)
{
    if (m->known & MEMBER_BYTES)
        reply->ops->bulk(reply, m->bytes);
    else
        reply->ops->bulk_int64(reply, m->number);
}

/* Reply all members, without the container that they go into. */
void value_reply_all(struct kr_reply *reply, const struct set *set);

/* Free the item: for htable_each() and its kin. */
bool value_free_item(struct item *item, void *ctx);

/* --- Change -------------------------------------------------------------- */

/* Which form a set with this member has, that is about to get `count` in all. */
enum set_form value_form(struct member *first, uint64_t count);

/* May a listpack of `size` bytes and `count` members get one more, this one? */
bool value_fits_listpack(uint64_t count, size_t size, struct member *member);

/* The most members that an intset may have. */
uint64_t value_intset_max(void);

/* A new set of one member at argument `arg`, in place of what is there. */
void value_create(struct kr_call *call, uint32_t arg, enum set_form form,
                  struct member *first, struct kr_cell *cell);

/* Add or remove one; false: it was, or was not, there.  Who empties a set
 * erases it. */
bool value_add(struct kr_cell *cell, struct member *member);
bool value_remove(struct kr_cell *cell, struct member *member);

/* Add many; answers how many were new. */
uint64_t value_add_all(struct kr_cell *cell, const struct kr_str *members,
                       uint32_t count);

/* Make a table of it if it is none. */
void value_convert_to_table(struct kr_cell *cell);

/* An empty table with room for `count` members; the caller's. */
struct htable *value_new_table(uint64_t count);

/* An item for a member, which the table is known not to have. */
void value_insert_new(struct htable *table, struct member *member);

/* --- Tell ---------------------------------------------------------------- */

static inline void value_changed(struct kr_call *call, uint32_t key,
                                 struct kr_str event)
{
    kr_keyspace->changed(call, call->db, call->argv[key], KR_CLASS_SET, event);
}

/* So many members were added to the set at argument 1, or removed. */
static inline void value_changed_by(struct kr_call *call, struct kr_str event,
                                    uint64_t count)
{
    kr_changed_by(call, call->db, call->argv[1], KR_CLASS_SET, event, count);
}

/* The set at argument `key` has been emptied: it goes, and that is told. */
static inline void value_erase(struct kr_call *call, uint32_t key,
                               struct kr_cell *cell)
{
    kr_keyspace->erase(cell, false);
    kr_keyspace->notify(call->db, call->argv[key], KR_CLASS_GENERIC,
                        KR_STR("del"));
}

/* Find argument 1, a set, as kr_find_typed(). */
static inline bool value_find(struct kr_call *call, uint32_t how,
                              struct kr_cell *cell, bool *wrong)
{
    return kr_find_typed(call, 1, how, set_slot, cell, wrong);
}

#endif
