/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <kr/client.h>

#define MESSAGE_CHANNEL KR_STR("__redis__:invalidate")

/* The client that it names is gone: it learns of that itself, if it can. */
static void message_is_broken(struct tracker *tracker)
{
    struct kr_reply *sink = kr_clients->sink(tracker->client);

    tracker->flags |= TRACKER_BROKEN;
    kr_clients->set_flags(tracker->client, KR_CLIENT_TRACKING_BROKEN, 0);
    if (sink->protocol < 3)
        return;
    kr_clients->push(tracker->client, true);
    sink->ops->open(sink, KR_PUSH, 2);
    kr_reply_bulk(sink, KR_STR("tracking-redir-broken"));
    kr_reply_int64(sink, tracker->redirect);
    kr_clients->push(tracker->client, false);
}

static void message_keys(struct kr_reply *sink, size_t count,
                         const struct kr_str *keys)
{
    if (!keys) {
        kr_reply_null(sink);
        return;
    }
    kr_reply_array(sink, count);
    for (size_t i = 0; i < count; i++)
        kr_reply_bulk(sink, keys[i]);
}

void message_send(struct tracker *tracker, size_t count,
                  const struct kr_str *keys)
{
    kr_client *client = tracker->client;
    struct kr_reply *sink;

    if (tracker->redirect) {
        client = kr_clients->find((uint64_t)tracker->redirect);
        if (!client) {
            message_is_broken(tracker);
            return;
        }
    }
    sink = kr_clients->sink(client);
    if (sink->protocol < 3 &&
        !(tracker->redirect && kr_clients->flags(client) & KR_CLIENT_PUBSUB))
        return;
    kr_clients->push(client, true);
    if (sink->protocol < 3) {
        sink->ops->open(sink, KR_PUSH, 3);
        kr_reply_bulk(sink, KR_STR("message"));
        kr_reply_bulk(sink, MESSAGE_CHANNEL);
    } else {
        sink->ops->open(sink, KR_PUSH, 2);
        kr_reply_bulk(sink, KR_STR("invalidate"));
    }
    message_keys(sink, count, keys);
    kr_clients->push(client, false);
}
