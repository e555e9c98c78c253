/* SPDX-License-Identifier: BSD-3-Clause */
#include "group.h"

#include "module.h"

/* Names are ordered by their bytes: all scores are equal. */
#define NAME_SCORE 0.0

static inline struct item *group_item(struct group *group)
{
    return (struct item *)(void *)group->name;
}

static inline struct item *consumer_item(struct consumer *consumer)
{
    return (struct item *)(void *)consumer->name;
}

static inline struct item *pending_item(struct pending *pending)
{
    return (struct item *)(void *)pending->key;
}

static inline double pending_score(const struct pending *pending)
{
    return id_score(pel_id(pending));
}

/* The item of that name; NULL: there is none. */
static struct item *name_find(const struct tree *t, struct kr_str name)
{
    struct tree_place place;
    struct tree_entry entry;

    if (!tree_find(t, NAME_SCORE, name, NULL, &place) ||
        tree_forward(&place, &entry, 1) == 0)
        return NULL;
    return entry.item;
}

/* --- Pending entries ----------------------------------------------------- */

struct pending *pel_find(const struct group *group, struct stream_id id)
{
    struct tree_place place;
    char key[ID_KEY];

    id_to_key(id, key);
    return tree_find(&group->pending, id_score(id), kr_str(key, ID_KEY), NULL,
                     &place)
               ? pel_next(&place)
               : NULL;
}

struct pending *pel_add(struct group *group, struct consumer *owner,
                        struct stream_id id)
{
    struct pending *pending = structure_alloc(
        &stream_host, offsetof(struct pending, key) + sizeof(pending->key));

    pending->owner = NULL;
    pending->delivered_ms = 0;
    pending->count = 0;
    pending->key[0] = ID_KEY;
    id_to_key(id, pending->key + 1);
    tree_load(&group->pending, &stream_host, pending_score(pending),
              pending_item(pending));
    if (owner)
        pel_assign(pending, owner);
    return pending;
}

static void pending_disown(struct pending *pending)
{
    if (pending->owner)
        tree_erase(&pending->owner->pending, &stream_host,
                   pending_score(pending), item_key(pending_item(pending)));
    pending->owner = NULL;
}

void pel_assign(struct pending *pending, struct consumer *owner)
{
    if (pending->owner == owner)
        return;
    pending_disown(pending);
    tree_load(&owner->pending, &stream_host, pending_score(pending),
              pending_item(pending));
    pending->owner = owner;
}

bool pel_remove(struct group *group, struct stream_id id)
{
    struct item *item;
    char key[ID_KEY];

    id_to_key(id, key);
    item = tree_erase(&group->pending, &stream_host, id_score(id),
                      kr_str(key, ID_KEY));
    if (!item)
        return false;
    pending_disown(pel_of(item));
    structure_free(&stream_host, pel_of(item));
    return true;
}

void pel_seek(const struct tree *pending, struct stream_id id,
              struct tree_place *place)
{
    char key[ID_KEY];

    id_to_key(id, key);
    tree_find(pending, id_score(id), kr_str(key, ID_KEY), NULL, place);
}

/* --- Consumers ----------------------------------------------------------- */

struct consumer *consumer_find(const struct group *group, struct kr_str name)
{
    struct item *item = name_find(&group->consumers, name);

    return item ? consumer_of(item) : NULL;
}

struct consumer *consumer_add(struct group *group, struct kr_str name,
                              int64_t now_ms)
{
    struct consumer *consumer =
        structure_alloc(&stream_host, offsetof(struct consumer, name) +
                                          item_string_room(name.size));

    consumer->seen_ms = now_ms;
    consumer->active_ms = -1;
    consumer->pending = (struct tree){.root = NULL};
    item_string_put(consumer->name, name);
    tree_load(&group->consumers, &stream_host, NAME_SCORE,
              consumer_item(consumer));
    return consumer;
}

static void consumer_free(struct consumer *consumer)
{
    tree_clear_step(&consumer->pending, &stream_host, UINT64_MAX, NULL, NULL);
    structure_free(&stream_host, consumer);
}

void consumer_remove(struct group *group, struct consumer *consumer)
{
    struct tree_place place;
    struct pending *pending;

    /* Its own tree is read, not changed, until it goes as a whole. */
    tree_seek(&consumer->pending, 0, &place);
    while ((pending = pel_next(&place))) {
        pending->owner = NULL;
        tree_erase(&group->pending, &stream_host, pending_score(pending),
                   item_key(pending_item(pending)));
    }
    tree_seek(&consumer->pending, 0, &place);
    while ((pending = pel_next(&place)))
        structure_free(&stream_host, pending);
    tree_erase(&group->consumers, &stream_host, NAME_SCORE,
               consumer_name(consumer));
    consumer_free(consumer);
}

