/* SPDX-License-Identifier: BSD-3-Clause */
/* save - the bytes, as Redis has them:
 *
 *   stream    nodes, then (id of 16 bytes, listpack) of each
 *             length, last id
 *             first id, highest deleted id, entries added       from code 19 on
 *             groups, then each
 *   group     name, last id, entries read (code 19)
 *             pending, then (id, time, deliveries) of each
 *             consumers, then each
 *   consumer  name, seen time, active time (code 21)
 *             pending, then the id of each
 *
 * Counts, ids of streams and groups are lengths; ids of pending entries are 16
 * raw bytes, the highest first; times are 8 raw bytes, the lowest first.
 *
 * We write code 19, which Redis 7.0 reads as well.  It has no active time: such
 * a consumer was active when it was seen last. */
#include "save.h"

#include <kr/codec.h>
#include <kr/memory.h>

#include "value.h"

#include <endian.h>

/* --- Write --------------------------------------------------------------- */

static void save_id(kr_writer *out, struct stream_id id)
{
    kr_codec->write_uint64(out, id.ms);
    kr_codec->write_uint64(out, id.seq);
}

static void save_time(kr_writer *out, int64_t ms)
{
    uint64_t bytes = htole64((uint64_t)ms);

    kr_codec->write_raw(out, kr_str((const char *)&bytes, sizeof(bytes)));
}

static void save_pending(kr_writer *out, const struct tree *all, bool whole)
{
    const struct pending *pending;
    struct tree_place at;

    kr_codec->write_uint64(out, tree_count(all));
    tree_seek(all, 0, &at);
    while ((pending = pel_next(&at))) {
        kr_codec->write_raw(out, kr_str(pending->key + 1, ID_KEY));
        if (!whole)
            continue;
        save_time(out, pending->delivered_ms);
        kr_codec->write_uint64(out, pending->count);
    }
}

static void save_group(kr_writer *out, const struct group *group)
{
    const struct consumer *consumer;
    struct tree_place at;

    kr_codec->write_string(out, group_name(group));
    save_id(out, group->last);
    kr_codec->write_uint64(out, (uint64_t)group->read);
    save_pending(out, &group->pending, true);
    kr_codec->write_uint64(out, tree_count(&group->consumers));
    tree_seek(&group->consumers, 0, &at);
    while ((consumer = consumer_next(&at))) {
        kr_codec->write_string(out, consumer_name(consumer));
        save_time(out, consumer->seen_ms);
        save_pending(out, &consumer->pending, false);
    }
}

static void save_nodes(kr_writer *out, const struct stream *s)
{
    struct tree_place at;
    struct tree_entry entry;

    kr_codec->write_uint64(out, tree_count(&s->nodes));
    tree_seek(&s->nodes, 0, &at);
    while (tree_forward(&at, &entry, 1)) {
        const struct node *node = stream_node_of(entry.item);

        kr_codec->write_string(out, kr_str(node->key + 1, ID_KEY));
        kr_codec->write_string(out, stream_node_bytes(node));
    }
}

void save_write(const struct kr_peek *value, kr_writer *out)
{
    const struct stream *s = value_peek(value);
    const struct group *group;
    struct tree_place at;

    kr_codec->code(out, SAVE_CODE_2);
    save_nodes(out, s);
    kr_codec->write_uint64(out, s->length);
    save_id(out, s->last);
    save_id(out, s->first);
    save_id(out, s->deleted);
    kr_codec->write_uint64(out, s->added);
    kr_codec->write_uint64(out, groups_count(s->groups));
    if (!s->groups)
        return;
    tree_seek(s->groups, 0, &at);
    while ((group = group_next(&at)))
        save_group(out, group);
}

/* --- Read: all of it may be a lie ---------------------------------------- */

/* A payload on its way in. */
struct load {
    kr_reader *in;
    uint32_t code;
    struct stream *s;
    struct stream_id last; /* live entry so far */
    uint64_t live;
};

static bool load_refuse(struct load *load, const char *reason)
{
    kr_codec->refuse(load->in, reason);
    return false;
}

static bool load_id(struct load *load, struct stream_id *id)
{
    return kr_codec->read_uint64(load->in, &id->ms) &&
           kr_codec->read_uint64(load->in, &id->seq);
}

