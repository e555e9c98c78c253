/* SPDX-License-Identifier: BSD-3-Clause */
/* group - consumer groups: who was given which entry and has not acknowledged.
 *
 *   struct stream
 *   groups -+--> tree of groups, by name
 *                  |
 *                  v
 *                struct group                        struct consumer
 *                +------+------+---------+-----------+      +------+---------+
 *                | last | read | pending | consumers-+----> | seen | pending |
 *                +------+------+----|----+-----------+ by   +------+----|----+
 *                                   |                  name             |
 *                     by id         v                       by id       v
 *                +-------------+-------------+           +-------------+
 *                | 7-0         | 9-0         |           | 9-0         |
 *                +------|------+------|------+           +------|------+
 *                       v             v                         |
 *                    pending     struct pending <---------------'
 *                                +-------+-----------+-------+----+
 *                                | owner | delivered | count | id |
 *                                +-------+-----------+-------+----+
 *
 * One struct pending, of 41 bytes, is what both indexes point to: it is in the
 * group's and in its owner's, always.  All four structs end in their name or id
 * as an item of structure/item.h, which is what trees hold; the struct is what
 * stands before it.
 *
 * Costs: everything is O(log n) in the group's pending entries; some 90 bytes
 * for each of them. */
#ifndef STREAM_GROUP_H
#define STREAM_GROUP_H

#include <kr/base.h>

#include "../structure/tree.h"
#include "id.h"

#define GROUP_READ_UNKNOWN (-1) /* how many entries the group has read */

struct group {
    struct stream_id last; /* the last entry that was given to anyone */
    int64_t read;          /* entries up to that one, or GROUP_READ_UNKNOWN */
    struct tree pending;
    struct tree consumers;
    char name[];
};

struct consumer {
    int64_t seen_ms;   /* when it last asked for something */
    int64_t active_ms; /* when it last got something; -1: never */
    struct tree pending;
    char name[];
};

struct pending {
    struct consumer *owner;
    int64_t delivered_ms;
    uint64_t count; /* deliveries */
    char key[1 + ID_KEY];
};

static inline struct group *group_of(const struct item *item)
{
    return (struct group *)((uintptr_t)item - offsetof(struct group, name));
}

static inline struct consumer *consumer_of(const struct item *item)
{
    return (struct consumer *)((uintptr_t)item -
                               offsetof(struct consumer, name));
}

static inline struct pending *pel_of(const struct item *item)
{
    return (struct pending *)((uintptr_t)item - offsetof(struct pending, key));
}

static inline struct kr_str group_name(const struct group *group)
{
    return item_string(group->name);
}

static inline struct kr_str consumer_name(const struct consumer *consumer)
{
    return item_string(consumer->name);
}

static inline struct stream_id pel_id(const struct pending *pending)
{
    return id_from_key(pending->key + 1);
}

/* --- Groups -------------------------------------------------------------- */

static inline uint64_t groups_count(const struct tree *groups)
{
    return groups ? tree_count(groups) : 0;
}

/* NULL: there is none of that name.  `groups` may be NULL. */
struct group *group_find(const struct tree *groups, struct kr_str name);

/* A new group, of a name that is not there; makes *groups if need be. */
struct group *group_add(struct tree **groups, struct kr_str name,
                        struct stream_id last, int64_t read);

/* Take it out of the tree; the caller frees it. */
void group_remove(struct tree *groups, struct group *group);
void group_free(struct group *group);

void groups_free(struct tree *groups);
struct tree *groups_copy(const struct tree *groups);

/* --- Consumers ----------------------------------------------------------- */

struct consumer *consumer_find(const struct group *group, struct kr_str name);
struct consumer *consumer_add(struct group *group, struct kr_str name,
                              int64_t now_ms);
/* With all that it has pending. */
void consumer_remove(struct group *group, struct consumer *consumer);

/* --- Pending entries ----------------------------------------------------- */

struct pending *pel_find(const struct group *group, struct stream_id id);

/* A new one, of an id that is not pending; `owner` NULL, while loading: it is
 * given one by pel_assign(). */
struct pending *pel_add(struct group *group, struct consumer *owner,
                        struct stream_id id);
void pel_assign(struct pending *pending, struct consumer *owner);
/* Remove the entry of that id; false: it is not pending. */
bool pel_remove(struct group *group, struct stream_id id);

/* The gap before the first one at or behind `id`: for tree_forward(). */
void pel_seek(const struct tree *pending, struct stream_id id,
              struct tree_place *place);

/* The next one from the gap on; NULL at the end. */
static inline struct pending *pel_next(struct tree_place *place)
{
    struct tree_entry entry;

    return tree_forward(place, &entry, 1) ? pel_of(entry.item) : NULL;
}

/* The next of a tree of groups or consumers; NULL at the end. */
static inline struct group *group_next(struct tree_place *place)
{
    struct tree_entry entry;

    return tree_forward(place, &entry, 1) ? group_of(entry.item) : NULL;
}

static inline struct consumer *consumer_next(struct tree_place *place)
{
    struct tree_entry entry;

    return tree_forward(place, &entry, 1) ? consumer_of(entry.item) : NULL;
}

/* --- Looking at it ------------------------------------------------------- */

/* Bytes of a group with all that belongs to it, from its numbers. */
size_t group_memory(const struct group *group);

/* NULL, or the invariant that does not hold.  O(pending log pending). */
const char *group_check(const struct group *group);

#endif
