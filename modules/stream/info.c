/* SPDX-License-Identifier: BSD-3-Clause */
/* info - XINFO: what is known of a stream, its groups and their consumers. */
#include "commands.h"
#include "value.h"

#define INFO_COUNT     10    /* entries in FULL, when COUNT is not given */
#define INFO_NODES_MAX 16384 /* nodes that are looked at to tell their number */

/* The stream of argument 2; NULL: the error is replied. */
static const struct stream *info_stream(struct kr_call *call)
{
    bool wrong;
    const struct stream *s = value_find(call, 2, KR_FIND_READ, &wrong);

    if (!s && !wrong)
        kr_reply_error(call->reply, KR_ERR_NO_KEY);
    return s;
}

static void info_number(struct kr_reply *reply, const char *name,
                        int64_t number)
{
    value_reply_word(reply, name);
    kr_reply_int64(reply, number);
}

static void info_id(struct kr_reply *reply, const char *name,
                    struct stream_id id)
{
    value_reply_word(reply, name);
    value_reply_id(reply, id);
}

static void info_bytes(struct kr_reply *reply, const char *name,
                       struct kr_str bytes)
{
    value_reply_word(reply, name);
    kr_reply_bulk(reply, bytes);
}

/* --- The index as a radix tree ------------------------------------------- */

static size_t info_common(const char *a, const char *b)
{
    size_t size = 0;

    while (size < ID_KEY && a[size] == b[size])
        size++;
    return size;
}

/* Redis tells how many nodes its radix tree over the node's ids has, and here is
 * the number that it would have.  Such a tree has a node where keys part, one
 * for each run of bytes between such places, and one at the end of each key.
 * Keys come in order; where they part from the key before is kept in a stack of
 * the places on the way to the current one. */
struct radix {
    uint64_t nodes;
    size_t parts[ID_KEY + 1]; /* depths of places where keys part */
    size_t depth;             /* how many */
    char last[ID_KEY];
    bool begun;
};

/* Is there a run of bytes below the place at `from`, up to `to`? */
static void radix_run(struct radix *radix, bool is_root, size_t from, size_t to)
{
    radix->nodes += is_root ? to > 0 : to > from + 1;
}

static void radix_add(struct radix *radix, const char *key)
{
    size_t common, below = ID_KEY;

    if (!radix->begun) {
        radix->begun = true;
        memcpy(radix->last, key, ID_KEY);
        radix->nodes++;
        return;
    }
    common = info_common(radix->last, key);
    memcpy(radix->last, key, ID_KEY);
    /* Places deeper than the parting are done with: the runs above them are
     * known now. */
    while (radix->depth > 0 && radix->parts[radix->depth - 1] > common) {
        size_t place = radix->parts[--radix->depth];

        radix_run(radix, false, place, below);
        below = place;
    }
    if (radix->depth == 0 || radix->parts[radix->depth - 1] < common) {
        radix_run(radix, false, common, below);
        radix->parts[radix->depth++] = common;
        radix->nodes++;
    } else {
        radix_run(radix, false, common, below);
    }
    radix->nodes++;
}

static uint64_t radix_end(struct radix *radix)
{
    size_t below = ID_KEY;

    if (!radix->begun)
        return 1;
    while (radix->depth > 0) {
        size_t place = radix->parts[--radix->depth];

        radix_run(radix, false, place, below);
        below = place;
    }
    radix_run(radix, true, 0, below);
    return radix->nodes;
}

/* O(nodes) up to INFO_NODES_MAX; of more it is an estimate. */
static uint64_t info_radix_nodes(const struct stream *s)
{
    struct radix radix = {.nodes = 0};
    uint64_t count = tree_count(&s->nodes), seen = 0, nodes;
    struct tree_entry batch[16];
    struct tree_place place;
    size_t got;

    tree_seek(&s->nodes, 0, &place);
    while (seen < INFO_NODES_MAX &&
           (got = tree_forward(&place, batch, KR_COUNT(batch))) > 0) {
        for (size_t i = 0; i < got; i++)
            radix_add(&radix, stream_node_of(batch[i].item)->key + 1);
        seen += got;
    }
    nodes = radix_end(&radix);
    return seen == count
               ? nodes
               : (uint64_t)((double)nodes * (double)count / (double)seen);
}

