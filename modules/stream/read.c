/* SPDX-License-Identifier: BSD-3-Clause */
/* read - XREAD and XREADGROUP: what several streams have behind an id each, now
 * or, with BLOCK, as soon as one of them has.
 *
 *   XREAD      [COUNT n] [BLOCK ms] STREAMS key ... id ...
 *   XREADGROUP GROUP name consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS ...
 *
 * A call that waits keeps the words (the host does) and, in a block of its own,
 * what they meant: "$" is the last id of the moment when the command came. */
#include "commands.h"
#include "propagate.h"

#include <kr/block.h>
#include <kr/journal.h>

#define READ_WAITING_COUNT                                                     \
    1000 /* entries at once, for who waited without COUNT */

struct read {
    uint32_t keys_at; /* the first key's argument */
    uint32_t keys;
    uint32_t group_at; /* 0: none */
    bool grouped;      /* XREADGROUP */
    bool no_ack;
    bool waits;
    uint64_t count; /* 0: all */
    int64_t deadline_ms;
};

/* Behind which id to read; for a group's new entries: ID_MAX, which stands for
 * ">". */
struct read_wait {
    struct read read;
    struct stream_id after[];
};

static inline bool read_is_new(struct stream_id after)
{
    return id_compare(after, ID_MAX) == 0;
}

/* --- Words --------------------------------------------------------------- */

static bool read_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

static bool read_block_word(struct kr_call *call, uint32_t at,
                            struct read *read)
{
    if (call->flags & KR_CALL_SCRIPT) {
        kr_reply_errorf(call->reply,
                        "ERR %.*s command is not allowed with BLOCK option "
                        "from scripts",
                        KR_QUOTE(call->argv[0], 128));
        return false;
    }
    read->waits = true;
    return kr_arg_timeout(call, at, false, &read->deadline_ms);
}

static bool read_count_word(struct kr_call *call, uint32_t at,
                            struct read *read)
{
    int64_t count;

    if (!kr_arg_int64(call, at, &count))
        return false;
    read->count = count < 0 ? 0 : (uint64_t)count;
    return true;
}

/* Words that only XREADGROUP knows. */
static bool read_group_word(struct kr_call *call, uint32_t *at,
                            struct read *read)
{
    if (kr_arg_is(call, *at, "GROUP") && *at + 2 < call->argc) {
        if (!read->grouped)
            return read_refuse(call,
                               "ERR The GROUP option is only supported "
                               "by XREADGROUP. You called XREAD instead.");
        read->group_at = *at + 1;
        *at += 2;
        return true;
    }
    if (!kr_arg_is(call, *at, "NOACK"))
        return read_refuse(call, KR_ERR_SYNTAX);
    if (!read->grouped)
        return read_refuse(call, "ERR The NOACK option is only supported by "
                                 "XREADGROUP. You called XREAD instead.");
    read->no_ack = true;
    return true;
}

static bool read_parse(struct kr_call *call, bool grouped, struct read *read)
{
    *read = (struct read){.grouped = grouped};
    for (uint32_t i = 1; i < call->argc && !read->keys_at; i++) {
        bool more = i + 1 < call->argc;

        if (more && kr_arg_is(call, i, "BLOCK")) {
            if (!read_block_word(call, ++i, read))
                return false;
        } else if (more && kr_arg_is(call, i, "COUNT")) {
            if (!read_count_word(call, ++i, read))
                return false;
        } else if (more && kr_arg_is(call, i, "STREAMS")) {
            read->keys_at = i + 1;
        } else if (!read_group_word(call, &i, read)) {
            return false;
        }
    }
    if (read->keys_at && (call->argc - read->keys_at) % 2)
        return read_refuse(call, "ERR Unbalanced XREAD list of streams: for "
                                 "each stream key an ID or '$' must be "
                                 "specified.");
    if (!read->keys_at)
        return read_refuse(call, KR_ERR_SYNTAX);
    read->keys = (call->argc - read->keys_at) / 2;
    return !grouped || read->group_at ||
           read_refuse(call, "ERR Missing GROUP option for XREADGROUP");
}

