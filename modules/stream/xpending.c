/* SPDX-License-Identifier: BSD-3-Clause */
/* xpending - XPENDING: what a group has given out and nobody has acknowledged.
 *
 *   XPENDING key group                                          in short
 *   XPENDING key group [IDLE ms] from to count [consumer]       one by one */
#include "commands.h"
#include "value.h"

struct xpending {
    struct stream_id from, to;
    int64_t count;
    int64_t min_idle_ms;
    uint32_t consumer_at; /* its argument; 0: all */
};

static bool xpending_parse(struct kr_call *call, struct xpending *words)
{
    uint32_t at = 3;

    *words = (struct xpending){.count = 0};
    if (call->argc != 3 && (call->argc < 6 || call->argc > 9)) {
        kr_refuse_syntax(call);
        return false;
    }
    if (call->argc == 3)
        return true;
    if (kr_arg_is(call, 3, "IDLE")) {
        if (!kr_arg_int64(call, 4, &words->min_idle_ms))
            return false;
        if (call->argc < 8) {
            kr_refuse_syntax(call);
            return false;
        }
        at = 5;
    }
    if (!kr_arg_int64(call, at + 2, &words->count) ||
        !value_arg_from(call, at, &words->from) ||
        !value_arg_to(call, at + 1, &words->to))
        return false;
    if (at + 3 < call->argc)
        words->consumer_at = at + 3;
    return true;
}

/* --- In short ------------------------------------------------------------ */

static void xpending_reply_owners(struct kr_reply *reply,
                                  const struct group *group)
{
    uint64_t token = reply->ops->defer(reply), done = 0;
    const struct consumer *consumer;
    struct tree_place at;

    tree_seek(&group->consumers, 0, &at);
    while ((consumer = consumer_next(&at))) {
        if (tree_count(&consumer->pending) == 0)
            continue;
        kr_reply_array(reply, 2);
        kr_reply_bulk(reply, consumer_name(consumer));
        reply->ops->bulk_int64(reply, (int64_t)tree_count(&consumer->pending));
        done++;
    }
    reply->ops->close(reply, token, KR_ARRAY, done);
}

static void xpending_summary(struct kr_reply *reply, const struct group *group)
{
    struct tree_place at;
    struct tree_entry last;
    const struct pending *first;

    kr_reply_array(reply, 4);
    kr_reply_int64(reply, (int64_t)tree_count(&group->pending));
    tree_seek(&group->pending, 0, &at);
    first = pel_next(&at);
    tree_seek(&group->pending, tree_count(&group->pending), &at);
    if (!first || tree_backward(&at, &last, 1) == 0) {
        kr_reply_null(reply);
        kr_reply_null(reply);
        reply->ops->null_array(reply);
        return;
    }
    value_reply_id(reply, pel_id(first));
    value_reply_id(reply, pel_id(pel_of(last.item)));
    xpending_reply_owners(reply, group);
}

/* --- One by one ---------------------------------------------------------- */

static void xpending_list(struct kr_call *call, const struct xpending *words,
                          const struct tree *all)
{
    uint64_t token = call->reply->ops->defer(call->reply);
    const struct pending *pending;
    struct tree_place at;
    int64_t done = 0;

    pel_seek(all, words->from, &at);
    while (done < words->count && (pending = pel_next(&at)) &&
           id_compare(pel_id(pending), words->to) <= 0) {
        int64_t idle_ms = call->now_ms - pending->delivered_ms;

        if (words->min_idle_ms && idle_ms < words->min_idle_ms)
            continue;
        kr_reply_array(call->reply, 4);
        value_reply_id(call->reply, pel_id(pending));
        kr_reply_bulk(call->reply, consumer_name(pending->owner));
        kr_reply_int64(call->reply, idle_ms < 0 ? 0 : idle_ms);
        kr_reply_int64(call->reply, (int64_t)pending->count);
        done++;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, (uint64_t)done);
}

void stream_xpending(struct kr_call *call)
{
    const struct consumer *consumer;
    const struct group *group;
    const struct stream *s;
    struct xpending words;
    bool wrong;

    if (!xpending_parse(call, &words))
        return;
    s = value_find(call, 1, KR_FIND_READ, &wrong);
    if (wrong)
        return;
    group = s ? group_find(s->groups, call->argv[2]) : NULL;
    if (!group) {
        kr_reply_errorf(
            call->reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'",
            KR_QUOTE(call->argv[1], 400), KR_QUOTE(call->argv[2], 400));
    } else if (call->argc == 3) {
        xpending_summary(call->reply, group);
    } else if (!words.consumer_at) {
        xpending_list(call, &words, &group->pending);
    } else {
        consumer = consumer_find(group, call->argv[words.consumer_at]);
        if (consumer)
            xpending_list(call, &words, &consumer->pending);
        else
            kr_reply_array(call->reply, 0);
    }
}
