/* SPDX-License-Identifier: BSD-3-Clause */
/* union - what one set or another has: SUNION, SUNIONSTORE.
 *
 * SUNION of few sets makes no set: the largest is replied as it is, and of each
 * other one what none before it has.  Of many sets, where that would ask too
 * often, one is gathered first. */
#include "commands.h"
#include "sources.h"

#define UNION_ASKS 3u /* times that a member may be looked for, on average */

/* --- Without a set ------------------------------------------------------- */

/* Look-ups in sets before one's own, against members in all. */
static bool union_is_cheap(const struct sources *sources)
{
    uint64_t asks = 0, members = 0;

    for (uint32_t i = 0; i < sources->count; i++) {
        asks += i * sources->all[i].count;
        members += sources->all[i].count;
    }
    return asks <= UNION_ASKS * members;
}

static void union_reply(struct sources *sources, struct kr_reply *reply)
{
    uint64_t token = reply->ops->defer(reply);
    uint64_t count = 0;

    for (uint32_t at = 0; at < sources->count; at++) {
        struct source *source = &sources->all[at];
        struct set_walk walk;

        if (source->count == 0)
            continue;
        if (at == 0) {
            value_reply_all(reply, &source->set);
            count += source->count;
            continue;
        }
        value_walk(&source->set, &walk);
        while (value_next(&walk)) {
            count += sources_filter(sources, 0, at, true, &walk);
            for (uint32_t i = 0; i < walk.count; i++)
                value_reply(reply, &walk.member[i]);
        }
    }
    reply->ops->close(reply, token, KR_SET, count);
}

/* --- With one ------------------------------------------------------------ */

static void union_gather(const struct sources *sources, struct gather *gather)
{
    uint64_t largest = sources->count > 0 ? sources->all[0].count : 0;

    gather_init(gather, SET_INTSET, largest);
    for (uint32_t at = 0; at < sources->count; at++) {
        struct set_walk walk;

        if (sources->all[at].count == 0)
            continue;
        value_walk(&sources->all[at].set, &walk);
        while (value_next(&walk))
            gather_add_batch(gather, &walk, at == 0);
    }
}

static void union_reply_gathered(struct sources *sources,
                                 struct kr_reply *reply)
{
    struct gather gather;
    struct set set;

    union_gather(sources, &gather);
    set = gather_view(&gather);
    reply->ops->open(reply, KR_SET, gather_count(&gather));
    value_reply_all(reply, &set);
    gather_fini(&gather);
}

/* --- The commands -------------------------------------------------------- */

void set_sunion(struct kr_call *call)
{
    struct sources sources;

    if (!sources_find(&sources, call, 1, call->argc - 1))
        return;
    sources_sort(&sources, 0, true);
    if (union_is_cheap(&sources))
        union_reply(&sources, call->reply);
    else
        union_reply_gathered(&sources, call->reply);
    sources_fini(&sources);
}

void set_sunionstore(struct kr_call *call)
{
    struct sources sources;
    struct gather gather;

    if (!sources_find(&sources, call, 2, call->argc - 2))
        return;
    sources_sort(&sources, 0, true);
    union_gather(&sources, &gather);
    sources_fini(&sources);
    sources_store(call, &gather, KR_STR("sunionstore"));
    gather_fini(&gather);
}
