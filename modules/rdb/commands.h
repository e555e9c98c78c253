/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `rdb`: their rows and handlers.
 *
 * For the descriptor: {rdb_commands, RDB_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef RDB_COMMANDS_H
#define RDB_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command rdb_commands[];
enum { RDB_COMMAND_COUNT = 3 };

/* The handlers: each writes one reply. */
void rdb_save(struct kr_call *call);
void rdb_bgsave(struct kr_call *call);
void rdb_lastsave(struct kr_call *call);

#endif
