/* SPDX-License-Identifier: BSD-3-Clause */
/* command - a call becomes a call of Lua: the words behind the command's name
 * are the arguments, what is returned is the reply. */
#include "command.h"

#include "work.h"

#include <kr/reply.h>

#include <lauxlib.h>

#define COMMAND_SLOTS 16 /* of Lua's stack, beside the words */

static const struct command *command_of(const kr_cmd *command)
{
    const char *group = kr_commands->row(command)->group;

    return (
        const struct command *)(const void *)(group -
                                              offsetof(struct command, group));
}

void command_run(struct kr_call *call)
{
    const struct command *command = command_of(call->command);
    struct home *home = command->program->home;
    struct engine *engine = home->engine;
    lua_State *L = engine->L;
    bool must = engine->must;
    struct work work;

    if (!lua_checkstack(L, (int)call->argc + COMMAND_SLOTS)) {
        kr_reply_error(call->reply,
                       "ERR too many arguments for a command in Lua");
        return;
    }
    work_begin(&work, home, call, command->name, command->flags);
    work.typed = command->typed;
    engine->must = true; /* nothing is protected here */
    lua_rawgeti(L, LUA_REGISTRYINDEX, command->run);
    for (uint32_t i = command->skip; i < call->argc; i++)
        lua_pushlstring(L, call->argv[i].data, call->argv[i].size);
    engine->must = must;
    run_script(engine, &work.run, (int)(call->argc - command->skip));
    work_end(&work);
}
