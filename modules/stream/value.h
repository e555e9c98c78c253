/* SPDX-License-Identifier: BSD-3-Clause */
/* value - finding streams, reading ids, and replying both. */
#ifndef STREAM_VALUE_H
#define STREAM_VALUE_H

#include <kr/args.h>
#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/reply.h>

#include "entries.h"
#include "group.h"
#include "module.h"

#define ERR_ID "ERR Invalid stream ID specified as stream command argument"

/* --- Values -------------------------------------------------------------- */

static inline struct stream *value_stream(const struct kr_cell *cell)
{
    return kr_cell_box(cell);
}

static inline struct stream *value_peek(const struct kr_peek *peek)
{
    struct stream *s;

    memcpy(&s, peek->data, sizeof(s));
    return s;
}

/* The stream of argument `arg`; NULL: there is no such key, or it holds another
 * type, in which case WRONGTYPE has been replied and *wrong set. */
static inline struct stream *value_find(struct kr_call *call, uint32_t arg,
                                        uint32_t how, bool *wrong)
{
    struct kr_cell cell;

    return kr_find_typed(call, arg, how, stream_type, &cell, wrong)
               ? value_stream(&cell)
               : NULL;
}

/* A new, empty stream under the key. */
struct stream *value_put(kr_db *db, struct kr_str key, struct kr_cell *cell);

/* Do `count` words fit into a node, and into memory? */
bool value_fits(uint64_t count, const struct kr_str *words);

/* Free what a trim has cut off: much of it on another thread. */
void value_discard(struct waste *waste);
void value_discard_group(struct group *group);

/* Tell of a change to the stream of argument `arg`, which counts as `changes`
 * changes. */
void value_changed(struct kr_call *call, uint32_t arg, uint64_t changes,
                   struct kr_str event);

/* The same for what belongs to the stream but is not seen in its entries (groups,
 * ids): clients that watch the key are not told, as in Redis. */
void value_noted(struct kr_call *call, uint32_t arg, struct kr_str event);

/* --- Arguments: a function that answers false has replied the error ------- */

/* Argument `arg` as an id, never "-" or "+"; without a sequence it is 0. */
bool value_arg_id(struct kr_call *call, uint32_t arg, struct stream_id *id);

/* As the lowest, or the highest, id of a range: "(1-0" leaves that one out. */
bool value_arg_from(struct kr_call *call, uint32_t arg, struct stream_id *id);
bool value_arg_to(struct kr_call *call, uint32_t arg, struct stream_id *id);

/* The arguments from `arg` on as ids, all or nothing, in `few` if they are few,
 * else in a block that value_free_ids() frees.  NULL: the error is replied. */
#define VALUE_FEW_IDS 16u
struct stream_id *value_arg_ids(struct kr_call *call, uint32_t arg,
                                struct stream_id *few);
static inline void value_free_ids(struct stream_id *ids,
                                  const struct stream_id *few)
{
    if (ids != few)
        structure_free(&stream_host, ids);
}

/* Is the argument that word, which is no option?  As Redis compares it: what
 * stands behind a NUL is not seen. */
bool value_arg_is_sign(const struct kr_call *call, uint32_t arg, char sign);

/* --- Replies ------------------------------------------------------------- */

void value_reply_id(struct kr_reply *reply, struct stream_id id);
/* An entry: its id and the array of its fields and values. */
void value_reply_entry(struct kr_reply *reply, struct entries_walk *walk);
/* The entry of that id; false: it is not there, nothing is replied. */
bool value_reply_entry_of(struct kr_reply *reply, const struct stream *s,
                          struct stream_id id);
/* Up to `count` entries (0: all), as an array. */
void value_reply_range(struct kr_reply *reply, const struct stream *s,
                       struct stream_id from, struct stream_id to, bool back,
                       uint64_t count);
static inline void value_reply_word(struct kr_reply *reply, const char *word)
{
    kr_reply_bulk(reply, kr_cstr(word));
}

#endif
