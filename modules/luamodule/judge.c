/* SPDX-License-Identifier: BSD-3-Clause */
#include "judge.h"

#include "../lua/run.h"

#include <kr/client.h>
#include <kr/codec.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/journal.h>
#include <kr/keyspace.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>
#include <kr/type.h>

#include <lauxlib.h>
#include <stdio.h>

/* In the order of the bits. */
static const char *const judge_ids[] = {
    kr_calls_id,  kr_clients_id, kr_codec_id,   kr_commands_id,
    kr_config_id, kr_events_id,  kr_journal_id, kr_keyspace_id,
    kr_log_id,    kr_loop_id,    kr_memory_id,  kr_types_id,
};

/* What the words of an error say of the lowest bit of `lent` that is denied. */
static void judge_explain(const struct home *home, uint32_t lent,
                          const char *function, char *text, size_t size)
{
    const char *id = judge_ids[__builtin_ctz(lent & home->denied)];
    const char *rule = kr_modules->denied_by(home->self, id);

    snprintf(text, size,
             "module '%s': %s uses interface %s, which the configuration "
             "denies it (module-deny %s)",
             home->name, function, id, rule ? rule : "");
}

/* --- Looking ---------------------------------------------------------------- */

void judge_look(struct home *home)
{
    home->denied = 0;
    for (size_t i = 0; i < KR_COUNT(judge_ids); i++)
        if (!kr_modules->may_use(home->self, judge_ids[i]))
            home->denied |= 1u << i;
    home->engine->no_calls = NULL;
    if (home->denied & LENT_CALLS) {
        judge_explain(home, LENT_CALLS, "redis.call()", home->no_calls,
                      sizeof(home->no_calls));
        home->engine->no_calls = home->no_calls;
    }
}

void judge_look_all(struct luamodule *owner)
{
    for (struct home *home = owner->homes; home; home = home->next)
        if (home->name[0] != '\0')
            judge_look(home);
}

/* --- Using ------------------------------------------------------------------ */

void judge_use(lua_State *L, uint32_t lent, const char *function)
{
    const struct home *home = home_of(L);
    char text[512];

    if (KR_LIKELY(!(home->denied & lent)))
        return;
    judge_explain(home, lent, function, text, sizeof(text));
    luaL_error(L, "%s", text);
}

void judge_keep(lua_State *L, struct program *program, uint32_t lent,
                const char *function)
{
    judge_use(L, lent, function);
    program->used |= lent;
}

bool judge_uses(kr_module *child, void *state, const char *id)
{
    const struct program *program = state;

    (void)child;
    for (size_t i = 0; i < KR_COUNT(judge_ids); i++)
        if (strcmp(judge_ids[i], id) == 0)
            return (program->used & 1u << i) != 0;
    return false;
}

/* redis.log(), which is the upvalue. */
static int judge_log(lua_State *L)
{
    judge_use(L, LENT_LOG, "redis.log()");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 0);
    return 0;
}

void judge_open(lua_State *L)
{
    lua_getfield(L, -1, "redis");
    lua_getfield(L, -1, "log");
    lua_pushcclosure(L, judge_log, 1);
    lua_setfield(L, -2, "log");
    lua_pop(L, 1);
}
