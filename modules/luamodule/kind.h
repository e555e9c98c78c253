/* SPDX-License-Identifier: BSD-3-Clause */
/* kind - types whose values are values of Lua.
 *
 *     the key's entry          struct value            Lua's registry
 *     +------------------+     +-----------------+     +---------------+
 *     | box            --+---->| kind | ref    --+---->| a table, ...  |
 *     +------------------+     +-----------------+     +---------------+
 *
 * A kind is a type in one layout, whatever the version of the module; what a
 * version says of it, its functions, is a struct kind_code.  A version whose
 * `layout` is the same finds the values as they are.  One with another layout has
 * a kind of its own beside the old one, and the host converts, as it does for
 * types in C: save() of the old and load() of the new version, on trial first,
 * then value by value when it is touched or in small steps.  The old program
 * stays until the last of its values has gone.
 *
 * Saved are, for whoever has not the module, a number and a text:
 *
 *     0   what save() has answered, or cmsgpack.pack() if there is none
 *     1   cmsgpack.pack() of the value, for save() has failed
 *     2   why it could not be saved at all: only when the module leaves */
#ifndef LUAMODULE_KIND_H
#define LUAMODULE_KIND_H

#include "luamodule.h"

#include <kr/type.h>

#define KIND_NAME 64

struct value {
    struct kind *kind;
    int ref;
    struct value *next; /* of the kind */
    struct value **at;  /* where its list has it */
    struct value *next_dead;
};

struct kind_code {
    struct kind_code *next; /* of the program */
    struct kind *kind;
    uint32_t format;                      /* of what save() answers */
    int save, load, copy, memory, digest; /* LUA_NOREF: not given */
};

struct kind {
    struct kind *next;
    struct home *home;
    char name[KIND_NAME];
    uint32_t layout; /* of its values */
    uint16_t slot;
    uint32_t programs;      /* that have it */
    struct kind_code *code; /* of the version that serves */
    struct value *values;
    uint64_t value_count;
};

/* Once a state: keep cmsgpack's functions where this finds them. */
void kinds_open(lua_State *L);
/* keyrack.type{...}: answers the handle. */
int kind_register(lua_State *L);
/* handle.c: push what the file gets of the kind, a table with read(), write()
 * and put(). */
void handle_push(lua_State *L, const struct kind *kind);

/* The program takes the place of the one that serves: its code for the values of
 * its layouts. */
void kinds_take(struct program *program);
/* Are there values that only this program can save and load? */
bool kinds_are_needed(const struct program *program);
/* The program goes. */
void kinds_forget(struct program *program);
/* Free what another thread has wanted to free. */
void kinds_reap(struct home *home);

/* A value at `ref` for `kind`; see kind.c. */
struct value *value_new(struct kind *kind, int ref);
void value_free(void *box); /* [any] */

/* value.c: what is said of a value of Lua when its type says nothing. */
size_t value_size(lua_State *L, int index, size_t samples);
void value_digest(lua_State *L, int index, kr_digest *digest);
/* NULL: cmsgpack saves all of it; or why not. */
const char *value_is_not_plain(lua_State *L, int index);

#endif
