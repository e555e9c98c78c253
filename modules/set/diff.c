/* SPDX-License-Identifier: BSD-3-Clause */
/* diff - what the first set has and no other: SDIFF, SDIFFSTORE.
 *
 * Two ways:
 *
 *   ask     each member of the first set is looked for in the others: good when
 *           the first is not much larger than they are
 *   drop    members of the others are looked for in the first, and what is
 *           found is left out: good when they are small
 *
 * Which one is taken is Redis's rule, because OBJECT ENCODING tells the ways
 * apart: a set that all of the first went into has the form that all of the
 * first needs. */
#include "commands.h"
#include "sources.h"

#include <kr/memory.h>

/* Is "drop" less work?  Asking is twice as fast a member. */
static bool diff_drops(const struct sources *sources)
{
    uint64_t ask = 0, drop = 0;

    for (uint32_t i = 0; i < sources->count; i++) {
        if (sources->all[i].count == 0)
            continue;
        ask += sources->all[0].count;
        drop += sources->all[i].count;
    }
    return ask / 2 > drop;
}

/* Is the first set there at all, and not subtracted from itself? */
static bool diff_is_empty(const struct sources *sources)
{
    if (sources->all[0].count == 0)
        return true;
    for (uint32_t i = 1; i < sources->count; i++)
        if (sources_same(&sources->all[0], &sources->all[i]))
            return true;
    return false;
}

/* --- The members that are left out --------------------------------------- */

/* All members of the others that the first set has, as one set. */
static void diff_gather_dropped(const struct sources *sources,
                                struct gather *dropped)
{
    const struct set *first = &sources->all[0].set;

    gather_init(dropped, SET_INTSET, 0);
    for (uint32_t at = 1; at < sources->count; at++) {
        struct set_walk walk;

        if (sources->all[at].count == 0)
            continue;
        value_walk(&sources->all[at].set, &walk);
        while (value_next(&walk)) {
            uint32_t found = value_has_batch(first, walk.member, walk.count);

            for (uint32_t i = 0; i < walk.count; i++)
                if (found >> i & 1)
                    gather_add(dropped, &walk.member[i], false);
        }
    }
}

/* --- Walking the difference ---------------------------------------------- */

/* Either way leaves a list of sets that none of may have a member. */
struct diff {
    struct set_walk walk;
    struct sources *sources;
    struct sources dropped; /* of one set, when `drops` */
    struct gather gather;
    bool drops;
};

static void diff_begin(struct diff *diff, struct sources *sources)
{
    diff->sources = sources;
    diff->drops = diff_drops(sources);
    if (diff->drops) {
        diff_gather_dropped(sources, &diff->gather);
        diff->dropped.all = diff->dropped.few;
        diff->dropped.count = 1;
        diff->dropped.few[0].set = gather_view(&diff->gather);
        diff->dropped.few[0].count = gather_count(&diff->gather);
    } else {
        /* The largest is the likeliest to have a member. */
        sources_sort(sources, 1, true);
    }
    value_walk(&sources->all[0].set, &diff->walk);
}

static bool diff_next(struct diff *diff, struct gather *note)
{
    struct set_walk *walk = &diff->walk;

    while (value_next(walk)) {
        if (note && diff->drops)
            gather_note_batch(note, walk);
        if (diff->drops)
            sources_filter(&diff->dropped, 0, 1, true, walk);
        else
            sources_filter(diff->sources, 1, diff->sources->count, true, walk);
        if (walk->count > 0)
            return true;
    }
    return false;
}

static void diff_end(struct diff *diff)
{
    if (diff->drops)
        gather_fini(&diff->gather);
}

/* --- The commands -------------------------------------------------------- */

static void diff_reply(struct sources *sources, struct kr_reply *reply)
{
    uint64_t token = reply->ops->defer(reply);
    uint64_t count = 0;
    struct diff diff;

    diff_begin(&diff, sources);
    while (diff_next(&diff, NULL)) {
        for (uint32_t i = 0; i < diff.walk.count; i++)
            value_reply(reply, &diff.walk.member[i]);
        count += diff.walk.count;
    }
    diff_end(&diff);
    reply->ops->close(reply, token, KR_SET, count);
}

void set_sdiff(struct kr_call *call)
{
    struct kr_reply *reply = call->reply;
    struct sources sources;

    if (!sources_find(&sources, call, 1, call->argc - 1))
        return;
    if (diff_is_empty(&sources))
        reply->ops->open(reply, KR_SET, 0);
    else
        diff_reply(&sources, reply);
    sources_fini(&sources);
}

static void diff_store(struct sources *sources, struct gather *gather)
{
    struct diff diff;

    gather_init(gather, SET_INTSET, 0);
    diff_begin(&diff, sources);
    while (diff_next(&diff, gather))
        for (uint32_t i = 0; i < diff.walk.count; i++)
            gather_add(gather, &diff.walk.member[i], true);
    diff_end(&diff);
}

void set_sdiffstore(struct kr_call *call)
{
    struct sources sources;
    struct gather gather;

    if (!sources_find(&sources, call, 2, call->argc - 2))
        return;
    if (diff_is_empty(&sources))
        gather_init(&gather, SET_INTSET, 0);
    else
        diff_store(&sources, &gather);
    sources_fini(&sources);
    sources_store(call, &gather, KR_STR("sdiffstore"));
    gather_fini(&gather);
}
