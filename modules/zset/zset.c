/* SPDX-License-Identifier: BSD-3-Clause */
/* zset - the module of sorted sets: what it offers to others, its parameters,
 * and the descriptor.
 *
 *   small.c     a set of few members: one listpack
 *   large.c     a set of many: a table and a tree over one set of items
 *   value.c     either of them as the value of a key
 *   type.c persist.c        what the host asks of a value, and its files
 *   add.c read.c pop.c      members in, looked at, and out
 *   range.c ranges.c        limits, and the commands that have them
 *   combine.c               unions, intersections, differences
 *   random.c scan.c         by chance, and a few at a time
 *   commands.c              what is known of the commands
 *
 * A handler reads its words, looks up, works on the cell, tells of the change
 * and replies; that order is the same everywhere. */
#include "commands.h"
#include "type.h"
#include "value.h"

#include <kr/block.h>
#include <kr/client.h>
#include <kr/codec.h>
#include <kr/config.h>
#include <kr/journal.h>
#include <kr/loop.h>
#include <kr/set.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_sets);
KR_USES(kr_text);

kr_module *zset_self;

/* --- What it offers: see <kr/zset.h> ------------------------------------- */

static bool zsets_is_zset(const struct kr_cell *cell)
{
    return cell->type == value_type;
}

static bool zsets_position(const struct kr_cell *cell, struct kr_str member,
                           uint64_t *position)
{
    return value_position(cell, member, position, NULL);
}

static uint64_t zsets_seek(const struct kr_cell *cell,
                           const struct kr_score_range *range, uint64_t *first)
{
    struct value_run run = value_seek_score(cell, range);

    *first = run.position;
    return run.count;
}

static void zsets_walk(const struct kr_cell *cell, uint64_t position, bool back,
                       struct kr_walk *walk)
{
    uint64_t count = value_count(cell), left = 0;

    if (position < count)
        left = back ? position + 1 : count - position;
    value_walk(cell, position, left, back ? VALUE_WALK_BACK : 0, walk);
}

static void zsets_put(kr_db *db, struct kr_str key, uint64_t count,
                      const struct kr_scored *members, struct kr_cell *cell)
{
    struct large *large = large_new(&value_host);

    htable_reserve(&large->table, &value_host, count);
    for (uint64_t i = 0; i < count; i++)
        value_merge(large, members[i].member, members[i].score);
    value_put_key(db, key, large, cell);
}

static uint32_t zsets_add(struct kr_cell *cell, struct kr_str member,
                          double score)
{
    return value_add(cell, member, &score, 0);
}

static bool zsets_remove(struct kr_cell *cell, struct kr_str member)
{
    bool removed;

    (void)value_remove(cell, member, &removed);
    return removed;
}

static uint64_t zsets_remove_range(struct kr_cell *cell, uint64_t position,
                                   uint64_t count)
{
    uint64_t all = value_count(cell);
    struct value_run run = {position, 0};

    if (position < all)
        run.count = count < all - position ? count : all - position;
    return run.count > 0 ? value_remove_run(cell, run) : all;
}

static uint64_t zsets_seek_members(const struct kr_cell *cell,
                                   const struct kr_member_range *range,
                                   uint64_t *first)
{
    struct value_member_range own = {.min = range->min,
                                     .max = range->max,
                                     .min_open = range->min_open,
                                     .max_open = range->max_open};
    struct value_run run = value_seek_member(cell, &own);

    *first = run.position;
    return run.count;
}

struct zsets_scan {
    kr_each_element each;
    void *ctx;
};

static bool zsets_visit(struct item *item, void *given)
{
    struct zsets_scan *scan = given;
    struct kr_element element = {.item = item_key(item),
                                 .score = item_score(item)};

    scan->each(scan->ctx, &element);
    return true;
}

static uint64_t zsets_scan(const struct kr_cell *cell, uint64_t cursor,
                           kr_each_element each, void *ctx)
{
    struct zsets_scan scan = {each, ctx};
    struct large *large = cell->meta == VALUE_LARGE ? value_large(cell) : NULL;
    struct kr_walk walk;

    if (large)
        return htable_scan(&large->table, &value_host, cursor, zsets_visit,
                           &scan);
    zsets_walk(cell, 0, false, &walk);
    while (value_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct kr_element element = {.item = walk.item[i],
                                         .score = walk.score[i]};

            each(ctx, &element);
        }
    }
    return 0;
}

static const struct kr_zsets zset_values = {
    .size = sizeof(struct kr_zsets),
    .is_zset = zsets_is_zset,
    .count = value_count,
    .score = value_score,
    .position = zsets_position,
    .seek = zsets_seek,
    .walk = zsets_walk,
    .next = value_next,
    .put = zsets_put,
    .add = zsets_add,
    .remove = zsets_remove,
    .remove_range = zsets_remove_range,
    .scan = zsets_scan,
    .seek_members = zsets_seek_members,
};

/* --- The descriptor: its tables are set by hand -------------------------- */
/* clang-format off */

static const struct kr_param params[] = {
    {.name = "zset-max-listpack-entries", .alias = "zset-max-ziplist-entries",
     .type = KR_PARAM_INT, .slot = &value_entries_max, .initial = "128",
     .min = 0, .max = INT64_MAX},
    {.name = "zset-max-listpack-value", .alias = "zset-max-ziplist-value",
     .type = KR_PARAM_MEMORY, .slot = &value_size_max, .initial = "64",
     .min = 0, .max = INT64_MAX},
};

/* Who saves values brings the codec, who has sets `set`; nothing here needs
 * either. */
static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_block),    KR_NEED(kr_clients),  KR_WANT(kr_codec),
    KR_NEED(kr_commands), KR_NEED(kr_journal),  KR_NEED(kr_keyspace),
    KR_NEED(kr_loop),     KR_NEED(kr_memory),   KR_WANT(kr_sets),
    KR_NEED(kr_text),
};

/* clang-format on */

static const struct kr_offer offers[] = {{kr_zsets_id, &zset_values}};

static const struct kr_type *const types[] = {&zset_type};

static const struct kr_carried carried[] = {
    KR_CARRIES(pop_wake),
    KR_CARRIES(pop_forget),
    KR_CARRIES(value_free_job),
};

KR_MODULE(.name = "zset", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Sorted sets: members in order of their scores",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &zset_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
          .params = KR_ROWS(params),
          .commands = {zset_commands, ZSET_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .carried = KR_ROWS(carried));
