/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_cmsgpack - MessagePack: Lua values as bytes and back.
 *
 *     1                           01          up to 127, and from -32
 *     "abc"                       a3 61 62 63
 *     {1, "a"}                    92 01 a1 61
 *     {a = true}                  81 a1 61 c3
 *     1.5                         ca 3f c0 00 00
 *
 * The smallest form that holds a value is written: a number that is whole as
 * an integer, one that a float holds as a float.  A table whose keys are 1 to n
 * is an array, any other a map; what MessagePack has no form for is nil, and so
 * is a table at the seventeenth level, which ends those that hold themselves.
 *
 * O(bytes), but a table that is reached by many ways is written for each of
 * them: every value counts as a step of the budget. */
#include "lib.h"
#include "lib_bytes.h"
#include "lib_number.h"

#define MSGPACK_NESTING 16
#define MSGPACK_MANY                                                           \
    "too many return values at once; use unpack_one or unpack_limit instead."

/* --- Writing --------------------------------------------------------------- */

struct packer {
    struct lib_bytes out;
    struct lib_cost cost;
};

/* `head` and the lowest `size` bytes of `number`, highest first. */
static void pack_number(struct packer *packer, unsigned char head,
                        uint64_t number, unsigned size)
{
    char bytes[9] = {(char)head};

    for (unsigned i = 0; i < size; i++)
        bytes[1 + i] = (char)(number >> (size - 1 - i) * 8 & 0xff);
    lib_bytes_add(&packer->out, bytes, 1 + size);
}

static void pack_integer(struct packer *packer, int64_t number)
{
    uint64_t bits = (uint64_t)number;

    if (number >= -32 && number <= 127)
        pack_number(packer, (unsigned char)bits, 0, 0);
    else if (number >= 0 && number <= UINT8_MAX)
        pack_number(packer, 0xcc, bits, 1);
    else if (number >= 0 && number <= UINT16_MAX)
        pack_number(packer, 0xcd, bits, 2);
    else if (number >= 0 && number <= UINT32_MAX)
        pack_number(packer, 0xce, bits, 4);
    else if (number >= 0)
        pack_number(packer, 0xcf, bits, 8);
    else if (number >= INT8_MIN)
        pack_number(packer, 0xd0, bits, 1);
    else if (number >= INT16_MIN)
        pack_number(packer, 0xd1, bits, 2);
    else if (number >= INT32_MIN)
        pack_number(packer, 0xd2, bits, 4);
    else
        pack_number(packer, 0xd3, bits, 8);
}

static void pack_real(struct packer *packer, double number)
{
    float single = (float)number;
    uint32_t bits32;
    uint64_t bits64;

    memcpy(&bits32, &single, sizeof(bits32));
    memcpy(&bits64, &number, sizeof(bits64));
    if ((double)single == number)
        pack_number(packer, 0xca, bits32, 4);
    else
        pack_number(packer, 0xcb, bits64, 8);
}

static void pack_string(struct packer *packer, int index)
{
    size_t size;
    const char *text = lua_tolstring(packer->out.L, index, &size);

    if (size < 32)
        pack_number(packer, (unsigned char)(0xa0 | size), 0, 0);
    else if (size <= UINT8_MAX)
        pack_number(packer, 0xd9, size, 1);
    else if (size <= UINT16_MAX)
        pack_number(packer, 0xda, size, 2);
    else
        pack_number(packer, 0xdb, size, 4);
    lib_bytes_add(&packer->out, text, size);
    lib_cost_add(&packer->cost, size / 64);
}

/* The head of an array or a map; each has a short form up to 15 members. */
static void pack_head(struct packer *packer, unsigned char fixed,
                      unsigned char sized, size_t count)
{
    if (count <= 15)
        pack_number(packer, (unsigned char)(fixed | count), 0, 0);
    else if (count <= UINT16_MAX)
        pack_number(packer, sized, count, 2);
    else
        pack_number(packer, sized + 1, count, 4);
}

