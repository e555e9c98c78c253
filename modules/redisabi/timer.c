/* SPDX-License-Identifier: BSD-3-Clause */
/* timer - functions of guests that run once, after some milliseconds.
 *
 *   id   generation:32 | place:32          all timers, of all guests
 *                          `-------------> [ timer ][ timer ][ free ]...
 *
 * A place is used again under another generation, so an id that is over finds
 * nothing.  All functions O(1).
 *
 * A guest that does not serve yet has its timers set when it does.  One that has
 * been replaced may set new ones while clients wait for it: most likely they are
 * what those wait for.
 *
 * A guest's thread may make and stop timers while it has the lock, but the loop
 * is the main thread's: it brings its own timer in line with what is wanted
 * here, at once or, asked by a thread, at its next turn. */
#include "context.h"

#include <pthread.h>

struct timer {
    struct timer *next_free;
    struct guest *guest; /* NULL: the place is free */
    uint64_t id;
    RedisModuleTimerProc run;
    void *data;
    kr_db *db; /* that was selected when it was made */
    int64_t due_ns;
    kr_timer *armed;   /* of the loop, or NULL.  [main] */
    uint64_t armed_id; /* what for */
    bool runs;         /* `run` is on the stack */
};

/* --- Places --------------------------------------------------------------- */

static struct timer *timer_take_place(struct house *all)
{
    struct timer *timer = all->timers.free;

    if (timer) {
        all->timers.free = timer->next_free;
        return timer;
    }
    timer = kr_memory->calloc(redisabi_self, 1, sizeof(*timer));
    timer->id = all->timers.count;
    all->timers.places = array_grow(all->timers.places, all->timers.count,
                                    &all->timers.room, sizeof(struct timer *));
    all->timers.places[all->timers.count++] = timer;
    return timer;
}

static void timer_leave_place(struct timer *timer)
{
    struct house *all = house();

    timer->guest->timers--;
    timer->guest = NULL;
    timer->next_free = all->timers.free;
    all->timers.free = timer;
}

/* Only a guest's own. */
static struct timer *timer_find(const RedisModuleCtx *ctx, uint64_t id)
{
    const struct house *all = house();
    uint32_t place = (uint32_t)id;
    struct timer *timer =
        place < all->timers.count ? all->timers.places[place] : NULL;

    return timer && timer->guest && timer->guest == ctx->guest &&
                   timer->id == id
               ? timer
               : NULL;
}

/* --- In the loop ---------------------------------------------------------- */

static void timer_due(void *given)
{
    struct timer *timer = given;
    uint64_t id = timer->id;
    RedisModuleCtx ctx;

    timer->armed = NULL;
    context_begin_work(&ctx, timer->guest, timer->db);
    timer->runs = true;
    timer->run(&ctx, timer->data);
    timer->runs = false;
    context_end_work(&ctx);
    if (timer->guest && timer->id == id)
        timer_leave_place(timer);
}

static int64_t timer_left_ms(const struct timer *timer)
{
    int64_t left_ns = timer->due_ns - kr_loop->monotonic_ns();

    return left_ns > 0 ? (left_ns + 999999) / 1000000 : 0;
}

/* [main] */
static void timer_tend(void *given)
{
    struct timer *timer = given;

    if (timer->armed && (!timer->guest || timer->armed_id != timer->id)) {
        kr_loop->cancel(timer->armed);
        timer->armed = NULL;
    }
    if (!timer->guest || timer->armed || timer->runs ||
        !(timer->guest->serves || timer->guest->replaced))
        return;
    timer->armed =
        kr_loop->timer(timer->guest->self, (uint64_t)timer_left_ms(timer), 0,
                       timer_due, timer);
    timer->armed_id = timer->id;
}

void main_thread_runs(void (*fn)(void *ctx), void *ctx)
{
    if (pthread_equal(pthread_self(), house()->main))
        fn(ctx);
    else
        kr_loop->post(redisabi_self, fn, ctx);
}

/* --- The functions -------------------------------------------------------- */

RedisModuleTimerID rm_CreateTimer(RedisModuleCtx *ctx, mstime_t ms,
                                  RedisModuleTimerProc run, void *data)
{
    struct timer *timer;

    if (ctx->guest->replaced && ctx->guest->blocked == 0)
        return 0; /* which is none: it is about to go */
    timer = timer_take_place(house());
    timer->guest = ctx->guest;
    timer->guest->timers++;
    timer->id += UINT64_C(1) << 32;
    timer->run = run;
    timer->data = data;
    timer->db = ctx->db;
    timer->due_ns = kr_loop->monotonic_ns() + (ms > 0 ? ms : 0) * 1000000;
    main_thread_runs(timer_tend, timer);
    return timer->id;
}

int rm_StopTimer(RedisModuleCtx *ctx, RedisModuleTimerID id, void **data)
{
    struct timer *timer = timer_find(ctx, id);

    if (!timer)
        return REDISMODULE_ERR;
    if (data)
        *data = timer->data;
    timer_leave_place(timer);
    main_thread_runs(timer_tend, timer);
    return REDISMODULE_OK;
}

int rm_GetTimerInfo(RedisModuleCtx *ctx, RedisModuleTimerID id,
                    uint64_t *remaining_ms, void **data)
{
    const struct timer *timer = timer_find(ctx, id);
    int64_t left_ns;

    if (!timer)
        return REDISMODULE_ERR;
    left_ns = timer->due_ns - kr_loop->monotonic_ns();
    if (remaining_ms)
        *remaining_ms = (uint64_t)(left_ns > 0 ? left_ns / 1000000 : 0);
    if (data)
        *data = timer->data;
    return REDISMODULE_OK;
}

/* --- All of a guest's ------------------------------------------------------ */

static void timers_each(struct guest *guest, void (*each)(struct timer *timer))
{
    const struct house *all = house();

    for (uint32_t i = 0; i < all->timers.count && guest->timers > 0; i++) {
        if (all->timers.places[i]->guest == guest)
            each(all->timers.places[i]);
    }
}

static void timer_begin(struct timer *timer)
{
    timer_tend(timer);
}

static void timer_lose(struct timer *timer)
{
    timer->armed = NULL;
}

static void timer_end(struct timer *timer)
{
    timer_leave_place(timer);
    timer_tend(timer);
}

void timers_begin(struct guest *guest)
{
    timers_each(guest, timer_begin);
}

void timers_lose(struct guest *guest)
{
    timers_each(guest, timer_lose);
}

void timers_end(struct guest *guest)
{
    timers_each(guest, timer_end);
}

/* What the loop had of the guest is gone with it. */
void timers_forget(struct guest *guest)
{
    timers_lose(guest);
    timers_end(guest);
}

void timers_free(struct house *all)
{
    for (uint32_t i = 0; i < all->timers.count; i++)
        kr_memory->free(redisabi_self, all->timers.places[i]);
    kr_memory->free(redisabi_self, all->timers.places);
}
