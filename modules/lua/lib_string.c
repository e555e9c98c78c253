/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_string - the table `string`.
 *
 * byte, char, len, lower, reverse, sub and upper are LuaJIT's, which it
 * compiles into traces.  The others are here: those that match patterns, and
 * rep, since they may run long; and format and gsub, where LuaJIT answers as
 * later versions of Lua do.  There is no dump: bytecode is nobody's business. */
#include "lib.h"
#include "lib_bytes.h"
#include "lib_format.h"
#include "lib_pattern.h"

#include <ctype.h>
#include <lualib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#define STRING_SPECIALS   "^$*+?.([%-"
#define STRING_REP_CHUNK  (64u << 10)
#define STRING_STACK_MOST ((size_t)2 << 20) /* bytes of C's stack for gsub */
#define STRING_BYTES_STEP 64 /* bytes that are copied or searched in a step */

/* The offset of a position that counts from 1, or back from the end. */
static size_t string_offset(lua_Integer position, size_t size)
{
    if (position < 0)
        position += (lua_Integer)size + 1;
    if (position < 1)
        return 0;
    return (size_t)position - 1 > size ? size : (size_t)position - 1;
}

/* --- find, match, gmatch --------------------------------------------------- */

static int find_plain(lua_State *L, const char *text, size_t size, size_t from,
                      const char *part, size_t part_size)
{
    struct lib_cost cost = {.L = L};
    const char *found = memmem(text + from, size - from, part, part_size);
    size_t searched = (found ? (size_t)(found - text) : size) - from;

    lib_cost_add(&cost, searched / STRING_BYTES_STEP);
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - text + 1);
    lua_pushinteger(L, found - text + (ptrdiff_t)part_size);
    return 2;
}

/* The upvalues of those that match: a cache of programs (lib_program.h). */
#define STRING_PROGRAMS 1

/* With the program on top of the stack. */
static int find_pattern(lua_State *L, const char *text, size_t size,
                        size_t from, const struct lib_program *program,
                        bool places)
{
    struct lib_pattern pattern;
    const char *at = text + from;

    lib_pattern_begin(&pattern, L, program, text, size);
    do {
        const char *end;

        if (!program->anchored)
            at = lib_pattern_skip(&pattern, at);
        end = lib_pattern_match(&pattern, at);
        if (!end)
            continue;
        if (!places)
            return lib_pattern_push_all(&pattern, at, end);
        lua_pushinteger(L, at - text + 1);
        lua_pushinteger(L, end - text);
        return 2 + lib_pattern_push_all(&pattern, NULL, NULL);
    } while (at++ < pattern.end && !program->anchored);
    lua_pushnil(L);
    return 1;
}

static int string_find(lua_State *L)
{
    size_t size;
    size_t source_size;
    const char *text = luaL_checklstring(L, 1, &size);
    const char *source = luaL_checklstring(L, 2, &source_size);
    size_t from = string_offset(luaL_optinteger(L, 3, 1), size);

    if (lua_toboolean(L, 4) || !strpbrk(source, STRING_SPECIALS))
        return find_plain(L, text, size, from, source, source_size);
    return find_pattern(L, text, size, from,
                        lib_program_get(L, 2, STRING_PROGRAMS), true);
}

static int string_match(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    size_t from;

    luaL_checkstring(L, 2);
    from = string_offset(luaL_optinteger(L, 3, 1), size);
    return find_pattern(L, text, size, from,
                        lib_program_get(L, 2, STRING_PROGRAMS), false);
}

/* The upvalues: a struct gmatch, and what it points into: text, program, and
 * pattern. */
struct gmatch {
    const struct lib_program *program;
    const char *text;
    const char *end;
    const char *at; /* where to go on */
};

