/* SPDX-License-Identifier: BSD-3-Clause */
/* topic - what clients can be subscribed to: channels, patterns, shard channels.
 *
 *   table of a kind           topic                     subscriptions, in the
 *   +------+                  +-----------------+       order in which they came
 *   | name-+----------------> | count  | first -+-----> [ client ] <-> [ client ]
 *   +------+                  | name, pointer to|
 *                             | this topic      |       the table's item, in the
 *                             +-----------------+       topic's own allocation
 *
 * Topics are there as long as somebody is subscribed to them.
 *
 * A message must find the patterns that match its channel.  Most patterns begin
 * with letters that stand for themselves, so they are indexed by that prefix
 * (its first 63 bytes), and a channel looks its own prefixes up:
 *
 *   patterns    news.*   news.[ab]*   user:?:log   *
 *   prefixes    "news."  ->  news.*, news.[ab]*
 *               "user:"  ->  user:?:log
 *               ""       ->  *
 *   `sizes`     bits 0 and 5: a channel looks up its first 0 and 5 bytes
 *
 * Cost of a message: one look-up for the channel, one for each size of prefix
 * that there is, and one match for each pattern found by them, however many
 * other patterns there are. */
#ifndef PUBSUB_TOPIC_H
#define PUBSUB_TOPIC_H

#include <kr/base.h>

#include <sys/queue.h>

#include "../structure/htable.h"

enum topic_kind { TOPIC_CHANNEL, TOPIC_PATTERN, TOPIC_SHARD, TOPIC_KINDS };

#define TOPIC_PREFIX_MAX 63u /* bytes of a pattern's prefix that are indexed */

struct subscription;
TAILQ_HEAD(subscriptions, subscription);

struct topic {
    struct subscriptions subscriptions;
    uint64_t count;         /* of them */
    LIST_ENTRY(topic) like; /* a pattern's: with the same prefix */
    uint64_t hash;          /* of the name */
    char item[] __attribute__((aligned(8))); /* name, pointer to the topic */
};
LIST_HEAD(alike, topic);

/* All zero is an empty one. */
struct topics {
    struct htable by_name[TOPIC_KINDS];
    struct htable by_prefix; /* items: prefix, then struct alike */
    uint64_t sizes;          /* bit n: there are prefixes of n bytes */
    uint64_t with_size[TOPIC_PREFIX_MAX + 1]; /* patterns by that size */
};

static inline struct kr_str topic_name(const struct topic *topic)
{
    return item_key((const struct item *)(const void *)topic->item);
}

/* NULL: nobody is subscribed to it. */
struct topic *topic_find(const struct topics *topics,
                         const struct structure_host *host,
                         enum topic_kind kind, struct kr_str name);
/* Found, or made without subscriptions. */
struct topic *topic_need(struct topics *topics,
                         const struct structure_host *host,
                         enum topic_kind kind, struct kr_str name);
/* Forget a topic that nobody is subscribed to any more. */
void topic_drop(struct topics *topics, const struct structure_host *host,
                enum topic_kind kind, struct topic *topic);

static inline uint64_t topic_count(const struct topics *topics,
                                   enum topic_kind kind)
{
    return htable_count(&topics->by_name[kind]);
}

/* The topic that an item of by_name belongs to. */
struct topic *topic_of(const struct item *item);

/* Call `fn` for each pattern that may match `channel`: those whose prefix the
 * channel begins with.  `fn` leaves the topics as they are. */
void topic_each_pattern(const struct topics *topics,
                        const struct structure_host *host,
                        struct kr_str channel,
                        void (*fn)(struct topic *pattern, void *ctx),
                        void *ctx);

#endif
