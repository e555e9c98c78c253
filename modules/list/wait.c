/* SPDX-License-Identifier: BSD-3-Clause */
/* wait - pops that wait for elements: BLPOP, BRPOP, BLMPOP.
 *
 * A parked call keeps its words, and says all that is needed; so nothing else
 * is kept while it waits, and its words are read anew when it is woken. */
#include "commands.h"
#include "pop.h"

#include <kr/args.h>

/* What the words of a waiting pop mean; they have been read before, so they are
 * right. */
typedef bool (*wait_parse)(struct kr_call *call, struct pop *pop);

static bool wait_wake(struct kr_call *call, uint32_t why, struct kr_str key,
                      wait_parse parse)
{
    struct kr_cell cell;
    struct pop pop;

    if (why == KR_WAKE_TIMEOUT)
        call->reply->ops->null_array(call->reply);
    if (why != KR_WAKE_READY)
        return true;
    if (!kr_keyspace->find(call->db, key, KR_FIND_WRITE, &cell) ||
        cell.type != value_type)
        return false;
    (void)parse(call, &pop);
    pop_from(call, &cell, key, &pop);
    return true;
}

/* Pop at once, or wait until `deadline_ms`. */
static void wait_or_pop(struct kr_call *call, const struct pop *pop,
                        int64_t deadline_ms,
                        bool (*wake)(struct kr_call *call, uint32_t why,
                                     struct kr_str key, void *ctx))
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = pop->key_count,
                           .keys = call->argv + pop->key,
                           .deadline_ms = deadline_ms,
                           .wake = wake};

    if (!pop_first(call, pop) && !kr_block->park(call, &park))
        call->reply->ops->null_array(call->reply);
}

/* --- BLPOP, BRPOP -------------------------------------------------------- */

static bool wait_parse_front(struct kr_call *call, struct pop *pop)
{
    *pop = (struct pop){
        .key = 1, .key_count = call->argc - 2, .front = true, .count = 0};
    return true;
}

static bool wait_parse_back(struct kr_call *call, struct pop *pop)
{
    (void)wait_parse_front(call, pop);
    pop->front = false;
    return true;
}

bool wait_wake_front(struct kr_call *call, uint32_t why, struct kr_str key,
                     void *ctx)
{
    (void)ctx;
    return wait_wake(call, why, key, wait_parse_front);
}

bool wait_wake_back(struct kr_call *call, uint32_t why, struct kr_str key,
                    void *ctx)
{
    (void)ctx;
    return wait_wake(call, why, key, wait_parse_back);
}

void list_blpop(struct kr_call *call)
{
    int64_t deadline_ms;
    struct pop pop;

    (void)wait_parse_front(call, &pop);
    if (kr_arg_timeout(call, call->argc - 1, true, &deadline_ms))
        wait_or_pop(call, &pop, deadline_ms, wait_wake_front);
}

void list_brpop(struct kr_call *call)
{
    int64_t deadline_ms;
    struct pop pop;

    (void)wait_parse_back(call, &pop);
    if (kr_arg_timeout(call, call->argc - 1, true, &deadline_ms))
        wait_or_pop(call, &pop, deadline_ms, wait_wake_back);
}

/* --- BLMPOP -------------------------------------------------------------- */

static bool wait_parse_many(struct kr_call *call, struct pop *pop)
{
    return pop_parse(call, 2, pop);
}

bool wait_wake_many(struct kr_call *call, uint32_t why, struct kr_str key,
                    void *ctx)
{
    (void)ctx;
    return wait_wake(call, why, key, wait_parse_many);
}

void list_blmpop(struct kr_call *call)
{
    int64_t deadline_ms;
    struct pop pop;

    if (wait_parse_many(call, &pop) &&
        kr_arg_timeout(call, 1, true, &deadline_ms))
        wait_or_pop(call, &pop, deadline_ms, wait_wake_many);
}
