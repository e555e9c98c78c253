/* SPDX-License-Identifier: BSD-3-Clause */
#include "work.h"

#include "judge.h"

#include <kr/client.h>
#include <kr/journal.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>
#include <kr/text.h>

#include <lauxlib.h>
#include <stdio.h>

#define WORK_COMPLAIN_NS INT64_C(1000000000) /* between two lines of the log */

void work_begin(struct work *work, struct home *home, struct kr_call *call,
                const char *name, uint32_t flags)
{
    *work = (struct work){.home = home};
    work->run.call = call;
    work->run.name = name;
    work->run.flags = flags | RUN_COMMAND | WORK_FLAG;
    if (home->denied & LENT_CALLS)
        work->run.flags |= RUN_NO_CALLS;
    if (!call) {
        work->run.flags |= RUN_BOUND;
        work->run.limit_ms = luamodule_callback_ms;
    }
    /* What it does is one unit. */
    work->alone = !call && !(flags & RUN_NO_CALLS);
    if (work->alone)
        kr_journal->begin();
    home->engine->limit = luamodule_memory_limit > 0
                              ? (size_t)luamodule_memory_limit
                              : home->limit;
}

struct work *work_current(lua_State *L, const char *function)
{
    struct run *run = engine_of(L)->run;

    if (!run || !(run->flags & WORK_FLAG))
        luaL_error(L, "%s cannot be called from here", function);
    return (struct work *)(void *)run;
}

kr_db *work_db(const struct work *work)
{
    const struct kr_call *call = work->run.call;

    if (call && call->client)
        return kr_clients->db(call->client);
    return call ? call->db : kr_keyspace->db(0);
}

void work_touch(struct work *work, kr_db *db, struct kr_str key,
                struct kr_str event)
{
    struct touched *touched = work->last;
    char *bytes;

    work->run.wrote = true;
    if (touched && touched->db == db && kr_str_equal(touched->key, key) &&
        kr_str_equal(touched->event, event))
        return;
    touched = kr_memory->alloc(luamodule_self,
                               sizeof(*touched) + key.size + event.size);
    bytes = (char *)(touched + 1);
    if (key.size > 0)
        memcpy(bytes, key.data, key.size);
    if (event.size > 0)
        memcpy(bytes + key.size, event.data, event.size);
    *touched = (struct touched){.db = db,
                                .key = kr_str(bytes, key.size),
                                .event = kr_str(bytes + key.size, event.size)};
    if (work->last)
        work->last->next = touched;
    else
        work->first = touched;
    work->last = touched;
}

/* --- The journal ------------------------------------------------------------ */

/* Emit an effect; see journal.h for what is whose. */
static void effect_emit(struct work *work, kr_db *db, uint32_t argc,
                        const struct kr_str *argv)
{
    if (work->run.call)
        kr_journal->also(work->run.call, db, argc, argv);
    else
        kr_journal->effect(db, argc, argv);
}

/* The bytes within "$5\r\nbytes\r\n"; size 0: there are none. */
static struct kr_str effect_bulk(struct kr_str reply)
{
    const char *end = memchr(reply.data, '\n', reply.size);
    size_t head = end ? (size_t)(end - reply.data) + 1 : reply.size;

    if (reply.size < head + 2 || reply.data[0] != '$')
        return kr_str("", 0);
    return kr_str(reply.data + head, reply.size - head - 2);
}

