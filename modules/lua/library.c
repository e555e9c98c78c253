/* SPDX-License-Identifier: BSD-3-Clause */
#include "library.h"

#include "call.h"
#include "run.h"

#include <kr/journal.h>
#include <kr/log.h>
#include <kr/text.h>

#include <lauxlib.h>
#include <math.h>

/* Redis's numbers for these. */
#define LIBRARY_REPL_AOF     1
#define LIBRARY_REPL_REPLICA 2

static struct run *library_run(lua_State *L, const char *otherwise)
{
    struct run *run = engine_of(L)->run;

    if (!run)
        engine_raise(L, otherwise);
    return run;
}

/* --- Replies ------------------------------------------------------------- */

/* {err = "CODE text"}: a word alone is a text without its code. */
static int library_error_reply(lua_State *L)
{
    const char *text, *rest;

    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
        engine_push_error(L, KR_STR("ERR wrong number or type of arguments"));
        return 1;
    }
    text = lua_tostring(L, 1);
    text += *text == '-';
    rest = strchr(text, ' ');
    lua_createtable(L, 0, 1);
    if (rest)
        lua_pushlstring(L, text, (size_t)(rest - text));
    else
        lua_pushliteral(L, "ERR");
    rest = rest ? rest + 1 : text;
    while (*rest == '\r' || *rest == '\n')
        rest++;
    for (text = rest + strlen(rest);
         text > rest && (text[-1] == '\r' || text[-1] == '\n');)
        text--;
    lua_pushliteral(L, " ");
    lua_pushlstring(L, rest, (size_t)(text - rest));
    lua_concat(L, 3);
    lua_setfield(L, -2, "err");
    return 1;
}

static int library_status_reply(lua_State *L)
{
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
        engine_push_error(L, KR_STR("ERR wrong number or type of arguments"));
        return 1;
    }
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "ok");
    return 1;
}

static int library_setresp(lua_State *L)
{
    struct run *run = library_run(
        L, "redis.setresp can only be called inside a script invocation");
    double version;

    if (lua_gettop(L) != 1)
        return engine_raise(L, "redis.setresp() requires one argument.");
    version = trunc(lua_tonumber(L, 1));
    if (version != 2 && version != 3)
        return engine_raise(L, "RESP version must be 2 or 3.");
    run->protocol = (uint32_t)version;
    return 0;
}

/* --- The journal --------------------------------------------------------- */

static int library_set_repl(lua_State *L)
{
    struct run *run = library_run(
        L, "redis.set_repl can only be called inside a script invocation");
    int wanted;

    if (lua_gettop(L) != 1)
        return engine_raise(L, "redis.set_repl() requires two arguments.");
    wanted = (int)lua_tonumber(L, 1);
    if (wanted & ~(LIBRARY_REPL_AOF | LIBRARY_REPL_REPLICA))
        return engine_raise(L, "Invalid replication flags. Use REPL_AOF, "
                               "REPL_REPLICA, REPL_ALL or REPL_NONE.");
    run->journal = (wanted & LIBRARY_REPL_AOF ? KR_JOURNAL_LOG : 0) |
                   (wanted & LIBRARY_REPL_REPLICA ? KR_JOURNAL_REPLICAS : 0);
    return 0;
}

/* Effects are all that has ever been journalled here. */
static int library_replicate_commands(lua_State *L)
{
    lua_pushboolean(L, 1);
    return 1;
}

/* --- The log ------------------------------------------------------------- */

