/* SPDX-License-Identifier: BSD-3-Clause */
#include "broadcast.h"

#include <stdlib.h>

void broadcast_init(struct broadcast *b, const struct structure_host *host)
{
    *b = (struct broadcast){.host = host};
}

/* --- Lengths -------------------------------------------------------------- */

static size_t lengths_find(const struct broadcast *b, size_t length)
{
    size_t at = 0;

    while (at < b->length_count && b->lengths[at] < length)
        at++;
    return at;
}

/* Both arrays, in a block of their own each; they are changed rarely. */
static void lengths_resize(struct broadcast *b, size_t count)
{
    size_t kept = count < b->length_count ? count : b->length_count;
    size_t *lengths = NULL;
    uint64_t *with_length = NULL;

    if (count > 0) {
        lengths = structure_alloc(b->host, count * sizeof(*lengths));
        with_length = structure_alloc(b->host, count * sizeof(*with_length));
    }
    if (kept > 0) {
        memcpy(lengths, b->lengths, kept * sizeof(*lengths));
        memcpy(with_length, b->with_length, kept * sizeof(*with_length));
    }
    if (b->length_count > 0) {
        structure_free(b->host, b->lengths);
        structure_free(b->host, b->with_length);
    }
    b->lengths = lengths;
    b->with_length = with_length;
    b->length_count = count;
}

static void lengths_add(struct broadcast *b, size_t length)
{
    size_t at = lengths_find(b, length);
    size_t behind = b->length_count - at;

    if (behind > 0 && b->lengths[at] == length) {
        b->with_length[at]++;
        return;
    }
    lengths_resize(b, b->length_count + 1);
    memmove(b->lengths + at + 1, b->lengths + at, behind * sizeof(length));
    memmove(b->with_length + at + 1, b->with_length + at,
            behind * sizeof(*b->with_length));
    b->lengths[at] = length;
    b->with_length[at] = 1;
}

static void lengths_remove(struct broadcast *b, size_t length)
{
    size_t at = lengths_find(b, length);
    size_t behind = b->length_count - at - 1;

    if (--b->with_length[at] > 0)
        return;
    memmove(b->lengths + at, b->lengths + at + 1, behind * sizeof(length));
    memmove(b->with_length + at, b->with_length + at + 1,
            behind * sizeof(*b->with_length));
    lengths_resize(b, b->length_count - 1);
}

/* --- Prefixes ------------------------------------------------------------- */

static struct prefix *prefix_of(const struct item *item)
{
    struct prefix *prefix;

    memcpy(&prefix, item_tail(item), sizeof(prefix));
    return prefix;
}

static struct prefix *prefix_find(const struct broadcast *b, struct kr_str text,
                                  uint64_t hash)
{
    struct item *item = htable_find(&b->prefixes, text, hash, NULL);

    return item ? prefix_of(item) : NULL;
}

static struct prefix *prefix_need(struct broadcast *b, struct kr_str text)
{
    uint64_t hash = b->host->hash(text);
    struct prefix *prefix = prefix_find(b, text, hash);
    struct item *item;

    if (prefix)
        return prefix;
    prefix =
        structure_alloc(b->host, sizeof(*prefix) + item_string_room(text.size) +
                                     sizeof(prefix));
    *prefix = (struct prefix){.hash = hash};
    item_string_put(prefix->item, text);
    item = (struct item *)(void *)prefix->item;
    memcpy(item_tail(item), &prefix, sizeof(prefix));
    htable_insert(&b->prefixes, b->host, hash, item);
    LIST_INSERT_HEAD(&b->all, prefix, link);
    lengths_add(b, text.size);
    return prefix;
}

static bool prefix_free_key(struct item *item, void *ctx)
{
    const struct broadcast *b = ctx;

    structure_free(b->host, item);
    return true;
}

static void prefix_clear_keys(struct broadcast *b, struct prefix *prefix)
{
    if (htable_count(&prefix->keys) == 0)
        return;
    LIST_REMOVE(prefix, dirty);
    while (!htable_clear_step(&prefix->keys, b->host, 1024, prefix_free_key, b))
        ;
}

static void prefix_drop(struct broadcast *b, struct prefix *prefix)
{
    struct htable_place place;

    prefix_clear_keys(b, prefix);
    lengths_remove(b, prefix_text(prefix).size);
    (void)htable_find(&b->prefixes, prefix_text(prefix), prefix->hash, &place);
    htable_erase(&b->prefixes, b->host, prefix->hash, &place);
    LIST_REMOVE(prefix, link);
    structure_free(b->host, prefix);
}

void broadcast_fini(struct broadcast *b)
{
    lengths_resize(b, 0);
}

/* --- Who wants what ------------------------------------------------------- */

