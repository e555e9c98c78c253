/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_struct - numbers and strings as the bytes of a C struct.
 *
 *     struct.pack(">I2c3", 258, "abc")     01 02 61 62 63
 *     struct.unpack(">I2c3", bytes)        258  "abc"  6 (where to go on)
 *     struct.size("!8bd")                  16
 *
 * A format is read left to right; its letters:
 *
 *     < >      what follows is little or big endian (at first: the machine's)
 *     !n       align to at most n, a power of two (n absent: 8; at first: 1)
 *     b B h H l L T    integers of 1, 1, 2, 2, 8, 8 and 8 bytes
 *     in In    of n bytes, up to 32 (n absent: 4); capitals are unsigned
 *     f d      float, double
 *     cn       n characters (n absent: 1); n = 0: all of the string, or as
 *              many as the number read before says
 *     s        a string and the NUL that ends it
 *     x        a byte that is skipped
 *
 * An integer has 64 bits here: of a longer one, the bytes beyond are zeros.
 * O(bytes). */
#include "lib.h"
#include "lib_bytes.h"
#include "lib_number.h"

#include <ctype.h>

#define STRUCT_INTEGER_MAX 32 /* bytes */
#define STRUCT_ALIGN_MAX   8

_Static_assert(sizeof(long) == 8 && sizeof(size_t) == 8, "l and T are 8 bytes");

/* A format, as far as it is read. */
struct layout {
    lua_State *L;
    const char *at; /* the next letter; NUL ends */
    bool big;
    int align;
};

/* What one letter says. */
struct field {
    char letter;
    size_t size;    /* bytes; of c0 and s it is only known with the string */
    size_t padding; /* bytes before it */
};

static void layout_begin(struct layout *layout, lua_State *L)
{
    layout->L = L;
    layout->at = luaL_checkstring(L, 1);
    layout->big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    layout->align = 1;
}

/* The number at this place, or `absent` if there is none. */
static int layout_number(struct layout *layout, int absent)
{
    int number = 0;

    if (!isdigit((unsigned char)*layout->at))
        return absent;
    for (; isdigit((unsigned char)*layout->at); layout->at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *layout->at - '0', &number))
            luaL_error(layout->L, "integral size overflow");
    return number;
}

static size_t layout_integer_size(struct layout *layout)
{
    int size = layout_number(layout, sizeof(int));

    if (size > STRUCT_INTEGER_MAX)
        luaL_error(layout->L, "integral size %d is larger than limit of %d",
                   size, STRUCT_INTEGER_MAX);
    return (size_t)size;
}

static size_t layout_size(struct layout *layout, char letter)
{
    switch (letter) {
    case 'b':
    case 'B':
    case 'x':
        return 1;
    case 'h':
    case 'H':
        return 2;
    case 'l':
    case 'L':
    case 'T':
    case 'd':
        return 8;
    case 'f':
        return 4;
    case 'i':
    case 'I':
        return layout_integer_size(layout);
    case 'c':
        return (size_t)layout_number(layout, 1);
    default:
        return 0;
    }
}

/* The next letter of the format, for a field that would begin at `offset`. */
static struct field layout_next(struct layout *layout, size_t offset)
{
    struct field field = {.letter = *layout->at++};
    size_t unit;

    field.size = layout_size(layout, field.letter);
    if (field.size == 0 || field.letter == 'c')
        return field;
    unit = field.size;
    if (unit > (size_t)layout->align)
        unit = (size_t)layout->align;
    field.padding = (unit - (offset & (unit - 1))) & (unit - 1);
    return field;
}

/* A letter that is no field: it changes how the next ones are read. */
static void layout_control(struct layout *layout, char letter)
{
    int align;

    switch (letter) {
    case ' ':
        return;
    case '<':
    case '>':
        layout->big = letter == '>';
        return;
    case '!':
        align = layout_number(layout, STRUCT_ALIGN_MAX);
        if (align <= 0 || (align & (align - 1)) != 0)
            luaL_error(layout->L, "alignment %d is not a power of 2", align);
        layout->align = align;
        return;
    default:
        luaL_argerror(
            layout->L, 1,
            lua_pushfstring(layout->L, "invalid format option '%c'", letter));
    }
}

/* Copy what the machine has as `size` bytes, in the layout's order. */
static void layout_copy(const struct layout *layout, char *to, const char *from,
                        size_t size)
{
    bool turn = layout->big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);

    for (size_t i = 0; i < size; i++)
        to[i] = from[turn ? size - 1 - i : i];
}

/* --- Packing --------------------------------------------------------------- */

static void pack_integer(const struct layout *layout, struct lib_bytes *out,
                         double number, size_t size)
{
    uint64_t rest =
        number < 0 ? (uint64_t)lib_int64(number) : lib_uint64(number);
    char *to = lib_bytes_room(out, size);

    for (size_t i = 0; i < size; i++, rest >>= 8)
        to[layout->big ? size - 1 - i : i] = (char)(rest & 0xff);
    out->size += size;
}

static void pack_real(const struct layout *layout, struct lib_bytes *out,
                      double number, size_t size)
{
    float single = (float)number;
    const char *from =
        size == sizeof(single) ? (char *)&single : (char *)&number;

    layout_copy(layout, lib_bytes_room(out, size), from, size);
    out->size += size;
}

/* Only as many bytes of the string as the field has.  (The argument that an
 * error names is the one after it: so it has always been.) */
static void pack_string(struct lib_bytes *out, struct field field, int argument)
{
    size_t size;
    const char *text = luaL_checklstring(out->L, argument, &size);
    size_t taken = field.size == 0 ? size : field.size;

    luaL_argcheck(out->L, size >= taken, argument + 1, "string too short");
    lib_bytes_add(out, text, taken);
    if (field.letter == 's')
        lib_bytes_add_byte(out, '\0');
}

