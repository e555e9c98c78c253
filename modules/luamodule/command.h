/* SPDX-License-Identifier: BSD-3-Clause */
/* command - keyrack.command{...}: commands whose handlers are Lua. */
#ifndef LUAMODULE_COMMAND_H
#define LUAMODULE_COMMAND_H

#include "luamodule.h"

#include <kr/command.h>

#define COMMAND_NAME  128
#define COMMAND_GROUP 48

/* Behind each command of the host's; found by the address of `group`, which its
 * row has. */
struct command {
    struct program *program;
    int run;        /* the function, or LUA_NOREF for a mere container */
    uint32_t flags; /* RUN_ */
    uint32_t skip;  /* words of its name */
    bool typed;     /* journal = 'typed' */
    char name[COMMAND_NAME];
    char group[COMMAND_GROUP];
};

/* The run function of all rows. */
void command_run(struct kr_call *call);

/* keyrack.command{...} */
int command_register(lua_State *L);

#endif
