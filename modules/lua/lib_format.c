/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_format - string.format, as Lua 5.1 has it.
 *
 *     %[flags][width][.precision]letter      flags: - + space # 0, each once
 *
 * LuaJIT's own follows later versions: it takes any value for %s, keeps NULs,
 * knows %a and %p, rounds halves up, and quotes otherwise.  What C's printf()
 * does is left to it, but for plain %d and %s, which are most.  O(bytes of the
 * result).
 *
 * But LuaJIT compiles its own, and calls of C it does not.  So prelude.c takes
 * that one where it writes the same.  Which formats and values these are, shapes
 * say: the kinds of up to three items.
 *
 *     "%-5d: %s"     {"d", "s"}      numbers; numbers, short texts without NUL
 *     "%.2f"         {100}           what to multiply by: no half may be left */
#include "lib_format.h"

#include "lib.h"
#include "lib_bytes.h"
#include "lib_number.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_FLAGS "-+ #0"
/* Flags, two digits of width, a point, two digits, "ll", a letter. */
#define FORMAT_MAX  (1 + 5 + 2 + 1 + 2 + 2 + 1 + 1)
#define FORMAT_ITEM 512 /* over the longest item: %99.99f of 1e308 */
#define FORMAT_LONG 100 /* a string so long is not padded */

/* One item, taken apart: `text` is "%" and all up to the letter. */
struct format_item {
    char text[FORMAT_MAX];
    size_t size;
    char letter;
    bool plain;    /* nothing between the two */
    int precision; /* or -1: none is given */
};

static const char *skip_digits(const char *at)
{
    for (int i = 0; i < 2 && isdigit((unsigned char)*at); i++)
        at++;
    return at;
}

/* Read the item behind a '%': what follows it, or NULL and what is wrong. */
static const char *item_read(const char *source, struct format_item *item,
                             const char **error)
{
    const char *at = source;

    if (*source == 'd' || *source == 's') {
        *item = (struct format_item){.text = "%",
                                     .size = 1,
                                     .letter = *source,
                                     .plain = true,
                                     .precision = -1};
        return source + 1;
    }
    at += strspn(source, FORMAT_FLAGS);
    *error = "invalid format (repeated flags)";
    if (at - source > (ptrdiff_t)strlen(FORMAT_FLAGS))
        return NULL;
    at = skip_digits(at);
    item->precision = -1;
    if (*at == '.') {
        item->precision = atoi(at + 1);
        at = skip_digits(at + 1);
    }
    *error = "invalid format (width or precision too long)";
    if (isdigit((unsigned char)*at))
        return NULL;
    item->letter = *at;
    item->plain = at == source;
    item->text[0] = '%';
    item->size = 1 + (size_t)(at - source);
    memcpy(item->text + 1, source, item->size - 1);
    return at + 1;
}

/* Let printf() do it, with `length` ("", "ll") before the letter.  What it
 * writes ends at a NUL, as %c of 0 does. */
#define ITEM_PRINT(out, item, length, value)                                   \
    do {                                                                       \
        char *room_ = lib_bytes_room(out, FORMAT_ITEM);                        \
                                                                               \
        snprintf((item)->text + (item)->size, FORMAT_MAX - (item)->size,       \
                 "%s%c", length, (item)->letter);                              \
        snprintf(room_, FORMAT_ITEM, (item)->text, value);                     \
        (out)->size += strlen(room_);                                          \
    } while (0)

static void add_integer(struct lib_bytes *out, struct format_item *item,
                        double number)
{
    long long whole = lib_int64(number);
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = whole < 0 ? -(uint64_t)whole : (uint64_t)whole;

    if (!item->plain) {
        ITEM_PRINT(out, item, "ll", whole);
        return;
    }
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (whole < 0)
        *--at = '-';
    lib_bytes_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void add_quoted(struct lib_bytes *out, const char *text, size_t size)
{
    lib_bytes_add_byte(out, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\' || text[i] == '\n') {
            lib_bytes_add_byte(out, '\\');
            lib_bytes_add_byte(out, text[i]);
        } else if (text[i] == '\r') {
            lib_bytes_add(out, "\\r", 2);
        } else if (text[i] == '\0') {
            lib_bytes_add(out, "\\000", 4);
        } else {
            lib_bytes_add_byte(out, text[i]);
        }
    }
    lib_bytes_add_byte(out, '"');
}

