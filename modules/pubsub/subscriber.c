/* SPDX-License-Identifier: BSD-3-Clause */
#include "subscriber.h"

#include <assert.h>

#define KEY_SIZE (sizeof(struct topic *) + sizeof(struct subscriber *))

static_assert(1 + KEY_SIZE <= sizeof(((struct subscription *)0)->item),
              "the key fits into the item");

static struct kr_str subscription_key(const struct topic *topic,
                                      const struct subscriber *subscriber,
                                      char key[KEY_SIZE])
{
    memcpy(key, &topic, sizeof(topic));
    memcpy(key + sizeof(topic), &subscriber, sizeof(subscriber));
    return kr_str(key, KEY_SIZE);
}

static struct subscription *subscription_find(const struct subscribers *s,
                                              const struct topic *topic,
                                              const struct subscriber *of)
{
    char bytes[KEY_SIZE];
    struct kr_str key = subscription_key(topic, of, bytes);

    /* The item is the beginning of the subscription. */
    return (struct subscription *)(void *)htable_find(&s->all, key,
                                                      s->host->hash(key), NULL);
}

/* A name that others have too is counted with each: he may be the last. */
static uint64_t subscription_bytes(const struct topic *topic)
{
    return sizeof(struct subscription) + topic_name(topic).size;
}

void subscriber_init(struct subscriber *subscriber, kr_client *client)
{
    *subscriber = (struct subscriber){.client = client};
    for (int kind = 0; kind < TOPIC_KINDS; kind++)
        TAILQ_INIT(&subscriber->own[kind]);
}

bool subscriber_add(struct subscribers *s, struct subscriber *subscriber,
                    enum topic_kind kind, struct kr_str name)
{
    struct topic *topic = topic_need(&s->topics, s->host, kind, name);
    struct subscription *subscription;
    char bytes[KEY_SIZE];
    struct kr_str key = subscription_key(topic, subscriber, bytes);

    if (subscription_find(s, topic, subscriber))
        return false;
    subscription = structure_alloc(s->host, sizeof(*subscription));
    item_string_put((char *)subscription->item, key);
    subscription->topic = topic;
    subscription->subscriber = subscriber;
    TAILQ_INSERT_TAIL(&topic->subscriptions, subscription, of_topic);
    TAILQ_INSERT_TAIL(&subscriber->own[kind], subscription, own);
    topic->count++;
    subscriber->count[kind]++;
    subscriber->bytes += subscription_bytes(topic);
    htable_insert(&s->all, s->host, s->host->hash(key),
                  (struct item *)(void *)subscription);
    return true;
}

void subscriber_end(struct subscribers *s, enum topic_kind kind,
                    struct subscription *subscription)
{
    struct topic *topic = subscription->topic;
    struct subscriber *subscriber = subscription->subscriber;
    char bytes[KEY_SIZE];
    struct kr_str key = subscription_key(topic, subscriber, bytes);
    uint64_t hash = s->host->hash(key);
    struct htable_place at;

    (void)htable_find(&s->all, key, hash, &at);
    htable_erase(&s->all, s->host, hash, &at);
    TAILQ_REMOVE(&topic->subscriptions, subscription, of_topic);
    TAILQ_REMOVE(&subscriber->own[kind], subscription, own);
    subscriber->count[kind]--;
    subscriber->bytes -= subscription_bytes(topic);
    structure_free(s->host, subscription);
    if (--topic->count == 0)
        topic_drop(&s->topics, s->host, kind, topic);
}

bool subscriber_remove(struct subscribers *s, struct subscriber *subscriber,
                       enum topic_kind kind, struct kr_str name)
{
    struct topic *topic = topic_find(&s->topics, s->host, kind, name);
    struct subscription *subscription =
        topic ? subscription_find(s, topic, subscriber) : NULL;

    if (!subscription)
        return false;
    subscriber_end(s, kind, subscription);
    return true;
}

void subscriber_clear(struct subscribers *s, struct subscriber *subscriber)
{
    for (enum topic_kind kind = 0; kind < TOPIC_KINDS; kind++)
        while (!TAILQ_EMPTY(&subscriber->own[kind]))
            subscriber_end(s, kind, TAILQ_FIRST(&subscriber->own[kind]));
}
