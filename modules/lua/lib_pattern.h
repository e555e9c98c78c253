/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_pattern - match a Lua pattern, with an eye on the budget.
 *
 *     pattern  (%a+)-%d*$        text  "ab-12"
 *                                       |    |
 *     captures [0] "ab"                 at   answer
 *
 * Lua's own matcher calls itself for every item that might have matched
 * otherwise.  This one keeps those places in a list, the newest last, and goes
 * back to the last one when an item fails:
 *
 *     where else to go on                      when the match fails past it
 *     CHOICE_SKIP   after x?                   without x
 *     CHOICE_LESS   after x* and x+            with one x less
 *     CHOICE_MORE   after x-                   with one x more
 *
 * so a pattern of any length needs no stack, and the list has at most one
 * entry for each item.  An entry knows how many captures there were, and which
 * of them were open: those alone can have changed since.  O(text) for most patterns, exponential for some: every
 * step counts.  Pattern and text end as C strings do: with a NUL, which Lua
 * puts behind each. */
#ifndef LUA_LIB_PATTERN_H
#define LUA_LIB_PATTERN_H

#include "lib.h"

#include <stddef.h>

#define PATTERN_CAPTURES 32
#define PATTERN_CHOICES  32   /* of a list to begin with */
#define PATTERN_OPEN     (-1) /* a capture's size: not closed yet */
#define PATTERN_POSITION (-2) /* a capture's size: () */

struct lib_capture {
    const char *begin;
    ptrdiff_t size;
};

/* A place where the match could go on otherwise; see above. */
struct lib_choice {
    const char *source; /* where the pattern goes on; of MORE, its item */
    const char *at;     /* where the text goes on */
    const char *least;  /* LESS: no further back than this */
    int kind;           /* enum choice_kind in lib_pattern.c */
    int captures;       /* that had begun */
    uint32_t open;      /* of them, those that had not ended: 1 << index */
};

struct lib_pattern {
    lua_State *L;
    struct lib_cost cost;
    const char *text;
    const char *end;
    int captures;
    uint32_t open; /* as in lib_choice */
    int slot;      /* of Lua's stack, where the list is when it is long */
    size_t choices;
    size_t capacity;
    struct lib_choice *list;
    struct lib_capture capture[PATTERN_CAPTURES];
    struct lib_choice first[PATTERN_CHOICES];
};

/* Prepare to match within `size` bytes of text; takes a slot of the stack, as
 * lib_bytes_begin() does. */
void lib_pattern_begin(struct lib_pattern *pattern, lua_State *L,
                       const char *text, size_t size);

/* Where a match of `source` can begin at the earliest, from `at` on: the end of
 * the text if nowhere else.  Saves nothing but time. */
const char *lib_pattern_skip(struct lib_pattern *pattern, const char *at,
                             const char *source);

/* Match `source` from `at` on: where the match ends, or NULL.  Raises Lua's
 * errors of patterns. */
const char *lib_pattern_match(struct lib_pattern *pattern, const char *at,
                              const char *source);

/* Push capture `index` of the match from `begin` to `end`; capture 0 is the
 * whole match if there are none. */
void lib_pattern_push(struct lib_pattern *pattern, int index, const char *begin,
                      const char *end);
/* Push all of them; without any the whole match, unless `begin` is NULL.  The
 * answer is their number. */
int lib_pattern_push_all(struct lib_pattern *pattern, const char *begin,
                         const char *end);

#endif