/* --- Groups -------------------------------------------------------------- */

/* How many entries a group has not read; null where deletions have made that
 * unknowable. */
static void info_lag(struct kr_reply *reply, const struct stream *s,
                     const struct group *group)
{
    int64_t read = group->read;

    value_reply_word(reply, "lag");
    if (s->added == 0)
        read = 0;
    else if (read == GROUP_READ_UNKNOWN || entries_has_gaps(s, group->last))
        read = entries_distance(s, group->last);
    if (read == GROUP_READ_UNKNOWN)
        kr_reply_null(reply);
    else
        kr_reply_int64(reply, (int64_t)(s->added - (uint64_t)read));
}

static void info_entries_read(struct kr_reply *reply, const struct group *group)
{
    value_reply_word(reply, "entries-read");
    if (group->read == GROUP_READ_UNKNOWN)
        kr_reply_null(reply);
    else
        kr_reply_int64(reply, group->read);
}

void stream_xinfo_groups(struct kr_call *call)
{
    const struct stream *s = info_stream(call);
    struct kr_reply *reply = call->reply;
    const struct group *group;
    struct tree_place at = {NULL, 0};

    if (!s)
        return;
    kr_reply_array(reply, groups_count(s->groups));
    if (s->groups)
        tree_seek(s->groups, 0, &at);
    while (s->groups && (group = group_next(&at))) {
        kr_reply_map(reply, 6);
        info_bytes(reply, "name", group_name(group));
        info_number(reply, "consumers", (int64_t)tree_count(&group->consumers));
        info_number(reply, "pending", (int64_t)tree_count(&group->pending));
        info_id(reply, "last-delivered-id", group->last);
        info_entries_read(reply, group);
        info_lag(reply, s, group);
    }
}

void stream_xinfo_consumers(struct kr_call *call)
{
    const struct stream *s = info_stream(call);
    struct kr_reply *reply = call->reply;
    const struct consumer *consumer;
    const struct group *group;
    struct tree_place at;

    if (!s)
        return;
    if (!(group = group_find(s->groups, call->argv[3]))) {
        kr_reply_errorf(reply,
                        "NOGROUP No such consumer group '%.*s' for key name "
                        "'%.*s'",
                        KR_QUOTE(call->argv[3], 400),
                        KR_QUOTE(call->argv[2], 400));
        return;
    }
    kr_reply_array(reply, tree_count(&group->consumers));
    tree_seek(&group->consumers, 0, &at);
    while ((consumer = consumer_next(&at))) {
        int64_t idle_ms = call->now_ms - consumer->seen_ms;
        int64_t inactive_ms = call->now_ms - consumer->active_ms;

        kr_reply_map(reply, 4);
        info_bytes(reply, "name", consumer_name(consumer));
        info_number(reply, "pending", (int64_t)tree_count(&consumer->pending));
        info_number(reply, "idle", idle_ms < 0 ? 0 : idle_ms);
        info_number(reply, "inactive",
                    consumer->active_ms < 0 ? -1
                    : inactive_ms < 0       ? 0
                                            : inactive_ms);
    }
}

/* --- STREAM FULL --------------------------------------------------------- */

static void info_reply_times(struct kr_reply *reply,
                             const struct pending *pending)
{
    kr_reply_int64(reply, pending->delivered_ms);
    kr_reply_int64(reply, (int64_t)pending->count);
}

/* Up to `count` (0: all) pending entries, with their owners if `owners`. */
static void info_pending(struct kr_reply *reply, const struct tree *all,
                         uint64_t count, bool owners)
{
    uint64_t most = tree_count(all);
    const struct pending *pending;
    struct tree_place at;

    info_number(reply, "pel-count", (int64_t)most);
    value_reply_word(reply, "pending");
    if (count && most > count)
        most = count;
    kr_reply_array(reply, most);
    tree_seek(all, 0, &at);
    while (most-- > 0 && (pending = pel_next(&at))) {
        kr_reply_array(reply, owners ? 4 : 3);
        value_reply_id(reply, pel_id(pending));
        if (owners)
            kr_reply_bulk(reply, consumer_name(pending->owner));
        info_reply_times(reply, pending);
    }
}

