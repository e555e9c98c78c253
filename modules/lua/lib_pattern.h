/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_pattern - match a Lua pattern, with an eye on the budget.
 *
 *     pattern  (%a+)-%d*$        text  "ab-12"
 *                                       |    |
 *     captures [0] "ab"                 at   answer
 *
 * Lua's own matcher calls itself for every item that might have matched
 * otherwise.  This one goes through a program (lib_program.h), keeps those
 * places in a list, the newest last, and goes back to the last one when an item
 * fails:
 *
 *     item                where else to go on when the match fails past it
 *     ITEM_MAYBE   x?     without x
 *     ITEM_MANY    x*     with one x less
 *     ITEM_FEW     x-     with one x more
 *
 * so a pattern of any length needs no stack, and the list has at most one
 * entry for each item, and none for those that are firm.  O(text) for most
 * patterns, exponential for some: every step counts.  The text ends as C strings
 * do: with a NUL, which Lua puts behind each. */
#ifndef LUA_LIB_PATTERN_H
#define LUA_LIB_PATTERN_H

#include "lib.h"
#include "lib_program.h"

#include <stddef.h>

#define PATTERN_CHOICES 32 /* of a list that needs no memory */

struct lib_capture {
    const char *begin;
    size_t size;
};

/* A place where the match could go on otherwise; see above. */
struct lib_choice {
    const struct lib_item *item;
    const char *at;    /* where the text goes on */
    const char *least; /* of MANY: no further back than this */
};

struct lib_pattern {
    lua_State *L;
    const struct lib_program *program;
    struct lib_cost cost;
    const char *text;
    const char *end;
    struct lib_choice *list;
    struct lib_capture capture[PROGRAM_CAPTURES];
    struct lib_choice first[PATTERN_CHOICES];
};

/* Prepare to match within `size` bytes of text; what it pushes must stay on the
 * stack, as the program must. */
void lib_pattern_begin(struct lib_pattern *pattern, lua_State *L,
                       const struct lib_program *program, const char *text,
                       size_t size);

/* Where a match can begin at the earliest, from `at` on: the end of the text if
 * nowhere else.  Saves nothing but time. */
const char *lib_pattern_skip(struct lib_pattern *pattern, const char *at);

/* Match from `at` on: where the match ends, or NULL.  Raises Lua's errors of
 * patterns. */
const char *lib_pattern_match(struct lib_pattern *pattern, const char *at);

/* Push capture `index` of the match from `begin` to `end`; capture 0 is the
 * whole match if there are none. */
void lib_pattern_push(struct lib_pattern *pattern, int index, const char *begin,
                      const char *end);
/* Push all of them; without any the whole match, unless `begin` is NULL.  The
 * answer is their number. */
int lib_pattern_push_all(struct lib_pattern *pattern, const char *begin,
                         const char *end);

#endif
