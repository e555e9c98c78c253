/* SPDX-License-Identifier: BSD-3-Clause */
/* random - ZRANDMEMBER: members by chance.
 *
 *   no count       one member
 *   count >= 0     that many different ones, or all
 *   count < 0      that many, each drawn from all
 *
 * Each member has the same chance.  Of a large set items are drawn from the
 * table, of a small one positions. */
#include "commands.h"

#include <kr/args.h>
#include <kr/client.h>

#include "../structure/chance.h"
#include "../structure/sample.h"
#include "answer.h"

#define RANDOM_CHUNK 1024 /* draws between two looks at the client */

static void random_draw(struct kr_reply *reply, const struct kr_cell *cell,
                        uint64_t *seed, bool with_scores)
{
    if (cell->meta == VALUE_LARGE) {
        const struct item *item =
            htable_random(&value_large(cell)->table, seed);

        answer_member(reply, item_key(item), item_score(item), with_scores);
    } else {
        uint64_t position = chance_below(seed, value_count(cell));

        answer_run(reply, cell, (struct value_run){position, 1}, false,
                   with_scores);
    }
}

/* Who asks for a thousand million of them and goes away is not answered to the
 * end. */
static bool random_client_is_gone(const struct kr_call *call)
{
    return call->client != NULL &&
           kr_clients->flags(call->client) & KR_CLIENT_CLOSE_ASAP;
}

static void random_draw_many(struct kr_call *call, const struct kr_cell *cell,
                             uint64_t count, bool with_scores)
{
    uint64_t seed = kr_text->random();

    answer_open(call->reply, count, with_scores);
    for (uint64_t i = 1; i <= count; i++) {
        random_draw(call->reply, cell, &seed, with_scores);
        if (i % RANDOM_CHUNK == 0 && random_client_is_gone(call))
            break;
    }
}

/* --- Different ones: fewer than there are -------------------------------- */

static void random_pick_large(struct kr_reply *reply, struct large *large,
                              size_t count, bool with_scores)
{
    struct item **items =
        kr_memory->alloc(zset_self, count * sizeof(struct item *));
    uint64_t seed = kr_text->random();

    sample_items(&large->table, &value_host, count, &seed, items);
    for (size_t i = 0; i < count; i++)
        answer_member(reply, item_key(items[i]), item_score(items[i]),
                      with_scores);
    kr_memory->free(zset_self, items);
}

static void random_pick_small(struct kr_reply *reply,
                              const struct kr_cell *cell, uint32_t count,
                              bool with_scores)
{
    uint32_t *positions =
        kr_memory->alloc(zset_self, count * sizeof(*positions));
    uint64_t seed = kr_text->random();

    sample_numbers(value_count(cell), count, &seed, positions);
    for (uint32_t i = 0; i < count; i++)
        answer_run(reply, cell, (struct value_run){positions[i], 1}, false,
                   with_scores);
    kr_memory->free(zset_self, positions);
}

static void random_pick(struct kr_call *call, const struct kr_cell *cell,
                        uint64_t count, bool with_scores)
{
    struct value_run all = {0, value_count(cell)};

    answer_open(call->reply, count < all.count ? count : all.count,
                with_scores);
    if (count >= all.count)
        answer_run(call->reply, cell, all, false, with_scores);
    else if (cell->meta == VALUE_LARGE)
        random_pick_large(call->reply, value_large(cell), (size_t)count,
                          with_scores);
    else
        random_pick_small(call->reply, cell, (uint32_t)count, with_scores);
}

/* --- ZRANDMEMBER --------------------------------------------------------- */

static void random_one(struct kr_call *call)
{
    uint64_t seed = kr_text->random();
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong))
        random_draw(call->reply, &cell, &seed, false);
    else if (!wrong)
        kr_reply_null(call->reply);
}

static void random_some(struct kr_call *call, int64_t count, bool with_scores)
{
    struct kr_cell cell;
    bool wrong;

    if (!value_find(call, 1, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            kr_reply_array(call->reply, 0);
    } else if (count == 0) {
        kr_reply_array(call->reply, 0);
    } else if (count < 0) {
        random_draw_many(call, &cell, (uint64_t)-count, with_scores);
    } else {
        random_pick(call, &cell, (uint64_t)count, with_scores);
    }
}

/* ZRANDMEMBER key [count [WITHSCORES]] */
void zset_zrandmember(struct kr_call *call)
{
    bool with_scores = call->argc > 3;
    int64_t count;

    if (call->argc == 2) {
        random_one(call);
        return;
    }
    if (!kr_arg_int64_in(call, 2, -INT64_MAX, INT64_MAX, &count, NULL))
        return;
    if (call->argc > 4 || (with_scores && !kr_arg_is(call, 3, "WITHSCORES"))) {
        kr_refuse_syntax(call);
        return;
    }
    if (with_scores && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
        kr_reply_error(call->reply, "ERR value is out of range");
        return;
    }
    random_some(call, count, with_scores);
}