/* The key as it is by now. */
static void effect_key(struct work *work, const struct touched *touched)
{
    const struct kr_str dump[] = {KR_STR("DUMP"), touched->key};
    char digits[KR_INT64_TEXT];
    struct kr_str restore[] = {KR_STR("RESTORE"), touched->key,
                               {digits, 1},       {NULL, 0},
                               KR_STR("REPLACE"), KR_STR("ABSTTL")};
    struct kr_str gone[] = {KR_STR("DEL"), touched->key};
    struct kr_reply *sink = kr_calls->new_sink(2);
    struct kr_run run = {.size = sizeof(run),
                         .argc = KR_COUNT(dump),
                         .argv = dump,
                         .reply = sink,
                         .db = touched->db,
                         .flags = KR_RUN_NO_JOURNAL | KR_RUN_NO_GATES |
                                  KR_RUN_NO_STATS,
                         .call_flags = KR_CALL_NO_TOUCH};
    struct kr_cell cell;
    int64_t when_ms = KR_NO_EXPIRY;

    if (!kr_keyspace->find(touched->db, touched->key,
                           KR_FIND_READ | KR_FIND_QUIET, &cell)) {
        effect_emit(work, touched->db, KR_COUNT(gone), gone);
    } else {
        when_ms = kr_keyspace->expiry(&cell);
        (void)kr_calls->run(&run);
        restore[2].size =
            kr_text->from_int64(when_ms == KR_NO_EXPIRY ? 0 : when_ms, digits);
        restore[3] = effect_bulk(kr_calls->sink_bytes(sink));
        if (restore[3].size > 0)
            effect_emit(work, touched->db, KR_COUNT(restore), restore);
        else
            kr_logf(work->home->self, KR_LOG_WARNING,
                    "%s: a value that cannot be saved is not journalled",
                    work->run.name);
    }
    kr_calls->free_sink(sink);
}

void work_end(struct work *work)
{
    struct kr_call *call = work->run.call;
    bool effects = !work->typed && kr_journal->armed();
    bool stands_for = call && work->first && !work->typed;

    if (work->typed && work->run.wrote && !work->replaced)
        kr_journal->force(call, KR_JOURNAL_ALL);
    while (work->first) {
        struct touched *touched = work->first;

        work->first = touched->next;
        kr_keyspace->changed(call, touched->db, touched->key, KR_CLASS_MODULE,
                             touched->event);
        if (effects)
            effect_key(work, touched);
        kr_memory->free(luamodule_self, touched);
    }
    work->last = NULL;
    if (stands_for)
        kr_journal->suppress(call, KR_JOURNAL_ALL); /* the command as typed */
    if (work->alone)
        kr_journal->end();
}

int work_journal(lua_State *L)
{
    struct work *work = work_current(L, "keyrack.journal");
    int count = lua_gettop(L);
    struct kr_str *words;

    if (!work->typed)
        return luaL_error(L, "keyrack.journal is for commands that are "
                             "declared with journal = 'typed'");
    judge_use(L, LENT_JOURNAL, "keyrack.journal()");
    luaL_checkany(L, 1);
    words = lua_newuserdata(L, (size_t)count * sizeof(*words));
    for (int i = 0; i < count; i++)
        words[i].data = luaL_checklstring(L, i + 1, &words[i].size);
    kr_journal->instead(work->run.call, (uint32_t)count, words);
    work->replaced = true;
    return 0;
}

/* --- Others ----------------------------------------------------------------- */

/* Milliseconds since 1970: the same all through a command. */
int work_now(lua_State *L)
{
    const struct run *run = engine_of(L)->run;

    lua_pushnumber(L, (lua_Number)(run && run->call ? run->call->now_ms
                                                    : kr_loop->wall_ms()));
    return 1;
}

const char *work_explain(struct home *home)
{
    lua_State *L = home->engine->L;
    int top = lua_gettop(L);

    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "err");
        lua_rawget(L, -2);
    }
    snprintf(home->said, sizeof(home->said), "%s",
             lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                            : "an error that is no text");
    lua_settop(L, top);
    return home->said;
}

void work_complain(struct home *home, const char *what, const char *name)
{
    lua_State *L = home->engine->L;
    int64_t now_ns = kr_loop->monotonic_ns();
    bool must = home->engine->must;
    const char *text;

    home->engine->must = true;
    text = work_explain(home);
    if (home->complained_ns == 0 ||
        now_ns - home->complained_ns >= WORK_COMPLAIN_NS) {
        home->complained_ns = now_ns;
        kr_logf(home->self, KR_LOG_WARNING, "%s '%s': %s", what, name, text);
    }
    lua_pop(L, 1);
    home->engine->must = must;
}
