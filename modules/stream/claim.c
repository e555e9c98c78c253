/* SPDX-License-Identifier: BSD-3-Clause */
/* claim - pending entries that end, or change hands: XACK XCLAIM XAUTOCLAIM. */
#include "commands.h"
#include "propagate.h"

#include <kr/journal.h>
#include <kr/memory.h>

static bool claim_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

/* --- XACK ---------------------------------------------------------------- */

void stream_xack(struct kr_call *call)
{
    struct stream_id few[VALUE_FEW_IDS], *ids;
    struct group *group;
    struct stream *s;
    uint64_t done = 0;
    bool wrong;

    s = value_find(call, 1, KR_FIND_WRITE, &wrong);
    if (wrong)
        return;
    group = s ? group_find(s->groups, call->argv[2]) : NULL;
    if (!group) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    if (!(ids = value_arg_ids(call, 3, few)))
        return;
    for (uint32_t i = 0; i < call->argc - 3; i++)
        done += pel_remove(group, ids[i]);
    value_free_ids(ids, few);
    if (done > 0)
        kr_calls->touch(call, done);
    kr_reply_int64(call->reply, (int64_t)done);
}

/* --- What both claims do ------------------------------------------------- */

struct claim {
    struct place place;
    struct consumer *consumer; /* who gets the entries */
    int64_t min_idle_ms;
    int64_t time_ms;  /* of the delivery */
    int64_t count;    /* of deliveries; -1: one more */
    bool only_ids;    /* JUSTID: and no more than that many deliveries */
    uint64_t changes; /* so far */
};

/* The group of arguments 1 and 2; false: the error is replied. */
static bool claim_find(struct kr_call *call, struct place *place)
{
    bool wrong;

    *place = (struct place){.key = call->argv[1], .name = call->argv[2]};
    place->stream = value_find(call, 1, KR_FIND_WRITE, &wrong);
    if (wrong)
        return false;
    if (place->stream)
        place->group = group_find(place->stream->groups, place->name);
    if (!place->group)
        kr_reply_errorf(call->reply,
                        "NOGROUP No such key '%.*s' or consumer group '%.*s'",
                        KR_QUOTE(place->key, 400), KR_QUOTE(place->name, 400));
    return place->group != NULL;
}

/* The entry has been deleted: it is nobody's now. */
static void claim_drop(struct kr_call *call, struct claim *claim,
                       struct pending *pending)
{
    propagate_pending(call, &claim->place, pending);
    pel_remove(claim->place.group, pel_id(pending));
    claim->changes++;
}

/* Give the entry to the consumer. */
static void claim_take(struct kr_call *call, struct claim *claim,
                       struct pending *pending)
{
    pel_assign(pending, claim->consumer);
    pending->delivered_ms = claim->time_ms;
    if (claim->count >= 0)
        pending->count = (uint64_t)claim->count;
    else if (!claim->only_ids)
        pending->count++;
    claim->consumer->active_ms = call->now_ms;
    propagate_pending(call, &claim->place, pending);
    claim->changes++;
}

static inline bool claim_is_idle(const struct kr_call *call,
                                 const struct claim *claim,
                                 const struct pending *pending)
{
    return claim->min_idle_ms == 0 ||
           call->now_ms - pending->delivered_ms >= claim->min_idle_ms;
}

/* All has been journalled in other words. */
static void claim_done(struct kr_call *call, const struct claim *claim)
{
    if (claim->changes > 0)
        kr_calls->touch(call, claim->changes);
    kr_journal->suppress(call, KR_JOURNAL_ALL);
}

/* --- XCLAIM -------------------------------------------------------------- */

struct xclaim {
    struct claim claim;
    uint32_t ids_end;      /* behind the last id's argument */
    struct stream_id last; /* LASTID; 0-0: not given */
    bool force;
};

static bool xclaim_number(struct kr_call *call, uint32_t at, int64_t *number,
                          const char *error)
{
    return kr_arg_int64_or(call, at, number, error);
}

/* The option at *at, and its operand if it has one. */
static bool xclaim_option(struct kr_call *call, uint32_t *at,
                          struct xclaim *xclaim)
{
    struct claim *claim = &xclaim->claim;
    bool more = *at + 1 < call->argc;

