/* SPDX-License-Identifier: BSD-3-Clause */
#include "offer.h"

#include "trim.h"
#include "value.h"

#include <kr/block.h>
#include <kr/loop.h>
#include <kr/memory.h>

#include <assert.h>

static_assert(sizeof(struct entries_walk) <=
                  sizeof(((struct kr_stream_walk *)0)->place),
              "a walk has its place in the visible one");

static inline struct stream_id offer_in(struct kr_stream_id id)
{
    return (struct stream_id){id.ms, id.seq};
}

static inline struct kr_stream_id offer_out(struct stream_id id)
{
    return kr_stream_id(id.ms, id.seq);
}

/* --- Read ---------------------------------------------------------------- */

static bool offer_is_stream(const struct kr_cell *cell)
{
    return cell->type == stream_type;
}

static uint64_t offer_count(const struct kr_cell *cell)
{
    return value_stream(cell)->length;
}

static struct kr_stream_id offer_last_id(const struct kr_cell *cell)
{
    return offer_out(value_stream(cell)->last);
}

static void offer_walk(const struct kr_cell *cell, struct kr_stream_id from,
                       struct kr_stream_id to, bool back,
                       struct kr_stream_walk *walk)
{
    struct entries_walk inner;

    entries_begin(&inner, value_stream(cell), offer_in(from), offer_in(to),
                  back);
    walk->cell = cell;
    walk->flags = 0;
    walk->count = 0;
    walk->left = walk->pairs = 0;
    memcpy(walk->place, &inner, sizeof(inner));
}

static bool offer_next(struct kr_stream_walk *walk)
{
    struct entries_walk inner;

    memcpy(&inner, walk->place, sizeof(inner));
    walk->count = 0;
    if (walk->left == 0) {
        if (!entries_next(&inner))
            return false;
        walk->id = offer_out(inner.entry.id);
        walk->pairs = (uint64_t)inner.entry.fields;
    }
    while (inner.entry.left > 0 && walk->count < KR_STREAM_ROOM) {
        struct listpack_item field, value;
        uint32_t i = walk->count++;

        stream_node_pair(inner.node, &inner.entry, &field, &value);
        walk->field[i] = listpack_item_bytes(&field, walk->text[i][0]);
        walk->value[i] = listpack_item_bytes(&value, walk->text[i][1]);
    }
    walk->left = (uint64_t)inner.entry.left;
    memcpy(walk->place, &inner, sizeof(inner));
    return true;
}

/* --- Change -------------------------------------------------------------- */

static void offer_put(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    value_put(db, key, cell);
}

static kr_status offer_add(struct kr_cell *cell, struct kr_stream_id *id,
                           uint64_t pairs, const struct kr_str *words)
{
    struct stream *s = value_stream(cell);
    struct stream_id next = offer_in(*id);

    if (id_is_zero(next))
        next = id_after(s->last, (uint64_t)kr_loop->wall_ms());
    if (id_compare(next, s->last) <= 0)
        return KR_ERANGE;
    if (!value_fits(2 * pairs, words))
        return KR_ENOMEM;
    entries_append(s, next, pairs, words);
    *id = offer_out(next);
    kr_block->ready(cell->db, kr_keyspace->key(cell));
    return KR_OK;
}

static bool offer_remove(struct kr_cell *cell, struct kr_stream_id id)
{
    return entries_delete(value_stream(cell), offer_in(id));
}

static uint64_t offer_trim(struct kr_cell *cell, const struct entries_trim *how)
{
    struct waste waste;
    uint64_t gone = entries_trim(value_stream(cell), how, &waste);

    value_discard(&waste);
    return gone;
}

static uint64_t offer_keep_last(struct kr_cell *cell, uint64_t count)
{
    return offer_trim(cell, &(struct entries_trim){.length = count});
}

static uint64_t offer_keep_from(struct kr_cell *cell, struct kr_stream_id id)
{
    return offer_trim(
        cell, &(struct entries_trim){.by_id = true, .id = offer_in(id)});
}

static uint64_t offer_keep_about_last(struct kr_cell *cell, uint64_t count)
{
    return offer_trim(cell,
                      &(struct entries_trim){.whole = true,
                                             .length = count,
                                             .limit = trim_default_limit()});
}

static uint64_t offer_keep_about_from(struct kr_cell *cell,
                                      struct kr_stream_id id)
{
    return offer_trim(cell,
                      &(struct entries_trim){.by_id = true,
                                             .whole = true,
                                             .id = offer_in(id),
                                             .limit = trim_default_limit()});
}

const struct kr_streams offer_streams = {
    .size = sizeof(struct kr_streams),
    .is_stream = offer_is_stream,
    .count = offer_count,
    .last_id = offer_last_id,
    .walk = offer_walk,
    .next = offer_next,
    .put = offer_put,
    .add = offer_add,
    .remove = offer_remove,
    .keep_last = offer_keep_last,
    .keep_from = offer_keep_from,
    .keep_about_last = offer_keep_about_last,
    .keep_about_from = offer_keep_about_from,
};
