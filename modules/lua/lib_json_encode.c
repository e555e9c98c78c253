/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_json_encode - a Lua value as JSON.
 *
 *     {1, 2, {a = "b/c"}}      [1,2,{"a":"b\/c"}]
 *     {[3] = true}             [null,null,true]
 *     {}                       {}
 *     cjson.null               null
 *
 * A table is an array if it has keys and all of them are integers from 1 on.
 * Bytes pass as they are but for quotes, strokes, controls and DEL: whether
 * they are UTF-8 is the script's business.
 *
 * O(bytes of JSON), and every value counts as a step of the budget: a table
 * reached by many ways is written for each of them. */
#include "lib.h"
#include "lib_bytes.h"
#include "lib_json.h"
#include "lib_number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

struct json_writer {
    struct lib_bytes out;
    struct lib_cost cost;
    const struct json_settings *settings;
};

static void writer_text(struct json_writer *writer, const char *text)
{
    lib_bytes_add(&writer->out, text, strlen(text));
}

static _Noreturn void writer_fail(struct json_writer *writer, int index,
                                  const char *reason)
{
    luaL_error(writer->out.L, "Cannot serialise %s: %s",
               luaL_typename(writer->out.L, index), reason);
    __builtin_unreachable();
}

/* --- Strings and numbers --------------------------------------------------- */

/* How a byte is written: itself (0), a stroke before the letter, or \u00XX. */
#define JSON_HEX 1

/* clang-format off */
static const char json_escapes[256] = {
    [0 ... 0x07] = JSON_HEX, [0x0b] = JSON_HEX, [0x0e ... 0x1f] = JSON_HEX,
    [0x7f] = JSON_HEX,
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    ['"'] = '"', ['/'] = '/', ['\\'] = '\\',
};
/* clang-format on */

static void write_escape(struct json_writer *writer, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char escape = json_escapes[byte];
    char text[6] = {'\\', escape};

    if (escape == JSON_HEX) {
        memcpy(text + 1, "u00", 3);
        text[4] = digits[byte >> 4];
        text[5] = digits[byte & 0xf];
        lib_bytes_add(&writer->out, text, 6);
    } else {
        lib_bytes_add(&writer->out, text, 2);
    }
}

static void write_string(struct json_writer *writer, int index)
{
    size_t size;
    const char *text = lua_tolstring(writer->out.L, index, &size);
    const char *end = text + size;

    lib_cost_add(&writer->cost, size / 16);
    lib_bytes_add_byte(&writer->out, '"');
    while (text < end) {
        const char *plain = text;

        while (text < end && json_escapes[(unsigned char)*text] == 0)
            text++;
        lib_bytes_add(&writer->out, plain, (size_t)(text - plain));
        if (text < end)
            write_escape(writer, (unsigned char)*text++);
    }
    lib_bytes_add_byte(&writer->out, '"');
}

/* The digits of a whole number that %.14g would write without an exponent. */
static void write_whole(struct json_writer *writer, int64_t number)
{
    char digits[20];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--at = '-';
    lib_bytes_add(&writer->out, at, (size_t)(digits + sizeof(digits) - at));
}

#define NUMBER_PLACES 4 /* behind the point, tried without printf() */

/* A number with a few places: D = whole / 10^places, where `number` is the double
 * nearest to D and D has 14 digits at most, which then are those of %.14g.
 * false: it is none. */
static bool write_short(struct json_writer *writer, double number)
{
    int64_t whole, scale = 1;
    int places = 0;
    size_t size;
    char *digits;

    if (!(number > 1e-4 && number < 1e9)) /* a negative one is rare */
        return false;
    do {
        if (places++ == NUMBER_PLACES)
            return false;
        scale *= 10;
        whole = (int64_t)(number * (double)scale);
    } while ((double)whole != number * (double)scale);
    if ((double)whole / (double)scale != number)
        return false;
    for (; whole % 10 == 0; places--, scale /= 10) /* the product was rounded */
        whole /= 10;
    write_whole(writer, whole / scale);
    lib_bytes_add_byte(&writer->out, '.');
    size = writer->out.size;
    write_whole(writer, whole % scale + scale); /* a 1, and the places */
    digits = writer->out.data + size;
    memmove(digits, digits + 1, (size_t)places);
    writer->out.size--;
    return true;
}

