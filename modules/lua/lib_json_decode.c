/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_json_decode - JSON as a Lua value.
 *
 *     [1, null, {"a": "\u00e9"}]     {1, cjson.null, {a = "é"}}
 *
 * The text is read once, token by token; a token is a mark, a word, a number
 * or a string, and an unexpected one is named in the error with its place.
 * Numbers are what strtod() reads, hexadecimal ones, inf and nan included,
 * until decode_invalid_numbers(false).  A NUL is the end of the text.
 *
 * O(bytes).  A string without escapes is taken from the text itself. */
#include "lib.h"
#include "lib_json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum json_token {
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_STRING,
    JSON_NUMBER,
    JSON_BOOLEAN,
    JSON_NULL,
    JSON_COLON,
    JSON_COMMA,
    JSON_END,
    JSON_ERROR
};

/* What errors call them. */
static const char *const json_token_names[] = {
    "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
    "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
    "T_COLON",     "T_COMMA",   "T_END",
};

struct json_reader {
    lua_State *L;
    const struct json_settings *settings;
    const char *text;
    const char *end; /* of the text: the NUL behind it */
    const char *at;
    char *unescaped; /* as long as the text; NULL until a string needs it */
    int depth;
    struct lib_cost cost;
    /* The token that was read last. */
    enum json_token token;
    const char *begin; /* its place, or where it is wrong */
    const char *error; /* of JSON_ERROR: what is wrong */
    const char *string;
    size_t size;
    double number;
    bool boolean;
};

static enum json_token reader_wrong(struct json_reader *reader,
                                    const char *error)
{
    reader->begin = reader->at;
    reader->error = error;
    return JSON_ERROR;
}

/* --- Strings --------------------------------------------------------------- */

/* Four hexadecimal digits, or -1; it does not look past a wrong one. */
static int string_hex(const char *text)
{
    int number = 0;

    for (int i = 0; i < 4; i++) {
        char letter = text[i] | 0x20;

        if (text[i] >= '0' && text[i] <= '9')
            number = number << 4 | (text[i] - '0');
        else if (letter >= 'a' && letter <= 'f')
            number = number << 4 | (letter - 'a' + 10);
        else
            return -1;
    }
    return number;
}

/* The code point of the \uXXXX at this place, or of the two that make one;
 * moves past it.  -1 if it is wrong. */
static int string_code_point(struct json_reader *reader)
{
    int high = string_hex(reader->at + 2);
    int low;

    if (high < 0 || (high & 0xfc00) == 0xdc00)
        return -1;
    if ((high & 0xfc00) != 0xd800) {
        reader->at += 6;
        return high;
    }
    if (reader->at[6] != '\\' || reader->at[7] != 'u')
        return -1;
    low = string_hex(reader->at + 8);
    if (low < 0 || (low & 0xfc00) != 0xdc00)
        return -1;
    reader->at += 12;
    return 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
}