static bool load_raw_id(struct load *load, struct stream_id *id)
{
    char key[ID_KEY];

    if (!kr_codec->read_raw(load->in, key, sizeof(key)))
        return false;
    *id = id_from_key(key);
    return true;
}

static bool load_time(struct load *load, int64_t *ms)
{
    uint64_t bytes;

    if (!kr_codec->read_raw(load->in, &bytes, sizeof(bytes)))
        return false;
    *ms = (int64_t)le64toh(bytes);
    return true;
}

/* A listpack of entries, checked, as a node; NULL: refused. */
static struct node *load_make_node(struct load *load, struct stream_id id,
                                   struct kr_str bytes)
{
    enum listpack_verdict verdict = listpack_check(bytes);
    struct node *node;
    uint64_t live;
    void *probe;

    if (verdict == LISTPACK_BROKEN || bytes.size > LISTPACK_SIZE_MAX) {
        load_refuse(load, "Stream listpack integrity check failed");
        return NULL;
    }
    probe = kr_memory->try_alloc(stream_self, bytes.size + sizeof(*node));
    kr_memory->free(stream_self, probe);
    if (!probe) {
        load_refuse(load, "not enough memory for a stream");
        return NULL;
    }
    node = stream_node_new(id, bytes.size);
    memcpy(node->listpack, bytes.data, bytes.size);
    if (verdict == LISTPACK_FOREIGN)
        listpack_canonise(node->listpack);
    if (!stream_node_check(id, node->listpack, &live, &load->last)) {
        stream_node_free(node);
        load_refuse(load, "a stream's node holds no entries as it should");
        return NULL;
    }
    load->live += live;
    return node;
}

static bool load_node(struct load *load)
{
    struct kr_str bytes;
    struct stream_id id;
    struct node *node;

    if (!kr_codec->read_string(load->in, &bytes))
        return false;
    if (bytes.size != ID_KEY)
        return load_refuse(load, "a stream's node has no id");
    id = id_from_key(bytes.data);
    if (load->s->tail && (id_compare(id, stream_node_id(load->s->tail)) <= 0 ||
                          id_compare(id, load->last) <= 0))
        return load_refuse(load, "a stream's nodes are not in order");
    if (!kr_codec->read_string(load->in, &bytes))
        return false;
    if (!(node = load_make_node(load, id, bytes)))
        return false;
    entries_add_node(load->s, node);
    return true;
}

static bool load_entries(struct load *load)
{
    struct stream *s = load->s;
    struct stream_id first;
    uint64_t nodes;

    if (!kr_codec->read_uint64(load->in, &nodes))
        return false;
    for (; nodes > 0; nodes--) {
        if (!load_node(load))
            return false;
    }
    if (!kr_codec->read_uint64(load->in, &s->length) ||
        !load_id(load, &s->last))
        return false;
    if (s->length != load->live)
        return load_refuse(load, "a stream's length is not that of its nodes");
    if (s->length > 0 && id_compare(load->last, s->last) > 0)
        return load_refuse(load, "a stream has entries above its last id");
    s->added = s->length;
    /* The first id is found anew, so that it is true. */
    if (load->code != SAVE_CODE_1 &&
        (!load_id(load, &first) || !load_id(load, &s->deleted) ||
         !kr_codec->read_uint64(load->in, &s->added)))
        return false;
    entries_find_first(s);
    return s->added >= s->length ||
           load_refuse(load, "a stream has more entries than were added");
}

static bool load_pending(struct load *load, struct group *group)
{
    uint64_t count;

    if (!kr_codec->read_uint64(load->in, &count))
        return false;
    for (; count > 0; count--) {
        struct pending *pending;
        struct stream_id id;
        int64_t ms;
        uint64_t deliveries;

        if (!load_raw_id(load, &id) || !load_time(load, &ms) ||
            !kr_codec->read_uint64(load->in, &deliveries))
            return false;
        if (pel_find(group, id))
            return load_refuse(load, "an entry of a stream is pending twice");
        pending = pel_add(group, NULL, id);
        pending->delivered_ms = ms;
        pending->count = deliveries;
    }
    return true;
}

static bool load_owned(struct load *load, struct group *group,
                       struct consumer *consumer)
{
    uint64_t count;