/* The group of a stream; NULL: the error is replied. */
static struct group *read_group(struct kr_call *call, const struct read *read,
                                const struct stream *s, uint32_t key)
{
    struct kr_str name = call->argv[read->group_at];
    struct group *group = s ? group_find(s->groups, name) : NULL;

    if (!group)
        kr_reply_errorf(call->reply,
                        "NOGROUP No such key '%.*s' or consumer group '%.*s' "
                        "in XREADGROUP with GROUP option",
                        KR_QUOTE(call->argv[key], 400), KR_QUOTE(name, 400));
    return group;
}

/* The id of stream number `i`. */
static bool read_after(struct kr_call *call, const struct read *read,
                       uint32_t i, struct stream_id *after)
{
    uint32_t key = read->keys_at + i, at = key + read->keys;
    bool wrong;
    const struct stream *s = value_find(call, key, KR_FIND_READ, &wrong);

    if (wrong || (read->grouped && !read_group(call, read, s, key)))
        return false;
    if (value_arg_is_sign(call, at, '$')) {
        *after = s ? s->last : ID_MIN;
        return !read->grouped ||
               read_refuse(call,
                           "ERR The $ ID is meaningless in the context of "
                           "XREADGROUP: you want to read the history of this "
                           "consumer by specifying a proper ID, or use the > "
                           "ID to get new messages. The $ ID would just return "
                           "an empty result set.");
    }
    if (value_arg_is_sign(call, at, '>')) {
        *after = ID_MAX;
        return read->grouped ||
               read_refuse(call, "ERR The > ID can be specified only when "
                                 "calling XREADGROUP using the GROUP <group> "
                                 "<consumer> option.");
    }
    return value_arg_id(call, at, after);
}

/* --- What a group gives out ---------------------------------------------- */

/* The group has given out the entry: count on, if what was read can be told. */
static void read_advance(const struct place *place, struct stream_id id)
{
    struct group *group = place->group;
    const struct stream *s = place->stream;

    if (group->read != GROUP_READ_UNKNOWN && !entries_has_gaps(s, id))
        group->read++;
    else if (s->added > 0)
        group->read = entries_distance(s, id);
    group->last = id;
}

/* The entry is the consumer's now; XGROUP SETID may have gone back to one that
 * was somebody's already. */
static void read_deliver(struct kr_call *call, const struct place *place,
                         struct consumer *consumer, struct stream_id id)
{
    struct pending *pending = NULL;
    struct tree *all = &place->group->pending;
    struct tree_place end;
    struct tree_entry entry;

    /* As a rule it is behind all others, which is seen without a search. */
    tree_seek(all, tree_count(all), &end);
    if (tree_backward(&end, &entry, 1) &&
        id_compare(pel_id(pel_of(entry.item)), id) >= 0)
        pending = pel_find(place->group, id);
    if (!pending)
        pending = pel_add(place->group, consumer, id);
    else
        pel_assign(pending, consumer);
    pending->delivered_ms = call->now_ms;
    pending->count = 1;
    propagate_pending(call, place, pending);
}

/* Entries from `from` on that the group has given to nobody. */
static void read_new(struct kr_call *call, const struct read *read,
                     const struct place *place, struct consumer *consumer,
                     struct stream_id from)
{
    uint64_t token = call->reply->ops->defer(call->reply), done = 0;
    struct entries_walk walk;
    bool moved = false;

    entries_begin(&walk, place->stream, from, ID_MAX, false);
    while (entries_next(&walk)) {
        struct stream_id id = walk.entry.id;

        if (id_compare(id, place->group->last) > 0) {
            read_advance(place, id);
            moved = true;
        }
        value_reply_entry(call->reply, &walk);
        if (!read->no_ack)
            read_deliver(call, place, consumer, id);
        if (++done == read->count)
            break;
    }
    if (done > 0)
        consumer->active_ms = call->now_ms;
    if (moved && read->no_ack)
        propagate_last_id(call, place);
    call->reply->ops->close(call->reply, token, KR_ARRAY, done);
}