/* --- Groups -------------------------------------------------------------- */

struct group *group_find(const struct tree *groups, struct kr_str name)
{
    struct item *item = groups ? name_find(groups, name) : NULL;

    return item ? group_of(item) : NULL;
}

struct group *group_add(struct tree **groups, struct kr_str name,
                        struct stream_id last, int64_t read)
{
    struct group *group =
        structure_alloc(&stream_host, offsetof(struct group, name) +
                                          item_string_room(name.size));

    *group = (struct group){.last = last, .read = read};
    item_string_put(group->name, name);
    if (!*groups) {
        *groups = structure_alloc(&stream_host, sizeof(**groups));
        **groups = (struct tree){.root = NULL};
    }
    tree_load(*groups, &stream_host, NAME_SCORE, group_item(group));
    return group;
}

void group_remove(struct tree *groups, struct group *group)
{
    tree_erase(groups, &stream_host, NAME_SCORE, group_name(group));
}

static void pending_release(double score, struct item *item, void *ctx)
{
    (void)score;
    (void)ctx;
    structure_free(&stream_host, pel_of(item));
}

static void consumer_release(double score, struct item *item, void *ctx)
{
    (void)score;
    (void)ctx;
    consumer_free(consumer_of(item));
}

void group_free(struct group *group)
{
    tree_clear_step(&group->consumers, &stream_host, UINT64_MAX,
                    consumer_release, NULL);
    tree_clear_step(&group->pending, &stream_host, UINT64_MAX, pending_release,
                    NULL);
    structure_free(&stream_host, group);
}

static void group_release(double score, struct item *item, void *ctx)
{
    (void)score;
    (void)ctx;
    group_free(group_of(item));
}

void groups_free(struct tree *groups)
{
    if (!groups)
        return;
    tree_clear_step(groups, &stream_host, UINT64_MAX, group_release, NULL);
    structure_free(&stream_host, groups);
}

/* --- A copy -------------------------------------------------------------- */

static void group_copy_pending(struct group *copy, struct consumer *owner,
                               const struct consumer *from)
{
    struct tree_place place;
    const struct pending *pending;

    tree_seek(&from->pending, 0, &place);
    while ((pending = pel_next(&place))) {
        struct pending *other = pel_add(copy, owner, pel_id(pending));

        other->delivered_ms = pending->delivered_ms;
        other->count = pending->count;
    }
}

struct tree *groups_copy(const struct tree *groups)
{
    struct tree *copies = NULL;
    struct tree_place place;
    const struct group *group;

    if (!groups)
        return NULL;
    tree_seek(groups, 0, &place);
    while ((group = group_next(&place))) {
        struct group *copy =
            group_add(&copies, group_name(group), group->last, group->read);
        struct tree_place at;
        const struct consumer *consumer;

        tree_seek(&group->consumers, 0, &at);
        while ((consumer = consumer_next(&at))) {
            struct consumer *owner =
                consumer_add(copy, consumer_name(consumer), consumer->seen_ms);

            owner->active_ms = consumer->active_ms;
            group_copy_pending(copy, owner, consumer);
        }
    }
    return copies;
}

/* --- Looking at it ------------------------------------------------------- */

size_t group_memory(const struct group *group)
{
    size_t size = sizeof(*group) + tree_memory(&group->pending) +
                  tree_memory(&group->consumers) +
                  tree_count(&group->pending) * 48;
    struct tree_place place;
    const struct consumer *consumer;

    tree_seek(&group->consumers, 0, &place);
    while ((consumer = consumer_next(&place)))
        size += sizeof(*consumer) + consumer_name(consumer).size + 16 +
                tree_memory(&consumer->pending);
    return size;
}

static const char *consumer_check(const struct group *group,
                                  const struct consumer *consumer)
{
    const char *fault = tree_check(&consumer->pending);
    struct tree_place place;
    const struct pending *pending;

    if (fault)
        return fault;
    tree_seek(&consumer->pending, 0, &place);
    while ((pending = pel_next(&place))) {
        if (pending->owner != consumer)
            return "a pending entry in another consumer's index";
        if (pel_find(group, pel_id(pending)) != pending)
            return "a pending entry that the group does not know";
    }
    return NULL;
}

const char *group_check(const struct group *group)
{
    const char *fault = tree_check(&group->pending);
    struct tree_place place;
    const struct consumer *consumer;
    uint64_t owned = 0;

    if (fault || (fault = tree_check(&group->consumers)))
        return fault;
    tree_seek(&group->consumers, 0, &place);
    while ((consumer = consumer_next(&place))) {
        if ((fault = consumer_check(group, consumer)))
            return fault;
        owned += tree_count(&consumer->pending);
    }
    return owned == tree_count(&group->pending)
               ? NULL
               : "a pending entry without an owner";
}
