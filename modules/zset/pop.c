/* SPDX-License-Identifier: BSD-3-Clause */
/* pop - take the lowest or the highest members: ZPOPMIN, ZPOPMAX, ZMPOP, and
 * the three that wait for some: BZPOPMIN, BZPOPMAX, BZMPOP.
 *
 *   shape              used by                     reply
 *   POP_FLAT           ZPOP..., RESP2 or no count  m s m s ...
 *   POP_PAIRS          ZPOP... count, RESP3        (m s) (m s) ...
 *   POP_KEY            BZPOP...                    key m s
 *   POP_KEY_PAIRS      ZMPOP, BZMPOP               key ((m s) (m s) ...)
 *
 * The journal never waits: it gets a ZPOPMIN or ZPOPMAX of the key that had
 * something. */
#include "commands.h"

#include <kr/args.h>
#include <kr/block.h>
#include <kr/journal.h>

#include "value.h"

enum pop_shape { POP_FLAT, POP_PAIRS, POP_KEY, POP_KEY_PAIRS };

/* What a command pops. */
struct pop {
    bool back;      /* from the highest down */
    bool counted;   /* the journal says how many */
    bool as_typed;  /* the journal takes the command as it is */
    uint32_t first; /* argument: the first key */
    uint32_t keys;
    int64_t count; /* at most */
    enum pop_shape shape;
};

/* --- One set ------------------------------------------------------------- */

static void pop_open(struct kr_reply *reply, const struct pop *pop,
                     struct kr_str key, uint64_t count)
{
    switch (pop->shape) {
    case POP_FLAT:
        kr_reply_array(reply, count * 2);
        break;
    case POP_PAIRS:
        kr_reply_array(reply, count);
        break;
    case POP_KEY:
        kr_reply_array(reply, count * 2 + 1);
        kr_reply_bulk(reply, key);
        break;
    case POP_KEY_PAIRS:
        kr_reply_array(reply, 2);
        kr_reply_bulk(reply, key);
        kr_reply_array(reply, count);
        break;
    }
}

static void pop_answer(struct kr_call *call, const struct pop *pop,
                       struct kr_str key, const struct kr_cell *cell,
                       struct value_run run)
{
    bool pairs = pop->shape == POP_PAIRS || pop->shape == POP_KEY_PAIRS;
    struct kr_reply *reply = call->reply;
    struct kr_walk walk;

    pop_open(reply, pop, key, run.count);
    value_walk(cell, pop->back ? run.position + run.count - 1 : run.position,
               run.count, pop->back ? VALUE_WALK_BACK : 0, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++) {
            if (pairs)
                kr_reply_array(reply, 2);
            kr_reply_bulk(reply, walk.item[i]);
            reply->ops->number(reply, walk.score[i]);
        }
}

static void pop_journal(struct kr_call *call, const struct pop *pop,
                        struct kr_str key, uint64_t count)
{
    char digits[KR_INT64_TEXT];
    struct kr_str words[] = {
        pop->back ? KR_STR("ZPOPMAX") : KR_STR("ZPOPMIN"), key, {NULL, 0}};

    if (pop->as_typed || !kr_journal->armed())
        return;
    words[2] = kr_str(digits, kr_text->from_int64((int64_t)count, digits));
    kr_journal->instead(call, pop->counted ? 3 : 2, words);
}

/* Pop from the set in the cell, and answer it. */
static void pop_from(struct kr_call *call, const struct pop *pop,
                     struct kr_str key, struct kr_cell *cell)
{
    uint64_t count = value_count(cell);
    struct value_run run = {0, count};

    if ((uint64_t)pop->count < count)
        run.count = (uint64_t)pop->count;
    if (pop->back)
        run.position = count - run.count;
    pop_answer(call, pop, key, cell, run);
    value_removed(call, key, cell, run.count, value_remove_run(cell, run),
                  pop->back ? KR_STR("zpopmax") : KR_STR("zpopmin"));
    pop_journal(call, pop, key, run.count);
}

/* The first of the keys that is there.  false: none, or an error is replied and
 * *wrong set. */
static bool pop_find(struct kr_call *call, const struct pop *pop, uint32_t *arg,
                     struct kr_cell *cell, bool *wrong)
{
    *wrong = false;
    for (*arg = pop->first; *arg < pop->first + pop->keys; ++*arg)
        if (value_find(call, *arg, KR_FIND_WRITE, cell, wrong) || *wrong)
            return !*wrong;
    return false;
}

/* --- ZPOPMIN, ZPOPMAX, ZMPOP --------------------------------------------- */

static void pop_few(struct kr_call *call, bool back)
{
    struct pop pop = {
        .back = back, .as_typed = true, .first = 1, .keys = 1, .count = 1};
    struct kr_cell cell;
    bool wrong;

    if (call->argc > 3) {
        kr_refuse_syntax(call);
        return;
    }
    if (call->argc == 3) {
        if (!kr_arg_int64_in(call, 2, 0, INT64_MAX, &pop.count,
                             "ERR value is out of range, must be positive"))
            return;
        pop.shape = call->reply->protocol >= 3 ? POP_PAIRS : POP_FLAT;
    }
    if (value_find(call, 1, KR_FIND_WRITE, &cell, &wrong) && pop.count > 0)
        pop_from(call, &pop, call->argv[1], &cell);
    else if (!wrong)
        kr_reply_array(call->reply, 0);
}

