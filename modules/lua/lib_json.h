/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_json - what the writer and the reader of JSON share: the settings that a
 * script changes by cjson.encode_max_depth() and its kin. */
#ifndef LUA_LIB_JSON_H
#define LUA_LIB_JSON_H

#include <lua.h>

enum json_invalid {
    JSON_INVALID_OFF, /* infinities and NaN are errors */
    JSON_INVALID_ON,
    JSON_INVALID_NULL /* are written as null */
};

/* `int`s, as the functions that change them read and answer numbers.  One such
 * struct lives in a userdata that is the first upvalue of each function of one
 * cjson table; cjson.new() makes another. */
struct json_settings {
    int sparse_convert; /* an array with too many holes becomes an object */
    int sparse_ratio;   /* too many: the last index is over `ratio` times */
    int sparse_safe;    /*   the number of elements, and over `safe` */
    int encode_depth;
    int decode_depth;
    int encode_invalid; /* enum json_invalid */
    int decode_invalid; /* false or true */
    int precision;      /* significant digits of numbers */
    int keep_buffer;    /* remembered; each call has a buffer of its own */
};

/* The functions cjson.encode and cjson.decode. */
int lib_json_encode(lua_State *L);
int lib_json_decode(lua_State *L);

#endif
