/* SPDX-License-Identifier: BSD-3-Clause */
/* ttl - TTL and its kin, which tell how long a key lives, and PERSIST, which
 * makes it live for ever. */
#include "commands.h"
#include "keys.h"

#define TTL_NO_KEY  (-2)
#define TTL_NO_TIME (-1)

static int64_t ttl_to_seconds(int64_t ms)
{
    return ms / 1000 + (ms % 1000 >= 500);
}

static void ttl_reply(struct kr_call *call, int64_t since_ms, bool seconds)
{
    struct kr_cell cell;
    int64_t ms;

    if (!kr_keyspace->find_arg(call, 1, KR_FIND_NO_TOUCH, &cell)) {
        kr_reply_int64(call->reply, TTL_NO_KEY);
        return;
    }
    ms = kr_keyspace->expiry(&cell);
    if (ms == KR_NO_EXPIRY) {
        kr_reply_int64(call->reply, TTL_NO_TIME);
        return;
    }
    /* A key whose time is over is still here while another server decides. */
    ms = ms > since_ms ? ms - since_ms : 0;
    kr_reply_int64(call->reply, seconds ? ttl_to_seconds(ms) : ms);
}

void keys_ttl(struct kr_call *call)
{
    ttl_reply(call, call->now_ms, true);
}

void keys_pttl(struct kr_call *call)
{
    ttl_reply(call, call->now_ms, false);
}

void keys_expiretime(struct kr_call *call)
{
    ttl_reply(call, 0, true);
}

void keys_pexpiretime(struct kr_call *call)
{
    ttl_reply(call, 0, false);
}

void keys_persist(struct kr_call *call)
{
    struct kr_cell cell;

    if (!kr_keyspace->find_arg(call, 1, KR_FIND_NO_STATS, &cell) ||
        kr_keyspace->expiry(&cell) == KR_NO_EXPIRY ||
        !kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &cell)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    kr_keyspace->set_expiry(&cell, KR_NO_EXPIRY);
    keys_changed(call, call->db, call->argv[1], "persist");
    kr_reply_int64(call->reply, 1);
}
