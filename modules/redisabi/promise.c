/* SPDX-License-Identifier: BSD-3-Clause */
/* promise - commands of guests that may wait (RM_Call with K).
 *
 * Only clients wait, so the command is run for an errand: a client that is
 * connected to nothing but this file.
 *
 *   RM_Call K --> run for the errand --replies--> the reply, as without K
 *                       `--waits--> promise        (the errand is kept for the
 *                                     |             next call)
 *      the reply is written to the errand's client
 *                                     `--next turn--> the guest's handler
 *
 * A promise lives until the guest has freed it and the command is over. */
#include "promise.h"

#include "call_reply.h"

#include <kr/transport.h>

#include <errno.h>
#include <stdio.h>

struct errand {
    kr_client *client;       /* NULL: it has been closed */
    struct promise *promise; /* NULL: nobody waits for it */
    char *bytes;             /* of the reply, as they come */
    size_t size, room;
    bool posted; /* errand_look() will come */
};

struct promise {
    struct guest *guest;
    struct errand *errand; /* NULL: the command is over, or given up */
    bool held;             /* the guest has the reply that stands for it */
    RedisModuleOnUnblocked run;
    void *data;
};

/* --- Its end -------------------------------------------------------------- */

static void promise_free_if_over(struct promise *promise)
{
    if (promise->held || promise->errand)
        return;
    kr_memory->free(redisabi_self, promise);
}

void promise_leave(struct promise *promise)
{
    promise->held = false;
    promise_free_if_over(promise);
}

static void promise_end(struct promise *promise)
{
    promise->errand->promise = NULL;
    promise->errand = NULL;
    promise->guest->blocked--;
}

/* The reply is the handler's to free. */
static void promise_fulfil(struct promise *promise, struct kr_str bytes)
{
    RedisModuleCtx ctx;

    if (promise->run) {
        context_begin_work(&ctx, promise->guest, NULL);
        promise->run(&ctx, call_reply_new(&ctx, bytes), promise->data);
        context_end_work(&ctx);
    }
    promise_end(promise);
    promise_free_if_over(promise);
}

/* --- Errands -------------------------------------------------------------- */

static void errand_free(struct errand *errand)
{
    kr_memory->free(redisabi_self, errand->bytes);
    kr_memory->free(redisabi_self, errand);
}

/* Kept for the next call, if there is none yet. */
static void errand_rest(struct errand *errand)
{
    struct house *all = house();

    errand->size = 0;
    if (all->errand)
        kr_clients->close(errand->client, false);
    else
        all->errand = errand;
}

/* Is all of the reply there?  It ends by itself. */
static bool errand_has_reply(const struct errand *errand)
{
    RedisModuleCallReply *reply =
        call_reply_new(NULL, kr_str(errand->bytes, errand->size));
    bool whole = reply->kind != REDISMODULE_REPLY_UNKNOWN;

    rm_FreeCallReply(reply);
    return whole;
}

static void errand_look(void *given)
{
    static const char lost[] = "-UNBLOCKED the client of a call that waited "
                               "has been closed\r\n";
    struct errand *errand = given;
    struct promise *promise = errand->promise;

    errand->posted = false;
    if (promise && !errand->client)
        promise_fulfil(promise, kr_str(lost, sizeof(lost) - 1));
    else if (promise && errand_has_reply(errand))
        promise_fulfil(promise, kr_str(errand->bytes, errand->size));
    if (!errand->client)
        errand_free(errand);
    else if (promise && !errand->promise)
        errand_rest(errand);
}

static void errand_post(struct errand *errand)
{
    if (!errand->posted)
        kr_loop->post(redisabi_self, errand_look, errand);
    errand->posted = true;
}

/* Nothing is ever said by this client. */
static int64_t errand_read(void *ctx, void *bytes, size_t room)
{
    (void)ctx;
    (void)bytes;
    (void)room;
    return -EAGAIN;
}

