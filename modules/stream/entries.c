/* SPDX-License-Identifier: BSD-3-Clause */
#include "entries.h"

#include "group.h"
#include "module.h"

#define ENTRIES_BATCH 16 /* nodes looked at together, so that they are near */

/* --- Nodes in the tree --------------------------------------------------- */

static inline struct kr_str entries_key(struct stream_id id, char *key)
{
    id_to_key(id, key);
    return kr_str(key, ID_KEY);
}

static inline double node_score(const struct node *node)
{
    return id_score(stream_node_id(node));
}

void entries_add_node(struct stream *s, struct node *node)
{
    tree_load(&s->nodes, &stream_host, node_score(node),
              stream_node_item(node));
    s->tail = node;
}

/* `next` takes the place of `node`, which goes. */
static void entries_replace(struct stream *s, struct node *node,
                            struct node *next)
{
    if (next == node)
        return;
    tree_replace(&s->nodes, node_score(node), stream_node_item(node),
                 stream_node_item(next));
    if (s->tail == node)
        s->tail = next;
    stream_node_free(node);
}

void entries_moved(struct stream *s, uint64_t position, struct node *node)
{
    tree_replace_at(&s->nodes, position, stream_node_item(node));
    if (position + 1 == tree_count(&s->nodes))
        s->tail = node;
}

static struct node *entries_last_node(const struct stream *s)
{
    struct tree_place place;
    struct tree_entry entry;

    tree_seek(&s->nodes, tree_count(&s->nodes), &place);
    return tree_backward(&place, &entry, 1) ? stream_node_of(entry.item) : NULL;
}

static void entries_drop_node(struct stream *s, struct node *node)
{
    tree_erase(&s->nodes, &stream_host, node_score(node),
               item_key(stream_node_item(node)));
    if (s->tail == node)
        s->tail = entries_last_node(s);
    stream_node_free(node);
}

/* --- The whole ----------------------------------------------------------- */

struct stream *entries_new(void)
{
    struct stream *s = structure_alloc(&stream_host, sizeof(*s));

    *s = (struct stream){.length = 0};
    return s;
}

static void entries_release(double score, struct item *item, void *ctx)
{
    (void)score;
    (void)ctx;
    stream_node_free(stream_node_of(item));
}

void entries_free(struct stream *s)
{
    tree_clear_step(&s->nodes, &stream_host, UINT64_MAX, entries_release, NULL);
    groups_free(s->groups);
    structure_free(&stream_host, s);
}

struct stream *entries_copy(const struct stream *s)
{
    struct stream *copy = entries_new();
    struct tree_place place;
    struct tree_entry entry;

    *copy = *s;
    copy->nodes = (struct tree){.root = NULL};
    copy->tail = NULL;
    tree_seek(&s->nodes, 0, &place);
    while (tree_forward(&place, &entry, 1))
        entries_add_node(copy, stream_node_copy(stream_node_of(entry.item)));
    copy->groups = groups_copy(s->groups);
    return copy;
}

/* --- Read ---------------------------------------------------------------- */

void entries_begin(struct entries_walk *walk, const struct stream *s,
                   struct stream_id from, struct stream_id to, bool back)
{
    struct stream_id id = back ? to : from;
    struct tree_entry entry;
    char key[ID_KEY];
    bool found = tree_find(&s->nodes, id_score(id), entries_key(id, key), NULL,
                           &walk->place);

    walk->from = from;
    walk->to = to;
    walk->back = back;
    walk->node = NULL;
    if (back && found)
        tree_forward(&walk->place, &entry, 1);
    else if (!back && !found)
        tree_backward(&walk->place, &entry, 1);
}

/* To the first entry of the next node that has one. */
static size_t walk_enter(struct entries_walk *walk)
{
    struct tree_entry entry;

    while (walk->back ? tree_backward(&walk->place, &entry, 1)
                      : tree_forward(&walk->place, &entry, 1)) {
        size_t at;

        walk->node = stream_node_of(entry.item);
        stream_node_head(walk->node, &walk->head);
        at = walk->back ? stream_node_before(walk->node, 0)
                        : stream_node_first(walk->node, &walk->head);
        if (KR_LIKELY(at))
            return at;
    }
    return 0;
}

static inline size_t walk_step(struct entries_walk *walk)
{
    size_t at = 0;

    if (KR_LIKELY(walk->node != NULL))
        at = walk->back ? stream_node_before(walk->node, walk->entry.at)
                        : stream_node_next(walk->node, &walk->entry);
    return KR_LIKELY(at) ? at : walk_enter(walk);
}

