/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_format - string.format, as Lua 5.1 has it. */
#ifndef LUA_LIB_FORMAT_H
#define LUA_LIB_FORMAT_H

#include <lua.h>

int lib_format(lua_State *L);

/* shape(format): the shape of a format (lib_format.c), or false if it has none;
 * shape(): a table with room for some hundreds of shapes. */
int lib_format_shape(lua_State *L);

#endif
