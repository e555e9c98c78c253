/* SPDX-License-Identifier: BSD-3-Clause */
/* field - reading the tables by which a file says what it has.
 *
 * All look at the table at the place 1 of the stack, or at `table`; metamethods
 * do not run.  What is wrong is an error of Lua's that names the field. */
#ifndef LUAMODULE_FIELD_H
#define LUAMODULE_FIELD_H

#include "luamodule.h"

struct field_word {
    const char *word;
    uint64_t value;
};

/* The table must be one, and have no fields but those; NULL ends the list. */
void field_check(lua_State *L, int table, const char *what,
                 const char *const *known);
/* Push the field; false: it is nil, and nothing is pushed. */
bool field_push(lua_State *L, int table, const char *name);
/* A text without NUL, in the program's arena; NULL if there is none. */
const char *field_text(lua_State *L, int table, const char *name);
const char *field_text_needed(lua_State *L, int table, const char *what,
                              const char *name);
int64_t field_int(lua_State *L, int table, const char *name, int64_t otherwise,
                  int64_t min, int64_t max);
bool field_flag(lua_State *L, int table, const char *name);
/* Words in a text with blanks between, or in a list: their values or-ed. */
uint64_t field_words(lua_State *L, int table, const char *name,
                     const struct field_word *words, size_t count);
/* A function, kept as long as the program; LUA_NOREF: none. */
int field_function(lua_State *L, int table, const char *name);
int field_function_needed(lua_State *L, int table, const char *what,
                          const char *name);

/* What is being loaded; otherwise an error that names `function`. */
struct program *field_program(lua_State *L, const char *function);
/* The table at `index`, which is not negative. */
#define FIELD_ABSOLUTE(L, index)                                               \
    ((index) > 0 ? (index) : lua_gettop(L) + 1 + (index))

#endif
