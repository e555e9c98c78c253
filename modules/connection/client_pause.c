/* SPDX-License-Identifier: BSD-3-Clause */
/* client_pause - CLIENT PAUSE, UNPAUSE and UNBLOCK: make clients wait, and end
 * their waiting. */
#include "commands.h"
#include "connection.h"

#include <kr/block.h>

/* Argument `i`, ms from now on, as a moment; 0 stays 0, which is long past. */
static bool pause_read_end(struct kr_call *call, uint32_t i, int64_t *until_ms)
{
    const char *error;

    if (!kr_arg_int64_or(call, i, until_ms,
                         "ERR timeout is not an integer or out of range"))
        return false;
    if (*until_ms < 0)
        error = "ERR timeout is negative";
    else if (*until_ms > 0 &&
             __builtin_add_overflow(*until_ms, call->now_ms, until_ms))
        error = "ERR timeout is out of range";
    else
        return true;
    kr_reply_error(call->reply, error);
    return false;
}

void connection_client_pause(struct kr_call *call)
{
    bool writes_only = false;
    int64_t until_ms;

    if (call->argc > 4) {
        kr_refuse_subcommand(call, "CLIENT");
        return;
    }
    if (call->argc == 4) {
        writes_only = kr_arg_is(call, 3, "WRITE");
        if (!writes_only && !kr_arg_is(call, 3, "ALL")) {
            kr_reply_error(call->reply,
                           "ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
    }
    if (!pause_read_end(call, 2, &until_ms))
        return;
    kr_clients->pause(until_ms, writes_only);
    kr_reply_ok(call->reply);
}

void connection_client_unpause(struct kr_call *call)
{
    kr_clients->unpause();
    kr_reply_ok(call->reply);
}

void connection_client_unblock(struct kr_call *call)
{
    bool error = false;
    kr_client *client;
    int64_t id;

    if (call->argc > 4) {
        kr_refuse_subcommand(call, "CLIENT");
        return;
    }
    if (call->argc == 4) {
        error = kr_arg_is(call, 3, "ERROR");
        if (!error && !kr_arg_is(call, 3, "TIMEOUT")) {
            kr_reply_error(call->reply, "ERR CLIENT UNBLOCK reason should be "
                                        "TIMEOUT or ERROR");
            return;
        }
    }
    if (!kr_arg_int64(call, 2, &id))
        return;
    client = id > 0 ? kr_clients->find((uint64_t)id) : NULL;
    kr_reply_int64(call->reply, client && kr_block->unblock(client, error));
}
