/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include <kr/loop.h>
#include <kr/memory.h>

#include "../compact/listpack.h"

#define VALUE_WASTE_MAX 64 /* nodes freed at once, as the host does */
#define VALUE_PROBE_MIN                                                        \
    (1u << 20) /* bytes: there may be no memory for so much */

/* --- Values -------------------------------------------------------------- */

struct stream *value_put(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    struct stream *s = entries_new();

    kr_keyspace->put_key(db, key, stream_type, 0, KR_PUT_BOXED, 0, cell);
    kr_cell_set_box(cell, s);
    return s;
}

bool value_fits(uint64_t count, const struct kr_str *words)
{
    uint64_t size = 0;
    void *probe;

    for (uint64_t i = 0; i < count; i++)
        size += words[i].size;
    if (KR_LIKELY(size < VALUE_PROBE_MIN && count < VALUE_PROBE_MIN / 16))
        return true;
    /* Each element has a head and a backlength, at most 10 bytes. */
    if (size + 10 * (count + 8) > LISTPACK_SIZE_MAX)
        return false;
    probe = kr_memory->try_alloc(stream_self, 2 * size);
    kr_memory->free(stream_self, probe);
    return probe != NULL;
}

void value_changed(struct kr_call *call, uint32_t arg, uint64_t changes,
                   struct kr_str event)
{
    kr_keyspace->changed(call, call->db, call->argv[arg], KR_CLASS_STREAM,
                         event);
    if (changes > 1)
        kr_calls->touch(call, changes - 1);
}

void value_noted(struct kr_call *call, uint32_t arg, struct kr_str event)
{
    kr_calls->touch(call, 1);
    kr_keyspace->notify(call->db, call->argv[arg], KR_CLASS_STREAM, event);
}

/* --- Much to free -------------------------------------------------------- */

void value_waste_work(void *ctx)
{
    waste_free(ctx);
}

void value_waste_done(void *ctx)
{
    structure_free(&stream_host, ctx);
}

void value_discard(struct waste *waste)
{
    struct waste *later;

    if (waste_count(waste) <= VALUE_WASTE_MAX) {
        waste_free(waste);
        return;
    }
    later = structure_alloc(&stream_host, sizeof(*later));
    *later = *waste;
    kr_loop->job(stream_self, value_waste_work, value_waste_done, later);
}

void value_group_work(void *ctx)
{
    group_free(ctx);
}

void value_group_done(void *ctx)
{
    (void)ctx;
}

void value_discard_group(struct group *group)
{
    if (tree_count(&group->pending) <= VALUE_WASTE_MAX)
        group_free(group);
    else
        kr_loop->job(stream_self, value_group_work, value_group_done, group);
}

/* --- Arguments ----------------------------------------------------------- */

static bool value_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

bool value_arg_id(struct kr_call *call, uint32_t arg, struct stream_id *id)
{
    return id_parse(call->argv[arg], 0, 0, id, NULL) ||
           value_refuse(call, ERR_ID);
}

/* The id of one end of a range; *open: it is left out. */
static bool value_arg_end(struct kr_call *call, uint32_t arg, uint64_t seq,
                          struct stream_id *id, bool *open)
{
    struct kr_str word = call->argv[arg];

    *open = word.size > 1 && word.data[0] == '(';
    if (*open)
        word = kr_str(word.data + 1, word.size - 1);
    return id_parse(word, *open ? 0 : ID_ENDS, seq, id, NULL) ||
           value_refuse(call, ERR_ID);
}

bool value_arg_from(struct kr_call *call, uint32_t arg, struct stream_id *id)
{
    bool open;

    return value_arg_end(call, arg, 0, id, &open) &&
           (!open || id_next(id) ||
            value_refuse(call, "ERR invalid start ID for the interval"));
}

bool value_arg_to(struct kr_call *call, uint32_t arg, struct stream_id *id)
{
    bool open;

    return value_arg_end(call, arg, UINT64_MAX, id, &open) &&
           (!open || id_previous(id) ||
            value_refuse(call, "ERR invalid end ID for the interval"));
}

struct stream_id *value_arg_ids(struct kr_call *call, uint32_t arg,
                                struct stream_id *few)
{
    uint32_t count = call->argc - arg;
    struct stream_id *ids = few;

    if (count > VALUE_FEW_IDS)
        ids = structure_alloc(&stream_host, count * sizeof(*ids));
    for (uint32_t i = 0; i < count; i++) {
        if (!value_arg_id(call, arg + i, &ids[i])) {
            value_free_ids(ids, few);
            return NULL;
        }
    }
    return ids;
}

bool value_arg_is_sign(const struct kr_call *call, uint32_t arg, char sign)
{
    struct kr_str word = call->argv[arg];

    return word.size > 0 && word.data[0] == sign &&
           (word.size == 1 || word.data[1] == 0);
}

/* --- Replies ------------------------------------------------------------- */

void value_reply_id(struct kr_reply *reply, struct stream_id id)
{
    char text[ID_TEXT];

    kr_reply_bulk(reply, kr_str(text, id_text(id, text)));
}

static inline void value_reply_item(struct kr_reply *reply,
                                    const struct listpack_item *item)
{
    if (item->is_number)
        reply->ops->bulk_int64(reply, item->number);
    else
        reply->ops->bulk(reply, item->bytes);
}

void value_reply_entry(struct kr_reply *reply, struct entries_walk *walk)
{
    kr_reply_array(reply, 2);
    value_reply_id(reply, walk->entry.id);
    kr_reply_array(reply, 2 * (uint64_t)walk->entry.fields);
    while (walk->entry.left > 0) {
        struct listpack_item field, value;

        stream_node_pair(walk->node, &walk->entry, &field, &value);
        value_reply_item(reply, &field);
        value_reply_item(reply, &value);
    }
}

bool value_reply_entry_of(struct kr_reply *reply, const struct stream *s,
                          struct stream_id id)
{
    struct entries_walk walk;

    if (!entries_find(&walk, s, id))
        return false;
    value_reply_entry(reply, &walk);
    return true;
}

void value_reply_range(struct kr_reply *reply, const struct stream *s,
                       struct stream_id from, struct stream_id to, bool back,
                       uint64_t count)
{
    uint64_t token = reply->ops->defer(reply), done = 0;
    struct entries_walk walk;

    entries_begin(&walk, s, from, to, back);
    while (entries_next(&walk)) {
        value_reply_entry(reply, &walk);
        if (++done == count)
            break;
    }
    reply->ops->close(reply, token, KR_ARRAY, done);
}