static char *string_utf8(char *out, int point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }
    if (point < 0x800) {
        *out++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *out++ = (char)(0xe0 | point >> 12);
        } else {
            *out++ = (char)(0xf0 | point >> 18);
            *out++ = (char)(0x80 | (point >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (point & 0x3f));
    return out;
}

static char string_escape(char letter)
{
    /* clang-format off */
    switch (letter) {
    case '"': case '\\': case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
    /* clang-format on */
}

/* The rest of a string from its first escape on, behind the `size` bytes that
 * are read: an escape is never shorter than what it stands for. */
static enum json_token string_unescape(struct json_reader *reader, size_t size)
{
    char *out;

    if (!reader->unescaped) {
        reader->unescaped = lua_newuserdata(
            reader->L, (size_t)(reader->end - reader->text) + 1);
        lua_replace(reader->L, 2);
    }
    memcpy(reader->unescaped, reader->string, size);
    for (out = reader->unescaped + size; *reader->at != '"';) {
        if (*reader->at == '\0')
            return reader_wrong(reader, "unexpected end of string");
        if (*reader->at != '\\') {
            *out++ = *reader->at++;
        } else if (reader->at[1] == 'u') {
            int point = string_code_point(reader);

            if (point < 0)
                return reader_wrong(reader, "invalid unicode escape code");
            out = string_utf8(out, point);
        } else {
            *out = string_escape(reader->at[1]);
            if (*out++ == 0)
                return reader_wrong(reader, "invalid escape code");
            reader->at += 2;
        }
    }
    reader->at++;
    reader->string = reader->unescaped;
    reader->size = (size_t)(out - reader->unescaped);
    return JSON_STRING;
}

static enum json_token read_string(struct json_reader *reader)
{
    reader->string = ++reader->at;
    while (*reader->at != '"' && *reader->at != '\\' && *reader->at != '\0')
        reader->at++;
    reader->size = (size_t)(reader->at - reader->string);
    lib_cost_add(&reader->cost, reader->size / 16);
    if (*reader->at == '"') {
        reader->at++;
        return JSON_STRING;
    }
    return string_unescape(reader, reader->size);
}

/* --- Numbers and words ----------------------------------------------------- */

/* What strtod() might take, but JSON has not. */
static bool number_is_invalid(const char *at)
{
    if (*at == '+')
        return true;
    if (*at == '-')
        at++;
    if (*at == '0')
        return (at[1] | 0x20) == 'x' || (at[1] >= '0' && at[1] <= '9');
    return *at > '9' &&
           (strncasecmp(at, "inf", 3) == 0 || strncasecmp(at, "nan", 3) == 0);
}

#define NUMBER_DIGITS 15 /* of which a double has each */

/* Up to `most` digits from `at` on go behind those of *whole: their number, or
 * one more than `most` if there are too many. */
static int number_digits(const char *at, int most, int64_t *whole)
{
    int digits = 0;

    for (; at[digits] >= '0' && at[digits] <= '9' && digits <= most; digits++)
        *whole = *whole * 10 + (at[digits] - '0');
    return digits;
}

/* Digits that make a whole number below 2^53, over a power of ten that is exact,
 * too, make the double that is nearest; the rest is strtod()'s. */
static const char *number_short(const char *at, double *number)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    bool negative = *at == '-';
    int64_t whole = 0;
    int digits, more = 0;

    at += negative;
    digits = number_digits(at, NUMBER_DIGITS, &whole);
    if (digits == 0 || digits > NUMBER_DIGITS)
        return NULL;
    at += digits;
    if (*at == '.') {
        more = number_digits(at + 1, NUMBER_DIGITS - digits, &whole);
        if (more == 0 || digits + more > NUMBER_DIGITS)
            return NULL;
        at += 1 + more;
    } else if (whole == 0) {
        return NULL; /* 0x, perhaps */
    }
    if ((*at | 0x20) == 'e' || (*at | 0x20) == 'x' || *at == '.')
        return NULL;
    *number = (double)whole / powers[more];
    if (negative)
        *number = -*number;
    return at;
}

static enum json_token read_number(struct json_reader *reader)
{
    const char *at = number_short(reader->at, &reader->number);
    char *end;

    if (at) {
        reader->at = at;
        return JSON_NUMBER;
    }
    reader->number = strtod(reader->at, &end);
    if (end == reader->at)
        return reader_wrong(reader, "invalid number");
    reader->at = end;
    return JSON_NUMBER;
}

static bool read_exactly(struct json_reader *reader, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(reader->at, word, size) != 0)
        return false;
    reader->at += size;
    return true;
}

static enum json_token read_word(struct json_reader *reader)
{
    reader->boolean = *reader->at == 't';
    if (read_exactly(reader, "true") || read_exactly(reader, "false"))
        return JSON_BOOLEAN;
    if (read_exactly(reader, "null"))
        return JSON_NULL;
    if (strchr("iInN+", *reader->at) && reader->settings->decode_invalid &&
        number_is_invalid(reader->at))
        return read_number(reader);
    return reader_wrong(reader, "invalid token");
}

static enum json_token read_token(struct json_reader *reader)
{
    /* clang-format off */
    switch (*reader->at) {
    case '\0': return JSON_END;
    case '{': reader->at++; return JSON_OBJECT_BEGIN;
    case '}': reader->at++; return JSON_OBJECT_END;
    case '[': reader->at++; return JSON_ARRAY_BEGIN;
    case ']': reader->at++; return JSON_ARRAY_END;
    case ':': reader->at++; return JSON_COLON;
    case ',': reader->at++; return JSON_COMMA;
    case '"': return read_string(reader);
    case '-': case '0': case '1': case '2': case '3': case '4': case '5':
    case '6': case '7': case '8': case '9':
        if (!reader->settings->decode_invalid && number_is_invalid(reader->at))
            return reader_wrong(reader, "invalid number");
        return read_number(reader);
    default: return read_word(reader);
    }
    /* clang-format on */
}