void zset_zpopmin(struct kr_call *call)
{
    pop_few(call, false);
}

void zset_zpopmax(struct kr_call *call)
{
    pop_few(call, true);
}

/* numkeys key [key ...] MIN|MAX [COUNT count], from argument `numkeys` on.
 * false: an error is replied. */
static bool pop_read_many(struct kr_call *call, uint32_t numkeys,
                          struct pop *pop)
{
    uint32_t room = call->argc - numkeys - 1;
    bool counted = false;
    int64_t keys;
    uint32_t at;

    if (!kr_arg_int64_in(call, numkeys, 1, INT64_MAX, &keys,
                         "ERR numkeys should be greater than 0"))
        return false;
    if ((uint64_t)keys >= room)
        goto refuse;
    *pop = (struct pop){.counted = true,
                        .first = numkeys + 1,
                        .keys = (uint32_t)keys,
                        .count = 1,
                        .shape = POP_KEY_PAIRS};
    at = pop->first + pop->keys;
    pop->back = kr_arg_is(call, at, "MAX");
    if (!pop->back && !kr_arg_is(call, at, "MIN"))
        goto refuse;
    for (at++; at < call->argc; at += 2) {
        if (counted || !kr_arg_is(call, at, "COUNT") || at + 1 == call->argc)
            goto refuse;
        if (!kr_arg_int64_in(call, at + 1, 1, INT64_MAX, &pop->count,
                             "ERR count should be greater than 0"))
            return false;
        counted = true;
    }
    return true;
refuse:
    kr_refuse_syntax(call);
    return false;
}

void zset_zmpop(struct kr_call *call)
{
    struct kr_cell cell;
    struct pop pop;
    uint32_t arg;
    bool wrong;

    if (!pop_read_many(call, 1, &pop))
        return;
    if (pop_find(call, &pop, &arg, &cell, &wrong))
        pop_from(call, &pop, call->argv[arg], &cell);
    else if (!wrong)
        call->reply->ops->null_array(call->reply);
}

/* --- Waiting for some ---------------------------------------------------- */

bool pop_wake(struct kr_call *call, uint32_t why, struct kr_str key, void *ctx)
{
    struct kr_cell cell;

    if (why == KR_WAKE_TIMEOUT)
        call->reply->ops->null_array(call->reply);
    if (why != KR_WAKE_READY)
        return true;
    if (!kr_keyspace->find(call->db, key, KR_FIND_WRITE | KR_FIND_NO_STATS,
                           &cell) ||
        cell.type != value_type)
        return false; /* somebody was faster, or it is no sorted set */
    pop_from(call, ctx, key, &cell);
    return true;
}

void pop_forget(void *ctx)
{
    kr_memory->free(zset_self, ctx);
}

static void pop_wait(struct kr_call *call, const struct pop *pop,
                     int64_t deadline_ms)
{
    struct pop *kept = kr_memory->alloc(zset_self, sizeof(*kept));
    struct kr_park park = {.size = sizeof(park),
                           .key_count = pop->keys,
                           .keys = call->argv + pop->first,
                           .deadline_ms = deadline_ms,
                           .wake = pop_wake,
                           .free = pop_forget,
                           .ctx = kept};

    *kept = *pop;
    if (!kr_block->park(call, &park)) {
        kr_memory->free(zset_self, kept);
        call->reply->ops->null_array(call->reply);
    }
}

/* `timeout` is an argument. */
static void pop_or_wait(struct kr_call *call, const struct pop *pop,
                        uint32_t timeout)
{
    struct kr_cell cell;
    int64_t deadline_ms;
    uint32_t arg;
    bool wrong;

    if (!kr_arg_timeout(call, timeout, true, &deadline_ms))
        return;
    if (pop_find(call, pop, &arg, &cell, &wrong))
        pop_from(call, pop, call->argv[arg], &cell);
    else if (!wrong)
        pop_wait(call, pop, deadline_ms);
}

/* BZPOPMIN key [key ...] timeout */
static void pop_one_of(struct kr_call *call, bool back)
{
    struct pop pop = {.back = back,
                      .first = 1,
                      .keys = call->argc - 2,
                      .count = 1,
                      .shape = POP_KEY};

    pop_or_wait(call, &pop, call->argc - 1);
}

void zset_bzpopmin(struct kr_call *call)
{
    pop_one_of(call, false);
}

void zset_bzpopmax(struct kr_call *call)
{
    pop_one_of(call, true);
}

/* BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count] */
void zset_bzmpop(struct kr_call *call)
{
    struct pop pop;

    if (pop_read_many(call, 2, &pop))
        pop_or_wait(call, &pop, 1);
}
