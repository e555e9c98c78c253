/* SPDX-License-Identifier: BSD-3-Clause */
/* library - the table `redis`, and Redis's math.random(). */
#ifndef LUA_LIBRARY_H
#define LUA_LIBRARY_H

#include <lua.h>

/* Leaves the table on the stack. */
void library_open(lua_State *L);
/* Into the table `math` on the stack. */
void library_replace_random(lua_State *L);

#endif
