/* SPDX-License-Identifier: BSD-3-Clause */
/* program - a file that has been loaded, as long as it serves. */
#ifndef LUAMODULE_PROGRAM_H
#define LUAMODULE_PROGRAM_H

#include "luamodule.h"

#include <kr/loader.h>

/* struct kr_loader.load: run the file, which registers what it has. */
kr_status program_load(kr_module *self, kr_module *child,
                       const struct kr_file *file,
                       const struct kr_load_args *args);

/* Pop the function on top and keep it as long as the program. */
int program_keep(struct program *program, lua_State *L);

void home_retain(struct home *home);
void home_release(struct home *home); /* [any] */
/* The last value of a kind has gone, and perhaps it is what an older program has
 * stayed for: look soon. */
void home_look_behind(struct home *home);

/* keyrack.module{...}, keyrack.args() */
int program_module(lua_State *L);
int program_args(lua_State *L);

#endif
