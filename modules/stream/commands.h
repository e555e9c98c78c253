/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `stream`: their rows and handlers.
 *
 * For the descriptor: {stream_commands, STREAM_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef STREAM_COMMANDS_H
#define STREAM_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command stream_commands[];
enum { STREAM_COMMAND_COUNT = 15 };

/* The handlers: each writes one reply. */
void stream_xadd(struct kr_call *call);
void stream_xlen(struct kr_call *call);
void stream_xrange(struct kr_call *call);
void stream_xrevrange(struct kr_call *call);
void stream_xread(struct kr_call *call);
void stream_xdel(struct kr_call *call);
void stream_xtrim(struct kr_call *call);
void stream_xsetid(struct kr_call *call);
void stream_xgroup_create(struct kr_call *call);
void stream_xgroup_createconsumer(struct kr_call *call);
void stream_xgroup_delconsumer(struct kr_call *call);
void stream_xgroup_destroy(struct kr_call *call);
void stream_xgroup_help(struct kr_call *call);
void stream_xgroup_setid(struct kr_call *call);
void stream_xreadgroup(struct kr_call *call);
void stream_xack(struct kr_call *call);
void stream_xclaim(struct kr_call *call);
void stream_xautoclaim(struct kr_call *call);
void stream_xpending(struct kr_call *call);
void stream_xinfo_consumers(struct kr_call *call);
void stream_xinfo_groups(struct kr_call *call);
void stream_xinfo_help(struct kr_call *call);
void stream_xinfo_stream(struct kr_call *call);

#endif