/* A short string ends at its first NUL; a long one is taken whole. */
static void add_string(struct lib_bytes *out, struct format_item *item,
                       const char *text, size_t size)
{
    if (size >= FORMAT_LONG && item->precision < 0)
        lib_bytes_add(out, text, size);
    else if (item->plain)
        lib_bytes_add(out, text, strnlen(text, size));
    else
        ITEM_PRINT(out, item, "", text);
}

static void add_item(struct lib_bytes *out, struct format_item *item,
                     int argument)
{
    lua_State *L = out->L;
    size_t size;
    const char *text;

    /* clang-format off */
    switch (item->letter) {
    case 'c':
        ITEM_PRINT(out, item, "", lib_int(luaL_checknumber(L, argument)));
        return;
    case 'd': case 'i':
        add_integer(out, item, luaL_checknumber(L, argument));
        return;
    case 'o': case 'u': case 'x': case 'X':
        ITEM_PRINT(out, item, "ll", (unsigned long long)lib_uint64(
                                        luaL_checknumber(L, argument)));
        return;
    case 'e': case 'E': case 'f': case 'g': case 'G':
        ITEM_PRINT(out, item, "", luaL_checknumber(L, argument));
        return;
    case 'q':
        text = luaL_checklstring(L, argument, &size);
        add_quoted(out, text, size);
        return;
    case 's':
        text = luaL_checklstring(L, argument, &size);
        add_string(out, item, text, size);
        return;
    case '\0':
        luaL_error(L, "invalid option '%%' to 'format'");
        return;
    default:
        luaL_error(L, "invalid option '%%%c' to 'format'", item->letter);
    }
    /* clang-format on */
}

int lib_format(lua_State *L)
{
    int arguments = lua_gettop(L);
    int argument = 1;
    size_t size;
    const char *source = luaL_checklstring(L, 1, &size);
    const char *end = source + size;
    struct lib_cost cost = {.L = L};
    struct lib_bytes out;

    lib_bytes_begin(&out, L);
    while (source < end) {
        const char *percent = memchr(source, '%', (size_t)(end - source));
        struct format_item item;
        const char *error;

        if (!percent)
            percent = end;
        lib_bytes_add(&out, source, (size_t)(percent - source));
        lib_cost_add(&cost, 8);
        source = percent + 1;
        if (percent == end)
            break;
        if (*source == '%') {
            lib_bytes_add_byte(&out, '%');
            source++;
            continue;
        }
        if (++argument > arguments)
            luaL_argerror(L, argument, "no value");
        source = item_read(source, &item, &error);
        if (!source)
            luaL_error(L, "%s", error);
        add_item(&out, &item, argument);
    }
    lib_bytes_push(&out);
    return 1;
}

/* --- What LuaJIT's own may do ---------------------------------------------- */

#define SHAPE_FORMAT 100 /* bytes: no longer format has a shape */
#define SHAPE_ITEMS  3
#define SHAPE_DIGITS 6
#define SHAPE_KNOWN  512

/* Push the kind of an item, or push nothing: LuaJIT's own writes others, or
 * might. */
static bool shape_push(lua_State *L, const struct format_item *item)
{
    double scale = 1;
    int digits = SHAPE_DIGITS;

    switch (item->letter) {
    case 'd':
    case 'i':
        lua_pushliteral(L, "d");
        return true;
    case 's':
        lua_pushliteral(L, "s");
        return true;
    case 'f':
        if (item->precision >= 0)
            digits = item->precision;
        if (digits > SHAPE_DIGITS)
            return false;
        for (int i = 0; i < digits; i++)
            scale *= 10;
        lua_pushnumber(L, scale);
        return true;
    default:
        return false;
    }
}

/* Put the kinds of the items into the table on top.  false: it has no shape. */
static bool shape_read(lua_State *L, const char *source)
{
    int count = 0;

    while ((source = strchr(source, '%'))) {
        struct format_item item;
        const char *error;

        if (*++source == '%') {
            source++;
            continue;
        }
        source = item_read(source, &item, &error);
        if (count == SHAPE_ITEMS || !source || !shape_push(L, &item))
            return false;
        lua_rawseti(L, -2, ++count);
    }
    return true;
}

int lib_format_shape(lua_State *L)
{
    size_t size;
    const char *source = lua_tolstring(L, 1, &size);

    lua_createtable(L, SHAPE_ITEMS, source ? 0 : SHAPE_KNOWN * 2);
    if (source && (size > SHAPE_FORMAT || strlen(source) != size ||
                   !shape_read(L, source)))
        lua_pushboolean(L, 0);
    return 1;
}
