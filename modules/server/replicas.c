/* SPDX-License-Identifier: BSD-3-Clause */
/* replicas - WAIT: until replicas have what the client has written.
 *
 * Clients call it of servers that have none, too.  Nobody acknowledges anything
 * here, so who wants to hear of none has the answer at once, and who wants to
 * hear of one has it when the time is over: none. */
#include "server.h"

#include "commands.h"

bool server_wait_over(struct kr_call *call, uint32_t why, struct kr_str key,
                      void *ctx)
{
    (void)key, (void)ctx;
    if (why != KR_WAKE_GONE)
        kr_reply_int64(call->reply, 0);
    return true;
}

void server_wait(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park), .wake = server_wait_over};
    int64_t replicas;

    if (!kr_arg_int64(call, 1, &replicas) ||
        !kr_arg_timeout(call, 2, false, &park.deadline_ms))
        return;
    if (replicas <= 0 || !kr_block->park(call, &park))
        kr_reply_int64(call->reply, 0);
}
