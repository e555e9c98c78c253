/* SPDX-License-Identifier: BSD-3-Clause */
/* look - PUBSUB: who is subscribed to what. */
#include "commands.h"
#include "pubsub.h"

struct look {
    struct kr_call *call;
    const struct kr_str *pattern; /* NULL: all */
    uint64_t count;
};

static bool look_visit(struct item *item, void *ctx)
{
    struct look *look = ctx;
    struct kr_str name = item_key(item);

    if (!look->pattern || kr_text->match(*look->pattern, name, false)) {
        kr_reply_bulk(look->call->reply, name);
        look->count++;
    }
    return true;
}

static void look_names(struct kr_call *call, enum topic_kind kind)
{
    struct subscribers *s = &pubsub_of(call)->subscribers;
    struct look look = {.call = call};
    struct kr_reply *reply = call->reply;
    uint64_t token;

    if (call->argc > 3) {
        kr_refuse_subcommand(call, "PUBSUB");
        return;
    }
    if (call->argc == 3)
        look.pattern = &call->argv[2];
    token = reply->ops->defer(reply);
    (void)htable_each(&s->topics.by_name[kind], s->host, look_visit, &look);
    reply->ops->close(reply, token, KR_ARRAY, look.count);
}

static void look_counts(struct kr_call *call, enum topic_kind kind)
{
    const struct subscribers *s = &pubsub_of(call)->subscribers;

    kr_reply_array(call->reply, (uint64_t)(call->argc - 2) * 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        const struct topic *topic =
            topic_find(&s->topics, s->host, kind, call->argv[i]);

        kr_reply_bulk(call->reply, call->argv[i]);
        kr_reply_int64(call->reply, topic ? (int64_t)topic->count : 0);
    }
}

void pubsub_channels(struct kr_call *call)
{
    look_names(call, TOPIC_CHANNEL);
}

void pubsub_shardchannels(struct kr_call *call)
{
    look_names(call, TOPIC_SHARD);
}

void pubsub_numsub(struct kr_call *call)
{
    look_counts(call, TOPIC_CHANNEL);
}

void pubsub_shardnumsub(struct kr_call *call)
{
    look_counts(call, TOPIC_SHARD);
}

void pubsub_numpat(struct kr_call *call)
{
    kr_reply_int64(call->reply,
                   (int64_t)topic_count(&pubsub_of(call)->subscribers.topics,
                                        TOPIC_PATTERN));
}

void pubsub_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    The channels that somebody is subscribed to, and that match.",
        "NUMPAT",
        "    How many patterns somebody is subscribed to.",
        "NUMSUB [<channel> ...]",
        "    How many clients are subscribed to each channel, patterns apart.",
        "SHARDCHANNELS [<pattern>]",
        "    The shard channels that somebody is subscribed to.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    How many clients are subscribed to each shard channel.",
    };

    kr_reply_help(call, "PUBSUB", lines, KR_COUNT(lines));
}
