/* SPDX-License-Identifier: BSD-3-Clause */
/* gather - a set in the making: of SUNIONSTORE and its kin, of a file's bytes.
 *
 * Members come one after another, and which form the set will have is known
 * only at the end.  So numbers go into an intset as long as that is allowed,
 * and from the first one that is not on all are items of a table, which becomes
 * the value, or is written as a listpack when it has stayed small.
 *
 *     numbers ----> intset ------------------------------> intset
 *                      |            few and short
 *     others  -------> table -----------------------------> listpack
 *                         `-------------------------------> table
 *
 * `form` is what Redis would have by now: it goes down with the members that
 * come, and does not come up again with those that go. */
#ifndef SET_GATHER_H
#define SET_GATHER_H

#include <kr/codec.h>
#include <kr/keyspace.h>

#include "value.h"

struct gather {
    enum set_form form;
    struct htable *table; /* NULL while it is an intset */
    void *intset;         /* NULL when it is a table */
    size_t room;          /* bytes of `intset` */
    uint64_t seen;        /* members that the form is made for */
    size_t size;          /* bytes of a listpack of all of them, at most */
    uint64_t expected;    /* members that may come: room for them */
    bool noted;           /* gather_note() is told which ones count */
};

/* `form` is the highest that it may have: SET_INTSET, or SET_LISTPACK. */
void gather_init(struct gather *gather, enum set_form form, uint64_t expected);
void gather_fini(struct gather *gather);

uint64_t gather_count(const struct gather *gather);
struct set gather_view(const struct gather *gather);

/* Add a member; false: it was there.  `fresh`: the caller knows that not. */
bool gather_add(struct gather *gather, struct member *member, bool fresh);
void gather_add_batch(struct gather *gather, struct set_walk *walk, bool fresh);

/* Members that count for the form, whether they are added or not.  Who tells of
 * one tells of all. */
void gather_note_batch(struct gather *gather, struct set_walk *walk);

/* What has been gathered, at least one member, becomes the key's value, or one
 * that is being loaded (false: no memory).  Nothing is left in `gather` then. */
void gather_store(struct gather *gather, kr_db *db, struct kr_str key,
                  uint32_t how, struct kr_cell *cell);
bool gather_load(struct gather *gather, kr_reader *in, struct kr_value *value);

#endif
