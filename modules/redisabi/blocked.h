/* SPDX-License-Identifier: BSD-3-Clause */
/* blocked - a client that waits until its guest, or a key, lets it go. */
#ifndef REDISABI_BLOCKED_H
#define REDISABI_BLOCKED_H

#include "context.h"

/* A key that a client waits for. */
struct awaited {
    struct kr_str name; /* in the same block */
    uint16_t type;  /* the value's slot when it was last looked at; 0: none */
    bool came;      /* since then */
    bool signalled; /* by a guest */
};

/* It has two owners, the parked call and the guest; the last of them frees it:
 * a guest may well unblock a client that has gone or given up long ago.  One
 * that waits for keys is the parked call's alone, unless the guest asks for its
 * end. */
struct RedisModuleBlockedClient {
    struct guest *guest;
    struct RedisModuleBlockedClient *next, **link; /* of the guest's */
    char *name;           /* of the command; of one that waits for keys */
    int64_t deadline_ms;  /* wall clock; 0: none */
    kr_parked *parked;    /* NULL: it is over, or never was */
    struct awaited *keys; /* ... and which */
    uint32_t key_count;
    bool on_keys;
    bool on_deletion; /* of a key, too */
    bool asked;       /* UnblockClient() has been called */
    bool released;    /* ... and served */
    bool aborted;
    bool done; /* the client was there when it was served or unblocked */
    RedisModuleCmdFunc reply, timeout;
    RedisModuleAuthCallback login; /* of one that wants to log in, or NULL */
    const struct porter *porter;   /* who makes it wait; it may be gone */
    void (*free_data)(RedisModuleCtx *ctx, void *data);
    RedisModuleDisconnectFunc disconnect;
    void *data;
    struct kr_reply *sink; /* what threads reply */
    kr_db *db;
    const kr_cmd *command;
    int64_t begun_ns;
    _Atomic int64_t background_ns; /* measured by the guest, yet to be told */
};

/* From now on there may be threads of guests (thread.c).  [main] */
KR_HIDDEN void threads_begin(void);

#endif
