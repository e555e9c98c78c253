/* SPDX-License-Identifier: BSD-3-Clause */
/* lib - the libraries of C that a script finds beside Lua's own.
 *
 *     string    LuaJIT's, with what can run long, or answers otherwise than
 *               Lua 5.1 does, in our own words: find match gmatch gsub rep
 *               format
 *     struct    packs numbers and strings into bytes
 *     cmsgpack  MessagePack
 *     cjson     JSON
 *
 * They answer what the libraries in Redis 7 do, texts of errors included: a
 * program out there compares both.  Each *_open() leaves the library's table
 * on the stack; who calls it freezes and names it.
 *
 * A script may hand any of them an input on which it would work for hours: a
 * pattern that backtracks without end, a table that holds itself twice at each
 * of forty levels.  So whatever is not linear in bytes that exist already
 * counts its steps, and tells the budget of them now and then (budget.h),
 * which may serve others meanwhile, or raise the error that ends the script.
 * Therefore nothing here owns memory when it counts: what grows, grows in
 * userdata on Lua's stack (lib_bytes.h), which an error leaves to the
 * collector. */
#ifndef LUA_LIB_H
#define LUA_LIB_H

#include "budget.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>

/* Steps between two words to the budget; a step is some nanoseconds.  What a
 * call has not told when it ends, or raises an error, is lost: so not many. */
#define LIB_STEPS 64u

/* What a running function has not told the budget yet. */
struct lib_cost {
    lua_State *L;
    uint64_t steps;
};

/* Count `steps`; may raise an error.  A compare and an add mostly. */
static inline void lib_cost_add(struct lib_cost *cost, uint64_t steps)
{
    cost->steps += steps;
    if (cost->steps >= LIB_STEPS) {
        steps = cost->steps;
        cost->steps = 0;
        budget_spend(cost->L, steps);
    }
}

/* The registry's name of a table: functions of LuaJIT's `string` that scripts
 * have others for. */
#define LIB_STRING_NATIVE "string of LuaJIT"

void lib_cjson_open(lua_State *L);
void lib_cmsgpack_open(lua_State *L);
void lib_string_open(lua_State *L);
void lib_struct_open(lua_State *L);

#endif
