/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_program - a Lua pattern taken apart, once, for any number of matches.
 *
 *     "(%w+:)=x-$"     OPEN 0 | SET %w | MANY %w, firm | TEXT ":" | CLOSE 0 |
 *                      TEXT "=" | FEW x | BRINK | END
 *
 * Which captures have begun, and which have ended, is the same whenever a match
 * comes to an item, whatever way it took.  So all that can be wrong with a
 * pattern is known here; but Lua raises such an error only when a match gets
 * there, and therefore it is an item of its own.
 *
 * An item that may take more or less text is firm if giving back what it took
 * can never help: what has to follow begins with a byte that it does not take.
 * A pattern whose items are all firm never goes back: each attempt to match it
 * is linear in the text. */
#ifndef LUA_LIB_PROGRAM_H
#define LUA_LIB_PROGRAM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_CAPTURES 32

enum lib_item_kind {
    ITEM_END,
    ITEM_TEXT,     /* these bytes */
    ITEM_SET,      /* a byte of the set */
    ITEM_MANY,     /* x*: as many of the set as there are, or less */
    ITEM_FEW,      /* x-: none of the set, or more */
    ITEM_MAYBE,    /* x?: one of the set, or none */
    ITEM_OPEN,     /* (   */
    ITEM_CLOSE,    /* )   */
    ITEM_HERE,     /* ()  */
    ITEM_AGAIN,    /* %1: what a capture holds */
    ITEM_BALANCED, /* %bxy */
    ITEM_FRONTIER, /* %f[set] */
    ITEM_BRINK,    /* $ at the end: of the text, too */
    ITEM_WRONG     /* raises an error */
};

struct lib_set {
    uint64_t bits[4];
};

struct lib_item {
    union {
        struct lib_set set;
        struct {
            const char *bytes; /* within the pattern */
            size_t size;
        } text;
        char pair[2];      /* BALANCED: x and y */
        const char *error; /* WRONG */
    } of;
    uint8_t kind;    /* enum lib_item_kind */
    uint8_t capture; /* its index */
    bool firm;
    bool any; /* MANY: the set has all bytes */
};

/* The pattern must outlive it: texts are within. */
struct lib_program {
    struct lib_set first; /* with which a match begins, if `searched` */
    size_t choices;       /* items that are not firm */
    uint32_t positions;   /* captures that are (), by bits */
    uint32_t open;        /* that have not ended, at the end */
    int captures;
    bool anchored; /* a '^', which has no item */
    bool searched;
    bool lettered; /* `first` has one byte only: */
    char letter;
    struct lib_item items[];
};

/* Push a userdata with the program of `pattern`, which ends with a NUL;
 * `anchors`: a '^' in front is one.  O(bytes), which count. */
const struct lib_program *lib_program_push(lua_State *L, const char *pattern,
                                           bool anchors);

/* The same, from the functions that keep programs: their upvalue `index` is a
 * userdata and the next one a table, of lib_program_push_cache(). */
const struct lib_program *lib_program_get(lua_State *L, int argument,
                                          int index);
void lib_program_push_cache(lua_State *L);

static inline bool lib_set_has(const struct lib_set *set, unsigned char byte)
{
    return set->bits[byte >> 6] >> (byte & 63) & 1;
}

#endif