static int gmatch_next(lua_State *L)
{
    struct gmatch *state = lua_touserdata(L, lua_upvalueindex(1));
    struct lib_pattern pattern;
    const char *at = state->at;

    lib_pattern_begin(&pattern, L, state->program, state->text,
                      (size_t)(state->end - state->text));
    for (; at <= pattern.end; at++) {
        const char *end;

        at = lib_pattern_skip(&pattern, at);
        end = lib_pattern_match(&pattern, at);
        if (!end)
            continue;
        state->at = end + (end == at);
        return lib_pattern_push_all(&pattern, at, end);
    }
    return 0;
}

/* A '^' in front has no meaning here. */
static int string_gmatch(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    const char *source = luaL_checkstring(L, 2);
    struct gmatch *state;

    lua_settop(L, 2);
    state = lua_newuserdata(L, sizeof(*state));
    lua_insert(L, 1);
    *state =
        (struct gmatch){*source == '^' ? lib_program_push(L, source, false)
                                       : lib_program_get(L, 3, STRING_PROGRAMS),
                        text, text + size, text};
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* --- gsub ------------------------------------------------------------------ */

/* A function that gsub calls may call gsub, and so on: each time on the same
 * stack of C, which Lua's limits do not know.  The upvalue is how far down it
 * may go. */
#define GSUB_STACK 3

static void gsub_check_stack(lua_State *L)
{
    if ((char *)__builtin_frame_address(0) <
        (char *)lua_touserdata(L, lua_upvalueindex(GSUB_STACK)))
        luaL_error(L, "stack overflow");
}

/* A quarter of what the stack may be, from here on. */
static void *gsub_stack_end(void)
{
    struct rlimit limit;
    size_t most = STRING_STACK_MOST;

    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur / 4 < most)
        most = limit.rlim_cur / 4;
    return (char *)__builtin_frame_address(0) - most;
}

/* The third argument as a text in which %0 to %9 stand for captures. */
static void replace_text(struct lib_pattern *pattern, struct lib_bytes *out,
                         const char *begin, const char *end)
{
    lua_State *L = pattern->L;
    size_t size;
    const char *text = lua_tolstring(L, 3, &size), *stop = text + size;

    lib_cost_add(&pattern->cost, size / 16);
    for (;;) {
        const char *percent = memchr(text, '%', (size_t)(stop - text));
        const char *part;
        size_t part_size;

        if (!percent)
            break;
        lib_bytes_add(out, text, (size_t)(percent - text));
        text = percent + 2;
        if (!isdigit((unsigned char)percent[1])) {
            lib_bytes_add_byte(out, percent[1]); /* the last: the NUL behind */
        } else if (percent[1] == '0') {
            lib_bytes_add(out, begin, (size_t)(end - begin));
        } else {
            lib_pattern_push(pattern, percent[1] - '1', begin, end);
            part = lua_tolstring(L, -1, &part_size);
            lib_bytes_add(out, part, part_size);
            lua_pop(L, 1);
        }
        if (text > stop)
            return;
    }
    lib_bytes_add(out, text, (size_t)(stop - text));
}

/* What the third argument, a function or a table, has for this match; false
 * and nil leave it as it is. */
static void replace_value(struct lib_pattern *pattern, struct lib_bytes *out,
                          const char *begin, const char *end)
{
    lua_State *L = pattern->L;
    const char *part;
    size_t size;

    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, lib_pattern_push_all(pattern, begin, end), 1);
    } else {
        lib_pattern_push(pattern, 0, begin, end);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lib_bytes_add(out, begin, (size_t)(end - begin));
    } else {
        if (!lua_isstring(L, -1))
            luaL_error(L, "invalid replacement value (a %s)",
                       luaL_typename(L, -1));
        part = lua_tolstring(L, -1, &size);
        lib_bytes_add(out, part, size);
    }
    lua_pop(L, 1);
}

