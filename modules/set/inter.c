/* SPDX-License-Identifier: BSD-3-Clause */
/* inter - what sets have in common: SINTER, SINTERSTORE, SINTERCARD.
 *
 * The smallest set is walked, a batch at a time, and each of the others keeps
 * of the batch what it has.  So the cost is that of the smallest set, times the
 * number of sets at worst.  Of two tables only what they have in common is
 * walked (join.h). */
#include "commands.h"
#include "sources.h"

#include <kr/args.h>

static uint64_t inter_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct inter {
    struct sources sources;
    uint32_t asked; /* sets from this one on are asked about each batch */
    struct set_walk walk;
};

/* Call for each batch of members that all sets have; inter->walk is it. */
static bool inter_next(struct inter *inter)
{
    while (value_next(&inter->walk))
        if (sources_filter(&inter->sources, inter->asked, inter->sources.count,
                           false, &inter->walk) > 0)
            return true;
    return false;
}

static void inter_begin(struct inter *inter)
{
    const struct source *all = inter->sources.all;

    sources_sort(&inter->sources, 0, false);
    inter->asked = 1;
    if (inter->sources.count == 1)
        value_walk(&all[0].set, &inter->walk);
    else if (value_walk_common(&all[0].set, &all[1].set, &inter->walk))
        inter->asked = 2;
}

/* --- SINTER -------------------------------------------------------------- */

static void inter_reply(struct inter *inter, struct kr_reply *reply)
{
    uint64_t token = reply->ops->defer(reply);
    uint64_t count = 0;

    inter_begin(inter);
    while (inter_next(inter)) {
        for (uint32_t i = 0; i < inter->walk.count; i++)
            value_reply(reply, &inter->walk.member[i]);
        count += inter->walk.count;
    }
    reply->ops->close(reply, token, KR_SET, count);
}

void set_sinter(struct kr_call *call)
{
    struct kr_reply *reply = call->reply;
    struct inter inter;

    if (!sources_find(&inter.sources, call, 1, call->argc - 1))
        return;
    if (inter.sources.missing)
        reply->ops->open(reply, KR_SET, 0);
    else
        inter_reply(&inter, reply);
    sources_fini(&inter.sources);
}

/* --- SINTERSTORE --------------------------------------------------------- */

void set_sinterstore(struct kr_call *call)
{
    struct inter inter;
    struct gather gather;

    if (!sources_find(&inter.sources, call, 2, call->argc - 2))
        return;
    if (inter.sources.missing) {
        sources_fini(&inter.sources);
        sources_store(call, NULL, KR_STR(""));
        return;
    }
    inter_begin(&inter);
    gather_init(&gather, SET_INTSET, 0);
    while (inter_next(&inter))
        for (uint32_t i = 0; i < inter.walk.count; i++)
            gather_add(&gather, &inter.walk.member[i], true);
    sources_fini(&inter.sources);
    sources_store(call, &gather, KR_STR("sinterstore"));
    gather_fini(&gather);
}

/* --- SINTERCARD ---------------------------------------------------------- */

/* The words behind the keys.  false: replied. */
static bool intercard_parse(struct kr_call *call, int64_t keys, uint64_t *limit)
{
    int64_t value = 0;

    for (uint32_t i = 2 + (uint32_t)keys; i < call->argc; i++) {
        if (!kr_arg_is(call, i, "LIMIT") || i + 1 == call->argc) {
            kr_refuse_syntax(call);
            return false;
        }
        if (!kr_arg_int64_in(call, ++i, 0, INT64_MAX, &value,
                             "ERR LIMIT can't be negative"))
            return false;
    }
    *limit = value == 0 ? UINT64_MAX : (uint64_t)value;
    return true;
}

void set_sintercard(struct kr_call *call)
{
    struct inter inter;
    uint64_t limit, count = 0;
    int64_t keys;

    if (!kr_arg_int64_in(call, 1, 1, INT64_MAX, &keys,
                         "ERR numkeys should be greater than 0"))
        return;
    if (keys > (int64_t)call->argc - 2) {
        kr_reply_error(call->reply, "ERR Number of keys can't be greater than "
                                    "number of args");
        return;
    }
    if (!intercard_parse(call, keys, &limit) ||
        !sources_find(&inter.sources, call, 2, (uint32_t)keys))
        return;
    if (!inter.sources.missing) {
        inter_begin(&inter);
        while (count < limit && inter_next(&inter))
            count += inter.walk.count;
    }
    sources_fini(&inter.sources);
    kr_reply_int64(call->reply, (int64_t)inter_least(count, limit));
}
