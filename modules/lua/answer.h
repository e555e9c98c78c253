/* SPDX-License-Identifier: BSD-3-Clause */
/* answer - what a script has returned, as a reply.
 *
 *     string             bulk               {err = text}       error
 *     number             integer, cut       {ok = text}        status
 *     true, false        1 and null, or RESP3's where the script chose it
 *     nil                null               {double = n}       double
 *     {a, b, nil ...     array, to the      {big_number = s}   big number
 *                        first nil          {map = t}          map
 *     {verbatim_string = {format =,         {set = t}          set
 *                         string =}} */
#ifndef LUA_ANSWER_H
#define LUA_ANSWER_H

#include <kr/reply.h>

#include <lua.h>

/* Reply the value on top of the stack, and pop it.  `protocol` is the script's.
 * Raises no error; a value too deep for Lua's stack is an error within. */
void answer(lua_State *L, struct kr_reply *reply, uint32_t protocol);

#endif
