/* SPDX-License-Identifier: BSD-3-Clause */
/* blocked - blocking a client, and letting it go from any thread.
 *
 *   BlockClient ---> parked ---timeout---> timeout callback ---+
 *                      |                                       v
 *   UnblockClient --> post --> complete --> reply callback --> over, and when
 *   (any thread)      (main)                what threads wrote  unblocked: free
 */
#include "blocked.h"

static void blocked_free(struct RedisModuleBlockedClient *blocked)
{
    RedisModuleCtx ctx;

    if (blocked->free_data && blocked->data) {
        context_begin(&ctx, blocked->guest, NULL);
        blocked->free_data(&ctx, blocked->data);
        context_end(&ctx);
    }
    kr_calls->free_sink(blocked->sink);
    kr_memory->free(redisabi_self, blocked);
}

/* The parked call has ended. */
static void blocked_over(void *given)
{
    struct RedisModuleBlockedClient *blocked = given;

    blocked->parked = NULL;
    if (blocked->released)
        blocked_free(blocked);
}

static bool blocked_wake(struct kr_call *call, uint32_t why, struct kr_str key,
                         void *given)
{
    struct RedisModuleBlockedClient *blocked = given;
    RedisModuleCmdFunc run =
        why == KR_WAKE_TIMEOUT ? blocked->timeout : blocked->reply;
    struct kr_str written = kr_calls->sink_bytes(blocked->sink);
    RedisModuleCtx ctx;

    (void)key;
    if (why != KR_WAKE_TIMEOUT && why != KR_WAKE_DONE)
        return true;
    if (blocked->aborted)
        return true;
    context_begin(&ctx, blocked->guest, call);
    ctx.blocked = blocked;
    ctx.why = why == KR_WAKE_TIMEOUT ? CONTEXT_TIMEOUT : CONTEXT_REPLY;
    if (run)
        context_run(&ctx, run, call->argc, call->argv);
    if (!ctx.replicated)
        kr_journal->suppress(call, KR_JOURNAL_ALL);
    if (why == KR_WAKE_DONE && written.size > 0)
        call->reply->ops->raw(call->reply, written);
    return true;
}

/* Where nothing may wait the client is told so, and the guest gets a handle
 * all the same. */
RedisModuleBlockedClient *
rm_BlockClient(RedisModuleCtx *ctx, RedisModuleCmdFunc reply,
               RedisModuleCmdFunc timeout,
               void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms)
{
    struct RedisModuleBlockedClient *blocked =
        kr_memory->calloc(redisabi_self, 1, sizeof(*blocked));
    struct kr_park how = {.size = sizeof(how),
                          .deadline_ms = ms > 0 ? ctx->call->now_ms + ms : 0,
                          .wake = blocked_wake,
                          .free = blocked_over,
                          .ctx = blocked,
                          .flags = timeout ? 0 : KR_PARK_NO_UNBLOCK};

    threads_begin();
    blocked->guest = ctx->guest;
    blocked->reply = reply;
    blocked->timeout = timeout;
    blocked->free_data = free_data;
    blocked->db = ctx->db;
    blocked->command = ctx->command;
    blocked->sink = kr_calls->new_sink(ctx->reply->protocol);
    if (ctx->call->flags & KR_CALL_SCRIPT)
        kr_reply_error(ctx->reply,
                       "ERR Blocking module command called from Lua script");
    else if (ctx->call->flags & KR_CALL_TRANSACTION)
        kr_reply_error(ctx->reply,
                       "ERR Blocking module command called from transaction");
    else
        blocked->parked = kr_block->park(ctx->call, &how);
    ctx->waits = blocked->parked != NULL;
    return blocked;
}

/* On the main thread: complete() wakes at once or after this. */
static void blocked_release(void *given)
{
    struct RedisModuleBlockedClient *blocked = given;

    blocked->released = true;
    if (blocked->parked)
        kr_block->complete(blocked->parked);
    else
        blocked_free(blocked);
}

int rm_UnblockClient(RedisModuleBlockedClient *blocked, void *data)
{
    blocked->data = data;
    kr_loop->post(redisabi_self, blocked_release, blocked);
    return REDISMODULE_OK;
}

/* The command has replied itself. */
int rm_AbortBlock(RedisModuleBlockedClient *blocked)
{
    blocked->aborted = true;
    return rm_UnblockClient(blocked, NULL);
}

/* --- In its callbacks ----------------------------------------------------- */

int rm_IsBlockedReplyRequest(RedisModuleCtx *ctx)
{
    return (ctx->why & CONTEXT_REPLY) != 0;
}

int rm_IsBlockedTimeoutRequest(RedisModuleCtx *ctx)
{
    return (ctx->why & CONTEXT_TIMEOUT) != 0;
}

void *rm_GetBlockedClientPrivateData(RedisModuleCtx *ctx)
{
    return ctx->blocked ? ctx->blocked->data : NULL;
}

RedisModuleBlockedClient *rm_GetBlockedClientHandle(RedisModuleCtx *ctx)
{
    return ctx->blocked;
}
