/* SPDX-License-Identifier: BSD-3-Clause */
/* subscriber - a client, and the topics that it is subscribed to.
 *
 *                     client A       client B
 *                         |              |            each client has a list
 *   topic news  -->  [subscription] [subscription]    for each kind of topic,
 *   topic log   -->  [subscription]                   each topic one of clients
 *
 *   a subscription    0      1        9             17  24        72
 *                     +------+--------+-------------+---+---------+
 *                     | size | topic  | subscriber  |   | links   |
 *                     +------+--------+-------------+---+---------+
 *                       its key in the table of all subscriptions, by which it
 *                       is found in O(1) when somebody says it again */
#ifndef PUBSUB_SUBSCRIBER_H
#define PUBSUB_SUBSCRIBER_H

#include <kr/client.h>

#include "topic.h"

struct subscriber {
    kr_client *client;
    struct subscriptions own[TOPIC_KINDS]; /* in the order of subscribing */
    uint64_t count[TOPIC_KINDS];
    uint64_t bytes;   /* of its subscriptions, and their topics' names */
    uint64_t charged; /* of them, to the client: pubsub_settle() */
};

struct subscription {
    unsigned char item[24];
    struct topic *topic;
    struct subscriber *subscriber;
    TAILQ_ENTRY(subscription) of_topic;
    TAILQ_ENTRY(subscription) own;
};

/* All that there is: topics, and who is subscribed to them. */
struct subscribers {
    const struct structure_host *host;
    struct topics topics;
    struct htable all; /* subscriptions by topic and subscriber */
};

void subscriber_init(struct subscriber *subscriber, kr_client *client);

/* false: it is, or is not, subscribed already. */
bool subscriber_add(struct subscribers *s, struct subscriber *subscriber,
                    enum topic_kind kind, struct kr_str name);
bool subscriber_remove(struct subscribers *s, struct subscriber *subscriber,
                       enum topic_kind kind, struct kr_str name);

/* End one of its subscriptions. */
void subscriber_end(struct subscribers *s, enum topic_kind kind,
                    struct subscription *subscription);
/* End them all, and tell nobody. */
void subscriber_clear(struct subscribers *s, struct subscriber *subscriber);

/* What SUBSCRIBE and its kin answer: shard channels are counted alone. */
static inline uint64_t subscriber_count(const struct subscriber *subscriber,
                                        enum topic_kind kind)
{
    return kind == TOPIC_SHARD ? subscriber->count[TOPIC_SHARD]
                               : subscriber->count[TOPIC_CHANNEL] +
                                     subscriber->count[TOPIC_PATTERN];
}

static inline bool subscriber_is_idle(const struct subscriber *subscriber)
{
    return subscriber_count(subscriber, TOPIC_CHANNEL) +
               subscriber_count(subscriber, TOPIC_SHARD) ==
           0;
}

#endif