/* Count the members of the table on top; is it 1 to that count? */
static bool pack_is_array(struct packer *packer, size_t *count)
{
    lua_State *L = packer->out.L;
    bool array = true;
    double last = 0;

    *count = 0;
    for (lua_pushnil(L); lua_next(L, -2); (*count)++) {
        double key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;

        lua_pop(L, 1);
        lib_cost_add(&packer->cost, 1);
        array = array && key > 0 && (double)lib_int(key) == key;
        if (key > last)
            last = key;
    }
    return array && last == (double)*count;
}

static void pack_value(struct packer *packer, int level);

static void pack_table(struct packer *packer, int level)
{
    lua_State *L = packer->out.L;
    size_t count;

    luaL_checkstack(L, 3, "in function mp_encode_lua_table_as_map");
    if (pack_is_array(packer, &count)) {
        pack_head(packer, 0x90, 0xdc, count);
        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(L, -1, (int)i);
            pack_value(packer, level + 1);
        }
        return;
    }
    pack_head(packer, 0x80, 0xde, count);
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pushvalue(L, -2);
        pack_value(packer, level + 1);
        pack_value(packer, level + 1);
    }
}

/* Write the value on top and pop it. */
static void pack_value(struct packer *packer, int level)
{
    lua_State *L = packer->out.L;
    int type = lua_type(L, -1);
    double number;

    lib_cost_add(&packer->cost, 1);
    if (type == LUA_TSTRING) {
        pack_string(packer, -1);
    } else if (type == LUA_TNUMBER) {
        number = lua_tonumber(L, -1);
        if (lib_is_int64(number))
            pack_integer(packer, (int64_t)number);
        else
            pack_real(packer, number);
    } else if (type == LUA_TBOOLEAN) {
        pack_number(packer, lua_toboolean(L, -1) ? 0xc3 : 0xc2, 0, 0);
    } else if (type == LUA_TTABLE && level < MSGPACK_NESTING) {
        pack_table(packer, level);
    } else {
        pack_number(packer, 0xc0, 0, 0);
    }
    lua_pop(L, 1);
}

static int msgpack_pack(lua_State *L)
{
    struct packer packer;
    int count = lua_gettop(L);

    if (count == 0)
        return luaL_argerror(L, 0, "MessagePack pack needs input.");
    packer.cost = (struct lib_cost){.L = L};
    lib_bytes_begin(&packer.out, L);
    for (int i = 1; i <= count; i++) {
        luaL_checkstack(L, 1, "in function mp_check");
        lua_pushvalue(L, i);
        pack_value(&packer, 0);
    }
    lib_bytes_push(&packer.out);
    return 1;
}

/* --- Reading --------------------------------------------------------------- */

enum unpack_end {
    UNPACK_OK,
    UNPACK_SHORT, /* the bytes end within a value */
    UNPACK_BAD    /* no value begins with this byte */
};

struct unpacker {
    lua_State *L;
    const unsigned char *at;
    size_t left;
    struct lib_cost cost;
};

/* The number in the `size` bytes behind the first; consumes all of them. */
static bool unpack_number(struct unpacker *unpacker, unsigned size,
                          uint64_t *number)
{
    if (unpacker->left < 1 + (size_t)size)
        return false;
    *number = 0;
    for (unsigned i = 1; i <= size; i++)
        *number = *number << 8 | unpacker->at[i];
    unpacker->at += 1 + size;
    unpacker->left -= 1 + size;
    return true;
}

static enum unpack_end unpack_value(struct unpacker *unpacker);

/* Integers without a sign pass through one with, as they do in Redis: those
 * from 2^63 on are negative. */
static enum unpack_end unpack_integer(struct unpacker *unpacker, unsigned size,
                                      bool is_signed)
{
    uint64_t bits;
    unsigned spare = 64 - size * 8;

    if (!unpack_number(unpacker, size, &bits))
        return UNPACK_SHORT;
    lua_pushnumber(unpacker->L,
                   (double)(is_signed ? (int64_t)(bits << spare) >> spare
                                      : (int64_t)bits));
    return UNPACK_OK;
}

