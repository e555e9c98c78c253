/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `list`: their rows and handlers.
 *
 * For the descriptor: {list_commands, LIST_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef LIST_COMMANDS_H
#define LIST_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command list_commands[];
enum { LIST_COMMAND_COUNT = 22 };

/* The handlers: each writes one reply. */
void list_lpush(struct kr_call *call);
void list_rpush(struct kr_call *call);
void list_lpushx(struct kr_call *call);
void list_rpushx(struct kr_call *call);
void list_lpop(struct kr_call *call);
void list_rpop(struct kr_call *call);
void list_llen(struct kr_call *call);
void list_lindex(struct kr_call *call);
void list_lset(struct kr_call *call);
void list_linsert(struct kr_call *call);
void list_lrange(struct kr_call *call);
void list_ltrim(struct kr_call *call);
void list_lrem(struct kr_call *call);
void list_lpos(struct kr_call *call);
void list_lmove(struct kr_call *call);
void list_rpoplpush(struct kr_call *call);
void list_lmpop(struct kr_call *call);
void list_blpop(struct kr_call *call);
void list_brpop(struct kr_call *call);
void list_blmove(struct kr_call *call);
void list_brpoplpush(struct kr_call *call);
void list_blmpop(struct kr_call *call);

#endif
