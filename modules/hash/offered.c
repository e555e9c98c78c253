/* SPDX-License-Identifier: BSD-3-Clause */
#include "offered.h"

#include "due.h"
#include "module.h"
#include "value.h"

/* --- Read ---------------------------------------------------------------- */

static bool offered_is_hash(const struct kr_cell *cell)
{
    return cell->type == value_type;
}

static uint64_t offered_count(const struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);

    return value_total(&peek);
}

static bool offered_get(const struct kr_cell *cell, struct kr_str field,
                        char *scratch, struct kr_str *value)
{
    struct listpack_item item;

    if (!value_get(cell, field, due_now_any(), &item))
        return false;
    *value = listpack_item_bytes(&item, scratch);
    return true;
}

/* The place of a field that is not over. */
static bool offered_seek(const struct kr_cell *cell, struct kr_str field,
                         struct value_place *place)
{
    return value_seek(cell, field, place) &&
           value_time(cell, place) >= due_now_any();
}

static bool offered_expiry(const struct kr_cell *cell, struct kr_str field,
                           int64_t *when_ms)
{
    struct value_place place;

    if (!offered_seek(cell, field, &place))
        return false;
    *when_ms = value_time(cell, &place);
    if (*when_ms == VALUE_NEVER)
        *when_ms = KR_NO_EXPIRY;
    return true;
}

/* --- Walk ---------------------------------------------------------------- *
 *
 * place[0]   packed: the next record, 0 behind the last
 *            table: where its items go on, 0 at first
 * place[1]   the time that counts as now */

static void offered_walk(const struct kr_cell *cell, struct kr_walk *walk)
{
    int64_t now_ms = due_now_any();

    walk->cell = cell;
    walk->count = walk->flags = 0;
    walk->left = value_count(cell, now_ms);
    memset(walk->place, 0, sizeof(walk->place));
    walk->place[1] = (uint64_t)now_ms;
    if (cell->meta != VALUE_TABLE)
        walk->place[0] = value_first(packed_bytes(cell), cell->meta, now_ms);
}

static void walk_packed(struct kr_walk *walk)
{
    const char *listpack = packed_bytes(walk->cell);
    size_t width = value_width(walk->cell->meta), at = walk->place[0];
    struct listpack_item record[3];

    while (walk->count < KR_WALK_ROOM &&
           listpack_items(listpack, &at, record, width) == width) {
        char(*texts)[KR_INT64_TEXT] = walk->text[walk->count];

        walk->item[walk->count] = listpack_item_bytes(&record[0], texts[0]);
        walk->value[walk->count] = listpack_item_bytes(&record[1], texts[1]);
        walk->count++;
    }
    walk->place[0] = at;
}

static void walk_table(struct kr_walk *walk)
{
    const struct htable *table = &value_fields(walk->cell)->table;
    struct item *items[KR_WALK_ROOM];
    size_t count;

    do {
        count = htable_batch(table, &walk->place[0], items, KR_WALK_ROOM);
        for (size_t i = 0; i < count; i++) {
            if (fields_time(items[i]) < (int64_t)walk->place[1])
                continue;
            walk->item[walk->count] = item_key(items[i]);
            walk->value[walk->count++] = fields_value(items[i]);
        }
    } while (walk->count == 0 && count > 0);
}

static bool offered_next(struct kr_walk *walk)
{
    walk->count = 0;
    if (walk->cell->meta == VALUE_TABLE)
        walk_table(walk);
    else
        walk_packed(walk);
    walk->left -= walk->count;
    return walk->count > 0;
}

struct offered_scan {
    kr_each_element each;
    void *ctx;
    int64_t now_ms;
};

static bool offered_visit(struct item *item, void *given)
{
    struct offered_scan *scan = given;
    struct kr_element element = {.item = item_key(item),
                                 .value = fields_value(item)};

    if (fields_time(item) >= scan->now_ms)
        scan->each(scan->ctx, &element);
    return true;
}

static uint64_t offered_scan(const struct kr_cell *cell, uint64_t cursor,
                             kr_each_element each, void *ctx)
{
    struct offered_scan scan = {each, ctx, due_now_any()};
    struct kr_walk walk;

    if (cell->meta == VALUE_TABLE)
        return htable_scan(&value_fields(cell)->table, &hash_host, cursor,
                           offered_visit, &scan);
    offered_walk(cell, &walk);
    while (offered_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct kr_element element = {.item = walk.item[i],
                                         .value = walk.value[i]};

            each(ctx, &element);
        }
    }
    return 0;
}

/* --- Change -------------------------------------------------------------- */

static void offered_put(kr_db *db, struct kr_str key, uint64_t count,
                        const struct kr_str *pairs, struct kr_cell *cell)
{
    value_create_key(db, key, pairs, count, cell);
}

static bool offered_set(struct kr_cell *cell, struct kr_str field,
                        struct kr_str value)
{
    struct due_edit edit;
    bool fresh;

    due_begin(cell, &edit);
    due_drop(cell, &edit, field);
    fresh = value_set(cell, field, value);
    due_end(cell, &edit);
    return fresh;
}

static bool offered_remove(struct kr_cell *cell, struct kr_str field)
{
    struct value_place place;
    struct due_edit edit;
    bool found;

    due_begin(cell, &edit);
    due_drop(cell, &edit, field);
    found = value_seek(cell, field, &place);
    if (found)
        value_delete(cell, &place);
    due_end(cell, &edit);
    return found;
}

static bool offered_set_expiry(struct kr_cell *cell, struct kr_str field,
                               int64_t when_ms)
{
    struct value_place place;
    struct due_edit edit;
    bool found;

    due_begin(cell, &edit);
    if (when_ms == KR_NO_EXPIRY)
        when_ms = VALUE_NEVER;
    else if (when_ms < 1)
        when_ms = 1; /* as over as in 1970 */
    else if (when_ms > VALUE_TIME_MAX)
        when_ms = VALUE_TIME_MAX;
    due_drop(cell, &edit, field);
    found = value_seek(cell, field, &place);
    if (found)
        value_set_time(cell, &place, field, when_ms);
    due_end(cell, &edit);
    return found;
}

const struct kr_hashes hash_values = {
    .size = sizeof(struct kr_hashes),
    .is_hash = offered_is_hash,
    .count = offered_count,
    .get = offered_get,
    .expiry = offered_expiry,
    .walk = offered_walk,
    .next = offered_next,
    .put = offered_put,
    .set = offered_set,
    .remove = offered_remove,
    .set_expiry = offered_set_expiry,
    .scan = offered_scan,
};
