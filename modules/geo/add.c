/* SPDX-License-Identifier: BSD-3-Clause */
/* add - GEOADD.
 *
 *   GEOADD key [NX | XX] [CH] longitude latitude member [...]
 *
 * It is a ZADD whose scores are computed: the event is ZADD's, and the journal
 * gets one, so that whoever reads it needs no geometry. */
#include "commands.h"
#include "geo.h"
#include "tile.h"

#include <kr/args.h>
#include <kr/journal.h>
#include <kr/memory.h>

#define ADD_SCORES 32u /* points that need no memory for their scores */

struct add {
    bool new_only;    /* NX */
    bool known_only;  /* XX */
    bool all_changes; /* CH: count those that have moved, too */
    uint32_t first;   /* argument: the first longitude */
    uint32_t points;
    int64_t added, moved;
};

static void add_read_options(const struct kr_call *call, struct add *add)
{
    for (add->first = 2; add->first < call->argc; add->first++) {
        if (kr_arg_is(call, add->first, "nx"))
            add->new_only = true;
        else if (kr_arg_is(call, add->first, "xx"))
            add->known_only = true;
        else if (kr_arg_is(call, add->first, "ch"))
            add->all_changes = true;
        else
            break;
    }
    add->points = (call->argc - add->first) / 3;
}

/* false: replied. */
static bool add_read_scores(struct kr_call *call, const struct add *add,
                            uint64_t *scores)
{
    for (uint32_t i = 0; i < add->points; i++) {
        struct point point;

        if (!geo_arg_point(call, add->first + 3 * i, &point))
            return false;
        scores[i] = tile_score(point);
    }
    return true;
}

static struct kr_str add_member(const struct kr_call *call,
                                const struct add *add, uint32_t i)
{
    return call->argv[add->first + 3 * i + 2];
}

static void add_points(struct kr_call *call, struct add *add,
                       const uint64_t *scores, struct kr_cell *cell, bool found)
{
    for (uint32_t i = 0; i < add->points; i++) {
        struct kr_scored one = {add_member(call, add, i), (double)scores[i]};
        uint32_t outcome;
        double old;

        if (!found) {
            kr_zsets->put(call->db, call->argv[1], 1, &one, cell);
            found = true;
            add->added++;
            continue;
        }
        if ((add->new_only || add->known_only) &&
            kr_zsets->score(cell, one.member, &old) == add->new_only)
            continue;
        outcome = kr_zsets->add(cell, one.member, one.score);
        add->added += outcome == KR_ZSET_ADDED;
        add->moved += outcome == KR_ZSET_UPDATED;
    }
}

static void add_journal(struct kr_call *call, const struct add *add,
                        const uint64_t *scores)
{
    uint32_t argc = add->first + 2 * add->points, at = add->first;
    size_t size = argc * sizeof(struct kr_str) + add->points * KR_INT64_TEXT;
    struct kr_str *words = kr_memory->alloc(geo_self, size);
    char *text = (char *)(words + argc);

    memcpy(words, call->argv, at * sizeof(*words));
    words[0] = KR_STR("zadd");
    for (uint32_t i = 0; i < add->points; i++) {
        size_t length = kr_text->from_int64((int64_t)scores[i], text);

        words[at++] = kr_str(text, length);
        words[at++] = add_member(call, add, i);
        text += KR_INT64_TEXT;
    }
    kr_journal->instead(call, argc, words);
    kr_memory->free(geo_self, words);
}

static void add_run(struct kr_call *call, struct add *add,
                    const uint64_t *scores)
{
    struct kr_cell cell;
    bool wrong;
    bool found = geo_find(call, 1, KR_FIND_WRITE, &cell, &wrong);

    if (wrong)
        return;
    if (found || !add->known_only)
        add_points(call, add, scores, &cell, found);
    if (add->added + add->moved > 0) {
        if (kr_journal->armed())
            add_journal(call, add, scores);
        kr_changed_by(call, call->db, call->argv[1], KR_CLASS_ZSET,
                      KR_STR("zadd"), (uint64_t)(add->added + add->moved));
    }
    kr_reply_int64(call->reply,
                   add->added + (add->all_changes ? add->moved : 0));
}

void geo_geoadd(struct kr_call *call)
{
    uint64_t few[ADD_SCORES], *scores = few;
    struct add add = {.added = 0};

    add_read_options(call, &add);
    if ((call->argc - add.first) % 3 || !add.points ||
        (add.new_only && add.known_only)) {
        kr_refuse_syntax(call);
        return;
    }
    if (add.points > ADD_SCORES)
        scores = kr_memory->alloc(geo_self, add.points * sizeof(*scores));
    if (add_read_scores(call, &add, scores))
        add_run(call, &add, scores);
    if (scores != few)
        kr_memory->free(geo_self, scores);
}
