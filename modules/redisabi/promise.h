/* SPDX-License-Identifier: BSD-3-Clause */
/* promise - replies of calls that wait: promise.c. */
#ifndef REDISABI_PROMISE_H
#define REDISABI_PROMISE_H

#include "context.h"

struct promise;
struct errand;

/* Let the call wait: for a client of ours.  NULL: it has to be one that must
 * not. */
KR_HIDDEN struct errand *promise_prepare(const RedisModuleCtx *ctx,
                                         struct kr_run *run);
/* It has been run.  What the guest gets if it waits; NULL: it is over. */
KR_HIDDEN RedisModuleCallReply *promise_of(RedisModuleCtx *ctx,
                                           struct errand *errand);
/* The guest has freed that. */
KR_HIDDEN void promise_leave(struct promise *promise);
/* A guest goes: no client is kept to spare. */
KR_HIDDEN void errand_forget(void);

#endif
