/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include <kr/block.h>
#include <kr/loop.h>

#include <assert.h>
#include <math.h>

#include "../structure/module_host.h"

#define VALUE_LONG 1024 /* members of a range that is long, */
#define VALUE_FEW  4    /* and of so many one may be left to be few */

uint16_t value_type;
int64_t value_entries_max, value_size_max;

const struct structure_host value_host = STRUCTURE_HOST(zset_self);

static uint64_t value_hash(struct kr_str member)
{
    return kr_text->hash(member);
}

static bool value_is_large(const struct kr_cell *cell)
{
    return cell->meta == VALUE_LARGE;
}

/* --- Read ---------------------------------------------------------------- */

uint64_t value_count(const struct kr_cell *cell)
{
    if (value_is_large(cell))
        return large_count(value_large(cell));
    return small_count(packed_bytes(cell));
}

static bool value_score_large(const struct large *large, struct kr_str member,
                              uint64_t hash, double *score)
{
    const struct item *item = large_find(large, member, hash);

    if (item == NULL)
        return false;
    *score = item_score(item);
    return true;
}

static bool value_score_small(const void *small, struct kr_str member,
                              double *score)
{
    size_t place = small_find(small, member);

    if (place == 0)
        return false;
    *score = small_score(small, place);
    return true;
}

bool value_score(const struct kr_cell *cell, struct kr_str member,
                 double *score)
{
    if (value_is_large(cell))
        return value_score_large(value_large(cell), member, value_hash(member),
                                 score);
    return value_score_small(packed_bytes(cell), member, score);
}

bool value_score_hashed(const struct kr_cell *cell, struct kr_str member,
                        uint64_t hash, double *score)
{
    if (value_is_large(cell))
        return value_score_large(value_large(cell), member, hash, score);
    return value_score_small(packed_bytes(cell), member, score);
}

bool value_position(const struct kr_cell *cell, struct kr_str member,
                    uint64_t *position, double *score)
{
    const void *small;
    size_t place;

    if (value_is_large(cell)) {
        const struct large *large = value_large(cell);
        const struct item *item = large_find(large, member, value_hash(member));

        if (item == NULL)
            return false;
        if (score != NULL)
            *score = item_score(item);
        return tree_find(&large->tree, item_score(item), member, position,
                         NULL);
    }
    small = packed_bytes(cell);
    place = small_find(small, member);
    if (place == 0)
        return false;
    *position = small_position(small, place);
    if (score != NULL)
        *score = small_score(small, place);
    return true;
}

/* Positions `from` to `to`, which is not below it or the run is empty. */
static struct value_run value_run(uint64_t from, uint64_t to)
{
    return (struct value_run){from, to > from ? to - from : 0};
}

struct value_run value_seek_score(const struct kr_cell *cell,
                                  const struct kr_score_range *range)
{
    if (value_is_large(cell)) {
        const struct tree *tree = &value_large(cell)->tree;

        return value_run(
            tree_seek_score(tree, range->min, range->min_open, NULL),
            tree_seek_score(tree, range->max, !range->max_open, NULL));
    } else {
        const void *small = packed_bytes(cell);

        return value_run(small_seek_score(small, range->min, range->min_open),
                         small_seek_score(small, range->max, !range->max_open));
    }
}

static uint64_t value_seek_bound(const struct kr_cell *cell,
                                 struct kr_str member, bool after)
{
    if (value_is_large(cell))
        return tree_seek_key(&value_large(cell)->tree, member, after, NULL);
    return small_seek_member(packed_bytes(cell), member, after);
}

struct value_run value_seek_member(const struct kr_cell *cell,
                                   const struct value_member_range *range)
{
    uint64_t from = 0, to;

    if (range->none)
        return (struct value_run){0, 0};
    to = value_count(cell);
    if (range->min != NULL)
        from = value_seek_bound(cell, *range->min, range->min_open);
    if (range->max != NULL)
        to = value_seek_bound(cell, *range->max, !range->max_open);
    return value_run(from, to);
}

