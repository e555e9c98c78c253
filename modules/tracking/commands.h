/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `tracking`: their rows and handlers.
 *
 * For the descriptor: {tracking_commands, TRACKING_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef TRACKING_COMMANDS_H
#define TRACKING_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command tracking_commands[];
enum { TRACKING_COMMAND_COUNT = 4 };

/* The handlers: each writes one reply. */
void tracking_switch(struct kr_call *call);
void tracking_caching(struct kr_call *call);
void tracking_getredir(struct kr_call *call);
void tracking_info(struct kr_call *call);

#endif
