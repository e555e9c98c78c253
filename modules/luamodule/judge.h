/* SPDX-License-Identifier: BSD-3-Clause */
/* judge - what a file may not use: module-deny, see KR_LOADER_JUDGES.
 *
 * A file runs in our code, which imports more than the file ever asks for.  So it
 * is loaded whatever it is denied, and the function of Lua that rests on the
 * interface is an error for it: while it is loaded, which ends the load, or later
 * on.  Which ones those are is looked up when the module says its name and when
 * the configuration changes, so that a use costs one test of a bit. */
#ifndef LUAMODULE_JUDGE_H
#define LUAMODULE_JUDGE_H

#include "luamodule.h"

/* What is lent; each rests on the interface of that name. */
#define LENT_CALLS    (1u << 0)
#define LENT_CLIENTS  (1u << 1)
#define LENT_CODEC    (1u << 2)
#define LENT_COMMANDS (1u << 3)
#define LENT_CONFIG   (1u << 4)
#define LENT_EVENTS   (1u << 5)
#define LENT_JOURNAL  (1u << 6)
#define LENT_KEYSPACE (1u << 7)
#define LENT_LOG      (1u << 8)
#define LENT_LOOP     (1u << 9)
#define LENT_MEMORY   (1u << 10)
#define LENT_TYPES    (1u << 11)

/* Look up what the module is denied.  It has its name. */
void judge_look(struct home *home);
/* The same of all, for the configuration has changed. */
void judge_look_all(struct luamodule *owner);

/* The code under way is about to use `lent` by `function`: raise an error if the
 * module is denied any of it. */
void judge_use(lua_State *L, uint32_t lent, const char *function);
/* What a program registers by it stays as long as the program. */
void judge_keep(lua_State *L, struct program *program, uint32_t lent,
                const char *function);
/* struct kr_child.uses: has it registered anything by this interface? */
bool judge_uses(kr_module *child, void *state, const char *id);

/* Put a guard before redis.log() in the globals on the stack. */
void judge_open(lua_State *L);

#endif
