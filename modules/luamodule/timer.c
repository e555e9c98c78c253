/* SPDX-License-Identifier: BSD-3-Clause */
#include "timer.h"

#include "field.h"
#include "judge.h"
#include "kind.h"
#include "program.h"
#include "work.h"

#include <kr/loop.h>
#include <kr/memory.h>

#include <lauxlib.h>

#define TIMERS_MOST 10000 /* of a module */

struct timer {
    struct timer *next;
    struct program *program;
    kr_timer *running; /* NULL: not yet, or no more */
    uint64_t id;
    int function;
    int64_t every_ms; /* 0: once */
    int64_t after_ms;
};

static void timer_free(struct timer *timer)
{
    struct program *program = timer->program;
    struct timer **at = &program->timers;

    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    program->timer_count--;
    luaL_unref(program->home->engine->L, LUA_REGISTRYINDEX, timer->function);
    kr_memory->free(program->self, timer);
}

/* A one-shot timer is gone when its function runs, which may set another. */
static void timer_run(void *ctx)
{
    struct timer *timer = ctx;
    struct home *home = timer->program->home;
    struct engine *engine = home->engine;
    struct work work;

    kinds_reap(home);
    engine->must = true;
    lua_rawgeti(engine->L, LUA_REGISTRYINDEX, timer->function);
    if (timer->every_ms == 0)
        timer_free(timer);
    engine->must = false;
    work_begin(&work, home, NULL, "timer", 0);
    if (run_function(engine, &work.run, 0))
        lua_pop(engine->L, 1);
    else
        work_complain(home, "a timer of module", home->name);
    work_end(&work);
}

static void timer_start(struct timer *timer)
{
    uint64_t first =
        (uint64_t)(timer->every_ms ? timer->every_ms : timer->after_ms);

    timer->running =
        kr_loop->timer(timer->program->self, first, (uint64_t)timer->every_ms,
                       timer_run, timer);
}

void timers_start(struct program *program)
{
    for (struct timer *timer = program->timers; timer; timer = timer->next)
        if (!timer->running)
            timer_start(timer);
}

/* The host has cancelled them. */
void timers_forget(struct program *program)
{
    while (program->timers)
        timer_free(program->timers);
}

/* By its number: it may be over. */
static int timer_cancel(lua_State *L)
{
    double id = lua_tonumber(L, lua_upvalueindex(1));
    struct program *program = home_of(L)->program;
    struct timer *timer = program ? program->timers : NULL;

    while (timer && (double)timer->id != id)
        timer = timer->next;
    lua_pushboolean(L, timer != NULL);
    if (!timer)
        return 1;
    if (timer->running)
        kr_loop->cancel(timer->running);
    timer_free(timer);
    return 1;
}

int timer_register(lua_State *L)
{
    static const char *const known[] = {"every", "after", "run", NULL};
    struct program *program = engine_of(L)->loading;
    bool loading = program != NULL;
    struct timer *timer;
    int64_t every, after;

    if (!loading)
        program = work_current(L, "keyrack.timer")->home->program;
    lua_settop(L, 1);
    field_check(L, 1, "timer", known);
    every = field_int(L, 1, "every", 0, 1, INT32_MAX);
    after = field_int(L, 1, "after", -1, 0, INT32_MAX);
    if ((every == 0) == (after < 0))
        return luaL_error(L, "timer: it has either 'every' or 'after'");
    if (!field_push(L, 1, "run") || !lua_isfunction(L, -1))
        return luaL_error(L, "timer: field 'run' is a function");
    if (!program->described)
        return luaL_error(L, "keyrack.module{name = ...} comes first");
    if (program->timer_count == TIMERS_MOST)
        return luaL_error(L, "timer: there are %d already", TIMERS_MOST);
    judge_keep(L, program, LENT_LOOP, "keyrack.timer()");
    timer = kr_memory->calloc(program->self, 1, sizeof(*timer));
    timer->next = program->timers;
    program->timers = timer;
    timer->id = ++program->timer_id;
    timer->program = program;
    timer->every_ms = every;
    timer->after_ms = after;
    timer->function = LUA_NOREF;
    program->timer_count++;
    timer->function = luaL_ref(L, LUA_REGISTRYINDEX);
    if (!loading)
        timer_start(timer);
    lua_pushnumber(L, (lua_Number)timer->id);
    lua_pushcclosure(L, timer_cancel, 1);
    return 1;
}
