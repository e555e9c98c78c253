/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib_bytes.h"

#include <lauxlib.h>
#include <stdint.h>

/* No string of LuaJIT is longer; what grows past it could not be pushed. */
#define LIB_BYTES_MAX ((size_t)0x7fffff00)

void lib_bytes_begin(struct lib_bytes *bytes, lua_State *L)
{
    bytes->L = L;
    bytes->data = bytes->first;
    bytes->size = 0;
    bytes->capacity = sizeof(bytes->first);
    luaL_checkstack(L, 2, "no room for a buffer");
    lua_pushnil(L);
    bytes->slot = lua_gettop(L);
}

void lib_bytes_grow(struct lib_bytes *bytes, size_t more)
{
    size_t capacity = bytes->capacity * 2;
    char *data;

    if (more > LIB_BYTES_MAX - bytes->size)
        luaL_error(bytes->L, "resulting string too large");
    if (capacity < bytes->size + more)
        capacity = bytes->size + more;
    if (capacity > LIB_BYTES_MAX)
        capacity = LIB_BYTES_MAX;
    luaL_checkstack(bytes->L, 1, "no room for a buffer");
    data = lua_newuserdata(bytes->L, capacity);
    memcpy(data, bytes->data, bytes->size);
    lua_replace(bytes->L, bytes->slot);
    bytes->data = data;
    bytes->capacity = capacity;
}

void lib_bytes_push(struct lib_bytes *bytes)
{
    lua_pushlstring(bytes->L, bytes->data, bytes->size);
}
