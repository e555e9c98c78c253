/* SPDX-License-Identifier: BSD-3-Clause */
#include "values.h"

#include "module.h"
#include "value.h"

static bool values_is_list(const struct kr_cell *cell)
{
    return cell->type == value_type;
}

/* --- Reading ------------------------------------------------------------- */

#define WALK_BACK (1u << 0)

static void values_walk(const struct kr_cell *cell, int64_t index, bool back,
                        struct kr_walk *out)
{
    struct kr_peek peek = kr_cell_peek(cell);
    uint64_t count = value_count(cell), from;
    struct walk walk;

    out->cell = cell;
    out->count = 0;
    out->flags = back ? WALK_BACK : 0;
    out->left = 0;
    if (!value_index(count, index, &from))
        return;
    out->left = back ? from + 1 : count - from;
    walk_begin(&walk, &peek, from, back);
    walk_save(&walk, out->place);
}

/* A batch ends where a node does: of those that are squeezed one at a time is
 * unpacked. */
static bool values_next(struct kr_walk *out)
{
    struct kr_peek peek = kr_cell_peek(out->cell);
    struct listpack_item items[KR_WALK_ROOM];
    struct kr_blob *blob;
    struct walk walk;

    walk_resume(&walk, &peek, out->place, out->flags & WALK_BACK);
    out->count = 0;
    if (out->left == 0) {
        walk_end(&walk);
        return false;
    }
    out->count = (uint32_t)walk_next(&walk, items, KR_WALK_ROOM, &blob);
    for (uint32_t i = 0; i < out->count; i++)
        out->item[i] = listpack_item_bytes(&items[i], out->text[i][0]);
    out->left -= out->count;
    walk_save(&walk, out->place);
    return true;
}

/* --- Changing ------------------------------------------------------------ */

static void values_ready(const struct kr_cell *cell)
{
    kr_block->ready(cell->db, kr_keyspace->key(cell));
}

static void values_push(struct kr_cell *cell, bool front, uint64_t count,
                        const struct kr_str *items)
{
    value_push(cell, front, count, items, NULL);
    values_ready(cell);
}

static void values_put(kr_db *db, struct kr_str key, uint64_t count,
                       const struct kr_str *items, struct kr_cell *cell)
{
    value_create(db, key, count, items, cell);
    values_push(cell, false, count, items);
}

static uint64_t values_drop(struct kr_cell *cell, bool front, uint64_t count)
{
    uint64_t left = value_count(cell);

    if (count > left)
        count = left;
    value_drop(cell, front, count);
    if (left > count)
        value_shrink(cell);
    return left - count;
}

static kr_status values_set(struct kr_cell *cell, int64_t index,
                            struct kr_str item)
{
    struct element element = {.bytes = item};
    uint64_t from;

    if (!value_index(value_count(cell), index, &from))
        return KR_ERANGE;
    value_expect(cell, item.size, 1);
    value_set(cell, from, &element);
    value_shrink(cell);
    return KR_OK;
}

static kr_status values_insert(struct kr_cell *cell, int64_t index,
                               struct kr_str item)
{
    struct element element = {.bytes = item};
    uint64_t from, count = value_count(cell);

    if (!value_index(count, index, &from) && from != count)
        return KR_ERANGE;
    value_expect(cell, item.size, 1);
    value_insert(cell, from, &element);
    values_ready(cell);
    return KR_OK;
}

static kr_status values_remove(struct kr_cell *cell, int64_t index)
{
    uint64_t from, count = value_count(cell);

    if (!value_index(count, index, &from))
        return KR_ERANGE;
    value_remove(cell, from);
    if (count > 1)
        value_shrink(cell);
    return KR_OK;
}

const struct kr_lists list_values = {
    .size = sizeof(struct kr_lists),
    .is_list = values_is_list,
    .count = value_count,
    .walk = values_walk,
    .next = values_next,
    .put = values_put,
    .push = values_push,
    .drop = values_drop,
    .set = values_set,
    .insert = values_insert,
    .remove = values_remove,
};
