/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef AOF_COMMANDS_H
#define AOF_COMMANDS_H

#include <kr/call.h>
#include <kr/command.h>

#define AOF_COMMAND_COUNT 2
extern const struct kr_command aof_commands[AOF_COMMAND_COUNT];

void aof_bgrewriteaof(struct kr_call *call);
void aof_waitaof(struct kr_call *call);

#endif