static enum unpack_end unpack_real(struct unpacker *unpacker, unsigned size)
{
    uint64_t bits;
    uint32_t bits32;
    float single;
    double number;

    if (!unpack_number(unpacker, size, &bits))
        return UNPACK_SHORT;
    bits32 = (uint32_t)bits;
    memcpy(&single, &bits32, sizeof(single));
    memcpy(&number, &bits, sizeof(number));
    lua_pushnumber(unpacker->L, size == 4 ? (double)single : number);
    return UNPACK_OK;
}

static enum unpack_end unpack_string(struct unpacker *unpacker, uint64_t size)
{
    if (unpacker->left < size)
        return UNPACK_SHORT;
    lua_pushlstring(unpacker->L, (const char *)unpacker->at, (size_t)size);
    unpacker->at += size;
    unpacker->left -= (size_t)size;
    lib_cost_add(&unpacker->cost, size / 64);
    return UNPACK_OK;
}

/* A count is only believed as far as there are values. */
static enum unpack_end unpack_array(struct unpacker *unpacker, uint64_t count)
{
    lua_State *L = unpacker->L;

    lua_newtable(L);
    luaL_checkstack(L, 1, "in function mp_decode_to_lua_array");
    for (uint64_t i = 1; i <= count; i++) {
        enum unpack_end end;

        lua_pushnumber(L, (double)i);
        end = unpack_value(unpacker);
        if (end != UNPACK_OK)
            return end;
        lua_rawset(L, -3);
    }
    return UNPACK_OK;
}

static enum unpack_end unpack_map(struct unpacker *unpacker, uint64_t count)
{
    lua_newtable(unpacker->L);
    for (uint64_t i = 0; i < count; i++) {
        enum unpack_end end = unpack_value(unpacker);

        if (end == UNPACK_OK)
            end = unpack_value(unpacker);
        if (end != UNPACK_OK)
            return end;
        lua_settable(unpacker->L, -3); /* which refuses nil and NaN as keys */
    }
    return UNPACK_OK;
}

/* Skip the head with its `size` bytes of length, and read what has it. */
static enum unpack_end unpack_sized(struct unpacker *unpacker, unsigned size,
                                    enum unpack_end (*body)(struct unpacker *,
                                                            uint64_t))
{
    uint64_t length;

    if (!unpack_number(unpacker, size, &length))
        return UNPACK_SHORT;
    return body(unpacker, length);
}

/* The forms whose first byte holds all, or a length of a few bits. */
static enum unpack_end unpack_short_form(struct unpacker *unpacker)
{
    unsigned char head = *unpacker->at;

    if (head > 0xbf && head < 0xe0)
        return UNPACK_BAD;
    unpacker->at++;
    unpacker->left--;
    if (head >= 0xe0 || head < 0x80)
        lua_pushinteger(unpacker->L, (signed char)head);
    else if (head >= 0xa0)
        return unpack_string(unpacker, head & 0x1f);
    else if (head >= 0x90)
        return unpack_array(unpacker, head & 0xf);
    else
        return unpack_map(unpacker, head & 0xf);
    return UNPACK_OK;
}

static enum unpack_end unpack_constant(struct unpacker *unpacker)
{
    if (*unpacker->at == 0xc0)
        lua_pushnil(unpacker->L);
    else
        lua_pushboolean(unpacker->L, *unpacker->at == 0xc3);
    unpacker->at++;
    unpacker->left--;
    return UNPACK_OK;
}

