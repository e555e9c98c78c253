/* SPDX-License-Identifier: BSD-3-Clause */
/* event - keyrack.on(event, function): being told, a little later.
 *
 * Events are told within what happens, where no command may run.  So they are
 * kept here, and handed to Lua at the next turn of the loop, in their order; a
 * handler may call commands.  What a handler causes is not told to the handlers
 * of its own module. */
#ifndef LUAMODULE_EVENT_H
#define LUAMODULE_EVENT_H

#include "luamodule.h"

/* keyrack.on(event, function) */
int event_register(lua_State *L);

/* Watch for `parameter` to change; the function gets its value. */
void event_watch_param(lua_State *L, struct program *program,
                       const char *parameter, int function);

/* What came before the program was active. */
void events_start(struct program *program);
void events_forget(struct program *program);

#endif