bool entries_next(struct entries_walk *walk)
{
    size_t at;

    while ((at = walk_step(walk))) {
        stream_node_read(walk->node, &walk->head, at, &walk->entry);
        if (walk->entry.flags & NODE_DEAD)
            continue;
        if (walk->back) {
            if (id_compare(walk->entry.id, walk->to) <= 0)
                return id_compare(walk->entry.id, walk->from) >= 0;
        } else if (id_compare(walk->entry.id, walk->from) >= 0) {
            return id_compare(walk->entry.id, walk->to) <= 0;
        }
    }
    return false;
}

bool entries_find(struct entries_walk *walk, const struct stream *s,
                  struct stream_id id)
{
    entries_begin(walk, s, id, id, false);
    return entries_next(walk);
}

static bool entries_outer(const struct stream *s, bool back,
                          struct stream_id *id)
{
    struct entries_walk walk;

    entries_begin(&walk, s, ID_MIN, ID_MAX, back);
    if (!entries_next(&walk))
        return false;
    *id = walk.entry.id;
    return true;
}

bool entries_last(const struct stream *s, struct stream_id *id)
{
    return s->length > 0 && entries_outer(s, true, id);
}

struct stream_id entries_edge(const struct stream *s)
{
    struct entries_walk walk;
    size_t at;

    entries_begin(&walk, s, ID_MIN, ID_MAX, false);
    at = walk_step(&walk);
    if (at == 0)
        return ID_MAX;
    stream_node_read(walk.node, &walk.head, at, &walk.entry);
    return walk.entry.id;
}

void entries_find_first(struct stream *s)
{
    if (s->length == 0 || !entries_outer(s, false, &s->first))
        s->first = ID_MIN;
}

/* --- Append -------------------------------------------------------------- */

/* Does the tail take the entry?  As Redis counts, so that both make the same
 * nodes: the bytes of the words, without what surrounds them. */
static bool entries_has_room(const struct node *tail, size_t pairs,
                             const struct kr_str *words)
{
    uint64_t most = (uint64_t)stream_node_max_bytes;
    size_t size = listpack_size(tail->listpack);
    struct node_head head;

    if (most == 0 || most > LISTPACK_SIZE_MAX)
        most = LISTPACK_SIZE_MAX;
    for (size_t i = 0; i < 2 * pairs; i++)
        size += words[i].size;
    if (size >= most)
        return false;
    if (stream_node_max_entries == 0)
        return true;
    stream_node_head(tail, &head);
    return head.live + head.dead < stream_node_max_entries;
}

/* After XSETID the next id may be below a node that has only dead entries. */
static void entries_drop_dead_tail(struct stream *s, struct stream_id id)
{
    while (s->tail && id_compare(stream_node_id(s->tail), id) >= 0)
        entries_drop_node(s, s->tail);
}

/* Begin a node.  A stream that has filled one will fill the next. */
static void entries_extend(struct stream *s, struct stream_id id, size_t pairs,
                           const struct kr_str *words)
{
    size_t room = 0;

    if (s->tail) {
        room = listpack_size(s->tail->listpack);
        if (room > 4096)
            room = 4096;
        if (stream_node_is_loose(s->tail))
            entries_replace(s, s->tail, stream_node_copy(s->tail));
    }
    entries_add_node(s, stream_node_begin(id, room, pairs, words));
}

void entries_append(struct stream *s, struct stream_id id, size_t pairs,
                    const struct kr_str *words)
{
    entries_drop_dead_tail(s, id);
    if (KR_LIKELY(s->tail && entries_has_room(s->tail, pairs, words)))
        entries_replace(s, s->tail,
                        stream_node_append(s->tail, id, pairs, words));
    else
        entries_extend(s, id, pairs, words);
    s->length++;
    s->added++;
    s->last = id;
    if (s->length == 1)
        s->first = id;
}

/* --- Delete -------------------------------------------------------------- */

bool entries_delete(struct stream *s, struct stream_id id)
{
    struct entries_walk walk;

    if (!entries_find(&walk, s, id))
        return false;
    if (walk.head.live == 1) {
        entries_drop_node(s, walk.node);
    } else {
        stream_node_bury(walk.node, walk.entry.at, walk.entry.flags);
        entries_replace(s, walk.node,
                        stream_node_set_counts(walk.node, walk.head.live - 1,
                                               walk.head.dead + 1));
    }
    s->length--;
    if (id_compare(id, s->deleted) > 0)
        s->deleted = id;
    if (id_compare(id, s->first) == 0)
        entries_find_first(s);
    return true;
}