/* From `text` on, until `most` have been replaced: how many have been. */
static int gsub_run(struct lib_pattern *pattern, struct lib_bytes *out,
                    int most)
{
    int type = lua_type(pattern->L, 3), count = 0;
    bool anchored = pattern->program->anchored;
    const char *at = pattern->text;

    while (count < most) {
        const char *first = anchored ? at : lib_pattern_skip(pattern, at);
        const char *end;

        lib_bytes_add(out, at, (size_t)(first - at));
        at = first;
        end = lib_pattern_match(pattern, at);
        if (end) {
            count++;
            if (type == LUA_TNUMBER || type == LUA_TSTRING)
                replace_text(pattern, out, at, end);
            else
                replace_value(pattern, out, at, end);
        }
        if (end && end > at)
            at = end;
        else if (at < pattern->end)
            lib_bytes_add_byte(out, *at++);
        else
            break;
        if (anchored)
            break;
    }
    lib_bytes_add(out, at, (size_t)(pattern->end - at));
    return count;
}

static int string_gsub(lua_State *L)
{
    struct lib_pattern pattern;
    struct lib_bytes out;
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    int type = lua_type(L, 3), most, count;

    luaL_checkstring(L, 2);
    most = (int)luaL_optinteger(L, 4, (lua_Integer)size + 1);
    luaL_argcheck(L,
                  type == LUA_TNUMBER || type == LUA_TSTRING ||
                      type == LUA_TFUNCTION || type == LUA_TTABLE,
                  3, "string/function/table expected");
    gsub_check_stack(L);
    lib_pattern_begin(&pattern, L, lib_program_get(L, 2, STRING_PROGRAMS), text,
                      size);
    lib_bytes_begin(&out, L);
    count = gsub_run(&pattern, &out, most);
    lib_bytes_push(&out);
    lua_pushinteger(L, count);
    return 2;
}

/* --- rep ------------------------------------------------------------------- */

static int string_rep(lua_State *L)
{
    size_t size;
    size_t total;
    const char *text = luaL_checklstring(L, 1, &size);
    int count = (int)luaL_checkinteger(L, 2);
    struct lib_cost cost = {.L = L};
    struct lib_bytes out;

    if (count <= 0 || size == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    lib_bytes_begin(&out, L);
    if (__builtin_mul_overflow(size, (size_t)count, &total))
        total = SIZE_MAX / 2; /* which lib_bytes refuses */
    lib_bytes_room(&out, total);
    lib_bytes_add(&out, text, size);
    while (out.size < total) { /* as much again as there is, in pieces */
        size_t more = total - out.size < out.size ? total - out.size : out.size;

        if (more > STRING_REP_CHUNK)
            more = STRING_REP_CHUNK / size * size;
        if (more == 0)
            more = size;
        lib_cost_add(&cost, more / STRING_BYTES_STEP);
        lib_bytes_add(&out, out.data, more);
    }
    lib_bytes_push(&out);
    return 1;
}

/* --- The table ------------------------------------------------------------- */

/* One cache for all that match; gsub has the end of its stack, too. */
static void string_open_matching(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"find", string_find},     {"gfind", string_gmatch},
        {"gmatch", string_gmatch}, {"gsub", string_gsub},
        {"match", string_match},
    };
    int table = lua_gettop(L);

    lib_program_push_cache(L);
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        lua_pushvalue(L, table + 1);
        lua_pushvalue(L, table + 2);
        lua_pushlightuserdata(L, gsub_stack_end());
        lua_pushcclosure(L, functions[i].func, 3);
        lua_setfield(L, table, functions[i].name);
    }
    lua_settop(L, table);
}

/* LuaJIT's own, for prelude.c: it must know what it calls them with. */
static void string_keep(lua_State *L, const char *name)
{
    luaL_newmetatable(L, LIB_STRING_NATIVE);
    lua_getfield(L, -2, name);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void lib_string_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"format", lib_format}, {"rep", string_rep}, {NULL, NULL}};

    lua_pushcfunction(L, luaopen_string);
    lua_pushliteral(L, LUA_STRLIBNAME);
    lua_call(L, 1, 1);
    string_keep(L, "find");
    string_keep(L, "format");
    luaL_register(L, NULL, functions);
    string_open_matching(L);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
}
