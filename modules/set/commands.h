/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `set`: their rows and handlers.
 *
 * For the descriptor: {set_commands, SET_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef SET_COMMANDS_H
#define SET_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command set_commands[];
enum { SET_COMMAND_COUNT = 17 };

/* The handlers: each writes one reply. */
void set_sadd(struct kr_call *call);
void set_scard(struct kr_call *call);
void set_sdiff(struct kr_call *call);
void set_sdiffstore(struct kr_call *call);
void set_sinter(struct kr_call *call);
void set_sintercard(struct kr_call *call);
void set_sinterstore(struct kr_call *call);
void set_sismember(struct kr_call *call);
void set_smembers(struct kr_call *call);
void set_smismember(struct kr_call *call);
void set_smove(struct kr_call *call);
void set_spop(struct kr_call *call);
void set_srandmember(struct kr_call *call);
void set_srem(struct kr_call *call);
void set_sscan(struct kr_call *call);
void set_sunion(struct kr_call *call);
void set_sunionstore(struct kr_call *call);

/* Of those that look for the member that is argument 2. */
bool set_ahead(struct kr_ahead *ahead);

#endif
