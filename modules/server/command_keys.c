/* SPDX-License-Identifier: BSD-3-Clause */
/* command_keys - COMMAND GETKEYS and GETKEYSANDFLAGS: the keys of a command
 * line, without running it. */
#include "server.h"

#include "command.h"
#include "commands.h"

static const kr_cmd *command_keys_of(struct kr_call *call, const char **error)
{
    const kr_cmd *command = kr_commands->match(call->argc - 2, call->argv + 2);
    const struct kr_command *row = command ? kr_commands->row(command) : NULL;

    *error = NULL;
    if (!command)
        *error = "ERR Invalid command specified";
    else if (row->keys.count == 0 && !row->find_keys)
        *error = "ERR The command has no key arguments";
    else if (!kr_commands->check_arity(command, call->argc - 2, NULL))
        *error = "ERR Invalid number of arguments specified for command";
    return command;
}

static void command_reply_keys(struct kr_call *call,
                               const struct kr_key_ref *refs, uint32_t count,
                               bool flags)
{
    kr_reply_array(call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        if (flags)
            kr_reply_array(call->reply, 2);
        kr_reply_bulk(call->reply, call->argv[2 + refs[i].index]);
        if (flags)
            command_reply_key_flags(call->reply, refs[i].flags);
    }
}

static void command_getkeys(struct kr_call *call, bool flags)
{
    kr_module *self = server_of(call)->self;
    uint32_t argc = call->argc - 2;
    struct kr_key_ref *refs;
    const char *error;
    const kr_cmd *command = command_keys_of(call, &error);
    int32_t count;

    if (error) {
        kr_reply_error(call->reply, error);
        return;
    }
    refs = kr_memory->alloc(self, argc * sizeof(*refs));
    count = kr_commands->keys(command, argc, call->argv + 2, refs, argc);
    if (count > 0)
        command_reply_keys(
            call, refs, (uint32_t)count < argc ? (uint32_t)count : argc, flags);
    else if (kr_commands->row(command)->flags & KR_CMD_NO_MANDATORY_KEYS)
        kr_reply_array(call->reply, 0);
    else
        kr_reply_error(call->reply,
                       "ERR Invalid arguments specified for command");
    kr_memory->free(self, refs);
}

void server_command_getkeys(struct kr_call *call)
{
    command_getkeys(call, false);
}

void server_command_getkeysandflags(struct kr_call *call)
{
    command_getkeys(call, true);
}