void broadcast_add(struct broadcast *b, struct tracker *tracker,
                   struct kr_str text)
{
    struct prefix *prefix = prefix_need(b, text);
    struct interest *interest;

    LIST_FOREACH(interest, &tracker->interests, of_tracker)
    if (interest->prefix == prefix)
        return;
    interest = structure_alloc(b->host, sizeof(*interest));
    interest->prefix = prefix;
    interest->tracker = tracker;
    LIST_INSERT_HEAD(&prefix->interests, interest, of_prefix);
    LIST_INSERT_HEAD(&tracker->interests, interest, of_tracker);
    tracker->bytes += sizeof(*interest) + text.size;
}

void broadcast_remove(struct broadcast *b, struct tracker *tracker)
{
    struct interest *interest;

    while ((interest = LIST_FIRST(&tracker->interests))) {
        struct prefix *prefix = interest->prefix;

        LIST_REMOVE(interest, of_prefix);
        LIST_REMOVE(interest, of_tracker);
        structure_free(b->host, interest);
        if (LIST_EMPTY(&prefix->interests))
            prefix_drop(b, prefix);
    }
    tracker->bytes = 0;
}

/* --- Keys ----------------------------------------------------------------- */

static void prefix_note(struct broadcast *b, struct prefix *prefix,
                        struct kr_str key, uint64_t hash, uint64_t by)
{
    struct item *item = htable_find(&prefix->keys, key, hash, NULL);

    if (!item) {
        if (htable_count(&prefix->keys) == 0)
            LIST_INSERT_HEAD(&b->dirty, prefix, dirty);
        item = item_new(b->host, key, sizeof(by));
        htable_insert(&prefix->keys, b->host, hash, item);
    }
    memcpy(item_tail(item), &by, sizeof(by));
}

void broadcast_note(struct broadcast *b, struct kr_str key, uint64_t by)
{
    uint64_t hash;

    if (b->length_count == 0)
        return;
    hash = b->host->hash(key);
    for (size_t i = 0; i < b->length_count && b->lengths[i] <= key.size; i++) {
        struct kr_str text = kr_str(key.data, b->lengths[i]);
        struct prefix *prefix = prefix_find(b, text, b->host->hash(text));

        if (prefix)
            prefix_note(b, prefix, key, hash, by);
    }
}

/* --- Handing out ---------------------------------------------------------- */

struct changed {
    struct kr_str key;
    uint64_t by;
};

static int changed_compare(const void *a, const void *b)
{
    struct kr_str x = ((const struct changed *)a)->key;
    struct kr_str y = ((const struct changed *)b)->key;
    size_t shared = x.size < y.size ? x.size : y.size;
    int order = shared > 0 ? memcmp(x.data, y.data, shared) : 0;

    return order ? order : (x.size > y.size) - (x.size < y.size);
}

static bool changed_gather(struct item *item, void *ctx)
{
    struct changed **at = ctx;

    (*at)->key = item_key(item);
    memcpy(&(*at)->by, item_tail(item), sizeof((*at)->by));
    ++*at;
    return true;
}

/* One prefix: `changed` and `keys` have room for all its keys. */
static void prefix_flush(struct prefix *prefix, size_t count,
                         const struct changed *changed, struct kr_str *keys,
                         void (*send)(struct tracker *, size_t,
                                      const struct kr_str *, void *),
                         void *ctx)
{
    struct interest *interest;

    LIST_FOREACH(interest, &prefix->interests, of_prefix)
    {
        struct tracker *tracker = interest->tracker;
        bool own = tracker->flags & TRACKER_NOLOOP;
        size_t n = 0;

        for (size_t i = 0; i < count; i++)
            if (!own || changed[i].by != tracker->id)
                keys[n++] = changed[i].key;
        if (n > 0)
            send(tracker, n, keys, ctx);
    }
}

void broadcast_flush(struct broadcast *b,
                     void (*send)(struct tracker *tracker, size_t count,
                                  const struct kr_str *keys, void *ctx),
                     void *ctx)
{
    struct prefix *prefix;

    while ((prefix = LIST_FIRST(&b->dirty))) {
        size_t count = htable_count(&prefix->keys);
        struct changed *changed =
            structure_alloc(b->host, count * sizeof(*changed));
        struct kr_str *keys = structure_alloc(b->host, count * sizeof(*keys));
        struct changed *at = changed;

        (void)htable_each(&prefix->keys, b->host, changed_gather, &at);
        qsort(changed, count, sizeof(*changed), changed_compare);
        prefix_flush(prefix, count, changed, keys, send, ctx);
        prefix_clear_keys(b, prefix);
        structure_free(b->host, changed);
        structure_free(b->host, keys);
    }
}
