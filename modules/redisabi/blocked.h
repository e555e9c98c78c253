/* SPDX-License-Identifier: BSD-3-Clause */
/* blocked - a client that waits until its guest lets it go. */
#ifndef REDISABI_BLOCKED_H
#define REDISABI_BLOCKED_H

#include "context.h"

/* It has two owners, the parked call and the guest; the last of them frees it:
 * a guest may well unblock a client that has gone or given up long ago. */
struct RedisModuleBlockedClient {
    struct guest *guest;
    kr_parked *parked; /* NULL: it is over, or never was */
    bool released;     /* UnblockClient() has been served */
    bool aborted;
    RedisModuleCmdFunc reply, timeout;
    void (*free_data)(RedisModuleCtx *ctx, void *data);
    void *data;
    struct kr_reply *sink; /* what threads reply */
    kr_db *db;
    const kr_cmd *command;
};

/* From now on there may be threads of guests (thread.c).  [main] */
KR_HIDDEN void threads_begin(void);

#endif
