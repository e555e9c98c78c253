/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `transactions`: their rows and handlers.
 *
 * For the descriptor: {transactions_commands, TRANSACTIONS_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef TRANSACTIONS_COMMANDS_H
#define TRANSACTIONS_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command transactions_commands[];
enum { TRANSACTIONS_COMMAND_COUNT = 5 };

/* The handlers: each writes one reply. */
void transactions_multi(struct kr_call *call);
void transactions_exec(struct kr_call *call);
void transactions_exec_refused(struct kr_call *call, struct kr_str error);
void transactions_discard(struct kr_call *call);
void transactions_watch(struct kr_call *call);
void transactions_unwatch(struct kr_call *call);

#endif
