/* SPDX-License-Identifier: BSD-3-Clause */
/* adapt - values in another form than their module wants.  See adapt.c. */
#ifndef CORE_KEYSPACE_ADAPT_H
#define CORE_KEYSPACE_ADAPT_H

#include "core/keyspace/db.h"
#include "core/keyspace/type.h"

/* The functions of sealed values, whatever type they are of. */
extern const struct kr_type sealed_type;

/* What is sealed: the bytes of a DUMP without its end, code first.  Few stand
 * inline, many in a box. */
struct sealed {
    size_t size;
    char bytes[];
};

/* A sealed value of `bytes`; `out` is to be placed, or its box freed by
 * memory_free().  Borrows `bytes` if they are few. */
void sealed_make(struct kr_str bytes, struct kr_value *out);

/* Bring the value of `e` into the form that is wanted now.  The answer is where
 * the entry is then; expiry and age stay, and nobody is told. */
struct entry *adapt(kr_db *db, uint64_t hash, struct entry *e);

/* The entry as commands may see it.  One test while all is settled. */
static inline struct entry *adapt_seen(kr_db *db, uint64_t hash,
                                       struct entry *e)
{
    return KR_UNLIKELY(type_unsettled) && !type_suits(e) ? adapt(db, hash, e)
                                                         : e;
}

/* Before db_unlink_value(): does its type want to be told? */
void adapt_unlink(kr_db *db, struct entry *e);

/* Could the value be converted?  NULL, or why not; borrowed. */
const char *adapt_try(const kr_db *db, const struct entry *e,
                      const struct kr_type *old, const struct kr_type *new);

/* A walk over all keys of all databases in steps.  Begin with zeros. */
struct adapt_walk {
    int32_t db;
    uint64_t cursor;
    uint64_t swaps; /* databases have exchanged their contents since */
};
/* Visit keys for about `budget_us`; true: that was all.  Whoever was there all
 * the time has been visited.  `visit` may adapt the entry. */
bool adapt_walk_step(struct adapt_walk *walk, int64_t budget_us,
                     void (*visit)(kr_db *db, struct entry *e, void *ctx),
                     void *ctx);
/* A visitor that adapts what does not suit. */
void adapt_visit(kr_db *db, struct entry *e, void *ctx);

#endif
