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

#define RUN_TICKS    2000 /* between two looks at the clock */
#define RUN_SERVE_US 1000 /* for others, each time */
#define RUN_KILLED   "Script killed by user with SCRIPT KILL..."

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

static void run_is_slow(struct engine *engine, struct run *run, int64_t ms)
{
    run->slow = true;
    kr_gates->arm(engine->owner->gate, NULL);
    kr_logf(engine->self, KR_LOG_WARNING,
            "Slow script detected: still in execution after %lld milliseconds. "
            "You can try killing the script using the %s command. Script name "
            "is: %s.",
            (long long)ms,
            run->flags & RUN_FUNCTION ? "FUNCTION KILL" : "SCRIPT KILL",
            run->name);
}

/* Serve others if it is time to; raise the error if they ended the script. */
static void run_look(lua_State *L)
{
    struct engine *engine = engine_of(L);
    struct run *run = engine->run;
    int64_t busy_ms = *engine->owner->busy_ms, ms;

    if (engine->deadline_ns > 0 &&
        kr_loop->monotonic_ns() > engine->deadline_ns)
        engine_raise(L, engine->deadline_text);
    if (!run)
        return;
    ms = (kr_loop->monotonic_ns() - run->began_ns) / 1000000;
    if (!run->killed && busy_ms > 0 && ms >= busy_ms) {
        if (!run->slow)
            run_is_slow(engine, run, ms);
        (void)kr_loop->yield(engine->self, RUN_SERVE_US, run_busy_text(run));
        if (run->killed)
            kr_logf(engine->self, KR_LOG_WARNING,
                    "Lua script killed by user with SCRIPT KILL.");
    }
    if (run->killed)
        engine_raise(L, RUN_KILLED);
}

void run_check(lua_State *L)
{
    const struct run *run = engine_of(L)->run;

    if (run && run->killed)
        engine_raise(L, RUN_KILLED);
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
    (void)steps; /* a few thousand: worth a look at the clock */
    run_look(L);
}

/* --- Killing ------------------------------------------------------------- */

void run_kill_all(struct run *run)
{
    for (; run; run = run->outer)
        run->killed = true;
}

/* Has one of them written? */
static bool run_wrote(const struct run *run)
{
    while (run && !run->wrote)
        run = run->outer;
    return run != NULL;
}

void run_kill(struct run *run, struct kr_call *call, bool function)
{
    if (!run) {
        kr_reply_error(call->reply,
                       "NOTBUSY No scripts in execution right now.");
        return;
    }
    if (run_wrote(run)) {
        kr_reply_error(call->reply,
                       "UNKILLABLE Sorry the script already executed write "
                       "commands against the dataset. You can either wait the "
                       "script termination or kill the server in a hard way "
                       "using the SHUTDOWN NOSAVE command.");
        return;
    }
    if (function != ((run->flags & RUN_FUNCTION) != 0)) {
        kr_reply_error(call->reply, run_busy_text(run));
        return;
    }
    run_kill_all(run);
    kr_reply_ok(call->reply);
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

void run_script(struct engine *engine, struct run *run, int arguments)
{
    struct owner *owner = engine->owner;
    lua_State *L = engine->L;
    kr_client *client = run->call->client;
    kr_db *db = client ? kr_clients->db(client) : NULL;
    bool good;

    run->protocol = 2;
    run->journal = KR_JOURNAL_ALL;
    run->began_ns = kr_loop->monotonic_ns();
    run->outer = owner->running;
    owner->running = run;
    engine->run = run;
    good = engine_call(engine, arguments);
    engine->run = NULL;
    owner->running = run->outer;
    if (run->slow)
        kr_gates->disarm(owner->gate, NULL);
    if (client && kr_clients->db(client) != db)
        kr_clients->select(client, db); /* SELECT was the script's */
    if (run->killed && good) {          /* it caught that, and went on */
        lua_pop(L, 1);
        engine_push_error(L, KR_STR("ERR " RUN_KILLED));
        good = false;
    }
    engine->must = true;
    if (good)
        answer(L, run->call->reply, run->protocol);
    else
        run_reply_error(engine, run);
    lua_settop(L, 0);
    engine->must = false;
}
