/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_weave - sources of Lua, woven and as they are.
 *
 * Both compile or neither does, and what compiles does the same: the same text
 * comes out, of the value or of the error, in the same number of steps or fewer.
 * Arbitrary bytes seldom compile, so the even inputs choose pieces of programs,
 * a byte a piece.  A run ends after some steps: the tick ends the woven one, a
 * hook the other, whose result is not looked at then. */

#include "modules/lua/weave.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK    "tfuzz"
#define STEPS   3000
#define SOURCE  4096
#define MEMORY  (16u << 20)
#define RESULT  256
#define RAN_OUT "ran out"

static const char *const fuzz_pieces[] = {
    "while ",
    "do ",
    "end ",
    "for i = 1, 3 do ",
    "repeat ",
    "until ",
    "function ",
    "local ",
    "return ",
    "if ",
    "then ",
    "else ",
    "elseif ",
    "break ",
    "goto ",
    "::a:: ",
    "a ",
    "b ",
    "f ",
    "t ",
    "goto a ",
    "nil ",
    "true ",
    "false ",
    "1 ",
    "2 ",
    "0x10 ",
    "1e3 ",
    "'s' ",
    "\"d\" ",
    "[[l]] ",
    "[==[m]]]==] ",
    "( ",
    ") ",
    "{ ",
    "} ",
    "[ ",
    "] ",
    "; ",
    ", ",
    ". ",
    ": ",
    ":: ",
    ".. ",
    "... ",
    "= ",
    "== ",
    "~= ",
    "< ",
    "> ",
    "<= ",
    "+ ",
    "- ",
    "* ",
    "/ ",
    "% ",
    "^ ",
    "# ",
    "not ",
    "and ",
    "or ",
    "-- c\n",
    "--[[ d ]] ",
    "\n",
    "function f(a, b) ",
    "local function f(...) ",
    "return f(1, 2) ",
    "return t.f(1) ",
    "return t:f(1) ",
    "return (f(1)) ",
    "return type'x' ",
    "return select('#', ...) ",
    "local t = {f = function(s, x) return x end} ",
    "local a = a or 1 ",
    "a = (a or 0) + 1 ",
    "if a then return a end ",
    "for k, v in pairs(t or {}) do ",
    "return pcall(f) ",
    "error('e') ",
    "goto = 1 ",
    "t.goto = 1 ",
    "return tostring(1) ",
    "f = function(...) return ... end ",
    "return unpack({1, 2}) ",
    "return f{1} ",
    "return f'x' ",
    "return function() return f() end ",
    "redis.call(1) ",
    "return redis.call(2) ",
    "a = b .. redis.pcall(3) ",
    "redis. call(4) ",
    "redis.call = 1 ",
    "redis.call 's' ",
    "local redis = t ",
    "local a, redis = 1, t ",
    "function redis.call(x) ",
    "function f(redis, KEYS) ",
    "redis = 1 ",
    "KEYS[1] ",
    "a = KEYS[1] .. ARGV[2] ",
    "KEYS[1] = a ",
    "a = #KEYS ",
    "KEYS = 1 ",
    "for KEYS = 1, 2 do ",
    "for a, KEYS in pairs(t or {}) do ",
    "t = {KEYS = 1, ARGV[1]} ",
    "t.KEYS[1] = 2 ",
    "ARGV:f(1) ",
    "redis",
    "KEYS",
};

#define PIECES (sizeof(fuzz_pieces) / sizeof(*fuzz_pieces))

/* --- A state --------------------------------------------------------------- */

static void *fuzz_allocate(void *ctx, void *block, size_t old, size_t size)
{
    size_t *used = ctx;
    void *fresh;

    if (!block)
        old = 0;
    if (size == 0) {
        free(block);
        *used -= old;
        return NULL;
    }
    if (size > old && *used + size - old > MEMORY)
        return NULL;
    fresh = realloc(block, size);
    if (fresh)
        *used += size - old;
    return fresh;
}

static void fuzz_stop(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    luaL_error(L, RAN_OUT);
}

static int fuzz_left;

static int fuzz_tick(lua_State *L)
{
    if (fuzz_left > 0)
        fuzz_left--;
    else
        luaL_error(L, RAN_OUT);
    return 0;
}

static int fuzz_keep(lua_State *L)
{
    return lua_gettop(L);
}

