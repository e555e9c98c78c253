/* SPDX-License-Identifier: BSD-3-Clause */
#include "publish.h"

#include <kr/call.h>
#include <kr/memory.h>
#include <kr/text.h>

/* One message. */
struct message {
    struct publisher *publisher;
    struct kr_str channel;
    struct kr_str text;
    struct kr_blob *blob; /* NULL: the text is in the encoded bytes */
    uint64_t sent;
    bool encoded[2]; /* for the topic at hand, by protocol - 2 */
};

void publisher_init(struct publisher *publisher)
{
    publisher->sinks[0] = kr_calls->new_sink(2);
    publisher->sinks[1] = kr_calls->new_sink(3);
}

void publisher_fini(struct publisher *publisher)
{
    kr_calls->free_sink(publisher->sinks[0]);
    kr_calls->free_sink(publisher->sinks[1]);
}

static void message_encode(struct message *message, enum topic_kind kind,
                           const struct topic *topic, struct kr_reply *sink)
{
    static const char *const words[] = {"message", "pmessage", "smessage"};

    kr_calls->sink_reset(sink);
    sink->ops->open(sink, KR_PUSH, kind == TOPIC_PATTERN ? 4 : 3);
    kr_reply_bulk(sink, kr_cstr(words[kind]));
    if (kind == TOPIC_PATTERN)
        kr_reply_bulk(sink, topic_name(topic));
    kr_reply_bulk(sink, message->channel);
    if (!message->blob)
        kr_reply_bulk(sink, message->text);
}

/* To all subscribers of one topic. */
static void message_send(struct message *message, enum topic_kind kind,
                         const struct topic *topic)
{
    const struct subscription *to;

    message->encoded[0] = message->encoded[1] = false;
    TAILQ_FOREACH(to, &topic->subscriptions, of_topic)
    {
        struct kr_reply *client = kr_clients->sink(to->subscriber->client);
        uint32_t i = client->protocol - 2;
        struct kr_reply *sink = message->publisher->sinks[i];

        if (!message->encoded[i]) {
            message_encode(message, kind, topic, sink);
            message->encoded[i] = true;
        }
        kr_clients->push(to->subscriber->client, true);
        client->ops->raw(client, kr_calls->sink_bytes(sink));
        if (message->blob)
            client->ops->blob(client, message->blob, 0, message->blob->size);
        kr_clients->push(to->subscriber->client, false);
        message->sent++;
    }
}

static void message_try_pattern(struct topic *pattern, void *ctx)
{
    struct message *message = ctx;

    if (kr_text->match(topic_name(pattern), message->channel, false))
        message_send(message, TOPIC_PATTERN, pattern);
}

uint64_t publish(struct publisher *publisher, const struct subscribers *s,
                 enum topic_kind kind, struct kr_str channel,
                 struct kr_str text)
{
    struct message message = {
        .publisher = publisher, .channel = channel, .text = text};
    const struct topic *topic = topic_find(&s->topics, s->host, kind, channel);

    if (text.size > PUBLISH_INLINE_MAX &&
        (message.blob = kr_memory->blob_new(text.size, 0)) != NULL)
        memcpy(message.blob->data, text.data, text.size);
    if (topic)
        message_send(&message, kind, topic);
    if (kind == TOPIC_CHANNEL)
        topic_each_pattern(&s->topics, s->host, channel, message_try_pattern,
                           &message);
    kr_memory->blob_release(message.blob);
    return message.sent;
}
