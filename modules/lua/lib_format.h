/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_format - string.format, as Lua 5.1 has it. */
#ifndef LUA_LIB_FORMAT_H
#define LUA_LIB_FORMAT_H

#include <lua.h>

int lib_format(lua_State *L);

#endif