/* Read one value and push it. */
static enum unpack_end unpack_value(struct unpacker *unpacker)
{
    if (unpacker->left == 0)
        return UNPACK_SHORT;
    luaL_checkstack(unpacker->L, 1, MSGPACK_MANY);
    lib_cost_add(&unpacker->cost, 1);
    /* clang-format off */
    switch (*unpacker->at) {
    case 0xc0: case 0xc2: case 0xc3: return unpack_constant(unpacker);
    case 0xca: return unpack_real(unpacker, 4);
    case 0xcb: return unpack_real(unpacker, 8);
    case 0xcc: return unpack_integer(unpacker, 1, false);
    case 0xcd: return unpack_integer(unpacker, 2, false);
    case 0xce: return unpack_integer(unpacker, 4, false);
    case 0xcf: return unpack_integer(unpacker, 8, false);
    case 0xd0: return unpack_integer(unpacker, 1, true);
    case 0xd1: return unpack_integer(unpacker, 2, true);
    case 0xd2: return unpack_integer(unpacker, 4, true);
    case 0xd3: return unpack_integer(unpacker, 8, true);
    case 0xd9: return unpack_sized(unpacker, 1, unpack_string);
    case 0xda: return unpack_sized(unpacker, 2, unpack_string);
    case 0xdb: return unpack_sized(unpacker, 4, unpack_string);
    case 0xdc: return unpack_sized(unpacker, 2, unpack_array);
    case 0xdd: return unpack_sized(unpacker, 4, unpack_array);
    case 0xde: return unpack_sized(unpacker, 2, unpack_map);
    case 0xdf: return unpack_sized(unpacker, 4, unpack_map);
    default: return unpack_short_form(unpacker);
    }
    /* clang-format on */
}

/* Up to `limit` values from `offset` on; all of them if both are 0.  With a
 * limit the first result is where to go on, or -1 at the end. */
static int msgpack_unpack_some(lua_State *L, lua_Integer limit,
                               lua_Integer offset)
{
    struct unpacker unpacker = {.L = L, .cost = {.L = L}};
    bool all = limit == 0 && offset == 0;
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    int count = 0;

    if (offset < 0 || limit < 0)
        return luaL_error(
            L, "Invalid request to unpack with offset of %d and limit of %d.",
            (int)offset, (int)size);
    if ((size_t)offset > size)
        return luaL_error(L, "Start offset %d greater than input length %d.",
                          (int)offset, (int)size);
    unpacker.at = (const unsigned char *)bytes + offset;
    unpacker.left = size - (size_t)offset;
    for (; unpacker.left > 0 && (all || count < limit); count++) {
        switch (unpack_value(&unpacker)) {
        case UNPACK_OK:
            break;
        case UNPACK_SHORT:
            return luaL_error(L, "Missing bytes in input.");
        case UNPACK_BAD:
            return luaL_error(L, "Bad data format in input.");
        }
    }
    if (all)
        return count;
    luaL_checkstack(L, 1, "in function mp_unpack_full");
    lua_pushinteger(
        L, unpacker.left == 0 ? -1 : (lua_Integer)(size - unpacker.left));
    lua_insert(L, 2);
    return count + 1;
}

static int msgpack_unpack(lua_State *L)
{
    return msgpack_unpack_some(L, 0, 0);
}

static int msgpack_unpack_one(lua_State *L)
{
    lua_Integer offset = luaL_optinteger(L, 2, 0);

    lua_settop(L, 1);
    return msgpack_unpack_some(L, 1, offset);
}

static int msgpack_unpack_limit(lua_State *L)
{
    lua_Integer limit = luaL_checkinteger(L, 2);
    lua_Integer offset = luaL_optinteger(L, 3, 0);

    lua_settop(L, 1);
    return msgpack_unpack_some(L, limit, offset);
}

void lib_cmsgpack_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"pack", msgpack_pack},
        {"unpack", msgpack_unpack},
        {"unpack_limit", msgpack_unpack_limit},
        {"unpack_one", msgpack_unpack_one},
        {NULL, NULL},
    };

    lua_createtable(L, 0, 8);
    luaL_register(L, NULL, functions);
    lua_pushliteral(L, "cmsgpack");
    lua_setfield(L, -2, "_NAME");
    lua_pushliteral(L, "lua-cmsgpack 0.4.0");
    lua_setfield(L, -2, "_VERSION");
    lua_pushliteral(L, "Copyright (C) 2012, Salvatore Sanfilippo");
    lua_setfield(L, -2, "_COPYRIGHT");
    lua_pushliteral(L, "MessagePack C implementation for Lua");
    lua_setfield(L, -2, "_DESCRIPTION");
}
