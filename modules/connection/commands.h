/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `connection`: their rows and handlers.
 *
 * For the descriptor: {connection_commands, CONNECTION_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef CONNECTION_COMMANDS_H
#define CONNECTION_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command connection_commands[];
enum { CONNECTION_COMMAND_COUNT = 8 };

/* The handlers: each writes one reply. */
void connection_ping(struct kr_call *call);
void connection_echo(struct kr_call *call);
void connection_quit(struct kr_call *call);
void connection_reset(struct kr_call *call);
void connection_hello(struct kr_call *call);
void connection_auth(struct kr_call *call);
void connection_select(struct kr_call *call);
void connection_client_getname(struct kr_call *call);
void connection_client_help(struct kr_call *call);
void connection_client_id(struct kr_call *call);
void connection_client_info(struct kr_call *call);
void connection_client_kill(struct kr_call *call);
void connection_client_list(struct kr_call *call);
void connection_client_no_evict(struct kr_call *call);
void connection_client_no_touch(struct kr_call *call);
void connection_client_pause(struct kr_call *call);
void connection_client_reply(struct kr_call *call);
void connection_client_setinfo(struct kr_call *call);
void connection_client_setname(struct kr_call *call);
void connection_client_unblock(struct kr_call *call);
void connection_client_unpause(struct kr_call *call);

#endif