static void pack_zeros(struct lib_bytes *out, size_t size)
{
    memset(lib_bytes_room(out, size), 0, size);
    out->size += size;
}

static int struct_pack(lua_State *L)
{
    struct layout layout;
    struct lib_bytes out;
    int argument = 2;

    layout_begin(&layout, L);
    lua_pushnil(L); /* so that no argument too few is the buffer's slot */
    lib_bytes_begin(&out, L);
    while (*layout.at != '\0') {
        struct field field = layout_next(&layout, out.size);

        pack_zeros(&out, field.padding);
        switch (field.letter) {
        case 'b':
        case 'B':
        case 'h':
        case 'H':
        case 'l':
        case 'L':
        case 'T':
        case 'i':
        case 'I':
            pack_integer(&layout, &out, luaL_checknumber(L, argument++),
                         field.size);
            break;
        case 'f':
        case 'd':
            pack_real(&layout, &out, luaL_checknumber(L, argument++),
                      field.size);
            break;
        case 'c':
        case 's':
            pack_string(&out, field, argument++);
            break;
        case 'x':
            pack_zeros(&out, 1);
            break;
        default:
            layout_control(&layout, field.letter);
        }
    }
    lib_bytes_push(&out);
    return 1;
}

/* --- Unpacking ------------------------------------------------------------- */

static double unpack_integer(const struct layout *layout, const char *data,
                             struct field field)
{
    uint64_t number = 0;
    uint64_t sign = UINT64_MAX << ((field.size * 8 - 1) & 63);

    for (size_t i = 0; i < field.size; i++) {
        size_t at = layout->big ? i : field.size - 1 - i;

        number = number << 8 | (unsigned char)data[at];
    }
    if (isupper((unsigned char)field.letter))
        return (double)number;
    if (number & sign)
        number |= sign;
    return (double)(int64_t)number;
}

static double unpack_real(const struct layout *layout, const char *data,
                          size_t size)
{
    float single;
    double number;

    if (size == sizeof(single)) {
        layout_copy(layout, (char *)&single, data, size);
        return (double)single;
    }
    layout_copy(layout, (char *)&number, data, size);
    return number;
}

static void unpack_check(lua_State *L, size_t at, size_t size, size_t end)
{
    luaL_argcheck(L, size <= end && at <= end - size, 2,
                  "data string too short");
}

/* The size of c0 is the result before it, which it takes away. */
static size_t unpack_counted(lua_State *L, int results, size_t at, size_t end)
{
    size_t size;

    if (results == 0 || !lua_isnumber(L, -1))
        luaL_error(L, "format 'c0' needs a previous size");
    size = (size_t)lib_uint64(lua_tonumber(L, -1));
    lua_pop(L, 1);
    unpack_check(L, at, size, end);
    return size;
}

static size_t unpack_terminated(lua_State *L, const char *data, size_t at,
                                size_t end)
{
    const char *nul = memchr(data + at, '\0', end - at);

    if (!nul)
        luaL_error(L, "unfinished string in data");
    return (size_t)(nul - (data + at));
}

static int struct_unpack(lua_State *L)
{
    struct layout layout;
    size_t end;
    const char *data;
    size_t at;
    int first;

    layout_begin(&layout, L);
    data = luaL_checklstring(L, 2, &end);
    at = (size_t)luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, at > 0, 3, "offset must be 1 or greater");
    at--;
    first = lua_gettop(L);
    while (*layout.at != '\0') {
        struct field field = layout_next(&layout, at);

        at += field.padding;
        unpack_check(L, at, field.size, end);
        luaL_checkstack(L, 2, "too many results");
        switch (field.letter) {
        case 'b':
        case 'B':
        case 'h':
        case 'H':
        case 'l':
        case 'L':
        case 'T':
        case 'i':
        case 'I':
            lua_pushnumber(L, unpack_integer(&layout, data + at, field));
            break;
        case 'f':
        case 'd':
            lua_pushnumber(L, unpack_real(&layout, data + at, field.size));
            break;
        case 'c':
            if (field.size == 0)
                field.size = unpack_counted(L, lua_gettop(L) - first, at, end);
            lua_pushlstring(L, data + at, field.size);
            break;
        case 's':
            field.size = unpack_terminated(L, data, at, end);
            lua_pushlstring(L, data + at, field.size);
            field.size++;
            break;
        case 'x':
            break;
        default:
            layout_control(&layout, field.letter);
        }
        at += field.size;
    }
    lua_pushinteger(L, (lua_Integer)at + 1);
    return lua_gettop(L) - first;
}

static int struct_size(lua_State *L)
{
    struct layout layout;
    size_t size = 0;

    layout_begin(&layout, L);
    while (*layout.at != '\0') {
        struct field field = layout_next(&layout, size);

        if (field.letter == 's')
            luaL_argerror(L, 1, "option 's' has no fixed size");
        if (field.letter == 'c' && field.size == 0)
            luaL_argerror(L, 1, "option 'c0' has no fixed size");
        if (!isalnum((unsigned char)field.letter))
            layout_control(&layout, field.letter);
        size += field.padding + field.size;
    }
    lua_pushinteger(L, (lua_Integer)size);
    return 1;
}

void lib_struct_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"pack", struct_pack},
        {"size", struct_size},
        {"unpack", struct_unpack},
        {NULL, NULL},
    };

    lua_createtable(L, 0, 3);
    luaL_register(L, NULL, functions);
}