/* --- Trim ---------------------------------------------------------------- */

/* The nodes before `cut` go; they have `gone` live entries. */
struct cut {
    uint64_t nodes;
    uint64_t gone;
};

/* Live entries of `count` nodes from number `from` on. */
static uint64_t nodes_live(const struct stream *s, uint64_t from,
                           uint64_t count)
{
    struct tree_entry batch[ENTRIES_BATCH];
    struct tree_place place;
    uint64_t live = 0;

    tree_seek(&s->nodes, from, &place);
    while (count > 0) {
        size_t got = tree_forward(
            &place, batch, count < ENTRIES_BATCH ? count : ENTRIES_BATCH);

        if (got == 0)
            break;
        for (size_t i = 0; i < got; i++) {
            struct node_head head;

            stream_node_head(stream_node_of(batch[i].item), &head);
            live += (uint64_t)head.live;
        }
        count -= got;
    }
    return live;
}

/* From the first node on: while a node can go, and the limit allows. */
static struct cut cut_forward(const struct stream *s,
                              const struct entries_trim *how)
{
    struct cut cut = {0, 0};
    struct tree_entry batch[ENTRIES_BATCH];
    struct tree_place place;
    size_t got;

    tree_seek(&s->nodes, 0, &place);
    while ((got = tree_forward(&place, batch, ENTRIES_BATCH)) > 0) {
        for (size_t i = 0; i < got; i++) {
            struct node *node = stream_node_of(batch[i].item);
            uint64_t left = s->length - cut.gone;
            struct node_head head;
            struct stream_id last;

            stream_node_head(node, &head);
            if (how->limit && cut.gone + (uint64_t)head.live > how->limit)
                return cut;
            if (how->by_id) {
                if (stream_node_last_id(node, &last) &&
                    id_compare(last, how->id) >= 0)
                    return cut;
            } else if (left <= how->length ||
                       left - (uint64_t)head.live < how->length) {
                return cut;
            }
            cut.nodes++;
            cut.gone += (uint64_t)head.live;
        }
    }
    return cut;
}

/* From the last node on: as many as have the entries that stay. */
static struct cut cut_backward(const struct stream *s, uint64_t length)
{
    struct cut cut = {tree_count(&s->nodes), s->length};
    struct tree_entry batch[ENTRIES_BATCH];
    struct tree_place place;
    uint64_t kept = 0;
    size_t got;

    tree_seek(&s->nodes, cut.nodes, &place);
    while ((got = tree_backward(&place, batch, ENTRIES_BATCH)) > 0) {
        for (size_t i = 0; i < got; i++) {
            struct node_head head;

            stream_node_head(stream_node_of(batch[i].item), &head);
            if (kept >= length && (kept > length || head.live > 0))
                goto done;
            kept += (uint64_t)head.live;
            cut.nodes--;
        }
    }
done:
    cut.gone = s->length - kept;
    return cut;
}

/* Where nodes are known to go by their ids, only entries must be counted, on
 * the side that has fewer nodes. */
static struct cut cut_by_id(const struct stream *s, struct stream_id id)
{
    struct cut cut = {0, 0};
    struct tree_place place;
    struct tree_entry entry;
    struct stream_id last;
    char key[ID_KEY];

    tree_find(&s->nodes, id_score(id), entries_key(id, key), &cut.nodes,
              &place);
    if (cut.nodes > 0 && tree_backward(&place, &entry, 1) &&
        stream_node_last_id(stream_node_of(entry.item), &last) &&
        id_compare(last, id) >= 0)
        cut.nodes--;
    if (cut.nodes <= tree_count(&s->nodes) / 2)
        cut.gone = nodes_live(s, 0, cut.nodes);
    else
        cut.gone = s->length - nodes_live(s, cut.nodes, UINT64_MAX);
    return cut;
}

static struct cut entries_find_cut(const struct stream *s,
                                   const struct entries_trim *how)
{
    if (!how->by_id && s->length <= how->length)
        return (struct cut){0, 0};
    if (how->limit)
        return cut_forward(s, how);
    if (how->by_id)
        return cut_by_id(s, how->id);
    return s->length - how->length < how->length ? cut_forward(s, how)
                                                 : cut_backward(s, how->length);
}

static void waste_add(double score, struct item *item, void *ctx)
{
    struct waste *waste = ctx;

    (void)score;
    waste->nodes[waste->count++] = stream_node_of(item);
}

