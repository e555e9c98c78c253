/* SPDX-License-Identifier: BSD-3-Clause */
/* thread - contexts for the threads of guests, and the lock.
 *
 * There is one lock.  From the moment that a guest makes a context for a
 * thread the main thread holds it, but while it waits for events; a guest's
 * thread that has it may therefore do all that a command may:
 *
 *   main     run | ... | sleep: unlock ======== wake: lock | run
 *   thread                       lock | work | unlock
 *
 * What is replied in a context of a blocked client goes to a buffer of its own
 * and needs no lock.
 *
 * A thread that keeps the lock for long may yield it for one turn of the loop.
 * No other thread gets it meanwhile, and commands that may not run beside one
 * that is at work are told so by a gate:
 *
 *   main     ... wake: lock, arm | clients are served | sleep: disarm, unlock
 *   thread   work | yield: wait for the turn's end .......... | work | unlock
 *
 * Of a thread that has had a context we are told when it ends.  Others, which
 * have yet to ask for one, are seen only in the process's list of threads
 * (census.c). */
#include "blocked.h"
#include "context.h"

#include <errno.h>
#include <stdio.h>

/* --- Who visits ----------------------------------------------------------- */

static void visit_end(void *given)
{
    ((struct guest *)given)->visitors--;
}

bool visits_begin(struct house *all)
{
    return pthread_key_create(&all->visit, visit_end) == 0;
}

void visits_end(struct house *all)
{
    pthread_key_delete(all->visit);
}

/* This thread is one of that guest's; at its end it is no more. */
static void visit(struct guest *guest)
{
    struct house *all = house();

    if (!guest || pthread_equal(pthread_self(), all->main) ||
        pthread_getspecific(all->visit))
        return;
    if (pthread_setspecific(all->visit, guest) == 0)
        guest->visitors++;
}

/* --- The lock ------------------------------------------------------------- */

static void thread_on_wait(void *ctx, const void *payload)
{
    struct house *all = ctx;

    (void)payload;
    if (all->busy.gate && all->busy.armed) {
        kr_gates->disarm(all->busy.gate, NULL);
        all->busy.armed = false;
    }
    all->busy.turns++;
    pthread_cond_broadcast(&all->turned);
    pthread_mutex_unlock(&all->lock);
}

static void thread_on_wake(void *ctx, const void *payload)
{
    struct house *all = ctx;

    (void)payload;
    pthread_mutex_lock(&all->lock);
    if (all->busy.text) {
        kr_gates->arm(all->busy.gate, NULL);
        all->busy.armed = true;
    }
}

/* What is called by others is theirs to answer for. */
static int32_t thread_busy_gate(struct kr_call *call,
                                const struct kr_outcome *outcome, void *ctx)
{
    const struct house *all = ctx;

    (void)outcome;
    if (call->acts & KR_CMD_ALLOW_BUSY || call->flags & KR_CALL_SCRIPT ||
        !call->client)
        return KR_GATE_PASS;
    return kr_gates->refuse(call, kr_cstr(all->busy.text));
}

void threads_begin(void)
{
    struct house *all = house();

    if (all->threads)
        return;
    all->busy.gate = kr_gates->add(all->self, "busy", KR_STAGE_ADMIT, 10,
                                   thread_busy_gate, all);
    pthread_mutex_lock(&all->lock);
    all->threads = true;
    pthread_cond_broadcast(&all->turned);
    (void)kr_events->subscribe(all->self, KR_EVENT_WAIT, thread_on_wait, all);
    (void)kr_events->subscribe(all->self, KR_EVENT_WAKE, thread_on_wake, all);
}

static void thread_turn(void *ctx)
{
    (void)ctx;
    threads_begin();
}

/* A thread that comes before the main one has begun to lock waits for that. */
static bool thread_may_enter(struct house *all)
{
    if (!all->threads)
        kr_loop->post(redisabi_self, thread_turn, all);
    return all->threads && !all->busy.text;
}

void rm_ThreadSafeContextLock(RedisModuleCtx *ctx)
{
    struct house *all = house();

    visit(ctx ? ctx->guest : NULL);
    pthread_mutex_lock(&all->lock);
    while (!thread_may_enter(all))
        pthread_cond_wait(&all->turned, &all->lock);
}

int rm_ThreadSafeContextTryLock(RedisModuleCtx *ctx)
{
    struct house *all = house();

    visit(ctx ? ctx->guest : NULL);
    if (pthread_mutex_trylock(&all->lock) == 0) {
        if (thread_may_enter(all))
            return REDISMODULE_OK;
        pthread_mutex_unlock(&all->lock);
    }
    errno = EBUSY;
    return REDISMODULE_ERR;
}

void rm_ThreadSafeContextUnlock(RedisModuleCtx *ctx)
{
    (void)ctx;
    pthread_mutex_unlock(&house()->lock);
}

void thread_yield(const char *text)
{
    struct house *all = house();
    uint64_t turn = all->busy.turns;

    if (!all->busy.gate || all->busy.text)
        return;
    all->busy.text = text;
    kr_loop->post(redisabi_self, thread_turn, all);
    while (all->busy.turns == turn)
        pthread_cond_wait(&all->turned, &all->lock);
    all->busy.text = NULL;
    pthread_cond_broadcast(&all->turned);
}

/* --- Contexts ------------------------------------------------------------- */

static RedisModuleCtx *thread_context(struct guest *guest)
{
    RedisModuleCtx *ctx = kr_memory->alloc(redisabi_self, sizeof(*ctx));

    context_begin(ctx, guest, NULL);
    (*(guest ? &guest->threads : &house()->strays))++;
    return ctx;
}

/* On any thread.  Without a client it is known by its code whose thread that
 * is. */
RedisModuleCtx *rm_GetThreadSafeContext(RedisModuleBlockedClient *blocked)
{
    RedisModuleCtx *ctx = thread_context(blocked ? blocked->guest : NULL);
    struct house *all = house();

    if (!blocked) {
        pthread_mutex_lock(&all->guests_lock);
        visit(guest_of_code((uintptr_t)__builtin_return_address(0)));
        pthread_mutex_unlock(&all->guests_lock);
        return ctx;
    }
    visit(blocked->guest);
    ctx->blocked = blocked;
    ctx->db = blocked->db;
    ctx->reply = blocked->sink;
    ctx->command = blocked->command;
    return ctx;
}

RedisModuleCtx *rm_GetDetachedThreadSafeContext(RedisModuleCtx *ctx)
{
    threads_begin();
    ctx->guest->detached++;
    kr_loaders->image_keep(ctx->guest->image);
    return thread_context(ctx->guest);
}

void rm_FreeThreadSafeContext(RedisModuleCtx *ctx)
{
    struct guest *guest = ctx->guest;
    bool detached = guest && !ctx->blocked;

    context_end(ctx);
    kr_memory->free(redisabi_self, ctx);
    /* Last, as it is what keeps guest and code where they are. */
    if (detached)
        guest->detached--;
    (*(guest ? &guest->threads : &house()->strays))--;
}
