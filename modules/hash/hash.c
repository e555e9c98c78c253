/* SPDX-License-Identifier: BSD-3-Clause */
/* hash - the module of hashes: the type, what it offers to others, and the
 * descriptor.
 *
 *   value.c    a hash in memory: a listpack, or a table
 *   fields.c   the table, and the order in which its fields expire
 *   get.c      single fields             all.c      whole hashes
 *   set.c      HSET, HDEL                number.c   HINCRBY and its kin
 *   random.c   HRANDFIELD                scan.c     HSCAN
 *   expire.c   HEXPIRE, HTTL, HPERSIST   due.c      how fields expire
 *   saved.c    hashes in files           offered.c  hashes for other modules
 *   commands.c what is known of the commands: arity, keys, arguments
 *
 * A handler looks up (value_find), works on the cell, tells of the change
 * (value_changed) and replies. */
#include "commands.h"
#include "due.h"
#include "module.h"
#include "offered.h"
#include "saved.h"
#include "value.h"

#include <kr/client.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/journal.h>
#include <kr/loop.h>

#include "../structure/module_host.h"

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_text);

kr_module *hash_self;
const struct structure_host hash_host = STRUCTURE_HOST(hash_self);

/* --- The type ------------------------------------------------------------ */

static void hash_free(void *box)
{
    if (value_box_is_table(box))
        fields_free(value_box_fields(box), &hash_host);
    else
        packed_free(hash_self, box);
}

static size_t hash_effort(const struct kr_peek *value)
{
    return value->meta == VALUE_TABLE ? value_total(value) : 1;
}

/* --- Memory -------------------------------------------------------------- */

struct weigh {
    size_t left; /* items to look at */
    size_t seen;
    size_t bytes;
};

static bool weigh_item(struct item *item, void *ctx)
{
    struct weigh *weigh = ctx;

    weigh->seen++;
    weigh->bytes += kr_memory->usable(item);
    return --weigh->left > 0;
}

static size_t hash_memory(const struct kr_peek *value, size_t samples)
{
    struct weigh weigh = {samples ? samples : SIZE_MAX, 0, 0};
    struct fields *fields;

    if (value->meta != VALUE_TABLE)
        return packed_memory(value);
    fields = value_peek_fields(value);
    htable_each(&fields->table, &hash_host, weigh_item, &weigh);
    if (weigh.seen > 0)
        weigh.bytes = (size_t)((double)weigh.bytes / (double)weigh.seen *
                               (double)fields_count(fields));
    return fields_memory(fields) + weigh.bytes;
}

/* --- The rest ------------------------------------------------------------ */

static bool hash_copy(const struct kr_peek *value, struct kr_value *out)
{
    if (value->meta != VALUE_TABLE)
        return packed_copy(hash_self, value, out);
    out->boxed = true;
    out->meta = VALUE_TABLE;
    out->box = value_box(fields_copy(value_peek_fields(value), &hash_host));
    return true;
}

static const char *hash_encoding(const struct kr_peek *value)
{
    static const char *const words[] = {"listpack", "listpackex", "hashtable"};

    return words[value->meta];
}

/* A packed one is one block; a table is moved an item after the other, a step
 * of the scan at a time. */
struct move {
    struct fields *fields;
    kr_mover *mover;
};

static bool move_item(struct item *item, void *ctx)
{
    const struct move *move = ctx;

    fields_move(move->fields, &hash_host, item, kr_codec->move, move->mover);
    return true;
}

static uint64_t hash_defrag(struct kr_peek *value, kr_mover *mover,
                            uint64_t cursor)
{
    struct move move = {.mover = mover};
    void *moved;

    if (!value->boxed)
        return 0;
    if (value->meta != VALUE_TABLE) {
        if ((moved = kr_codec->move(mover, packed_peek(value))))
            memcpy(value->data, &moved, sizeof(moved));
        return 0;
    }
    move.fields = value_peek_fields(value);
    do {
        cursor = htable_scan(&move.fields->table, &hash_host, cursor, move_item,
                             &move);
    } while (cursor != 0 && !kr_codec->move_should_pause(mover));
    return cursor;
}

static const struct kr_type hash_type = {
    .size = sizeof(struct kr_type),
    .layout = VALUE_LAYOUT,
    .name = "hash",
    .codes = saved_codes,
    .code_count = SAVED_CODE_COUNT,
    .slot = &value_type,
    .free = hash_free,
    .effort = hash_effort,
    .memory = hash_memory,
    .count = value_total,
    .copy = hash_copy,
    .encoding = hash_encoding,
    .digest = saved_digest,
    .save = saved_save,
    .load = saved_load,
    .rewrite = saved_rewrite,
    .defrag = hash_defrag,
    .unlink = due_unlink,
    .link = due_link,
    .file_version = due_file_version,
};

/* --- Life ---------------------------------------------------------------- */

static kr_status hash_create(kr_module *self, const struct kr_load_args *args,
                             void **state)
{
    (void)args;
    *state = due_new(self);
    return KR_OK;
}

static void hash_activate(kr_module *self, void *state)
{
    (void)self;
    due_start(state);
}

static void hash_destroy(kr_module *self, void *state)
{
    (void)self;
    due_free(state);
}

static kr_status hash_takeover(kr_module *self, void *state,
                               const struct kr_handover *in)
{
    (void)self;
    due_move(state, in->state);
    return KR_OK;
}

/* --- The descriptor ------------------------------------------------------ */

/* Who saves or loads values brings the codec; nothing here does. */
static const struct kr_import imports[] = {
    KR_NEED(kr_calls),    KR_NEED(kr_clients), KR_WANT(kr_codec),
    KR_NEED(kr_commands), KR_NEED(kr_events),  KR_NEED(kr_journal),
    KR_NEED(kr_keyspace), KR_NEED(kr_loop),    KR_NEED(kr_memory),
    KR_NEED(kr_modules),  KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {{kr_hashes_id, &hash_values}};

static const struct kr_type *const types[] = {&hash_type};

static const struct kr_param params[] = {
    {.name = "hash-max-listpack-entries",
     .alias = "hash-max-ziplist-entries",
     .type = KR_PARAM_INT,
     .slot = &value_max_entries,
     .initial = "512",
     .max = INT64_MAX},
    {.name = "hash-max-listpack-value",
     .alias = "hash-max-ziplist-value",
     .type = KR_PARAM_MEMORY,
     .slot = &value_max_bytes,
     .initial = "64",
     .max = INT64_MAX},
};

static const struct kr_carried carried[] = {
    KR_CARRIES(due_rubbish_clear),
    KR_CARRIES(due_rubbish_done),
};

KR_MODULE(.name = "hash", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Hashes: fields with values, some of which expire",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &hash_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
          .params = KR_ROWS(params),
          .commands = {hash_commands, HASH_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .create = hash_create, .activate = hash_activate,
          .destroy = hash_destroy, .layout = DUE_LAYOUT,
          .takeover = hash_takeover, .carried = KR_ROWS(carried));
