/* SPDX-License-Identifier: BSD-3-Clause */
/* search - GEOSEARCH, GEOSEARCHSTORE, GEORADIUS and their kin.
 *
 * Each tile that the shape reaches is a range of scores, which are walked and
 * looked at.  O(members in the tiles), and a logarithm for each tile; an order
 * and a count take a little more for those that are found. */
#include "commands.h"
#include "geo.h"
#include "options.h"

#include <kr/memory.h>

/* --- Finding ------------------------------------------------------------- */

/* Look at the members of one tile; false: there are enough. */
static bool search_tile(const struct options *options,
                        const struct shape_test *test, struct tile tile,
                        struct finds *finds)
{
    struct kr_score_range range = {.max_open = true};
    uint64_t first, count;
    struct kr_walk walk;

    tile_scores(tile, &range.min, &range.max);
    count = kr_zsets->seek(options->from, &range, &first);
    if (!count)
        return true;
    kr_zsets->walk(options->from, first, false, &walk);
    walk.left = count; /* further members are none of ours */
    while (kr_zsets->next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct point point = tile_point(walk.score[i]);
            double distance;

            if (!shape_has(test, point, &distance))
                continue;
            finds_add(finds, walk.item[i], walk.score[i], point, distance);
            if (options->any && finds_count(finds) == (size_t)options->count)
                return false;
        }
    }
    return true;
}

static void search_find(const struct options *options, struct finds *finds)
{
    struct tile tiles[SHAPE_TILES];
    struct shape_test test;
    uint32_t count = shape_tiles(&options->shape, tiles);

    shape_test_init(&test, &options->shape);
    for (uint32_t i = 0; i < count; i++) {
        if (!search_tile(options, &test, tiles[i], finds))
            break;
    }
    finds_sort(finds);
}

/* --- Replying ------------------------------------------------------------ */

static int64_t search_hash(double score)
{
    return fabs(score) < 0x1p63 ? (int64_t)score : INT64_MIN;
}

static void search_reply(struct kr_call *call, const struct options *options,
                         const struct finds *finds)
{
    struct kr_reply *reply = call->reply;
    uint32_t more = (uint32_t)options->with_distance + options->with_hash +
                    options->with_point;

    kr_reply_array(reply, finds_count(finds));
    for (size_t i = 0; i < finds_count(finds); i++) {
        const struct find *find = finds_get(finds, i);

        if (more)
            kr_reply_array(reply, 1 + more);
        kr_reply_bulk(reply, finds_member(finds, find));
        if (options->with_distance)
            geo_reply_distance(reply, find->distance / options->shape.unit);
        if (options->with_hash)
            kr_reply_int64(reply, search_hash(find->score));
        if (options->with_point)
            geo_reply_point(reply, find->point);
    }
}

/* --- Storing ------------------------------------------------------------- */

/* Nothing has been found: the destination goes. */
static void search_store_none(struct kr_call *call,
                              const struct options *options)
{
    struct kr_cell cell;

    if (kr_keyspace->find_arg(call, options->store, KR_FIND_WRITE, &cell)) {
        kr_keyspace->erase(&cell, false);
        kr_keyspace->changed(call, call->db, call->argv[options->store],
                             KR_CLASS_GENERIC, KR_STR("del"));
    }
    kr_reply_int64(call->reply, 0);
}

static void search_store(struct kr_call *call, const struct options *options,
                         const struct finds *finds)
{
    struct kr_str key = call->argv[options->store];
    size_t count = finds_count(finds);
    struct kr_scored *members;
    struct kr_cell cell;

    if (!count) {
        search_store_none(call, options);
        return;
    }
    members = kr_memory->alloc(geo_self, count * sizeof(*members));
    for (size_t i = 0; i < count; i++) {
        const struct find *find = finds_get(finds, i);

        members[i].member = finds_member(finds, find);
        members[i].score = options->store_distances
                               ? find->distance / options->shape.unit
                               : find->score;
    }
    kr_zsets->put(call->db, key, count, members, &cell);
    kr_memory->free(geo_self, members);
    kr_changed_by(call, call->db, key, KR_CLASS_ZSET,
                  options->form == OPTIONS_SEARCH_STORE
                      ? KR_STR("geosearchstore")
                      : KR_STR("georadiusstore"),
                  count);
    kr_reply_int64(call->reply, (int64_t)count);
}

/* --- The commands -------------------------------------------------------- */

static void search_run(struct kr_call *call, struct options *options)
{
    struct finds finds;

    if (!options->from) {
        if (options->store)
            search_store_none(call, options);
        else
            kr_reply_array(call->reply, 0);
        return;
    }
    finds_init(&finds, options->order, (uint64_t)options->count);
    search_find(options, &finds);
    if (options->store)
        search_store(call, options, &finds);
    else
        search_reply(call, options, &finds);
    finds_fini(&finds);
}

static void search(struct kr_call *call, uint32_t key, enum options_form form,
                   bool read_only)
{
    struct options options = {.form = form, .read_only = read_only};
    struct kr_cell cell;
    bool wrong;

    if (geo_find(call, key, KR_FIND_READ, &cell, &wrong))
        options.from = &cell;
    if (!wrong && options_read(call, &options))
        search_run(call, &options);
}

void geo_geosearch(struct kr_call *call)
{
    search(call, 1, OPTIONS_SEARCH, true);
}

void geo_geosearchstore(struct kr_call *call)
{
    search(call, 2, OPTIONS_SEARCH_STORE, false);
}

void geo_georadius(struct kr_call *call)
{
    search(call, 1, OPTIONS_RADIUS, false);
}

void geo_georadius_ro(struct kr_call *call)
{
    search(call, 1, OPTIONS_RADIUS, true);
}

void geo_georadiusbymember(struct kr_call *call)
{
    search(call, 1, OPTIONS_RADIUS_MEMBER, false);
}

void geo_georadiusbymember_ro(struct kr_call *call)
{
    search(call, 1, OPTIONS_RADIUS_MEMBER, true);
}
