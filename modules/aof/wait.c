/* SPDX-License-Identifier: BSD-3-Clause */
/* wait - WAITAOF: until what the client has written is on the disk.
 *
 * Each client's last write has left its mark with it (log.c).  There are no
 * replicas yet whose disks could be asked for, so who waits for one waits until
 * the timeout. */
#include "aof.h"

#include "commands.h"

struct waiting {
    struct waiting *next;
    struct aof *aof;
    kr_parked *parked;
    uint64_t mark;
    int64_t local, replicas;
};

static bool wait_is_local(const struct aof *aof, uint64_t mark)
{
    return aof->state != AOF_OFF && aof->synced >= mark;
}

static bool wait_is_over(const struct aof *aof, uint64_t mark, int64_t local,
                         int64_t replicas)
{
    return (local == 0 || wait_is_local(aof, mark)) && replicas == 0;
}

static void wait_reply(struct kr_call *call, const struct aof *aof,
                       uint64_t mark)
{
    kr_reply_array(call->reply, 2);
    kr_reply_int64(call->reply, wait_is_local(aof, mark));
    kr_reply_int64(call->reply, 0);
}

/* --- In line ------------------------------------------------------------- */

bool wait_wake(struct kr_call *call, uint32_t why, struct kr_str key, void *ctx)
{
    struct waiting *waiting = ctx;

    (void)key;
    if (why != KR_WAKE_GONE)
        wait_reply(call, waiting->aof, waiting->mark);
    return true;
}

void wait_free(void *ctx)
{
    struct waiting *waiting = ctx;
    struct waiting **at = &waiting->aof->waiting;

    while (*at && *at != waiting)
        at = &(*at)->next;
    if (*at)
        *at = waiting->next;
    kr_memory->free(waiting->aof->self, waiting);
}

void wait_serve(struct aof *aof)
{
    for (struct waiting *waiting = aof->waiting; waiting;
         waiting = waiting->next)
        if (wait_is_over(aof, waiting->mark, waiting->local, waiting->replicas))
            kr_block->complete(waiting->parked);
}

void wait_end(struct aof *aof)
{
    for (struct waiting *waiting = aof->waiting; waiting;
         waiting = waiting->next)
        kr_block->complete(waiting->parked);
}

void wait_take(struct aof *aof, struct aof *before)
{
    aof->waiting = before->waiting;
    for (struct waiting *waiting = aof->waiting; waiting;
         waiting = waiting->next)
        waiting->aof = aof;
}

/* --- The command --------------------------------------------------------- */

static void wait_begin(struct kr_call *call, struct aof *aof,
                       const struct waiting *what, int64_t deadline_ms)
{
    struct waiting *waiting = kr_memory->alloc(aof->self, sizeof(*waiting));
    struct kr_park park = {.size = sizeof(park),
                           .deadline_ms = deadline_ms,
                           .wake = wait_wake,
                           .free = wait_free,
                           .ctx = waiting};

    *waiting = *what;
    waiting->next = aof->waiting;
    aof->waiting = waiting;
    waiting->parked = kr_block->park(call, &park);
    if (waiting->parked)
        return;
    wait_reply(call, aof, waiting->mark);
    wait_free(waiting);
}

void aof_waitaof(struct kr_call *call)
{
    struct aof *aof = call->state;
    struct waiting what = {.aof = aof};
    int64_t deadline_ms;

    if (!kr_arg_int64_in(call, 1, 0, 1, &what.local, NULL) ||
        !kr_arg_int64_in(call, 2, 0, INT64_MAX, &what.replicas, NULL) ||
        !kr_arg_timeout(call, 3, false, &deadline_ms))
        return;
    if (what.local > 0 && !aof_settings.enabled) {
        kr_reply_error(call->reply, "ERR WAITAOF cannot be used when numlocal "
                                    "is set but appendonly is disabled.");
        return;
    }
    if (call->client)
        what.mark =
            (uint64_t)(uintptr_t)kr_clients->get(call->client, aof->slot);
    if (wait_is_over(aof, what.mark, what.local, what.replicas))
        wait_reply(call, aof, what.mark);
    else
        wait_begin(call, aof, &what, deadline_ms);
}
