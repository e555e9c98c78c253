/* SPDX-License-Identifier: BSD-3-Clause */
/* block - park a client until keys are ready, time is over or a thread is done.
 *
 * A handler that cannot answer yet parks its call and returns without a reply.
 * The client then reads nothing further until it is resumed, exactly once, by
 * one of: a key that became ready, its timeout, unblock(), or its end.  Clients
 * that wait for one key wake in the order in which they came; what one of them
 * makes ready is served when all that was ready before has been.
 *
 * Statistics, slow log and journal see the call when it is over.  While a pause
 * (CLIENT PAUSE) concerns the command, no key wakes it.  When a value that was
 * there has been used up, those behind in the line are not asked. */
#ifndef KR_BLOCK_H
#define KR_BLOCK_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_WAKE_READY   0u /* a key may be ready: try again */
#define KR_WAKE_TIMEOUT 1u /* reply what a timeout means */
#define KR_WAKE_UNBLOCK 2u /* CLIENT UNBLOCK id ERROR: the host replies */
#define KR_WAKE_DONE    3u /* complete() was called */
#define KR_WAKE_GONE    4u /* the client is going away: reply nothing */

typedef struct kr_parked kr_parked;

struct kr_park {
    uint32_t size; /* sizeof(struct kr_park) */
    uint32_t key_count;
    const struct kr_str *keys; /* copied */
    int64_t deadline_ms;       /* wall clock; 0: none */
    /* Called on the main thread to go on.  `call` is the parked call, its argv
     * kept alive by the host.  For KR_WAKE_READY `key` is the one: answer false
     * to go on waiting at the same place in the queue.  Otherwise the answer is
     * ignored and the client is resumed, unless the function has parked the
     * call again: that is another wait, at the end of its queues. */
    bool (*wake)(struct kr_call *call, uint32_t why, struct kr_str key,
                 void *ctx);
    void (*free)(void *ctx); /* always called, last; may be NULL */
    void *ctx;
    uint32_t flags; /* KR_PARK_ */
    uint32_t reserved;
};

#define KR_PARK_WAKE_ON_DELETE                                                 \
    (1u << 0)                        /* a key's end or other type wakes too */
#define KR_PARK_NO_UNBLOCK (1u << 1) /* CLIENT UNBLOCK does not reach it */

struct kr_block {
    uint32_t size;
    uint32_t reserved;
    /* Park the call.  NULL when it must not block (KR_CALL_NO_BLOCK: reply at
     * once as a timeout would). */
    kr_parked *(*park)(struct kr_call *call, const struct kr_park *how);
    /* A thread or a timer has finished: wake with KR_WAKE_DONE.  Of a
     * call that is over already it does nothing.  [any] */
    void (*complete)(kr_parked *parked);
    /* Somebody gave up: wake with KR_WAKE_TIMEOUT, or as an error with
     * -UNBLOCKED.  false: the client is not blocked, or not to be. */
    bool (*unblock)(kr_client *client, bool error);
    /* The key may serve those who wait for it; they are woken when the current
     * call, transaction or script has ended.  Types call it when a value
     * appears or grows.  One test when nobody waits. */
    void (*ready)(kr_db *db, struct kr_str key);
    /* Clients parked in all. */
    uint64_t (*count)(void);
    /* Is anybody waiting for that key? */
    bool (*waiting)(kr_db *db, struct kr_str key);
    /* So long has been worked for the call elsewhere, on another thread: it
     * counts with what the command takes, in its statistics and for the slow
     * log.  Before its wake() returns for the last time.  Of a call that is over
     * already it does nothing.  [main], O(1). */
    void (*spent)(kr_parked *parked, uint64_t nsec);
};
KR_INTERFACE(kr_block, "kr.block/1");

#ifdef __cplusplus
}
#endif
#endif
