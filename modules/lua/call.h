/* SPDX-License-Identifier: BSD-3-Clause */
/* call - redis.call() and redis.pcall(): a command, straight to the dispatcher.
 *
 * Arguments are slices of Lua's strings, the reply is built on Lua's stack, so
 * the common call allocates nothing but what the script sees. */
#ifndef LUA_CALL_H
#define LUA_CALL_H

#include <kr/call.h>

#include <lua.h>

/* The functions of `redis`, for Lua. */
int call_call(lua_State *L);
int call_pcall(lua_State *L);
int call_acl_check_cmd(lua_State *L);

#endif