static lua_State *fuzz_open(size_t *used)
{
    static const char *const gone[] = {
        "print",  "dofile", "loadfile", "collectgarbage", "newproxy",
        "gcinfo", "rawset", "setfenv",  "getfenv",        "setmetatable"};
    static const char names[] =
        "local rawset, error = rawset, error "
        "local names = {KEYS = {'k', f = type}, ARGV = {'a', 'b'}} "
        "local call = function(...) return '<', ... end "
        "local pcall = function(...) return '[', ... end "
        "local function closed() error('closed', 2) end "
        "names.redis = setmetatable({}, {__index = {call = call, pcall = "
        "pcall}, "
        "                                __newindex = closed}) "
        "setmetatable(_G, {__index = names, __newindex = function(t, k, v) "
        "  if names[k] then closed() end rawset(t, k, v) end}) " TICK WEAVE_CALL
        ", " TICK WEAVE_PCALL " = call, pcall " TICK WEAVE_KEYS
        ", " TICK WEAVE_ARGV " = KEYS, ARGV ";
    lua_State *L = lua_newstate(fuzz_allocate, used);

    if (!L)
        abort();
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 0);
    if (luaL_dostring(L, names))
        abort();
    for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
        lua_pushnil(L);
        lua_setglobal(L, gone[i]);
    }
    lua_pushcfunction(L, fuzz_tick);
    lua_setglobal(L, TICK);
    lua_pushcfunction(L, fuzz_keep);
    lua_setglobal(L, TICK WEAVE_KEEP);
    return L;
}

/* --- Both ways -------------------------------------------------------------- */

struct outcome {
    bool compiled;
    bool over; /* it ran out of steps or of memory: nothing is known of it */
    char text[RESULT];
};

/* Without addresses, which differ from state to state. */
static void fuzz_describe(lua_State *L, struct outcome *outcome)
{
    if (lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER)
        snprintf(outcome->text, RESULT, "%s", lua_tostring(L, -1));
    else if (lua_isboolean(L, -1))
        snprintf(outcome->text, RESULT, "%d", lua_toboolean(L, -1));
    else
        snprintf(outcome->text, RESULT, "%s", luaL_typename(L, -1));
    outcome->over = strstr(outcome->text, RAN_OUT) ||
                    strstr(outcome->text, "not enough memory") ||
                    strstr(outcome->text, "stack overflow") ||
                    strstr(outcome->text, ": 0x");
}

static struct outcome fuzz_run(const char *source, size_t size)
{
    struct outcome outcome = {0};
    size_t used = 0;
    lua_State *L = fuzz_open(&used);
    int status = luaL_loadbuffer(L, source, size, "=s");

    outcome.compiled = status == 0;
    if (outcome.compiled) {
        fuzz_left = STEPS;
        lua_sethook(L, fuzz_stop, LUA_MASKCOUNT, 10 * STEPS);
        status = lua_pcall(L, 0, 1, 0);
        lua_sethook(L, NULL, 0, 0);
    }
    fuzz_describe(L, &outcome);
    if (status == LUA_ERRMEM)
        outcome.over = true;
    lua_close(L);
    return outcome;
}

static void fuzz_compare(const char *source, size_t size)
{
    struct kr_str text = kr_str(source, size), tick = KR_STR(TICK);
    struct outcome before, after;
    size_t woven_size;
    char *woven;
    int line;

    /* Letters that Lua 5.1 does not know are refused beforehand, and no script
     * knows the name of the tick; binary chunks are refused by their mode. */
    if (weave_foreign(text, &line) ||
        memmem(source, size, TICK, strlen(TICK)) ||
        (size > 0 && (*source == '\33' || *source == '#')))
        return;
    woven_size = weave_size(text, tick, WEAVE_CALLS | WEAVE_WORDS);
    woven = malloc(woven_size + 1);
    if (!woven)
        abort();
    weave(text, tick, WEAVE_CALLS | WEAVE_WORDS, woven);
    before = fuzz_run(source, size);
    after = fuzz_run(woven, woven_size);
    if (before.compiled != after.compiled ||
        (!before.over && !after.over && before.compiled &&
         strcmp(before.text, after.text) != 0)) {
        fprintf(stderr, "source: %.*s\nwoven: %.*s\n%d %s\n%d %s\n", (int)size,
                source, (int)woven_size, woven, before.compiled, before.text,
                after.compiled, after.text);
        abort();
    }
    free(woven);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char source[SOURCE];
    size_t length = 0;

    if (size < 1)
        return 0;
    if (data[0] & 1) {
        if (size - 1 < SOURCE)
            fuzz_compare((const char *)data + 1, size - 1);
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        const char *piece = fuzz_pieces[data[i] % PIECES];

        if (length + strlen(piece) > SOURCE)
            break;
        memcpy(source + length, piece, strlen(piece));
        length += strlen(piece);
    }
    fuzz_compare(source, length);
    return 0;
}
