/* SPDX-License-Identifier: BSD-3-Clause */
/* value - a list in its cell.
 *
 *   meta     payload                                     OBJECT ENCODING
 *   PACKED   one listpack: inline, or in a block         listpack
 *   CHAINED  struct chain *, boxed; bit 0 is set         quicklist
 *
 * The bit tells free(), which sees no meta, what the word points to.
 *
 * Which of the two follows Redis 7.2 (limit.h): what is added is counted before
 * it is added, what is left after something went.
 *
 * Handlers look up, edit through the functions here, and then tell of it by
 * value_pushed() or value_lost(), which also erases what has become empty: the
 * cell is void afterwards. */
#ifndef LIST_VALUE_H
#define LIST_VALUE_H

#include <kr/block.h>
#include <kr/keyspace.h>
#include <kr/list.h>

#include "../compact/packed.h"
#include "chain.h"

#define VALUE_LAYOUT 2u /* the number of the table above */

enum value_meta { VALUE_PACKED, VALUE_CHAINED };

extern uint16_t value_type; /* the type's slot, written by the host */

/* --- Read ---------------------------------------------------------------- */

#define VALUE_CHAIN_BIT 1u

static inline void *value_word(struct chain *chain)
{
    return (char *)chain + VALUE_CHAIN_BIT;
}

static inline struct chain *value_of_word(void *word)
{
    return (struct chain *)(void *)((char *)word - VALUE_CHAIN_BIT);
}

static inline bool value_word_is_chain(const void *word)
{
    return (uintptr_t)word & VALUE_CHAIN_BIT;
}

static inline struct chain *value_chain(const struct kr_peek *value)
{
    return value_of_word(packed_peek(value));
}

static inline uint64_t value_count_of(const struct kr_peek *value)
{
    return value->meta == VALUE_PACKED ? listpack_count(packed_peek(value))
                                       : value_chain(value)->count;
}

static inline uint64_t value_count(const struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);

    return value_count_of(&peek);
}

/* Make an index that counts from either end one that counts from the first
 * element.  false: there is no such element. */
static inline bool value_index(uint64_t count, int64_t index, uint64_t *from)
{
    *from = (uint64_t)index;
    if (index < 0)
        *from += count; /* wraps around if it is too far */
    return *from < count;
}

/* The elements in turn, in either direction.  Nothing may change meanwhile. */
struct walk {
    struct chain *chain; /* NULL: one listpack */
    const void *pack;
    size_t at;            /* the next place in `pack`, or 0 */
    struct kr_str plain;  /* or the element that is next */
    struct kr_blob *blob; /* that it can be taken from, or NULL */
    uint32_t node;
    bool is_plain;
    bool back;
};

/* Begin at element number `from`; none if it is not there. */
void walk_begin(struct walk *walk, const struct kr_peek *value, uint64_t from,
                bool back);

/* Up to `max` elements, at least one; 0 at the end.  One that stands in a blob
 * comes alone, and *blob is that; else it is NULL. */
size_t walk_next(struct walk *walk, struct listpack_item *items, size_t max,
                 struct kr_blob **blob);

/* Keep where a walk is, and go on from there with the same value. */
void walk_save(const struct walk *walk, uint64_t place[3]);
void walk_resume(struct walk *walk, const struct kr_peek *value,
                 const uint64_t place[3], bool back);

/* No more is wanted.  What was read is void. */
static inline void walk_end(struct walk *walk)
{
    if (walk->chain)
        chain_close(walk->chain);
}

/* Reply `count` elements from number `from` on, in a container that is open. */
void value_reply(const struct kr_cell *cell, struct kr_reply *reply,
                 uint64_t from, uint64_t count, bool back);

/* --- Add ----------------------------------------------------------------- */

/* A list of no elements at that key, or the key of argument `arg`, to be filled
 * by value_push() at once: with these items, for which it makes room. */
void value_create(kr_db *db, struct kr_str key, uint64_t count,
                  const struct kr_str *items, struct kr_cell *cell);
void value_create_arg(struct kr_call *call, uint32_t arg, uint64_t count,
                      const struct kr_str *items, struct kr_cell *cell);

/* Add elements behind the last one, or one by one before the first.  `blobs`
 * is NULL, or for each a blob that is taken over, or NULL. */
void value_push(struct kr_cell *cell, bool front, uint64_t count,
                const struct kr_str *items, struct kr_blob *const *blobs);

/* --- Edit; indices count from the first element and are there ------------ */

/* A larger element may come: take the form that can hold it.  Before anything
 * is looked for in the value. */
void value_expect(struct kr_cell *cell, uint64_t bytes, uint64_t count);

void value_set(struct kr_cell *cell, uint64_t index,
               const struct element *element);
void value_insert(struct kr_cell *cell, uint64_t index,
                  const struct element *element); /* or at the end */
void value_remove(struct kr_cell *cell, uint64_t index);
void value_drop(struct kr_cell *cell, bool front, uint64_t count);
uint64_t value_remove_equal(struct kr_cell *cell, struct kr_str bytes,
                            uint64_t most, bool back);

/* Something went: be one listpack again if there is little left.  Not of an
 * empty list. */
void value_shrink(struct kr_cell *cell);

/* --- Find and tell ------------------------------------------------------- */

/* Find argument `arg`, a list, as kr_find_typed(). */
static inline bool value_find(struct kr_call *call, uint32_t arg, uint32_t how,
                              struct kr_cell *cell, bool *wrong)
{
    return kr_find_typed(call, arg, how, value_type, cell, wrong);
}

/* `count` elements were added at that end of the list at `key`. */
static inline void value_pushed(struct kr_call *call, struct kr_str key,
                                bool front, uint64_t count)
{
    kr_changed_by(call, call->db, key, KR_CLASS_LIST,
                  front ? KR_STR("lpush") : KR_STR("rpush"), count);
    kr_block->ready(call->db, key);
}

/* Elements went, which count as `changes`; `event` says how.  Erases a list that
 * is empty. */
void value_lost(struct kr_call *call, struct kr_cell *cell, struct kr_str key,
                struct kr_str event, uint64_t changes);

/* Drop `count` elements of one end, as a pop does, and tell of it. */
void value_take(struct kr_call *call, struct kr_cell *cell, struct kr_str key,
                bool front, uint64_t count, uint64_t changes);

/* --- Arguments ----------------------------------------------------------- */

/* Take arguments that shall be nodes by themselves out of the call, right before
 * they are added: as value_push() wants them, an array for the caller to free,
 * NULL if there are none.  false: no memory, which has been replied. */
bool value_take_blobs(struct kr_call *call, uint32_t first, uint32_t count,
                      struct kr_blob ***blobs);
bool value_take_element(struct kr_call *call, uint32_t arg,
                        struct element *element);

/* LEFT or RIGHT; false: neither, which has been replied. */
bool value_arg_end(struct kr_call *call, uint32_t arg, bool *front);

#endif