/* What the consumer has from `from` on and not acknowledged; of an entry that was
 * deleted meanwhile only the id is left. */
static void read_history(struct kr_call *call, const struct read *read,
                         const struct place *place, struct consumer *consumer,
                         struct stream_id from)
{
    uint64_t token = call->reply->ops->defer(call->reply), done = 0;
    struct tree_place at;
    struct pending *pending;

    pel_seek(&consumer->pending, from, &at);
    while ((pending = pel_next(&at))) {
        struct stream_id id = pel_id(pending);

        if (value_reply_entry_of(call->reply, place->stream, id)) {
            pending->delivered_ms = call->now_ms;
            pending->count++;
        } else {
            kr_reply_array(call->reply, 2);
            value_reply_id(call->reply, id);
            call->reply->ops->null_array(call->reply);
        }
        if (++done == read->count)
            break;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, done);
}

/* --- One stream ---------------------------------------------------------- */

/* Has the stream a live entry behind `after`? */
static bool read_has(const struct stream *s, struct stream_id after)
{
    struct stream_id top;

    return id_compare(s->last, after) > 0 && entries_last(s, &top) &&
           id_compare(top, after) > 0;
}

static void read_reply_name(struct kr_call *call, struct kr_str key)
{
    if (call->reply->protocol == 2)
        kr_reply_array(call->reply, 2);
    kr_reply_bulk(call->reply, key);
}

/* All that counts has been said in other words, and the rest (another look at the
 * history moves times) nobody else need know. */
static void read_journalled(struct kr_call *call, const struct read *read)
{
    if (read->grouped)
        kr_journal->suppress(call, KR_JOURNAL_ALL);
}

/* Reply the stream's name and its entries behind `after`, for a group too. */
static void read_reply(struct kr_call *call, const struct read *read,
                       const struct place *place, struct consumer *consumer,
                       struct stream_id after, bool history)
{
    struct stream_id from = after;

    id_next(&from);
    read_reply_name(call, place->key);
    if (!consumer)
        value_reply_range(call->reply, place->stream, from, ID_MAX, false,
                          read->count);
    else if (history)
        read_history(call, read, place, consumer, from);
    else
        read_new(call, read, place, consumer, from);
    if (consumer)
        kr_calls->touch(call, 1);
}

/* Stream number `i`, if it has something; the first one that has opens the
 * reply. */
static bool read_one(struct kr_call *call, const struct read *read, uint32_t i,
                     struct stream_id after, uint64_t *token)
{
    struct place place = {.key = call->argv[read->keys_at + i]};
    struct consumer *consumer = NULL;
    bool wrong, past = false;

    place.stream =
        value_find(call, read->keys_at + i,
                   read->grouped ? KR_FIND_WRITE : KR_FIND_READ, &wrong);
    if (!place.stream)
        return false;
    if (read->grouped) {
        place.name = call->argv[read->group_at];
        place.group = group_find(place.stream->groups, place.name);
        if (!place.group)
            return false;
        consumer = propagate_seen(call, &place, call->argv[read->group_at + 1]);
        past = !read_is_new(after);
        if (!past)
            after = place.group->last;
    }
    if (!past && !read_has(place.stream, after))
        return false;
    if (*token == UINT64_MAX)
        *token = call->reply->ops->defer(call->reply);
    read_reply(call, read, &place, consumer, after, past);
    return true;
}

static bool read_now(struct kr_call *call, const struct read *read,
                     const struct stream_id *after)
{
    uint64_t token = UINT64_MAX, served = 0;

    for (uint32_t i = 0; i < read->keys; i++)
        served += read_one(call, read, i, after[i], &token);
    if (served == 0)
        return false;
    call->reply->ops->close(call->reply, token,
                            call->reply->protocol == 2 ? KR_ARRAY : KR_MAP,
                            served);
    read_journalled(call, read);
    return true;
}