/* Take the nodes out of the tree, without a look at them. */
static void entries_cut(struct stream *s, uint64_t nodes, struct waste *waste)
{
    if (nodes == 0)
        return;
    if (nodes == tree_count(&s->nodes)) {
        waste->tree = s->nodes;
        s->nodes = (struct tree){.root = NULL};
        s->tail = NULL;
        return;
    }
    waste->nodes = structure_alloc(&stream_host, nodes * sizeof(struct node *));
    tree_erase_range(&s->nodes, &stream_host, 0, nodes, waste_add, waste);
}

/* Bury entries of the first node. */
static uint64_t entries_trim_node(struct stream *s,
                                  const struct entries_trim *how)
{
    struct node_head head;
    struct node_entry entry;
    struct tree_entry first;
    struct tree_place place;
    struct node *node;
    int64_t buried = 0;

    tree_seek(&s->nodes, 0, &place);
    if (tree_forward(&place, &first, 1) == 0)
        return 0;
    node = stream_node_of(first.item);
    stream_node_head(node, &head);
    for (size_t at = stream_node_first(node, &head); at;
         at = stream_node_next(node, &entry)) {
        stream_node_read(node, &head, at, &entry);
        if (how->by_id ? id_compare(entry.id, how->id) >= 0
                       : s->length - (uint64_t)buried <= how->length)
            break;
        if (entry.flags & NODE_DEAD)
            continue;
        stream_node_bury(node, at, entry.flags);
        buried++;
    }
    if (buried > 0)
        entries_replace(s, node,
                        stream_node_set_counts(node, head.live - buried,
                                               head.dead + buried));
    s->length -= (uint64_t)buried;
    return (uint64_t)buried;
}

uint64_t entries_trim(struct stream *s, const struct entries_trim *how,
                      struct waste *waste)
{
    struct cut cut = entries_find_cut(s, how);
    uint64_t gone = cut.gone;

    *waste = (struct waste){.nodes = NULL};
    entries_cut(s, cut.nodes, waste);
    s->length -= cut.gone;
    if (!how->whole)
        gone += entries_trim_node(s, how);
    if (gone > 0)
        entries_find_first(s);
    return gone;
}

void waste_free(struct waste *waste)
{
    tree_clear_step(&waste->tree, &stream_host, UINT64_MAX, entries_release,
                    NULL);
    for (size_t i = 0; i < waste->count; i++)
        stream_node_free(waste->nodes[i]);
    if (waste->nodes)
        structure_free(&stream_host, waste->nodes);
}

/* --- Looking at it ------------------------------------------------------- */

int64_t entries_distance(const struct stream *s, struct stream_id id)
{
    int with_last = id_compare(id, s->last);
    int with_first = id_compare(id, s->first);

    if (s->added == 0)
        return 0;
    if (with_last == 0 || (s->length == 0 && with_last < 0))
        return (int64_t)s->added;
    if (with_last > 0 || with_first > 0)
        return -1;
    if (!id_is_zero(s->deleted) && id_compare(s->deleted, s->first) >= 0)
        return -1;
    return (int64_t)(s->added - s->length) + (with_first == 0);
}

bool entries_has_gaps(const struct stream *s, struct stream_id id)
{
    return s->length > 0 && !id_is_zero(s->deleted) &&
           id_compare(s->first, s->deleted) <= 0 &&
           id_compare(id, s->deleted) <= 0;
}

const char *entries_check(const struct stream *s)
{
    const char *fault = tree_check(&s->nodes);
    struct stream_id last = ID_MIN;
    struct tree_place place;
    struct tree_entry entry;
    struct node *node = NULL;
    uint64_t length = 0;

    if (fault)
        return fault;
    tree_seek(&s->nodes, 0, &place);
    while (tree_forward(&place, &entry, 1)) {
        struct kr_str bytes;
        uint64_t live;

        node = stream_node_of(entry.item);
        bytes = stream_node_bytes(node);
        if (bytes.size > node->room)
            return "a node beyond its room";
        if (listpack_check(bytes) != LISTPACK_SOUND)
            return "a node that is no listpack";
        if (length > 0 && id_compare(stream_node_id(node), last) <= 0)
            return "a node that begins within another";
        if (!stream_node_check(stream_node_id(node), node->listpack, &live,
                               &last))
            return "a node whose entries are not sound";
        length += live;
    }
    if (node != s->tail)
        return "a tail that is not the last node";
    if (length != s->length)
        return "a wrong count of entries";
    if (length > 0 && id_compare(last, s->last) > 0)
        return "an entry above the last id";
    return NULL;
}
