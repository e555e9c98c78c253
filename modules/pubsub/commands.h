/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `pubsub`: their rows and handlers.
 *
 * For the descriptor: {pubsub_commands, PUBSUB_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef PUBSUB_COMMANDS_H
#define PUBSUB_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command pubsub_commands[];
enum { PUBSUB_COMMAND_COUNT = 9 };

/* The handlers: each writes one reply. */
void pubsub_subscribe(struct kr_call *call);
void pubsub_unsubscribe(struct kr_call *call);
void pubsub_psubscribe(struct kr_call *call);
void pubsub_punsubscribe(struct kr_call *call);
void pubsub_ssubscribe(struct kr_call *call);
void pubsub_sunsubscribe(struct kr_call *call);
void pubsub_publish(struct kr_call *call);
void pubsub_spublish(struct kr_call *call);
void pubsub_channels(struct kr_call *call);
void pubsub_help(struct kr_call *call);
void pubsub_numpat(struct kr_call *call);
void pubsub_numsub(struct kr_call *call);
void pubsub_shardchannels(struct kr_call *call);
void pubsub_shardnumsub(struct kr_call *call);

#endif