/* --- Waiting ------------------------------------------------------------- */

/* The stream that was waited for has changed, or its key has. */
static bool read_wake_key(struct kr_call *call, const struct read_wait *wait,
                          uint32_t i)
{
    const struct read *read = &wait->read;
    struct place place = {.key = call->argv[read->keys_at + i]};
    struct stream_id after = wait->after[i];
    struct consumer *consumer = NULL;
    struct kr_cell cell;

    if (!kr_keyspace->find(call->db, place.key, KR_FIND_WRITE, &cell) ||
        cell.type != stream_type) {
        if (read->grouped)
            kr_reply_error(call->reply,
                           "UNBLOCKED the stream key no longer exists");
        return read->grouped;
    }
    place.stream = value_stream(&cell);
    if (read->grouped) {
        place.name = call->argv[read->group_at];
        place.group = group_find(place.stream->groups, place.name);
        if (!place.group) {
            kr_reply_error(call->reply,
                           "NOGROUP the consumer group this client was "
                           "blocked on no longer exists");
            return true;
        }
        after = place.group->last;
    }
    if (id_compare(place.stream->last, after) <= 0)
        return false;
    if (read->grouped)
        consumer = propagate_seen(call, &place, call->argv[read->group_at + 1]);
    if (call->reply->protocol == 2)
        kr_reply_array(call->reply, 1);
    else
        kr_reply_map(call->reply, 1);
    read_reply(call, read, &place, consumer, after, false);
    read_journalled(call, read);
    return true;
}

bool read_wake(struct kr_call *call, uint32_t why, struct kr_str key, void *ctx)
{
    const struct read_wait *wait = ctx;

    if (why == KR_WAKE_TIMEOUT)
        call->reply->ops->null_array(call->reply);
    if (why != KR_WAKE_READY)
        return true;
    for (uint32_t i = 0; i < wait->read.keys; i++) {
        if (kr_str_equal(call->argv[wait->read.keys_at + i], key))
            return read_wake_key(call, wait, i);
    }
    return false;
}

void read_wait_free(void *ctx)
{
    structure_free(&stream_host, ctx);
}

/* Takes `wait` over. */
static void read_park(struct kr_call *call, struct read_wait *wait)
{
    struct kr_park park = {
        .size = sizeof(park),
        .key_count = wait->read.keys,
        .keys = call->argv + wait->read.keys_at,
        .deadline_ms = wait->read.deadline_ms,
        .wake = read_wake,
        .free = read_wait_free,
        .ctx = wait,
        .flags = wait->read.grouped ? KR_PARK_WAKE_ON_DELETE : 0,
    };

    if (wait->read.count == 0)
        wait->read.count = READ_WAITING_COUNT;
    if (kr_block->park(call, &park))
        return;
    read_wait_free(wait);
    call->reply->ops->null_array(call->reply);
}

/* --- The commands -------------------------------------------------------- */

static void read_run(struct kr_call *call, bool grouped)
{
    struct read_wait *wait;
    struct read read;

    if (!read_parse(call, grouped, &read))
        return;
    wait = structure_alloc(&stream_host,
                           sizeof(*wait) + read.keys * sizeof(wait->after[0]));
    wait->read = read;
    for (uint32_t i = 0; i < read.keys; i++) {
        if (!read_after(call, &read, i, &wait->after[i])) {
            read_wait_free(wait);
            return;
        }
    }
    if (!read_now(call, &read, wait->after)) {
        if (read.waits) {
            read_park(call, wait);
            return;
        }
        call->reply->ops->null_array(call->reply);
    }
    read_wait_free(wait);
}

void stream_xread(struct kr_call *call)
{
    read_run(call, false);
}

void stream_xreadgroup(struct kr_call *call)
{
    read_run(call, true);
}
