/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `hash`: their rows and handlers.
 *
 * For the descriptor: {hash_commands, HASH_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef HASH_COMMANDS_H
#define HASH_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command hash_commands[];
enum { HASH_COMMAND_COUNT = 25 };

/* The handlers: each writes one reply. */
void hash_hset(struct kr_call *call);
void hash_hsetnx(struct kr_call *call);
void hash_hmset(struct kr_call *call);
void hash_hget(struct kr_call *call);
void hash_hmget(struct kr_call *call);
void hash_hdel(struct kr_call *call);
void hash_hlen(struct kr_call *call);
void hash_hstrlen(struct kr_call *call);
void hash_hexists(struct kr_call *call);
void hash_hkeys(struct kr_call *call);
void hash_hvals(struct kr_call *call);
void hash_hgetall(struct kr_call *call);
void hash_hincrby(struct kr_call *call);
void hash_hincrbyfloat(struct kr_call *call);
void hash_hrandfield(struct kr_call *call);
void hash_hscan(struct kr_call *call);
void hash_hexpire(struct kr_call *call);
void hash_hpexpire(struct kr_call *call);
void hash_hexpireat(struct kr_call *call);
void hash_hpexpireat(struct kr_call *call);
void hash_hpersist(struct kr_call *call);
void hash_httl(struct kr_call *call);
void hash_hpttl(struct kr_call *call);
void hash_hexpiretime(struct kr_call *call);
void hash_hpexpiretime(struct kr_call *call);

/* Of those that look for the field that is argument 2. */
bool hash_ahead(struct kr_ahead *ahead);

#endif