static void info_consumers(struct kr_reply *reply, const struct group *group,
                           uint64_t count)
{
    const struct consumer *consumer;
    struct tree_place at;

    value_reply_word(reply, "consumers");
    kr_reply_array(reply, tree_count(&group->consumers));
    tree_seek(&group->consumers, 0, &at);
    while ((consumer = consumer_next(&at))) {
        kr_reply_map(reply, 5);
        info_bytes(reply, "name", consumer_name(consumer));
        info_number(reply, "seen-time", consumer->seen_ms);
        info_number(reply, "active-time", consumer->active_ms);
        info_pending(reply, &consumer->pending, count, false);
    }
}

static void info_groups(struct kr_reply *reply, const struct stream *s,
                        uint64_t count)
{
    const struct group *group;
    struct tree_place at = {NULL, 0};

    value_reply_word(reply, "groups");
    kr_reply_array(reply, groups_count(s->groups));
    if (s->groups)
        tree_seek(s->groups, 0, &at);
    while (s->groups && (group = group_next(&at))) {
        kr_reply_map(reply, 7);
        info_bytes(reply, "name", group_name(group));
        info_id(reply, "last-delivered-id", group->last);
        info_entries_read(reply, group);
        info_lag(reply, s, group);
        info_pending(reply, &group->pending, count, true);
        info_consumers(reply, group, count);
    }
}

/* --- STREAM -------------------------------------------------------------- */

/* The first or the last entry. */
static void info_outer(struct kr_reply *reply, const struct stream *s,
                       const char *name, bool back)
{
    struct entries_walk walk;

    value_reply_word(reply, name);
    entries_begin(&walk, s, ID_MIN, ID_MAX, back);
    if (entries_next(&walk))
        value_reply_entry(reply, &walk);
    else
        kr_reply_null(reply);
}

/* FULL [COUNT count]; false: the error is replied. */
static bool info_parse(struct kr_call *call, bool *full, int64_t *count)
{
    *full = call->argc > 3;
    *count = INFO_COUNT;
    if (!*full)
        return true;
    if ((call->argc != 4 && call->argc != 6) || !kr_arg_is(call, 3, "FULL") ||
        (call->argc == 6 && !kr_arg_is(call, 4, "COUNT"))) {
        kr_refuse_subcommand(call, "XINFO");
        return false;
    }
    if (call->argc == 6 && !kr_arg_int64(call, 5, count))
        return false;
    if (*count < 0)
        *count = INFO_COUNT;
    return true;
}

void stream_xinfo_stream(struct kr_call *call)
{
    const struct stream *s = info_stream(call);
    struct kr_reply *reply = call->reply;
    int64_t count;
    bool full;

    if (!s || !info_parse(call, &full, &count))
        return;
    kr_reply_map(reply, full ? 9 : 10);
    info_number(reply, "length", (int64_t)s->length);
    info_number(reply, "radix-tree-keys", (int64_t)tree_count(&s->nodes));
    info_number(reply, "radix-tree-nodes", (int64_t)info_radix_nodes(s));
    info_id(reply, "last-generated-id", s->last);
    info_id(reply, "max-deleted-entry-id", s->deleted);
    info_number(reply, "entries-added", (int64_t)s->added);
    info_id(reply, "recorded-first-entry-id", s->first);
    if (full) {
        value_reply_word(reply, "entries");
        value_reply_range(reply, s, ID_MIN, ID_MAX, false, (uint64_t)count);
        info_groups(reply, s, (uint64_t)count);
    } else {
        info_number(reply, "groups", (int64_t)groups_count(s->groups));
        info_outer(reply, s, "first-entry", false);
        info_outer(reply, s, "last-entry", true);
    }
}

void stream_xinfo_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "CONSUMERS <key> <group>",
        "    The consumers of a group.",
        "GROUPS <key>",
        "    The groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]]",
        "    A stream in figures; FULL: with entries, groups and consumers.",
    };

    kr_reply_help(call, "XINFO", lines, KR_COUNT(lines));
}
