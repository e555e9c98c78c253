/* SPDX-License-Identifier: BSD-3-Clause */
/* value - a sorted set as it stands in memory, in either form.
 *
 *   meta    shape    payload                                 OBJECT ENCODING
 *   SMALL   inline   a listpack (small.h), to KR_INLINE_MAX  listpack
 *   SMALL   boxed    address of a longer one                 listpack
 *   LARGE   boxed    address of a struct large, plus 1       skiplist
 *
 * The 1 is for who has nothing but the word: free().
 *
 * A set becomes large when a member is added that zset-max-listpack-entries or
 * -value does not allow, and stays so.  One made as a whole (a union, a value
 * that is loaded) is small if it may be.
 *
 * Members are at positions, from 0 at the lowest.  Every range, by score, by
 * bytes or by rank, is a run of positions: seek it, then walk it, count it or
 * remove it.  There is no empty sorted set: who removes the last member erases
 * the key. */
#ifndef ZSET_VALUE_H
#define ZSET_VALUE_H

#include <kr/keyspace.h>
#include <kr/memory.h>
#include <kr/text.h>
#include <kr/type.h>
#include <kr/walk.h>
#include <kr/zset.h>

#include "../compact/packed.h"
#include "large.h"
#include "small.h"

#define VALUE_LAYOUT 2u /* the number of the table above */

enum value_meta { VALUE_SMALL, VALUE_LARGE };

extern kr_module *zset_self;                      /* the module's handle */
extern uint16_t value_type;                       /* the type's slot */
extern const struct structure_host value_host;    /* of the structures */
extern int64_t value_entries_max, value_size_max; /* zset-max-listpack-* */

/* --- Boxes --------------------------------------------------------------- */

static inline void *value_box_of(struct large *large)
{
    return (char *)large + 1;
}

/* The struct large of a box, or NULL: it is a listpack. */
static inline struct large *value_box_large(void *box)
{
    uintptr_t word = (uintptr_t)box;

    return word & 1 ? (struct large *)(void *)((char *)box - 1) : NULL;
}

static inline struct large *value_large(const struct kr_cell *cell)
{
    return value_box_large(kr_cell_box(cell));
}

static inline struct large *value_peek_large(const struct kr_peek *value)
{
    return value->meta == VALUE_LARGE ? value_box_large(packed_peek(value))
                                      : NULL;
}

/* --- Read ---------------------------------------------------------------- */

uint64_t value_count(const struct kr_cell *cell);

bool value_score(const struct kr_cell *cell, struct kr_str member,
                 double *score);

/* The same for who looks a member up in several sets: `hash` is its hash. */
bool value_score_hashed(const struct kr_cell *cell, struct kr_str member,
                        uint64_t hash, double *score);

/* The position, and the score unless NULL. */
bool value_position(const struct kr_cell *cell, struct kr_str member,
                    uint64_t *position, double *score);

/* A run of members. */
struct value_run {
    uint64_t position; /* of the lowest */
    uint64_t count;
};

struct value_run value_seek_score(const struct kr_cell *cell,
                                  const struct kr_score_range *range);

/* From `min` to `max` by bytes, where all scores are equal. */
struct value_member_range {
    const struct kr_str *min; /* NULL: from the first */
    const struct kr_str *max; /* NULL: to the last */
    bool min_open;
    bool max_open;
    bool none; /* nothing is in it */
};

struct value_run value_seek_member(const struct kr_cell *cell,
                                   const struct value_member_range *range);

/* Walk `count` members that are there, from `position` up, or down from it. */
#define VALUE_WALK_BACK      (1u << 0)
#define VALUE_WALK_NO_SCORES (1u << 1) /* walk->score is not wanted */
void value_walk(const struct kr_cell *cell, uint64_t position, uint64_t count,
                uint32_t how, struct kr_walk *walk);
bool value_next(struct kr_walk *walk);

/* The same for the whole of a value that is not in a cell. */
struct value_view {
    struct kr_cell cell;
    struct kr_walk walk;
};
void value_view(const struct kr_peek *value, struct value_view *view);

/* --- Change -------------------------------------------------------------- */

/* What an addition may do. */
#define VALUE_NX   (1u << 0) /* only new members */
#define VALUE_XX   (1u << 1) /* only members that are there */
#define VALUE_GT   (1u << 2) /* no lower score */
#define VALUE_LT   (1u << 3) /* no higher score */
#define VALUE_INCR (1u << 4) /* add to the score */

/* What it did: KR_ZSET_SAME, _ADDED, _UPDATED, or nothing, */
#define VALUE_REFUSED 3u /* as the options want it; */
#define VALUE_NAN     4u /* the sum is none */

/* Create the key of argument `arg`, or of `db`, with its first member. */
void value_create(struct kr_call *call, uint32_t arg, struct kr_str member,
                  double score, struct kr_cell *cell);

/* Add a member or change its score, which *score is then. */
uint32_t value_add(struct kr_cell *cell, struct kr_str member, double *score,
                   uint32_t how);

/* Both answer how many members are left; `removed` tells whether the member was
 * there.  A run of all of them is left to who erases the key. */
uint64_t value_remove(struct kr_cell *cell, struct kr_str member,
                      bool *removed);
uint64_t value_remove_run(struct kr_cell *cell, struct value_run run);

/* --- Made as a whole ----------------------------------------------------- */

/* Give a member of `large` that score, whether it was there or not. */
void value_merge(struct large *large, struct kr_str member, double score);

/* The members of a run, once more. */
struct large *value_copy_run(const struct kr_cell *cell, struct value_run run);

/* What `large`, which is not empty, is in memory: it is consumed. */
void value_finish(struct large *large, struct kr_value *value);

/* Take a listpack that small_check() has passed.  NULL, or why not.  `owned`:
 * the bytes are a block of the module's, which is consumed in any case. */
const char *value_load_small(kr_reader *in, struct kr_str bytes, bool owned,
                             struct kr_value *value);

/* Make `large` the value of a key, in place of what is there. */
void value_put_key(kr_db *db, struct kr_str key, struct large *large,
                   struct kr_cell *cell);

/* --- Tell ---------------------------------------------------------------- */

/* The set of argument `arg` has changed; `event` names how. */
static inline void value_changed(struct kr_call *call, uint32_t arg,
                                 struct kr_str event)
{
    kr_keyspace->changed(call, call->db, call->argv[arg], KR_CLASS_ZSET, event);
}

/* `count` members have been removed from the set of `key`, and `left` are left:
 * with none the key goes. */
void value_removed(struct kr_call *call, struct kr_str key,
                   struct kr_cell *cell, uint64_t count, uint64_t left,
                   struct kr_str event);

/* The outcome of a command that stores one under argument `arg`, replied as the
 * number of its members: without any, what the key held goes.  `large` is
 * consumed. */
void value_store(struct kr_call *call, uint32_t arg, struct large *large,
                 struct kr_str event);

/* Find argument `arg`, a sorted set, as kr_find_typed(). */
static inline bool value_find(struct kr_call *call, uint32_t arg, uint32_t how,
                              struct kr_cell *cell, bool *wrong)
{
    return kr_find_typed(call, arg, how, value_type, cell, wrong);
}

/* Called later for work under way: the descriptor names them, so that the
 * module's next version can go on with it. */
bool pop_wake(struct kr_call *call, uint32_t why, struct kr_str key, void *ctx);
void pop_forget(void *ctx);
void value_free_job(void *large);

#endif