/* --- Walk ---------------------------------------------------------------- */

/* walk->place: of a large one a tree_place, of a small one the offset. */
static_assert(sizeof(struct tree_place) <= sizeof(((struct kr_walk *)0)->place),
              "a walk remembers a gap of the tree");

void value_walk(const struct kr_cell *cell, uint64_t position, uint64_t count,
                uint32_t how, struct kr_walk *walk)
{
    walk->cell = cell;
    walk->count = 0;
    walk->flags = how;
    walk->left = count;
    if (value_is_large(cell)) {
        struct tree_place at;

        tree_seek(&value_large(cell)->tree,
                  how & VALUE_WALK_BACK ? position + 1 : position, &at);
        memcpy(walk->place, &at, sizeof(at));
    } else {
        walk->place[0] =
            listpack_seek(packed_bytes(cell), 2 * (int64_t)position);
    }
}

static void value_next_large(struct kr_walk *walk, size_t max)
{
    struct tree_entry batch[KR_WALK_ROOM];
    struct tree_place at;
    size_t n;

    memcpy(&at, walk->place, sizeof(at));
    n = walk->flags & VALUE_WALK_BACK ? tree_backward(&at, batch, max)
                                      : tree_forward(&at, batch, max);
    memcpy(walk->place, &at, sizeof(at));
    for (size_t i = 0; i < n; i++) {
        walk->item[i] = item_key(batch[i].item);
        walk->score[i] = batch[i].score;
    }
    walk->count = (uint32_t)n;
}

static void value_next_small(struct kr_walk *walk, size_t max)
{
    const void *small = packed_bytes(walk->cell);
    size_t at = (size_t)walk->place[0];
    uint32_t n = 0;

    for (; n < max && at != 0; n++) {
        size_t score_at = listpack_next(small, at);
        struct listpack_item item;

        listpack_get(small, at, &item);
        walk->item[n] = listpack_item_bytes(&item, walk->text[n][0]);
        if (!(walk->flags & VALUE_WALK_NO_SCORES)) {
            listpack_get(small, score_at, &item);
            walk->score[n] = small_score_of(&item);
        }
        if (walk->flags & VALUE_WALK_BACK) {
            at = listpack_prev(small, at);
            at = at != 0 ? listpack_prev(small, at) : 0;
        } else {
            at = listpack_next(small, score_at);
        }
    }
    walk->place[0] = at;
    walk->count = n;
}

bool value_next(struct kr_walk *walk)
{
    size_t max = walk->left < KR_WALK_ROOM ? walk->left : KR_WALK_ROOM;

    walk->count = 0;
    if (max == 0)
        return false;
    if (value_is_large(walk->cell))
        value_next_large(walk, max);
    else
        value_next_small(walk, max);
    walk->left -= walk->count;
    return walk->count > 0;
}

void value_view(const struct kr_peek *value, struct value_view *view)
{
    view->cell = (struct kr_cell){.data = value->data,
                                  .length = value->length,
                                  .meta = value->meta,
                                  .boxed = value->boxed};
    value_walk(&view->cell, 0, value_count(&view->cell), 0, &view->walk);
}

/* --- From small to large and back ---------------------------------------- */

/* NULL: a member is there twice, which happens to foreign bytes alone. */
static struct large *value_large_of(const void *small)
{
    struct large *large = large_new(&value_host);

    htable_reserve(&large->table, &value_host, small_count(small) + 1);
    for (size_t at = listpack_first(small); at != 0;) {
        char text[LISTPACK_TEXT];
        struct kr_str member = listpack_bytes(small, at, text);
        size_t score_at = listpack_next(small, at);
        uint64_t hash = value_hash(member);
        struct listpack_item score;

        if (large_find(large, member, hash) != NULL) {
            large_free(large, &value_host);
            return NULL;
        }
        listpack_get(small, score_at, &score);
        large_append(large, &value_host, hash, member, small_score_of(&score));
        at = listpack_next(small, score_at);
    }
    return large;
}