static enum json_token reader_next(struct json_reader *reader)
{
    const char *before = reader->at;

    while (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' ||
           *reader->at == '\r')
        reader->at++;
    lib_cost_add(&reader->cost, 1 + (uint64_t)(reader->at - before) / 16);
    reader->begin = reader->at;
    reader->token = read_token(reader);
    return reader->token;
}

/* --- Values ---------------------------------------------------------------- */

/* Most tables are small, and should not grow three times to be so. */
#define TABLE_FIELDS   4
#define TABLE_ELEMENTS 4

static void reader_fail(struct json_reader *reader, const char *expected)
{
    luaL_error(reader->L, "Expected %s but found %s at character %d", expected,
               reader->token == JSON_ERROR ? reader->error
                                           : json_token_names[reader->token],
               (int)(reader->begin - reader->text + 1));
}

static void reader_descend(struct json_reader *reader, int slots)
{
    reader->depth++;
    if (reader->depth > reader->settings->decode_depth ||
        !lua_checkstack(reader->L, slots))
        luaL_error(reader->L,
                   "Found too many nested data structures (%d) at character %d",
                   reader->depth, (int)(reader->at - reader->text));
}

static void read_value(struct json_reader *reader);

static void read_object(struct json_reader *reader)
{
    lua_State *L = reader->L;

    reader_descend(reader, 3);
    lua_createtable(L, 0, TABLE_FIELDS);
    if (reader_next(reader) == JSON_OBJECT_END)
        return;
    for (;;) {
        if (reader->token != JSON_STRING)
            reader_fail(reader, "object key string");
        lua_pushlstring(L, reader->string, reader->size);
        if (reader_next(reader) != JSON_COLON)
            reader_fail(reader, "colon");
        reader_next(reader);
        read_value(reader);
        lua_rawset(L, -3);
        if (reader_next(reader) == JSON_OBJECT_END)
            return;
        if (reader->token != JSON_COMMA)
            reader_fail(reader, "comma or object end");
        reader_next(reader);
    }
}

static void read_array(struct json_reader *reader)
{
    reader_descend(reader, 2);
    lua_createtable(reader->L, TABLE_ELEMENTS, 0);
    if (reader_next(reader) == JSON_ARRAY_END)
        return;
    for (int i = 1;; i++) {
        read_value(reader);
        lua_rawseti(reader->L, -2, i);
        if (reader_next(reader) == JSON_ARRAY_END)
            return;
        if (reader->token != JSON_COMMA)
            reader_fail(reader, "comma or array end");
        reader_next(reader);
    }
}

/* Push the value that the token begins. */
static void read_value(struct json_reader *reader)
{
    switch (reader->token) {
    case JSON_STRING:
        lua_pushlstring(reader->L, reader->string, reader->size);
        return;
    case JSON_NUMBER:
        lua_pushnumber(reader->L, reader->number);
        return;
    case JSON_BOOLEAN:
        lua_pushboolean(reader->L, reader->boolean);
        return;
    case JSON_NULL:
        lua_pushlightuserdata(reader->L, NULL);
        return;
    case JSON_OBJECT_BEGIN:
        read_object(reader);
        reader->depth--;
        return;
    case JSON_ARRAY_BEGIN:
        read_array(reader);
        reader->depth--;
        return;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
    case JSON_COLON:
    case JSON_COMMA:
    case JSON_END:
    case JSON_ERROR:
        reader_fail(reader, "value");
    }
}

int lib_json_decode(lua_State *L)
{
    struct json_reader reader = {.L = L, .cost = {.L = L}};
    size_t size;

    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    reader.settings = lua_touserdata(L, lua_upvalueindex(1));
    reader.text = luaL_checklstring(L, 1, &size);
    reader.end = reader.text + size;
    reader.at = reader.text;
    if (size >= 2 && (!reader.text[0] || !reader.text[1]))
        luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
    lua_pushnil(L); /* where string_unescape() keeps its bytes */
    reader_next(&reader);
    read_value(&reader);
    if (reader_next(&reader) != JSON_END)
        reader_fail(&reader, "the end");
    return 1;
}