    if (kr_arg_is(call, *at, "FORCE"))
        return xclaim->force = true;
    if (kr_arg_is(call, *at, "JUSTID"))
        return claim->only_ids = true;
    if (more && kr_arg_is(call, *at, "IDLE")) {
        if (!xclaim_number(call, ++*at, &claim->time_ms,
                           "ERR Invalid IDLE option argument for XCLAIM"))
            return false;
        claim->time_ms =
            (int64_t)((uint64_t)call->now_ms - (uint64_t)claim->time_ms);
        return true;
    }
    if (more && kr_arg_is(call, *at, "TIME"))
        return xclaim_number(call, ++*at, &claim->time_ms,
                             "ERR Invalid TIME option argument for XCLAIM");
    if (more && kr_arg_is(call, *at, "RETRYCOUNT"))
        return xclaim_number(
            call, ++*at, &claim->count,
            "ERR Invalid RETRYCOUNT option argument for XCLAIM");
    if (more && kr_arg_is(call, *at, "LASTID"))
        return value_arg_id(call, ++*at, &xclaim->last);
    kr_reply_errorf(call->reply, "ERR Unrecognized XCLAIM option '%.*s'",
                    KR_QUOTE(call->argv[*at], 900));
    return false;
}

/* The words; *ids, of which `few` has room for some, are the caller's to free,
 * also when false is answered. */
static bool xclaim_parse(struct kr_call *call, struct xclaim *xclaim,
                         struct stream_id *few, struct stream_id **ids)
{
    struct claim *claim = &xclaim->claim;
    uint32_t i;

    if (!kr_arg_int64_or(call, 4, &claim->min_idle_ms,
                         "ERR Invalid min-idle-time argument for XCLAIM"))
        return false;
    if (claim->min_idle_ms < 0)
        claim->min_idle_ms = 0;
    if (call->argc - 5 > VALUE_FEW_IDS)
        *ids = structure_alloc(&stream_host, (call->argc - 5) * sizeof(**ids));
    else
        *ids = few;
    for (i = 5; i < call->argc; i++) {
        if (!id_parse(call->argv[i], 0, 0, &(*ids)[i - 5], NULL))
            break;
    }
    xclaim->ids_end = i;
    claim->count = -1;
    claim->time_ms = -1;
    for (; i < call->argc; i++) {
        if (!xclaim_option(call, &i, xclaim))
            return false;
    }
    /* Clients reckon times by clocks of their own: the future is now. */
    if (claim->time_ms < 0 || claim->time_ms > call->now_ms)
        claim->time_ms = call->now_ms;
    return true;
}

/* Answers whether an entry was replied. */
static bool xclaim_one(struct kr_call *call, struct xclaim *xclaim,
                       struct stream_id id)
{
    struct claim *claim = &xclaim->claim;
    struct group *group = claim->place.group;
    struct pending *pending = pel_find(group, id);
    struct entries_walk walk;

    if (!entries_find(&walk, claim->place.stream, id)) {
        if (pending)
            claim_drop(call, claim, pending);
        return false;
    }
    if (!pending && xclaim->force) {
        pending = pel_add(group, claim->consumer, id);
        pending->count = 1;
    } else if (!pending || !claim_is_idle(call, claim, pending)) {
        return false;
    }
    claim_take(call, claim, pending);
    if (claim->only_ids)
        value_reply_id(call->reply, id);
    else
        value_reply_entry(call->reply, &walk);
    return true;
}

static void xclaim_run(struct kr_call *call, struct xclaim *xclaim,
                       const struct stream_id *ids)
{
    struct claim *claim = &xclaim->claim;
    struct group *group = claim->place.group;
    uint64_t token = call->reply->ops->defer(call->reply), done = 0;
    bool moved = id_compare(xclaim->last, group->last) > 0;

    if (moved)
        group->last = xclaim->last;
    claim->consumer = propagate_seen(call, &claim->place, call->argv[3]);
    for (uint32_t i = 5; i < xclaim->ids_end; i++)
        done += xclaim_one(call, xclaim, ids[i - 5]);
    if (moved && claim->changes == 0) { /* else each entry has told it */
        propagate_last_id(call, &claim->place);
        claim->changes = 1;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, done);
    claim_done(call, claim);
}

void stream_xclaim(struct kr_call *call)
{
    struct stream_id few[VALUE_FEW_IDS], *ids = few;
    struct xclaim xclaim = {.force = false};

    if (!claim_find(call, &xclaim.claim.place))
        return;
    if (xclaim_parse(call, &xclaim, few, &ids))
        xclaim_run(call, &xclaim, ids);
    value_free_ids(ids, few);
}