static int library_log(lua_State *L)
{
    struct engine *engine = engine_of(L);
    int count = lua_gettop(L), level;
    luaL_Buffer line;
    struct kr_str text;

    if (count < 2)
        return engine_raise(L, "redis.log() requires two arguments or more.");
    if (!lua_isnumber(L, 1))
        return engine_raise(L, "First argument must be a number (log level).");
    level = (int)lua_tonumber(L, 1);
    if (level < (int)KR_LOG_DEBUG || level > (int)KR_LOG_WARNING)
        return engine_raise(L, "Invalid debug level.");
    if (!kr_log->enabled((uint32_t)level))
        return 0;
    luaL_buffinit(L, &line);
    for (int i = 2; i <= count; i++) {
        if (!lua_isstring(L, i))
            continue;
        if (i > 2)
            luaL_addchar(&line, ' ');
        lua_pushvalue(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    text.data = lua_tolstring(L, -1, &text.size);
    kr_log->write(engine->self, (uint32_t)level, text);
    return 0;
}

/* --- Others -------------------------------------------------------------- */

static int library_sha1hex(lua_State *L)
{
    struct kr_str bytes = KR_STR("");
    char hex[40];

    if (lua_gettop(L) != 1)
        return engine_raise(L, "wrong number of arguments");
    if (lua_isstring(L, 1))
        bytes.data = lua_tolstring(L, 1, &bytes.size);
    kr_text->sha1_hex(bytes, hex);
    lua_pushlstring(L, hex, sizeof(hex));
    return 1;
}

/* There is no debugger to stop in. */
static int library_breakpoint(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

static int library_debug(lua_State *L)
{
    (void)L;
    return 0;
}

void library_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"acl_check_cmd", call_acl_check_cmd},
        {"breakpoint", library_breakpoint},
        {"call", call_call},
        {"debug", library_debug},
        {"error_reply", library_error_reply},
        {"log", library_log},
        {"pcall", call_pcall},
        {"replicate_commands", library_replicate_commands},
        {"set_repl", library_set_repl},
        {"setresp", library_setresp},
        {"sha1hex", library_sha1hex},
        {"status_reply", library_status_reply},
        {NULL, NULL},
    };
    static const struct {
        const char *name;
        int value;
    } numbers[] = {
        {"LOG_DEBUG", KR_LOG_DEBUG},
        {"LOG_NOTICE", KR_LOG_NOTICE},
        {"LOG_VERBOSE", KR_LOG_VERBOSE},
        {"LOG_WARNING", KR_LOG_WARNING},
        {"REDIS_VERSION_NUM", 0x00070200},
        {"REPL_ALL", LIBRARY_REPL_AOF | LIBRARY_REPL_REPLICA},
        {"REPL_AOF", LIBRARY_REPL_AOF},
        {"REPL_NONE", 0},
        {"REPL_REPLICA", LIBRARY_REPL_REPLICA},
        {"REPL_SLAVE", LIBRARY_REPL_REPLICA},
    };

    lua_newtable(L);
    luaL_register(L, NULL, functions);
    for (size_t i = 0; i < KR_COUNT(numbers); i++) {
        lua_pushinteger(L, numbers[i].value);
        lua_setfield(L, -2, numbers[i].name);
    }
    lua_pushliteral(L, "7.2.0");
    lua_setfield(L, -2, "REDIS_VERSION");
}

/* --- Chance -------------------------------------------------------------- */

#define RANDOM_MAX 2147483647 /* of what lrand48() answers */

/* The numbers of lrand48(): scripts get the same ones for the same seed
 * everywhere. */
static double library_chance(struct engine *engine)
{
    engine->random = (engine->random * UINT64_C(0x5deece66d) + 0xb) &
                     ((UINT64_C(1) << 48) - 1);
    return (double)((engine->random >> 17) % RANDOM_MAX) / RANDOM_MAX;
}

static int library_random(lua_State *L)
{
    double r, from, to;

    (void)library_run(
        L, "math.random can only be called inside a script invocation");
    r = library_chance(engine_of(L));
    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, r);
        return 1;
    case 1:
        to = luaL_checkint(L, 1);
        luaL_argcheck(L, 1 <= to, 1, "interval is empty");
        lua_pushnumber(L, floor(r * to) + 1);
        return 1;
    case 2:
        from = luaL_checkint(L, 1);
        to = luaL_checkint(L, 2);
        luaL_argcheck(L, from <= to, 2, "interval is empty");
        lua_pushnumber(L, floor(r * (to - from + 1)) + from);
        return 1;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
}

static int library_randomseed(lua_State *L)
{
    (void)library_run(
        L, "math.randomseed can only be called inside a script invocation");
    engine_of(L)->random =
        (uint64_t)(uint32_t)luaL_checkint(L, 1) << 16 | 0x330e;
    return 0;
}

void library_replace_random(lua_State *L)
{
    lua_pushcfunction(L, library_random);
    lua_setfield(L, -2, "random");
    lua_pushcfunction(L, library_randomseed);
    lua_setfield(L, -2, "randomseed");
}
