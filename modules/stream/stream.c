/* SPDX-License-Identifier: BSD-3-Clause */
/* stream - the module of streams: the type, its parameters, the descriptor.
 *
 *   id.c        ids: order, text           node.c       a run of entries, as bytes
 *   entries.c   a stream in memory         group.c      groups and their consumers
 *   save.c      as bytes and as commands   offer.c      for other modules
 *
 *   value.c     what commands have in common: finding, reading ids, replying
 *   add.c       XADD XDEL XTRIM XSETID     trim.c       the words that trim
 *   range.c     XLEN XRANGE XREVRANGE      read.c       XREAD XREADGROUP
 *   xgroup.c    XGROUP                     claim.c      XACK XCLAIM XAUTOCLAIM
 *   xpending.c  XPENDING                   info.c       XINFO
 *   propagate.c what is journalled instead commands.c   what is known of them */
#include "commands.h"
#include "offer.h"
#include "save.h"
#include "value.h"

#include <kr/block.h>
#include <kr/codec.h>
#include <kr/config.h>
#include <kr/journal.h>
#include <kr/loop.h>
#include <kr/memory.h>

#include "../structure/module_host.h"

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_text);

kr_module *stream_self;
uint16_t stream_type;

int64_t stream_node_max_bytes;
int64_t stream_node_max_entries;

const struct structure_host stream_host = STRUCTURE_HOST(stream_self);

/* --- The type ------------------------------------------------------------ */

#define STREAM_LAYOUT      1
#define STREAM_GROUPS_SEEN 64 /* groups that an estimate looks at */

static void stream_free(void *box)
{
    entries_free(box);
}

static size_t stream_effort(const struct kr_peek *value)
{
    const struct stream *s = value_peek(value);
    size_t effort = 1 + tree_count(&s->nodes);
    const struct group *group;
    struct tree_place at;

    if (!s->groups)
        return effort;
    tree_seek(s->groups, 0, &at);
    for (int i = 0; i < STREAM_GROUPS_SEEN && (group = group_next(&at)); i++)
        effort +=
            1 + tree_count(&group->pending) + tree_count(&group->consumers);
    return effort + tree_count(s->groups);
}

/* Nodes are about alike: some of them tell the size of all. */
static size_t stream_nodes_memory(const struct stream *s, size_t samples)
{
    uint64_t seen = 0;
    struct tree_place at;
    struct tree_entry entry;
    size_t size = 0;

    tree_seek(&s->nodes, 0, &at);
    while ((samples == 0 || seen < samples) && tree_forward(&at, &entry, 1)) {
        size += kr_memory->usable(stream_node_of(entry.item));
        seen++;
    }
    if (seen < tree_count(&s->nodes))
        size = (size_t)((double)size / (double)seen *
                        (double)tree_count(&s->nodes));
    return size + tree_memory(&s->nodes);
}

static size_t stream_memory(const struct kr_peek *value, size_t samples)
{
    const struct stream *s = value_peek(value);
    size_t size = kr_memory->usable(s) + stream_nodes_memory(s, samples);
    const struct group *group;
    struct tree_place at;

    if (!s->groups)
        return size;
    size += sizeof(*s->groups) + tree_memory(s->groups);
    tree_seek(s->groups, 0, &at);
    while ((group = group_next(&at)))
        size += group_memory(group) + group_name(group).size;
    return size;
}

static size_t stream_count(const struct kr_peek *value)
{
    return value_peek(value)->length;
}

static bool stream_copy(const struct kr_peek *value, struct kr_value *out)
{
    out->boxed = true;
    out->meta = value->meta;
    out->box = entries_copy(value_peek(value));
    return true;
}

static const char *stream_encoding(const struct kr_peek *value)
{
    (void)value;
    return "stream";
}

static void stream_digest(const struct kr_peek *value, kr_digest *digest)
{
    struct entries_walk walk;

    entries_begin(&walk, value_peek(value), ID_MIN, ID_MAX, false);
    while (entries_next(&walk)) {
        char text[ID_TEXT];
        size_t size = id_text(walk.entry.id, text);

        *(char *)memchr(text, '-', size) = '.';
        kr_codec->digest_mix(digest, kr_str(text, size));
        while (walk.entry.left > 0) {
            struct listpack_item pair[2];

            stream_node_pair(walk.node, &walk.entry, &pair[0], &pair[1]);
            kr_codec->digest_mix(digest, listpack_item_bytes(&pair[0], text));
            kr_codec->digest_mix(digest, listpack_item_bytes(&pair[1], text));
        }
    }
}

/* A step moves some nodes, in order; the cursor is one more than the number of
 * the next.  Pending entries, which come and go, are left alone. */
static uint64_t stream_defrag(struct kr_peek *value, kr_mover *mover,
                              uint64_t cursor)
{
    struct stream *s = value_peek(value);
    uint64_t at = cursor ? cursor - 1 : 0;
    struct tree_place place;
    struct tree_entry entry;
    void *moved;

    if (cursor == 0 && (moved = kr_codec->move(mover, s))) {
        s = moved;
        memcpy(value->data, &s, sizeof(s));
    }
    tree_seek(&s->nodes, at, &place);
    while (tree_forward(&place, &entry, 1)) {
        if ((moved = kr_codec->move(mover, stream_node_of(entry.item))))
            entries_moved(s, at, moved);
        at++;
        if (kr_codec->move_should_pause(mover))
            return at + 1;
    }
    return 0;
}

static const uint8_t stream_codes[] = {SAVE_CODE_1, SAVE_CODE_2, SAVE_CODE_3};

static const struct kr_type stream_kind = {
    .size = sizeof(struct kr_type),
    .layout = STREAM_LAYOUT,
    .name = "stream",
    .codes = stream_codes,
    .code_count = KR_COUNT(stream_codes),
    .slot = &stream_type,
    .free = stream_free,
    .effort = stream_effort,
    .memory = stream_memory,
    .count = stream_count,
    .copy = stream_copy,
    .encoding = stream_encoding,
    .digest = stream_digest,
    .save = save_write,
    .load = save_read,
    .rewrite = save_rewrite,
    .defrag = stream_defrag,
};

/* --- The descriptor ------------------------------------------------------ */

static const struct kr_param params[] = {
    {.name = "stream-node-max-bytes",
     .type = KR_PARAM_MEMORY,
     .slot = &stream_node_max_bytes,
     .initial = "4096",
     .max = INT64_MAX},
    {.name = "stream-node-max-entries",
     .type = KR_PARAM_INT,
     .slot = &stream_node_max_entries,
     .initial = "100",
     .max = INT64_MAX},
};

/* Who saves or loads values brings the codec; nothing here does. */
static const struct kr_import imports[] = {
    KR_NEED(kr_block),    KR_NEED(kr_calls),   KR_WANT(kr_codec),
    KR_NEED(kr_commands), KR_NEED(kr_journal), KR_NEED(kr_keyspace),
    KR_NEED(kr_loop),     KR_NEED(kr_memory),  KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {{kr_streams_id, &offer_streams}};

static const struct kr_type *const types[] = {&stream_kind};

static const struct kr_carried carried[] = {
    KR_CARRIES(read_wake),        KR_CARRIES(read_wait_free),
    KR_CARRIES(value_waste_work), KR_CARRIES(value_waste_done),
    KR_CARRIES(value_group_work), KR_CARRIES(value_group_done),
};

KR_MODULE(.name = "stream", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Streams: entries in order of their ids, and groups that "
                     "share them out",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &stream_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
          .commands = {stream_commands, STREAM_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .params = KR_ROWS(params), .carried = KR_ROWS(carried));
