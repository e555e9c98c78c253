/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `server`: their rows and handlers.
 *
 * For the descriptor: {server_commands, SERVER_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef SERVER_COMMANDS_H
#define SERVER_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command server_commands[];
enum { SERVER_COMMAND_COUNT = 13 };

/* The handlers: each writes one reply. */
void server_info(struct kr_call *call);
void server_command(struct kr_call *call);
void server_command_count(struct kr_call *call);
void server_command_docs(struct kr_call *call);
void server_command_getkeys(struct kr_call *call);
void server_command_getkeysandflags(struct kr_call *call);
void server_command_help(struct kr_call *call);
void server_command_info(struct kr_call *call);
void server_command_list(struct kr_call *call);
void server_config_get(struct kr_call *call);
void server_config_help(struct kr_call *call);
void server_config_resetstat(struct kr_call *call);
void server_config_rewrite(struct kr_call *call);
void server_config_set(struct kr_call *call);
void server_slowlog_get(struct kr_call *call);
void server_slowlog_help(struct kr_call *call);
void server_slowlog_len(struct kr_call *call);
void server_slowlog_reset(struct kr_call *call);
void server_latency_doctor(struct kr_call *call);
void server_latency_graph(struct kr_call *call);
void server_latency_help(struct kr_call *call);
void server_latency_histogram(struct kr_call *call);
void server_latency_history(struct kr_call *call);
void server_latency_latest(struct kr_call *call);
void server_latency_reset(struct kr_call *call);
void server_memory_doctor(struct kr_call *call);
void server_memory_help(struct kr_call *call);
void server_memory_malloc_stats(struct kr_call *call);
void server_memory_purge(struct kr_call *call);
void server_memory_stats(struct kr_call *call);
void server_memory_usage(struct kr_call *call);
void server_debug(struct kr_call *call);
void server_monitor(struct kr_call *call);
void server_time(struct kr_call *call);
void server_lolwut(struct kr_call *call);
void server_role(struct kr_call *call);
void server_shutdown(struct kr_call *call);
void server_wait(struct kr_call *call);

#endif
