/* SPDX-License-Identifier: BSD-3-Clause */
#include "topic.h"

/* --- Items that end in a pointer ------------------------------------------ */

static void *item_pointer(const struct item *item)
{
    void *pointer;

    memcpy(&pointer, item_tail(item), sizeof(pointer));
    return pointer;
}

static void item_set_pointer(struct item *item, void *pointer)
{
    memcpy(item_tail(item), &pointer, sizeof(pointer));
}

struct topic *topic_of(const struct item *item)
{
    return item_pointer(item);
}

/* --- Prefixes of patterns ------------------------------------------------- */

static struct kr_str pattern_prefix(struct kr_str pattern)
{
    size_t size = 0;

    while (size < pattern.size && size < TOPIC_PREFIX_MAX &&
           !memchr("*?[\\", pattern.data[size], 4))
        size++;
    return kr_str(pattern.data, size);
}

/* The patterns with one prefix hang on an item of their own: prefix, list. */
static struct topic *prefix_first(const struct item *item)
{
    return item_pointer(item);
}

static void prefix_add(struct topics *topics, const struct structure_host *host,
                       struct topic *pattern)
{
    struct kr_str prefix = pattern_prefix(topic_name(pattern));
    uint64_t hash = host->hash(prefix);
    struct item *item = htable_find(&topics->by_prefix, prefix, hash, NULL);
    struct alike alike = LIST_HEAD_INITIALIZER(alike);

    if (item) {
        LIST_INSERT_AFTER(prefix_first(item), pattern, like);
    } else {
        LIST_INSERT_HEAD(&alike, pattern, like);
        pattern->like.le_prev = NULL; /* the first is found by the item */
        item = item_new(host, prefix, sizeof(pattern));
        item_set_pointer(item, pattern);
        htable_insert(&topics->by_prefix, host, hash, item);
    }
    topics->with_size[prefix.size]++;
    topics->sizes |= UINT64_C(1) << prefix.size;
}

static void prefix_remove(struct topics *topics,
                          const struct structure_host *host,
                          struct topic *pattern)
{
    struct kr_str prefix = pattern_prefix(topic_name(pattern));
    uint64_t hash = host->hash(prefix);
    struct topic *next = LIST_NEXT(pattern, like);
    struct htable_place at;
    struct item *item = htable_find(&topics->by_prefix, prefix, hash, &at);

    if (prefix_first(item) != pattern) {
        LIST_REMOVE(pattern, like);
    } else if (next) {
        next->like.le_prev = NULL;
        item_set_pointer(item, next);
    } else {
        htable_erase(&topics->by_prefix, host, hash, &at);
        structure_free(host, item);
    }
    if (--topics->with_size[prefix.size] == 0)
        topics->sizes &= ~(UINT64_C(1) << prefix.size);
}

void topic_each_pattern(const struct topics *topics,
                        const struct structure_host *host,
                        struct kr_str channel,
                        void (*fn)(struct topic *pattern, void *ctx), void *ctx)
{
    for (uint64_t sizes = topics->sizes; sizes; sizes &= sizes - 1) {
        struct kr_str prefix =
            kr_str(channel.data, (size_t)__builtin_ctzll(sizes));
        const struct item *item;

        if (prefix.size > channel.size)
            break;
        item =
            htable_find(&topics->by_prefix, prefix, host->hash(prefix), NULL);
        if (!item)
            continue;
        for (struct topic *t = prefix_first(item); t; t = LIST_NEXT(t, like))
            fn(t, ctx);
    }
}

/* --- Topics --------------------------------------------------------------- */

struct topic *topic_find(const struct topics *topics,
                         const struct structure_host *host,
                         enum topic_kind kind, struct kr_str name)
{
    const struct htable *table = &topics->by_name[kind];
    const struct item *item = htable_find(table, name, host->hash(name), NULL);

    return item ? topic_of(item) : NULL;
}

struct topic *topic_need(struct topics *topics,
                         const struct structure_host *host,
                         enum topic_kind kind, struct kr_str name)
{
    struct topic *topic = topic_find(topics, host, kind, name);
    struct item *item;

    if (topic)
        return topic;
    topic = structure_alloc(host, sizeof(*topic) + item_string_room(name.size) +
                                      sizeof(topic));
    TAILQ_INIT(&topic->subscriptions);
    topic->count = 0;
    topic->hash = host->hash(name);
    item_string_put(topic->item, name);
    item = (struct item *)(void *)topic->item;
    item_set_pointer(item, topic);
    htable_insert(&topics->by_name[kind], host, topic->hash, item);
    if (kind == TOPIC_PATTERN)
        prefix_add(topics, host, topic);
    return topic;
}

void topic_drop(struct topics *topics, const struct structure_host *host,
                enum topic_kind kind, struct topic *topic)
{
    struct htable_place at;

    if (kind == TOPIC_PATTERN)
        prefix_remove(topics, host, topic);
    (void)htable_find(&topics->by_name[kind], topic_name(topic), topic->hash,
                      &at);
    htable_erase(&topics->by_name[kind], host, topic->hash, &at);
    structure_free(host, topic);
}
