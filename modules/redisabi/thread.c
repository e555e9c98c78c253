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
 * and needs no lock. */
#include "blocked.h"
#include "context.h"

#include <errno.h>

static void thread_on_wait(void *ctx, const void *payload)
{
    (void)payload;
    pthread_mutex_unlock(&((struct house *)ctx)->lock);
}

static void thread_on_wake(void *ctx, const void *payload)
{
    (void)payload;
    pthread_mutex_lock(&((struct house *)ctx)->lock);
}

void threads_begin(void)
{
    struct house *all = house();

    if (all->threads)
        return;
    all->threads = true;
    pthread_mutex_lock(&all->lock);
    (void)kr_events->subscribe(all->self, KR_EVENT_WAIT, thread_on_wait, all);
    (void)kr_events->subscribe(all->self, KR_EVENT_WAKE, thread_on_wake, all);
}

static RedisModuleCtx *thread_context(struct guest *guest)
{
    RedisModuleCtx *ctx = kr_memory->alloc(redisabi_self, sizeof(*ctx));

    context_begin(ctx, guest, NULL);
    (*(guest ? &guest->threads : &house()->strays))++;
    return ctx;
}

/* On any thread: BlockClient() has made what is needed. */
RedisModuleCtx *rm_GetThreadSafeContext(RedisModuleBlockedClient *blocked)
{
    RedisModuleCtx *ctx = thread_context(blocked ? blocked->guest : NULL);

    if (blocked) {
        ctx->blocked = blocked;
        ctx->db = blocked->db;
        ctx->reply = blocked->sink;
        ctx->command = blocked->command;
    }
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

void rm_ThreadSafeContextLock(RedisModuleCtx *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&house()->lock);
}

int rm_ThreadSafeContextTryLock(RedisModuleCtx *ctx)
{
    (void)ctx;
    if (pthread_mutex_trylock(&house()->lock) == 0)
        return REDISMODULE_OK;
    errno = EBUSY;
    return REDISMODULE_ERR;
}

void rm_ThreadSafeContextUnlock(RedisModuleCtx *ctx)
{
    (void)ctx;
    pthread_mutex_unlock(&house()->lock);
}
