/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `zset`: their rows and handlers.
 *
 * For the descriptor: {zset_commands, ZSET_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef ZSET_COMMANDS_H
#define ZSET_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command zset_commands[];
enum { ZSET_COMMAND_COUNT = 35 };

/* The handlers: each writes one reply. */
void zset_zadd(struct kr_call *call);
void zset_zincrby(struct kr_call *call);
void zset_zrem(struct kr_call *call);
void zset_zcard(struct kr_call *call);
void zset_zcount(struct kr_call *call);
void zset_zlexcount(struct kr_call *call);
void zset_zscore(struct kr_call *call);
void zset_zmscore(struct kr_call *call);
void zset_zrank(struct kr_call *call);
void zset_zrevrank(struct kr_call *call);
void zset_zrange(struct kr_call *call);
void zset_zrevrange(struct kr_call *call);
void zset_zrangebyscore(struct kr_call *call);
void zset_zrevrangebyscore(struct kr_call *call);
void zset_zrangebylex(struct kr_call *call);
void zset_zrevrangebylex(struct kr_call *call);
void zset_zrangestore(struct kr_call *call);
void zset_zremrangebyrank(struct kr_call *call);
void zset_zremrangebyscore(struct kr_call *call);
void zset_zremrangebylex(struct kr_call *call);
void zset_zpopmin(struct kr_call *call);
void zset_zpopmax(struct kr_call *call);
void zset_zmpop(struct kr_call *call);
void zset_bzpopmin(struct kr_call *call);
void zset_bzpopmax(struct kr_call *call);
void zset_bzmpop(struct kr_call *call);
void zset_zunion(struct kr_call *call);
void zset_zinter(struct kr_call *call);
void zset_zdiff(struct kr_call *call);
void zset_zunionstore(struct kr_call *call);
void zset_zinterstore(struct kr_call *call);
void zset_zdiffstore(struct kr_call *call);
void zset_zintercard(struct kr_call *call);
void zset_zrandmember(struct kr_call *call);
void zset_zscan(struct kr_call *call);

/* Of those that look for the member that is argument 2, or the last one. */
bool zset_ahead(struct kr_ahead *ahead);
bool zset_ahead_last(struct kr_ahead *ahead);

#endif