    if (!kr_codec->read_uint64(load->in, &count))
        return false;
    for (; count > 0; count--) {
        struct pending *pending;
        struct stream_id id;

        if (!load_raw_id(load, &id))
            return false;
        pending = pel_find(group, id);
        if (!pending || pending->owner)
            return load_refuse(load, "a consumer of a stream has an entry that "
                                     "is not its own");
        pel_assign(pending, consumer);
    }
    return true;
}

static bool load_consumer(struct load *load, struct group *group,
                          uint64_t *owned)
{
    struct consumer *consumer;
    struct kr_str name;

    if (!kr_codec->read_string(load->in, &name))
        return false;
    if (consumer_find(group, name))
        return load_refuse(load, "Duplicate stream consumer detected");
    consumer = consumer_add(group, name, 0);
    if (!load_time(load, &consumer->seen_ms))
        return false;
    consumer->active_ms = consumer->seen_ms;
    if (load->code == SAVE_CODE_3 && !load_time(load, &consumer->active_ms))
        return false;
    if (!load_owned(load, group, consumer))
        return false;
    *owned += tree_count(&consumer->pending);
    return true;
}

static bool load_group(struct load *load)
{
    struct stream *s = load->s;
    uint64_t consumers, read, owned = 0;
    struct stream_id last;
    struct group *group;
    struct kr_str name;

    if (!kr_codec->read_string(load->in, &name))
        return false;
    if (group_find(s->groups, name))
        return load_refuse(load, "a group of a stream is there twice");
    group = group_add(&s->groups, name, ID_MIN, GROUP_READ_UNKNOWN);
    if (!load_id(load, &last))
        return false;
    group->last = last;
    group->read = entries_distance(s, last);
    if (load->code != SAVE_CODE_1) {
        if (!kr_codec->read_uint64(load->in, &read))
            return false;
        group->read = (int64_t)read;
    }
    if (group->read < GROUP_READ_UNKNOWN)
        return load_refuse(load, "a group of a stream has read less than none");
    if (!load_pending(load, group) ||
        !kr_codec->read_uint64(load->in, &consumers))
        return false;
    for (; consumers > 0; consumers--) {
        if (!load_consumer(load, group, &owned))
            return false;
    }
    return owned == tree_count(&group->pending) ||
           load_refuse(load, "a pending entry of a stream has no consumer");
}

bool save_read(kr_reader *in, uint32_t code, uint32_t format,
               struct kr_value *out)
{
    struct load load = {.in = in, .code = code};
    uint64_t groups;
    bool fine;

    (void)format;
    load.s = entries_new();
    fine = load_entries(&load) && kr_codec->read_uint64(in, &groups);
    for (; fine && groups > 0; groups--)
        fine = load_group(&load);
    if (!fine) {
        entries_free(load.s);
        return false;
    }
    out->boxed = true;
    out->box = load.s;
    return true;
}

/* --- Commands ------------------------------------------------------------ */

/* The words of one command; room for a few stands in the struct. */
struct words {
    kr_writer *out;
    struct kr_str *all;
    char (*texts)[2][LISTPACK_TEXT]; /* of numbers */
    size_t room;                     /* pairs */
};

/* XADD of the entry that the walk stands on. */
static void rewrite_entry(struct words *words, struct kr_str key,
                          struct entries_walk *walk)
{
    char id[ID_TEXT];
    size_t pairs = (size_t)walk->entry.fields;
    uint32_t count = 0;

    if (pairs > words->room) {
        structure_free(&stream_host, words->all);
        structure_free(&stream_host, words->texts);
        words->room = 2 * pairs;
        words->all = structure_alloc(&stream_host, (3 + 2 * words->room) *
                                                       sizeof(*words->all));
        words->texts =
            structure_alloc(&stream_host, words->room * sizeof(*words->texts));
    }
    words->all[count++] = KR_STR("XADD");
    words->all[count++] = key;
    words->all[count++] = kr_str(id, id_text(walk->entry.id, id));
    for (size_t i = 0; i < pairs; i++) {
        struct listpack_item field, value;

        stream_node_pair(walk->node, &walk->entry, &field, &value);
        words->all[count++] = listpack_item_bytes(&field, words->texts[i][0]);
        words->all[count++] = listpack_item_bytes(&value, words->texts[i][1]);
    }
    kr_codec->emit(words->out, count, words->all);
}

