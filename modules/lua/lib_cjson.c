/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_cjson - the table `cjson`: its functions and its settings.
 *
 * Debian has the library that Redis took this interface from.  It ends the
 * whole process when there is no memory, and writes for hours, unheard, what a
 * table of forty levels reaches by 2^40 ways; hence one of our own, which
 * answers the same (lib_json_encode.c, lib_json_decode.c).
 *
 * The settings outlive the script that changes them, as they do in Redis. */
#include "lib.h"
#include "lib_json.h"

#include <limits.h>
#include <stdio.h>

static const struct json_settings json_defaults = {
    .sparse_ratio = 2,
    .sparse_safe = 10,
    .encode_depth = 1000,
    .decode_depth = 1000,
    .decode_invalid = 1,
    .precision = 14,
    .keep_buffer = 1,
};

/* --- Settings -------------------------------------------------------------- */

static struct json_settings *settings_of(lua_State *L, int arguments)
{
    luaL_argcheck(L, lua_gettop(L) <= arguments, arguments + 1,
                  "found too many arguments");
    lua_settop(L, arguments);
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* Set `*setting` if there is an argument, and push it. */
static int settings_integer(lua_State *L, int argument, int *setting, int min,
                            int max)
{
    char text[64];
    int value;

    if (!lua_isnil(L, argument)) {
        value = (int)luaL_checkinteger(L, argument);
        snprintf(text, sizeof(text), "expected integer between %d and %d", min,
                 max);
        luaL_argcheck(L, value >= min && value <= max, 1, text);
        *setting = value;
    }
    lua_pushinteger(L, *setting);
    return 1;
}

/* The same for one of a few words, of which the first two are also booleans. */
static int settings_word(lua_State *L, int argument, int *setting,
                         const char *const *words)
{
    if (lua_isboolean(L, argument))
        *setting = lua_toboolean(L, argument);
    else if (!lua_isnil(L, argument))
        *setting = luaL_checkoption(L, argument, NULL, words);
    if (*setting == 0 || *setting == 1)
        lua_pushboolean(L, *setting);
    else
        lua_pushstring(L, words[*setting]);
    return 1;
}

static const char *const settings_switch[] = {"off", "on", NULL};

static int json_encode_sparse_array(lua_State *L)
{
    struct json_settings *settings = settings_of(L, 3);

    settings_word(L, 1, &settings->sparse_convert, settings_switch);
    settings_integer(L, 2, &settings->sparse_ratio, 0, INT_MAX);
    settings_integer(L, 3, &settings->sparse_safe, 0, INT_MAX);
    return 3;
}

static int json_encode_max_depth(lua_State *L)
{
    return settings_integer(L, 1, &settings_of(L, 1)->encode_depth, 1, INT_MAX);
}

static int json_decode_max_depth(lua_State *L)
{
    return settings_integer(L, 1, &settings_of(L, 1)->decode_depth, 1, INT_MAX);
}

static int json_encode_number_precision(lua_State *L)
{
    return settings_integer(L, 1, &settings_of(L, 1)->precision, 1, 14);
}

static int json_encode_keep_buffer(lua_State *L)
{
    return settings_word(L, 1, &settings_of(L, 1)->keep_buffer,
                         settings_switch);
}

static int json_encode_invalid_numbers(lua_State *L)
{
    static const char *const words[] = {"off", "on", "null", NULL};

    return settings_word(L, 1, &settings_of(L, 1)->encode_invalid, words);
}

static int json_decode_invalid_numbers(lua_State *L)
{
    return settings_word(L, 1, &settings_of(L, 1)->decode_invalid,
                         settings_switch);
}

/* --- The table ------------------------------------------------------------- */

static int json_new(lua_State *L);

static const luaL_Reg json_functions[] = {
    {"decode", lib_json_decode},
    {"decode_invalid_numbers", json_decode_invalid_numbers},
    {"decode_max_depth", json_decode_max_depth},
    {"encode", lib_json_encode},
    {"encode_invalid_numbers", json_encode_invalid_numbers},
    {"encode_keep_buffer", json_encode_keep_buffer},
    {"encode_max_depth", json_encode_max_depth},
    {"encode_number_precision", json_encode_number_precision},
    {"encode_sparse_array", json_encode_sparse_array},
    {"new", json_new},
};

static int json_new(lua_State *L)
{
    struct json_settings *settings;

    lua_createtable(L, 0, 16);
    settings = lua_newuserdata(L, sizeof(*settings));
    *settings = json_defaults;
    for (size_t i = 0; i < sizeof(json_functions) / sizeof(*json_functions);
         i++) {
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, json_functions[i].func, 1);
        lua_setfield(L, -3, json_functions[i].name);
    }
    lua_pop(L, 1);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, "cjson");
    lua_setfield(L, -2, "_NAME");
    lua_pushliteral(L, "2.1.0");
    lua_setfield(L, -2, "_VERSION");
    return 1;
}

void lib_cjson_open(lua_State *L)
{
    json_new(L);
}
