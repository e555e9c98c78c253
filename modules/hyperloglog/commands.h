/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `hyperloglog`: their rows and handlers.
 *
 * For the descriptor: {hyperloglog_commands, HYPERLOGLOG_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef HYPERLOGLOG_COMMANDS_H
#define HYPERLOGLOG_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command hyperloglog_commands[];
enum { HYPERLOGLOG_COMMAND_COUNT = 5 };

/* The handlers: each writes one reply. */
void hyperloglog_pfadd(struct kr_call *call);
void hyperloglog_pfcount(struct kr_call *call);
void hyperloglog_pfmerge(struct kr_call *call);
void hyperloglog_pfdebug(struct kr_call *call);
void hyperloglog_pfselftest(struct kr_call *call);

bool hyperloglog_pfadd_ahead(struct kr_ahead *ahead);

#endif