static void write_number(struct json_writer *writer, int index)
{
    const struct json_settings *settings = writer->settings;
    double number = lua_tonumber(writer->out.L, index);
    char text[40];

    if (!isfinite(number)) {
        if (settings->encode_invalid == JSON_INVALID_OFF)
            writer_fail(writer, index, "must not be NaN or Inf");
        if (settings->encode_invalid == JSON_INVALID_NULL)
            return writer_text(writer, "null");
        if (isnan(number)) /* not "-nan", as printf would have it */
            return writer_text(writer, "nan");
    }
    if (settings->precision == 14 && number > -1e14 && number < 1e14 &&
        (double)(int64_t)number == number && number != 0)
        return write_whole(writer, (int64_t)number);
    if (settings->precision == 14 && write_short(writer, number))
        return;
    snprintf(text, sizeof(text), "%.*g", settings->precision, number);
    writer_text(writer, text);
}

/* --- Tables ---------------------------------------------------------------- */

/* The last index of the table on top, or -1 if it is an object. */
static int table_length(struct json_writer *writer)
{
    const struct json_settings *settings = writer->settings;
    lua_State *L = writer->out.L;
    int last = 0;
    int64_t count = 0;

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        double key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;

        lib_cost_add(&writer->cost, 1);
        if (!(key >= 1) || floor(key) != key) {
            lua_pop(L, 2);
            return -1;
        }
        if (key > last)
            last = lib_int(key); /* past 2^31 no array, whatever it was */
        count++;
    }
    if (settings->sparse_ratio == 0 || last <= settings->sparse_safe ||
        last <= count * settings->sparse_ratio)
        return last;
    if (!settings->sparse_convert)
        writer_fail(writer, -1, "excessively sparse array");
    return -1;
}

static void write_value(struct json_writer *writer, int depth);

static void write_array(struct json_writer *writer, int length, int depth)
{
    lua_State *L = writer->out.L;

    for (int i = 1; i <= length; i++) {
        lib_bytes_add_byte(&writer->out, i == 1 ? '[' : ',');
        lua_rawgeti(L, -1, i);
        write_value(writer, depth);
        lua_pop(L, 1);
    }
    lib_bytes_add_byte(&writer->out, ']');
}

/* The key below the value on top. */
static void write_key(struct json_writer *writer)
{
    switch (lua_type(writer->out.L, -2)) {
    case LUA_TNUMBER:
        lib_bytes_add_byte(&writer->out, '"');
        write_number(writer, -2);
        lib_bytes_add_byte(&writer->out, '"');
        break;
    case LUA_TSTRING:
        write_string(writer, -2);
        break;
    default:
        writer_fail(writer, -2, "table key must be a number or string");
    }
    lib_bytes_add_byte(&writer->out, ':');
}

static void write_object(struct json_writer *writer, int depth)
{
    lua_State *L = writer->out.L;
    char before = '{';

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        lib_bytes_add_byte(&writer->out, before);
        before = ',';
        write_key(writer);
        write_value(writer, depth);
    }
    if (before == '{')
        lib_bytes_add_byte(&writer->out, '{');
    lib_bytes_add_byte(&writer->out, '}');
}

static void write_table(struct json_writer *writer, int depth)
{
    int length;

    if (depth > writer->settings->encode_depth ||
        !lua_checkstack(writer->out.L, 4))
        luaL_error(writer->out.L, "Cannot serialise, excessive nesting (%d)",
                   depth);
    length = table_length(writer);
    if (length > 0)
        write_array(writer, length, depth);
    else
        write_object(writer, depth);
}

/* Write the value on top, which stays there. */
static void write_value(struct json_writer *writer, int depth)
{
    lua_State *L = writer->out.L;

    lib_cost_add(&writer->cost, 1);
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        return write_string(writer, -1);
    case LUA_TNUMBER:
        return write_number(writer, -1);
    case LUA_TBOOLEAN:
        return writer_text(writer, lua_toboolean(L, -1) ? "true" : "false");
    case LUA_TTABLE:
        return write_table(writer, depth + 1);
    case LUA_TNIL:
        return writer_text(writer, "null");
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, -1))
            return writer_text(writer, "null");
        break;
    default:
        break;
    }
    writer_fail(writer, -1, "type not supported");
}

int lib_json_encode(lua_State *L)
{
    struct json_writer writer;

    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    writer.settings = lua_touserdata(L, lua_upvalueindex(1));
    writer.cost = (struct lib_cost){.L = L};
    lib_bytes_begin(&writer.out, L);
    lua_insert(L, 1); /* the value on top, the buffer's slot below it */
    writer.out.slot = 1;
    write_value(&writer, 0);
    lib_bytes_push(&writer.out);
    return 1;
}
