/* SPDX-License-Identifier: BSD-3-Clause */
/* set - the module of sets: what it offers to others, and the descriptor.
 *
 *   value.c    a set in memory: intset, listpack, table of items
 *   member.h   a member on its way in or out: number, bytes, hash
 *   gather.c   a set in the making, of members that come one by one
 *   type.c     what the host does with sets: save, load, copy, free
 *   members.c  SADD, SREM, SMOVE and what asks about members
 *   random.c   SPOP, SRANDMEMBER            scan.c   SSCAN
 *   inter.c union.c diff.c                  over sources.c, the sets they read
 *   commands.c what is known of the commands: arity, keys, arguments
 *
 * Reading several sets goes by batches: members of one set are read together,
 * hashed once each, and what the next table must read for them is fetched ahead
 * of the first look. */
#include "commands.h"
#include "gather.h"
#include "module.h"
#include "type.h"
#include "value.h"

#include <kr/codec.h>
#include <kr/config.h>
#include <kr/journal.h>
#include <kr/memory.h>
#include <kr/set.h>

#include "../structure/module_host.h"

KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);

kr_module *set_self;
uint16_t set_slot;
const struct structure_host set_host = STRUCTURE_HOST(set_self);

int64_t set_max_intset_entries;
int64_t set_max_listpack_entries;
int64_t set_max_listpack_value;

/* --- What it offers: see <kr/set.h> -------------------------------------- */

static bool sets_is_set(const struct kr_cell *cell)
{
    return cell->type == set_slot;
}

static uint64_t sets_count(const struct kr_cell *cell)
{
    struct set set = value_of(cell);

    return value_count(&set);
}

static bool sets_contains(const struct kr_cell *cell, struct kr_str bytes)
{
    struct set set = value_of(cell);
    struct member member;

    member_set(&member, bytes);
    return value_has(&set, &member);
}

/* What we need of our own walk stands in the caller's. */
static void sets_walk(const struct kr_cell *cell, struct kr_walk *walk)
{
    struct set set = value_of(cell);

    walk->cell = cell;
    walk->count = walk->flags = 0;
    walk->left = value_count(&set);
    walk->place[0] = set.form == SET_LISTPACK ? listpack_first(set.packed) : 0;
}

static bool sets_next(struct kr_walk *walk)
{
    struct set_walk own = {.set = value_of(walk->cell),
                           .place = walk->place[0]};

    if (walk->left == 0 || !value_next(&own)) {
        walk->count = 0;
        return false;
    }
    for (uint32_t i = 0; i < own.count; i++) {
        struct kr_str bytes = member_bytes(&own.member[i]);

        if (bytes.data == own.member[i].text)
            bytes.data = memcpy(walk->text[i][0], bytes.data, bytes.size);
        walk->item[i] = bytes;
    }
    walk->place[0] = own.place;
    walk->count = own.count;
    walk->left -= own.count;
    return true;
}

struct sets_scan {
    kr_each_element each;
    void *ctx;
};

static bool sets_visit(struct item *item, void *given)
{
    struct sets_scan *scan = given;
    struct kr_element element = {.item = item_key(item)};

    scan->each(scan->ctx, &element);
    return true;
}

static uint64_t sets_scan(const struct kr_cell *cell, uint64_t cursor,
                          kr_each_element each, void *ctx)
{
    struct sets_scan scan = {each, ctx};
    struct set set = value_of(cell);
    struct kr_walk walk;

    if (set.form == SET_TABLE)
        return htable_scan(set.table, &set_host, cursor, sets_visit, &scan);
    sets_walk(cell, &walk);
    while (sets_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct kr_element element = {.item = walk.item[i]};

            each(ctx, &element);
        }
    }
    return 0;
}

static void sets_put(kr_db *db, struct kr_str key, uint64_t count,
                     const struct kr_str *members, struct kr_cell *cell)
{
    struct gather gather;

    gather_init(&gather, SET_INTSET, count);
    for (uint64_t i = 0; i < count; i++) {
        struct member member;

        member_set(&member, members[i]);
        gather_add(&gather, &member, false);
    }
    gather_store(&gather, db, key, 0, cell);
}

static bool sets_add(struct kr_cell *cell, struct kr_str bytes)
{
    struct member member;

    member_set(&member, bytes);
    return value_add(cell, &member);
}

static bool sets_remove(struct kr_cell *cell, struct kr_str bytes)
{
    struct member member;

    member_set(&member, bytes);
    return value_remove(cell, &member);
}

static const struct kr_sets set_values = {
    .size = sizeof(struct kr_sets),
    .is_set = sets_is_set,
    .count = sets_count,
    .contains = sets_contains,
    .walk = sets_walk,
    .next = sets_next,
    .put = sets_put,
    .add = sets_add,
    .remove = sets_remove,
    .scan = sets_scan,
};

/* --- The descriptor ------------------------------------------------------ */

/* Who saves or loads values brings the codec; nothing here does. */
static const struct kr_import imports[] = {
    KR_NEED(kr_calls),   KR_WANT(kr_codec),    KR_NEED(kr_commands),
    KR_NEED(kr_journal), KR_NEED(kr_keyspace), KR_NEED(kr_memory),
    KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {{kr_sets_id, &set_values}};

static const struct kr_type *const types[] = {&set_type};

static const struct kr_param params[] = {
    {.name = "set-max-intset-entries",
     .type = KR_PARAM_INT,
     .slot = &set_max_intset_entries,
     .initial = "512",
     .max = INT64_MAX},
    {.name = "set-max-listpack-entries",
     .type = KR_PARAM_INT,
     .slot = &set_max_listpack_entries,
     .initial = "128",
     .max = INT64_MAX},
    {.name = "set-max-listpack-value",
     .type = KR_PARAM_MEMORY,
     .slot = &set_max_listpack_value,
     .initial = "64",
     .max = INT64_MAX},
};

KR_MODULE(.name = "set", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Sets: members without order, each once",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &set_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
          .commands = {set_commands, SET_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .params = KR_ROWS(params));