static void rewrite_entries(kr_writer *out, struct kr_str key,
                            const struct stream *s)
{
    struct words words = {.out = out};
    struct entries_walk walk;

    words.room = 8;
    words.all = structure_alloc(&stream_host,
                                (3 + 2 * words.room) * sizeof(*words.all));
    words.texts =
        structure_alloc(&stream_host, words.room * sizeof(*words.texts));
    entries_begin(&walk, s, ID_MIN, ID_MAX, false);
    while (entries_next(&walk))
        rewrite_entry(&words, key, &walk);
    structure_free(&stream_host, words.all);
    structure_free(&stream_host, words.texts);
}

static void rewrite_ids(kr_writer *out, struct kr_str key,
                        const struct stream *s)
{
    char last[ID_TEXT], deleted[ID_TEXT], added[KR_INT64_TEXT];
    struct kr_str words[] = {
        KR_STR("XSETID"),
        key,
        kr_str(last, id_text(s->last, last)),
        KR_STR("ENTRIESADDED"),
        kr_str(added, kr_text->from_int64((int64_t)s->added, added)),
        KR_STR("MAXDELETEDID"),
        kr_str(deleted, id_text(s->deleted, deleted)),
    };

    kr_codec->emit(out, KR_COUNT(words), words);
}

static void rewrite_pending(kr_writer *out, struct kr_str key,
                            const struct group *group,
                            const struct pending *pending)
{
    char id[ID_TEXT], time[KR_INT64_TEXT], count[KR_INT64_TEXT];
    struct kr_str words[] = {
        KR_STR("XCLAIM"),
        key,
        group_name(group),
        consumer_name(pending->owner),
        KR_STR("0"),
        kr_str(id, id_text(pel_id(pending), id)),
        KR_STR("TIME"),
        kr_str(time, kr_text->from_int64(pending->delivered_ms, time)),
        KR_STR("RETRYCOUNT"),
        kr_str(count, kr_text->from_int64((int64_t)pending->count, count)),
        KR_STR("JUSTID"),
        KR_STR("FORCE"),
    };

    kr_codec->emit(out, KR_COUNT(words), words);
}

static void rewrite_consumer(kr_writer *out, struct kr_str key,
                             const struct group *group,
                             const struct consumer *consumer)
{
    struct kr_str words[] = {KR_STR("XGROUP"), KR_STR("CREATECONSUMER"), key,
                             group_name(group), consumer_name(consumer)};
    const struct pending *pending;
    struct tree_place at;

    if (tree_count(&consumer->pending) == 0)
        kr_codec->emit(out, KR_COUNT(words), words);
    tree_seek(&consumer->pending, 0, &at);
    while ((pending = pel_next(&at)))
        rewrite_pending(out, key, group, pending);
}

static void rewrite_group(kr_writer *out, struct kr_str key,
                          const struct group *group)
{
    char last[ID_TEXT], read[KR_INT64_TEXT];
    struct kr_str words[] = {
        KR_STR("XGROUP"),
        KR_STR("CREATE"),
        key,
        group_name(group),
        kr_str(last, id_text(group->last, last)),
        KR_STR("ENTRIESREAD"),
        kr_str(read, kr_text->from_int64(group->read, read)),
    };
    const struct consumer *consumer;
    struct tree_place at;

    kr_codec->emit(out, KR_COUNT(words), words);
    tree_seek(&group->consumers, 0, &at);
    while ((consumer = consumer_next(&at)))
        rewrite_consumer(out, key, group, consumer);
}

void save_rewrite(const struct kr_peek *value, struct kr_str key,
                  kr_writer *out)
{
    const struct stream *s = value_peek(value);
    const struct group *group;
    struct tree_place at;

    if (s->length > 0) {
        rewrite_entries(out, key, s);
    } else { /* an empty stream is one whose entry is trimmed at once */
        struct kr_str words[] = {
            KR_STR("XADD"), key,         KR_STR("MAXLEN"), KR_STR("0"),
            KR_STR("0-1"),  KR_STR("x"), KR_STR("y"),
        };

        kr_codec->emit(out, KR_COUNT(words), words);
    }
    rewrite_ids(out, key, s);
    if (!s->groups)
        return;
    tree_seek(s->groups, 0, &at);
    while ((group = group_next(&at)))
        rewrite_group(out, key, group);
}
