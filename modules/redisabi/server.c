/* SPDX-License-Identifier: BSD-3-Clause */
/* server - what a guest learns of the server, and how it lets it live.
 *
 * GetContextFlags() is asked often, and most of what it answers stands in the
 * configuration: that is read again only when it has changed. */
#include "context.h"

#include <stdlib.h>

/* --- From the configuration ----------------------------------------------- */

static void server_read_param(const char *name, struct kr_reply *sink)
{
    kr_calls->sink_reset(sink);
    (void)kr_config->get(kr_cstr(name), sink);
}

static void server_read_config(struct house *all)
{
    struct kr_reply *sink = kr_calls->new_sink(2);
    int flags = 0;

    server_read_param("appendonly", sink);
    if (kr_str_equal(kr_calls->sink_bytes(sink), KR_STR("yes")))
        flags |= REDISMODULE_CTX_FLAGS_AOF;
    server_read_param("save", sink);
    if (kr_calls->sink_bytes(sink).size > 0)
        flags |= REDISMODULE_CTX_FLAGS_RDB;
    server_read_param("maxmemory", sink);
    all->config.maxmemory = 0;
    (void)kr_text->to_int64(kr_calls->sink_bytes(sink), &all->config.maxmemory);
    server_read_param("maxmemory-policy", sink);
    if (all->config.maxmemory > 0) {
        flags |= REDISMODULE_CTX_FLAGS_MAXMEMORY;
        if (!kr_str_equal(kr_calls->sink_bytes(sink), KR_STR("noeviction")))
            flags |= REDISMODULE_CTX_FLAGS_EVICT;
    }
    kr_calls->free_sink(sink);
    all->config.flags = flags;
    all->config.known = true;
}

static void server_on_config(void *ctx, const void *payload)
{
    (void)payload;
    ((struct house *)ctx)->config.known = false;
}

static const struct house *server_config(void)
{
    struct house *all = house();

    if (!all->config.listens)
        all->config.listens =
            kr_events->subscribe(all->self, KR_EVENT_CONFIG_CHANGED,
                                 server_on_config, all) != NULL;
    if (!all->config.known || !all->config.listens)
        server_read_config(all);
    return all;
}

float rm_GetUsedMemoryRatio(void)
{
    const struct house *all = server_config();

    if (all->config.maxmemory <= 0)
        return 0;
    return (float)kr_memory->used() / (float)all->config.maxmemory;
}

/* --- Flags ---------------------------------------------------------------- */

static int flags_of_client(const RedisModuleCtx *ctx)
{
    int flags = 0;

    if (ctx->reply && ctx->reply->protocol == 3)
        flags |= REDISMODULE_CTX_FLAGS_RESP3;
    if (ctx->client && kr_clients->flags(ctx->client) & KR_CLIENT_DIRTY)
        flags |= REDISMODULE_CTX_FLAGS_MULTI_DIRTY;
    if (ctx->call && ctx->call->flags & KR_CALL_NO_BLOCK)
        flags |= REDISMODULE_CTX_FLAGS_DENY_BLOCKING;
    if (ctx->call && ctx->call->flags & KR_CALL_REPLICA)
        flags |= REDISMODULE_CTX_FLAGS_REPLICATED;
    return flags;
}

int flags_of_call(const struct kr_call *call)
{
    int flags = house()->around;

    if (call && call->flags & KR_CALL_SCRIPT)
        flags |= REDISMODULE_CTX_FLAGS_LUA;
    if (call && call->flags & KR_CALL_TRANSACTION)
        flags |= REDISMODULE_CTX_FLAGS_MULTI;
    return flags;
}

int rm_GetContextFlags(RedisModuleCtx *ctx)
{
    int flags = REDISMODULE_CTX_FLAGS_MASTER | server_config()->config.flags;
    float ratio = rm_GetUsedMemoryRatio();

    if (ctx)
        flags |= flags_of_client(ctx);
    flags |= flags_of_call(ctx && ctx->call ? ctx->call : kr_calls->current());
    if (kr_loading->active())
        flags |= REDISMODULE_CTX_FLAGS_LOADING;
    if (ratio > 1)
        flags |= REDISMODULE_CTX_FLAGS_OOM;
    if (ratio > 0.75f)
        flags |= REDISMODULE_CTX_FLAGS_OOM_WARNING;
    if (kr_children->running())
        flags |= REDISMODULE_CTX_FLAGS_ACTIVE_CHILD;
    if (kr_children->inside())
        flags |= REDISMODULE_CTX_FLAGS_IS_CHILD;
    return flags;
}

int rm_GetContextFlagsAll(void)
{
    return REDISMODULE_CTX_FLAGS_NEXT - 1;
}

/* --- Its time ------------------------------------------------------------- */

/* While clients are paused what is written would come late. */
int rm_AvoidReplicaTraffic(void)
{
    bool writes_only;

    return kr_clients->paused(&writes_only);
}

void rm_LatencyAddSample(const char *event, mstime_t ms)
{
    kr_info->latency(event, ms);
}

#define YIELD_MS        100 /* as often as the server ticks */
#define YIELD_BUDGET_US 1000

/* A command is waited for in silence for as long as a script is; its time begins
 * when it first asks.  While data are loaded all are told so anyway. */
static int64_t yield_patience_ms(void)
{
    int64_t ms = 5000;

    if (kr_loading->active())
        return YIELD_MS;
    (void)kr_config_int64(KR_STR("busy-reply-threshold"), &ms);
    return ms > 0 ? ms : 0;
}

/* Without YIELD_FLAG_CLIENTS only the server's own work could go on, which
 * waits well. */
void rm_Yield(RedisModuleCtx *ctx, int flags, const char *busy)
{
    int64_t now_ms = kr_loop->monotonic_ns() / 1000000;
    char text[256] = "BUSY Redis is busy running a module command.";

    if (!(flags & REDISMODULE_YIELD_FLAG_CLIENTS))
        return;
    if (ctx->yield_ms == 0)
        ctx->yield_ms = now_ms + yield_patience_ms();
    if (now_ms < ctx->yield_ms)
        return;
    if (busy)
        snprintf(text, sizeof(text), "BUSY %s", busy);
    if (pthread_equal(pthread_self(), house()->main))
        (void)kr_loop->yield(ctx->guest ? ctx->guest->self : redisabi_self,
                             YIELD_BUDGET_US, text);
    else
        thread_yield(text);
    ctx->yield_ms = kr_loop->monotonic_ns() / 1000000 + YIELD_MS;
}