static void value_grow(struct kr_cell *cell)
{
    struct large *large = value_large_of(packed_bytes(cell));

    packed_replace(zset_self, cell, value_box_of(large));
    kr_keyspace->set_meta(cell, VALUE_LARGE);
}

/* Bytes of the listpack that has the members of `large`; 0: it must not be
 * one. */
static size_t value_small_size(const struct large *large)
{
    size_t size = LISTPACK_EMPTY;
    struct tree_entry batch[KR_WALK_ROOM];
    struct tree_place at;
    size_t n;

    if (large_count(large) > (uint64_t)value_entries_max)
        return 0;
    tree_seek(&large->tree, 0, &at);
    while ((n = tree_forward(&at, batch, KR_WALK_ROOM)) > 0)
        for (size_t i = 0; i < n; i++) {
            struct kr_str member = item_key(batch[i].item);
            struct small_pair pair;

            if (member.size > (uint64_t)value_size_max)
                return 0;
            small_pair(&pair, member, batch[i].score);
            size += small_pair_size(&pair);
            if (size > LISTPACK_SIZE_MAX)
                return 0;
        }
    return size;
}

/* Into an empty listpack. */
static void value_write_small(const struct large *large, void *small)
{
    struct tree_entry batch[KR_WALK_ROOM];
    struct tree_place at;
    size_t n;

    tree_seek(&large->tree, 0, &at);
    while ((n = tree_forward(&at, batch, KR_WALK_ROOM)) > 0)
        for (size_t i = 0; i < n; i++) {
            struct small_pair pair;

            small_pair(&pair, item_key(batch[i].item), batch[i].score);
            listpack_append(small, pair.part, KR_COUNT(pair.part));
        }
}

struct large *value_copy_run(const struct kr_cell *cell, struct value_run run)
{
    struct large *large = large_new(&value_host);
    struct kr_walk walk;

    htable_reserve(&large->table, &value_host, run.count);
    value_walk(cell, run.position, run.count, 0, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            large_append(large, &value_host, value_hash(walk.item[i]),
                         walk.item[i], walk.score[i]);
    return large;
}

const char *value_load_small(kr_reader *in, struct kr_str bytes, bool owned,
                             struct kr_value *value)
{
    void *block = owned ? (void *)(uintptr_t)bytes.data : NULL;
    uint64_t count = small_count(bytes.data);

    if (count > SMALL_TWICE || count > (uint64_t)value_entries_max) {
        struct large *large = value_large_of(bytes.data);

        if (large == NULL || count > (uint64_t)value_entries_max) {
            kr_memory->free(zset_self, block);
            value->boxed = true;
            value->meta = VALUE_LARGE;
            value->box = large != NULL ? value_box_of(large) : NULL;
            return large != NULL ? NULL : "a member is there twice";
        }
        large_free(large, &value_host);
    }
    return (owned ? packed_adopt(zset_self, in, block, VALUE_SMALL, value)
                  : packed_load(zset_self, in, bytes, VALUE_SMALL, value))
               ? NULL
               : "not enough memory";
}

void value_finish(struct large *large, struct kr_value *value)
{
    size_t size = value_small_size(large);

    value->boxed = true;
    if (size == 0) {
        value->meta = VALUE_LARGE;
        value->box = value_box_of(large);
        return;
    }
    value->meta = VALUE_SMALL;
    value->box = kr_memory->alloc(zset_self, size);
    listpack_init(value->box);
    value_write_small(large, value->box);
    large_free(large, &value_host);
}

void value_put_key(kr_db *db, struct kr_str key, struct large *large,
                   struct kr_cell *cell)
{
    size_t size = value_small_size(large);

