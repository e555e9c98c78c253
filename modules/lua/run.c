/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include "answer.h"
#include "budget.h"
#include "owner.h"
#include "sink.h"

#include <kr/client.h>
#include <kr/journal.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/reply.h>

#include <stdio.h>

#define RUN_TICKS    2000    /* between two looks at the clock */
#define RUN_STEPS    4000    /* of functions of C, likewise */
#define RUN_SERVE_US 1000    /* for others, each time */
#define RUN_TURN_NS  5000000 /* of the script, between two of others */
#define RUN_KILLED   "Script killed by user with SCRIPT KILL..."
#define RUN_OVERDUE                                                            \
    "it has run for too long where nobody can be served meanwhile"

static const char run_busy_eval[] =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or "
    "SHUTDOWN NOSAVE.";
static const char run_busy_function[] =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or "
    "SHUTDOWN NOSAVE.";

const char *run_busy_text(const struct run *run)
{
    return run->flags & RUN_FUNCTION ? run_busy_function : run_busy_eval;
}

/* --- The clock ----------------------------------------------------------- */

static int64_t run_ms(const struct run *run)
{
    return (kr_loop->monotonic_ns() - run->began_ns) / 1000000;
}

static const char *run_end_text(const struct run *run)
{
    return run->overdue ? RUN_OVERDUE : RUN_KILLED;
}

static void run_is_slow(struct engine *engine, struct run *run, int64_t ms)
{
    run->slow = true;
    owner_slow(engine->owner, true);
    kr_logf(engine->self, KR_LOG_WARNING,
            "Slow script detected: still in execution after %lld milliseconds. "
            "You can try killing the script using the %s command. Script name "
            "is: %s.",
            (long long)ms,
            run->flags & RUN_FUNCTION ? "FUNCTION KILL" : "SCRIPT KILL",
            run->name);
}

/* The one that bounds `run`, if any: the loop cannot serve others then. */
static struct run *run_bound(struct run *run)
{
    while (run && !(run->flags & RUN_BOUND))
        run = run->outer;
    return run;
}

static void run_look_bound(struct run *run, struct run *bound)
{
    if (run_ms(bound) < bound->limit_ms)
        return;
    for (bound = bound->outer; run != bound; run = run->outer)
        run->killed = run->overdue = true;
}

/* Serve others if it is time to. */
static void run_look_free(struct engine *engine, struct run *run)
{
    int64_t busy_ms = *engine->owner->busy_ms, ms = run_ms(run);

    if (busy_ms <= 0 || ms < busy_ms ||
        kr_loop->monotonic_ns() - run->served_ns < RUN_TURN_NS)
        return;
    if (!run->slow)
        run_is_slow(engine, run, ms);
    (void)kr_loop->yield(engine->self, RUN_SERVE_US, run_busy_text(run));
    run->served_ns = kr_loop->monotonic_ns();
    if (run->killed)
        kr_logf(engine->self, KR_LOG_WARNING,
                "Lua script killed by user with SCRIPT KILL.");
}

/* Raise the error if the script is to end. */
static void run_look(lua_State *L)
{
    struct engine *engine = engine_of(L);
    struct run *run = engine->run, *bound;

    if (engine->deadline_ns > 0 &&
        kr_loop->monotonic_ns() > engine->deadline_ns)
        engine_raise(L, engine->deadline_text);
    if (!run)
        return;
    bound = run_bound(run);
    if (bound)
        run_look_bound(run, bound);
    else if (!run->killed)
        run_look_free(engine, run);
    if (run->killed)
        engine_raise(L, run_end_text(run));
}

void run_check(lua_State *L)
{
    const struct run *run = engine_of(L)->run;

    if (run && run->killed)
        engine_raise(L, run_end_text(run));
}

int run_spend(lua_State *L)
{
    struct run *run = engine_of(L)->run;

    run_look(L);
    lua_pushinteger(L, run && run->killed ? 0 : RUN_TICKS);
    return 1;
}

void budget_spend(lua_State *L, uint64_t steps)
{
    struct engine *engine = engine_of(L);

    engine->steps += steps;
    if (engine->steps < RUN_STEPS)
        return;
    engine->steps = 0;
    run_look(L);
}

/* --- Killing ------------------------------------------------------------- */

void run_kill_all(struct run *run)
{
    for (; run; run = run->outer)
        run->killed = true;
}

bool run_wrote(const struct run *run)
{
    while (run && !run->wrote)
        run = run->outer;
    return run != NULL;
}

/* --- Running ------------------------------------------------------------- */

void run_push_words(lua_State *L, const struct kr_str *words, uint32_t count)
{
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        lua_pushlstring(L, words[i].data, words[i].size);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static struct kr_str run_field(lua_State *L, const char *name)
{
    struct kr_str text = KR_STR("");

    lua_pushstring(L, name);
    lua_rawget(L, -2); /* a metamethod of the script's must not run here */
    if (lua_isstring(L, -1))
        text.data = lua_tolstring(L, -1, &text.size);
    /* It stays on the stack: the text is good until the caller pops all. */
    lua_insert(L, -2);
    return text;
}

static void run_reply_error(struct engine *engine, const struct run *run)
{
    struct kr_reply *reply = run->call->reply;
    lua_State *L = engine->L;
    struct kr_str err, source, line;
    int error;

    if (!lua_istable(L, -1)) {
        const char *text = lua_tostring(L, -1);

        kr_reply_errorf(reply, "ERR Error running script %s, %.100s", run->name,
                        text ? text : "execution failure");
        return;
    }
    err = run_field(L, "err");
    source = run_field(L, "source");
    line = run_field(L, "line");
    error = lua_gettop(L);
    if (source.size && line.size) {
        const char *text = lua_pushfstring(L, "%s script: %s, on %s:%s.",
                                           err.size ? err.data : "(null)",
                                           run->name, source.data, line.data);

        err = kr_str(text, lua_objlen(L, -1));
    }
    sink_answer_error(L, error, reply, err);
}

bool run_function(struct engine *engine, struct run *run, int arguments)
{
    struct owner *owner = engine->owner;
    struct run *around = engine->run;
    kr_client *client = run->call ? run->call->client : NULL;
    kr_db *db = client ? kr_clients->db(client) : NULL;
    bool must = engine->must, good;

    run->protocol = 2;
    run->journal = run->flags & RUN_NO_JOURNAL ? 0 : KR_JOURNAL_ALL;
    run->began_ns = kr_loop->monotonic_ns();
    run->outer = owner->running;
    owner->running = run;
    engine->run = run;
    engine->must = false;
    good = engine_call(engine, arguments);
    engine->must = must;
    engine->run = around;
    owner->running = run->outer;
    if (run->slow)
        owner_slow(owner, false);
    if (client && kr_clients->db(client) != db)
        kr_clients->select(client, db); /* SELECT was the script's */
    if (run->killed && good) {          /* it caught that, and went on */
        engine->must = true;
        lua_pop(engine->L, 1);
        lua_pushfstring(engine->L, "ERR %s", run_end_text(run));
        engine_push_error(engine->L, kr_cstr(lua_tostring(engine->L, -1)));
        lua_remove(engine->L, -2);
        engine->must = must;
        good = false;
    }
    return good;
}

void run_script(struct engine *engine, struct run *run, int arguments)
{
    lua_State *L = engine->L;
    int top = lua_gettop(L) - arguments - 1;
    bool good = run_function(engine, run, arguments), must = engine->must;

    engine->must = true;
    if (good)
        answer(L, run->call->reply, run->protocol);
    else
        run_reply_error(engine, run);
    lua_settop(L, top);
    engine->must = must;
}
