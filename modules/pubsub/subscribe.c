/* SPDX-License-Identifier: BSD-3-Clause */
/* subscribe - SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites; PUBLISH and
 * SPUBLISH.
 *
 * A command about n topics has n answers, each a push that names the topic. */
#include "commands.h"
#include "pubsub.h"

#include <kr/journal.h>

static void subscribe_answer(struct kr_call *call, const char *word,
                             const struct kr_str *name, uint64_t count)
{
    if (call->client)
        kr_clients->confirm(call->client, true);
    call->reply->ops->open(call->reply, KR_PUSH, 3);
    kr_reply_bulk(call->reply, kr_cstr(word));
    if (name)
        kr_reply_bulk(call->reply, *name);
    else
        kr_reply_null(call->reply);
    kr_reply_int64(call->reply, (int64_t)count);
    if (call->client)
        kr_clients->confirm(call->client, false);
}

/* Who waits for messages must be somebody who can: not a script.  Of what a
 * transaction runs, only shard channels are refused. */
static bool subscribe_may(struct kr_call *call, enum topic_kind kind,
                          const char *name)
{
    bool waits = !(call->flags & KR_CALL_NO_BLOCK) ||
                 (call->flags & KR_CALL_TRANSACTION && kind != TOPIC_SHARD);

    if (call->client && waits)
        return true;
    kr_reply_errorf(call->reply,
                    "ERR %s isn't allowed for a DENY BLOCKING client", name);
    return false;
}

static void subscribe(struct kr_call *call, enum topic_kind kind,
                      const char *name, const char *word)
{
    struct pubsub *pubsub = pubsub_of(call);
    struct subscriber *subscriber;

    if (!subscribe_may(call, kind, name))
        return;
    subscriber = pubsub_need_subscriber(pubsub, call->client);
    for (uint32_t i = 1; i < call->argc; i++) {
        (void)subscriber_add(&pubsub->subscribers, subscriber, kind,
                             call->argv[i]);
        subscribe_answer(call, word, &call->argv[i],
                         subscriber_count(subscriber, kind));
    }
    pubsub_settle(pubsub, subscriber);
}

void pubsub_subscribe(struct kr_call *call)
{
    subscribe(call, TOPIC_CHANNEL, "SUBSCRIBE", "subscribe");
}

void pubsub_psubscribe(struct kr_call *call)
{
    subscribe(call, TOPIC_PATTERN, "PSUBSCRIBE", "psubscribe");
}

void pubsub_ssubscribe(struct kr_call *call)
{
    subscribe(call, TOPIC_SHARD, "SSUBSCRIBE", "ssubscribe");
}

/* --- The opposites -------------------------------------------------------- */

/* All of a kind; an answer also where there are none. */
static void unsubscribe_all(struct kr_call *call, struct subscriber *subscriber,
                            enum topic_kind kind, const char *word)
{
    struct subscribers *s = &pubsub_of(call)->subscribers;
    struct subscription *next = TAILQ_FIRST(&subscriber->own[kind]), *it;

    if (!next)
        subscribe_answer(call, word, NULL, subscriber_count(subscriber, kind));
    while ((it = next)) {
        struct kr_str name = topic_name(it->topic);

        next = TAILQ_NEXT(it, own);
        subscribe_answer(call, word, &name,
                         subscriber_count(subscriber, kind) - 1);
        subscriber_end(s, kind, it);
    }
}

static void unsubscribe(struct kr_call *call, enum topic_kind kind,
                        const char *word)
{
    struct pubsub *pubsub = pubsub_of(call);
    struct subscriber *subscriber;

    if (!call->client) {
        subscribe_answer(call, word, NULL, 0);
        return;
    }
    subscriber = pubsub_need_subscriber(pubsub, call->client);
    if (call->argc == 1)
        unsubscribe_all(call, subscriber, kind, word);
    for (uint32_t i = 1; i < call->argc; i++) {
        (void)subscriber_remove(&pubsub->subscribers, subscriber, kind,
                                call->argv[i]);
        subscribe_answer(call, word, &call->argv[i],
                         subscriber_count(subscriber, kind));
    }
    pubsub_settle(pubsub, subscriber);
}

void pubsub_unsubscribe(struct kr_call *call)
{
    unsubscribe(call, TOPIC_CHANNEL, "unsubscribe");
}

void pubsub_punsubscribe(struct kr_call *call)
{
    unsubscribe(call, TOPIC_PATTERN, "punsubscribe");
}

void pubsub_sunsubscribe(struct kr_call *call)
{
    unsubscribe(call, TOPIC_SHARD, "sunsubscribe");
}

/* --- Messages ------------------------------------------------------------- */

static void publish_call(struct kr_call *call, enum topic_kind kind)
{
    struct pubsub *pubsub = pubsub_of(call);
    uint64_t sent = publish(&pubsub->publisher, &pubsub->subscribers, kind,
                            call->argv[1], call->argv[2]);

    /* It changes nothing, but the replicas' clients want it too. */
    kr_journal->force(call, KR_JOURNAL_REPLICAS);
    kr_reply_int64(call->reply, (int64_t)sent);
}

void pubsub_publish(struct kr_call *call)
{
    publish_call(call, TOPIC_CHANNEL);
}

void pubsub_spublish(struct kr_call *call)
{
    publish_call(call, TOPIC_SHARD);
}
