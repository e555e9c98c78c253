/* SPDX-License-Identifier: BSD-3-Clause */
/* timer - keyrack.timer{every = ms | after = ms, run = function}.
 *
 * At load they begin when the module is active; later at once.  A function that
 * fails is called again next time; the log tells.  Nobody can be served while it
 * runs, so it ends after lua-module-callback-limit. */
#ifndef LUAMODULE_TIMER_H
#define LUAMODULE_TIMER_H

#include "luamodule.h"

/* keyrack.timer{...}: answers a function that cancels it. */
int timer_register(lua_State *L);

void timers_start(struct program *program);
void timers_forget(struct program *program);

#endif