    if (size > 0) {
        void *small = packed_put_key(zset_self, db, key, value_type,
                                     VALUE_SMALL, 0, size, cell);

        value_write_small(large, small);
        large_free(large, &value_host);
    } else {
        kr_keyspace->put_key(db, key, value_type, VALUE_LARGE, KR_PUT_BOXED, 0,
                             cell);
        kr_cell_set_box(cell, value_box_of(large));
    }
    kr_block->ready(db, key);
}

/* --- Add ----------------------------------------------------------------- */

/* What to do with a member that has the score `old`, if it is there. */
static uint32_t value_judge(uint32_t how, bool there, double old, double *score)
{
    if (!there)
        return how & VALUE_XX ? VALUE_REFUSED : KR_ZSET_ADDED;
    if (how & VALUE_NX)
        return VALUE_REFUSED;
    if (how & VALUE_INCR) {
        *score += old;
        if (isnan(*score))
            return VALUE_NAN;
    }
    if ((how & VALUE_LT && *score >= old) || (how & VALUE_GT && *score <= old))
        return VALUE_REFUSED;
    return *score == old ? KR_ZSET_SAME : KR_ZSET_UPDATED;
}

static uint32_t value_add_large(struct large *large, struct kr_str member,
                                double *score, uint32_t how)
{
    uint64_t hash = value_hash(member);
    struct item *item = large_find(large, member, hash);
    uint32_t verdict =
        value_judge(how, item != NULL, item ? item_score(item) : 0, score);

    if (verdict == KR_ZSET_ADDED)
        large_insert(large, &value_host, hash, member, *score);
    else if (verdict == KR_ZSET_UPDATED)
        large_move(large, &value_host, item, *score);
    return verdict;
}

void value_merge(struct large *large, struct kr_str member, double score)
{
    (void)value_add_large(large, member, &score, 0);
}

static bool value_may_stay_small(const void *small, size_t size,
                                 struct kr_str member)
{
    return small_count(small) < (uint64_t)value_entries_max &&
           member.size <= (uint64_t)value_size_max && size <= LISTPACK_SIZE_MAX;
}

static void value_insert_small(struct kr_cell *cell, void *small, size_t size,
                               const struct small_pair *pair,
                               struct kr_str member, double score)
{
    small = packed_resize(zset_self, cell, size);
    listpack_insert(small, small_seat(small, member, score), pair->part,
                    KR_COUNT(pair->part));
}

/* The pair at `place` goes, and comes back with another score. */
static void value_move_small(struct kr_cell *cell, void *small, size_t place,
                             struct kr_str member, double score)
{
    size_t was = listpack_size(small), size;
    struct small_pair pair;