/* --- XAUTOCLAIM ---------------------------------------------------------- */

#define XAUTOCLAIM_COUNT    100 /* entries, when COUNT is not given */
#define XAUTOCLAIM_ATTEMPTS 10 /* pending entries looked at for each of COUNT */

struct xautoclaim {
    struct claim claim;
    struct stream_id from;
    int64_t count;
    /* What was claimed, from the front, and what was there no more, from the
     * back: the reply begins with where to go on, which is known last. */
    struct stream_id *ids;
    size_t room, claimed, dropped;
};

static bool xautoclaim_parse(struct kr_call *call, struct xautoclaim *words)
{
    struct claim *claim = &words->claim;

    if (!kr_arg_int64_or(call, 4, &claim->min_idle_ms,
                         "ERR Invalid min-idle-time argument for XAUTOCLAIM"))
        return false;
    if (claim->min_idle_ms < 0)
        claim->min_idle_ms = 0;
    if (!value_arg_from(call, 5, &words->from))
        return false;
    words->count = XAUTOCLAIM_COUNT;
    for (uint32_t i = 6; i < call->argc; i++) {
        if (kr_arg_is(call, i, "COUNT") && i + 1 < call->argc) {
            if (!kr_arg_int64_in(call, ++i, 1,
                                 INT64_MAX / (int64_t)sizeof(struct stream_id),
                                 &words->count, "ERR COUNT must be > 0"))
                return false;
        } else if (kr_arg_is(call, i, "JUSTID")) {
            claim->only_ids = true;
        } else {
            return claim_refuse(call, KR_ERR_SYNTAX);
        }
    }
    claim->count = -1;
    claim->time_ms = call->now_ms;
    return true;
}

/* Claim up to `count` entries, or drop them; words->from is the next one to look
 * at then, 0-0 behind the last. */
static void xautoclaim_walk(struct kr_call *call, struct xautoclaim *words)
{
    struct claim *claim = &words->claim;
    struct tree *all = &claim->place.group->pending;
    int64_t attempts = words->count * XAUTOCLAIM_ATTEMPTS;
    struct pending *pending;
    struct tree_place at;

    pel_seek(all, words->from, &at);
    pending = pel_next(&at);
    for (; pending && attempts > 0 && words->count > 0; attempts--) {
        struct stream_id id = pel_id(pending);
        struct entries_walk walk;

        if (!entries_find(&walk, claim->place.stream, id)) {
            words->ids[words->room - ++words->dropped] = id;
            claim_drop(call, claim, pending);
            pel_seek(all, id, &at);
            words->count--;
        } else if (claim_is_idle(call, claim, pending)) {
            words->ids[words->claimed++] = id;
            claim_take(call, claim, pending);
            words->count--;
        }
        pending = pel_next(&at);
    }
    words->from = pending ? pel_id(pending) : ID_MIN;
}

static void xautoclaim_reply(struct kr_call *call,
                             const struct xautoclaim *words)
{
    struct kr_reply *reply = call->reply;

    kr_reply_array(reply, 3);
    value_reply_id(reply, words->from);
    kr_reply_array(reply, words->claimed);
    for (size_t i = 0; i < words->claimed; i++) {
        if (words->claim.only_ids)
            value_reply_id(reply, words->ids[i]);
        else
            value_reply_entry_of(reply, words->claim.place.stream,
                                 words->ids[i]);
    }
    kr_reply_array(reply, words->dropped);
    for (size_t i = 1; i <= words->dropped; i++)
        value_reply_id(reply, words->ids[words->room - i]);
}

void stream_xautoclaim(struct kr_call *call)
{
    struct xautoclaim words = {.room = 0};
    struct claim *claim = &words.claim;

    if (!xautoclaim_parse(call, &words) || !claim_find(call, &claim->place))
        return;
    words.room = tree_count(&claim->place.group->pending);
    if (words.room > (uint64_t)words.count)
        words.room = (size_t)words.count;
    words.ids = kr_memory->try_alloc(stream_self,
                                     (words.room + 1) * sizeof(*words.ids));
    if (!words.ids) {
        kr_reply_error(call->reply,
                       "ERR Insufficient memory, failed allocating transient "
                       "memory, COUNT too high.");
        return;
    }
    claim->consumer = propagate_seen(call, &claim->place, call->argv[3]);
    xautoclaim_walk(call, &words);
    xautoclaim_reply(call, &words);
    kr_memory->free(stream_self, words.ids);
    claim_done(call, claim);
}