static int64_t errand_write(void *ctx, const struct kr_str *pieces,
                            uint32_t count)
{
    struct errand *errand = ctx;
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++)
        size += pieces[i].size;
    if (!errand->promise)
        return (int64_t)size;
    if (errand->size + size > errand->room) {
        errand->room = 2 * (errand->size + size);
        errand->bytes =
            kr_memory->realloc(redisabi_self, errand->bytes, errand->room);
    }
    for (uint32_t i = 0; i < count; i++) {
        memcpy(errand->bytes + errand->size, pieces[i].data, pieces[i].size);
        errand->size += pieces[i].size;
    }
    errand_post(errand);
    return (int64_t)size;
}

static size_t errand_address(void *ctx, bool local, char *text, size_t room)
{
    (void)ctx;
    (void)local;
    return (size_t)snprintf(text, room, "redisabi:0");
}

static void errand_close(void *ctx)
{
    struct errand *errand = ctx;
    struct house *all = house();

    errand->client = NULL;
    if (all->errand == errand)
        all->errand = NULL;
    errand_post(errand);
}

static struct errand *errand_new(void)
{
    static const struct kr_transport_ops ops = {.size = sizeof(ops),
                                                .read = errand_read,
                                                .write = errand_write,
                                                .address = errand_address,
                                                .close = errand_close};
    struct errand *errand =
        kr_memory->calloc(redisabi_self, 1, sizeof(*errand));

    errand->client =
        kr_transports->adopt(redisabi_self, -1, KR_CLIENT_LOCAL, &ops, errand);
    if (errand->client)
        return errand;
    errand_free(errand);
    return NULL;
}

void errand_forget(void)
{
    struct house *all = house();

    if (all->errand && all->errand->client)
        kr_clients->close(all->errand->client, false);
}

/* --- Calls ---------------------------------------------------------------- */

/* Commands within commands each have an errand of their own. */
struct errand *promise_prepare(const RedisModuleCtx *ctx, struct kr_run *run)
{
    struct house *all = house();
    struct errand *errand = all->errand;

    all->errand = NULL;
    if (!errand && kr_transports)
        errand = errand_new();
    if (!errand)
        return NULL;
    run->client = errand->client;
    run->flags |= KR_RUN_MAY_BLOCK;
    run->call_flags &= ~(KR_CALL_NO_BLOCK | KR_CALL_TRANSACTION);
    kr_clients->set_flags(run->client, KR_CLIENT_AUTHENTICATED, 0);
    kr_clients->select(run->client, ctx->db);
    kr_clients->set_protocol(run->client, run->reply->protocol);
    return errand;
}

static RedisModuleCallReply *promise_new(RedisModuleCtx *ctx,
                                         struct errand *errand)
{
    RedisModuleCallReply *reply = call_reply_new(ctx, KR_STR("+\r\n"));
    struct promise *promise = kr_memory->alloc(redisabi_self, sizeof(*promise));

    *promise =
        (struct promise){.guest = ctx->guest, .errand = errand, .held = true};
    promise->guest->blocked++;
    errand->promise = promise;
    reply->kind = REDISMODULE_REPLY_PROMISE;
    reply->promise = promise;
    return reply;
}

RedisModuleCallReply *promise_of(RedisModuleCtx *ctx, struct errand *errand)
{
    if (errand->client && kr_clients->flags(errand->client) & KR_CLIENT_BLOCKED)
        return promise_new(ctx, errand);
    if (errand->client)
        errand_rest(errand);
    return NULL;
}

void rm_CallReplyPromiseSetUnblockHandler(RedisModuleCallReply *reply,
                                          RedisModuleOnUnblocked run,
                                          void *data)
{
    if (reply->kind != REDISMODULE_REPLY_PROMISE)
        return;
    reply->promise->run = run;
    reply->promise->data = data;
}

/* ERR: it is over, and its handler has been called, or will be. */
int rm_CallReplyPromiseAbort(RedisModuleCallReply *reply, void **data)
{
    struct promise *promise;
    struct errand *errand;

    if (reply->kind != REDISMODULE_REPLY_PROMISE)
        return REDISMODULE_ERR;
    promise = reply->promise;
    errand = promise->errand;
    if (!errand || !errand->client || errand->size > 0)
        return REDISMODULE_ERR;
    if (data)
        *data = promise->data;
    promise_end(promise);
    kr_clients->close(errand->client, false);
    return REDISMODULE_OK;
}