    small_pair(&pair, member, score);
    (void)listpack_delete(small, place, KR_COUNT(pair.part));
    size = listpack_size(small) + small_pair_size(&pair);
    if (size > was)
        small = packed_resize(zset_self, cell, size);
    listpack_insert(small, small_seat(small, member, score), pair.part,
                    KR_COUNT(pair.part));
    if (size < was)
        (void)packed_resize(zset_self, cell, size);
}

uint32_t value_add(struct kr_cell *cell, struct kr_str member, double *score,
                   uint32_t how)
{
    struct small_pair pair;
    uint32_t verdict;
    size_t place, size;
    void *small;

    if (value_is_large(cell))
        return value_add_large(value_large(cell), member, score, how);
    small = packed_bytes(cell);
    place = small_find(small, member);
    verdict = value_judge(how, place != 0,
                          place != 0 ? small_score(small, place) : 0, score);
    if (verdict == KR_ZSET_UPDATED) {
        value_move_small(cell, small, place, member, *score);
    } else if (verdict == KR_ZSET_ADDED) {
        small_pair(&pair, member, *score);
        size = listpack_size(small) + small_pair_size(&pair);
        if (!value_may_stay_small(small, size, member)) {
            value_grow(cell);
            large_insert(value_large(cell), &value_host, value_hash(member),
                         member, *score);
        } else {
            value_insert_small(cell, small, size, &pair, member, *score);
        }
    }
    return verdict;
}

void value_create(struct kr_call *call, uint32_t arg, struct kr_str member,
                  double score, struct kr_cell *cell)
{
    struct small_pair pair;
    struct large *large;
    void *small;

    if (value_entries_max > 0 && member.size <= (uint64_t)value_size_max) {
        small_pair(&pair, member, score);
        small = packed_put(zset_self, call, arg, value_type, VALUE_SMALL, 0,
                           LISTPACK_EMPTY + small_pair_size(&pair), cell);
        listpack_append(small, pair.part, KR_COUNT(pair.part));
    } else {
        large = large_new(&value_host);
        large_insert(large, &value_host, value_hash(member), member, score);
        kr_keyspace->put(call, arg, value_type, VALUE_LARGE, KR_PUT_BOXED, 0,
                         cell);
        kr_cell_set_box(cell, value_box_of(large));
    }
    kr_block->ready(call->db, call->argv[arg]);
}

/* --- Remove -------------------------------------------------------------- */

/* Give room back, unless nothing is left: then the key goes at once. */
static uint64_t value_shrink(struct kr_cell *cell, void *small)
{
    uint64_t left = small_count(small);

    if (left > 0)
        (void)packed_resize(zset_self, cell, listpack_size(small));
    return left;
}

uint64_t value_remove(struct kr_cell *cell, struct kr_str member, bool *removed)
{
    void *small;
    size_t place;

    if (value_is_large(cell)) {
        struct large *large = value_large(cell);

        *removed = large_remove(large, &value_host, member);
        return large_count(large);
    }
    small = packed_bytes(cell);
    place = small_find(small, member);
    *removed = place != 0;
    if (place != 0)
        (void)listpack_delete(small, place, 2);
    return value_shrink(cell, small);
}

void value_free_job(void *large)
{
    large_free(large, &value_host);
}

/* A long range out of which little is left: forgetting each member would hold
 * others up, so the few are copied, and the rest goes on another thread. */
static void value_keep_few(struct kr_cell *cell, struct large *large,
                           struct value_run run)
{
    struct large *few =
        large_copy_without(large, &value_host, run.position, run.count);

    kr_cell_set_box(cell, value_box_of(few));
    kr_loop->job(zset_self, value_free_job, NULL, large);
}

static void value_remove_large(struct kr_cell *cell, struct value_run run)
{
    struct large *large = value_large(cell);
    uint64_t left = large_count(large) - run.count;

    if (run.count >= VALUE_LONG && left < run.count / VALUE_FEW)
        value_keep_few(cell, large, run);
    else
        large_remove_range(large, &value_host, run.position, run.count);
}

uint64_t value_remove_run(struct kr_cell *cell, struct value_run run)
{
    void *small;

    if (run.count == value_count(cell))
        return 0;
    if (value_is_large(cell)) {
        value_remove_large(cell, run);
        return value_count(cell);
    }
    small = packed_bytes(cell);
    (void)listpack_delete_range(small, 2 * (int64_t)run.position,
                                2 * run.count);
    return value_shrink(cell, small);
}

/* --- Tell ---------------------------------------------------------------- */

void value_removed(struct kr_call *call, struct kr_str key,
                   struct kr_cell *cell, uint64_t count, uint64_t left,
                   struct kr_str event)
{
    if (left == 0)
        kr_keyspace->erase(cell, false);
    kr_changed_by(call, call->db, key, KR_CLASS_ZSET, event, count);
    if (left == 0)
        kr_keyspace->notify(call->db, key, KR_CLASS_GENERIC, KR_STR("del"));
}

void value_store(struct kr_call *call, uint32_t arg, struct large *large,
                 struct kr_str event)
{
    uint64_t count = large_count(large);
    struct kr_cell cell;

    if (count > 0) {
        value_put_key(call->db, call->argv[arg], large, &cell);
        value_changed(call, arg, event);
    } else {
        large_free(large, &value_host);
        if (kr_keyspace->find_arg(call, arg, KR_FIND_WRITE | KR_FIND_NO_STATS,
                                  &cell)) {
            kr_keyspace->erase(&cell, false);
            kr_keyspace->changed(call, call->db, call->argv[arg],
                                 KR_CLASS_GENERIC, KR_STR("del"));
        }
    }
    kr_reply_int64(call->reply, (int64_t)count);
}
