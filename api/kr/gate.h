/* SPDX-License-Identifier: BSD-3-Clause */
/* gate - stages around the execution of a command.
 *
 *   argv -> FILTER -> look-up, arity -> AUTHORISE -> ROUTE -> ADMIT -> QUEUE
 *        -> BEFORE -> the handler -> AFTER          (REFUSED where one said no)
 *
 * A gate does nothing until it is armed, on one client or on all.  All gates
 * together cost a command one test of one word while none is armed: a
 * transaction arms its QUEUE gate on the client that said MULTI, a monitor its
 * BEFORE gate on the host.  The order of stages is fixed; within a stage it is
 * that of `rank`, never of loading. */
#ifndef KR_GATE_H
#define KR_GATE_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_STAGE_FILTER                                                        \
    0u                        /* argv as it came; command is NULL; may replace
                               * call->argv by memory that lives until the
                               * call is over (kr_calls->later(), say) */
#define KR_STAGE_AUTHORISE 1u /* may this client do that? */
#define KR_STAGE_ROUTE     2u /* is it here that it is done? */
#define KR_STAGE_ADMIT     3u /* can it be done now (loading, full, busy)? */
#define KR_STAGE_QUEUE     4u /* now, or later? */
#define KR_STAGE_BEFORE    5u /* it will run */
#define KR_STAGE_AFTER     6u /* it has run: see kr_outcome */
#define KR_STAGE_REFUSED   7u /* a stage or a check has replied an error */

#define KR_GATE_PASS 0 /* go on */
#define KR_GATE_DONE 1 /* the gate has replied: queued, or answered */
#define KR_GATE_DENY 2 /* refused: see gates->refuse() */
#define KR_GATE_HOLD                                                           \
    3 /* not now: the client waits; run it again by
                        * gates->release(), without a reply so far */

/* What AFTER learns. */
struct kr_outcome {
    uint32_t size;
    uint32_t errors;  /* error replies written by the handler */
    uint64_t nsec;    /* how long it ran */
    uint64_t changes; /* changed() during the call */
    bool blocked;     /* it has blocked its client and will be resumed */
};

/* `outcome` is NULL but for AFTER. */
typedef int32_t (*kr_gate_fn)(struct kr_call *call,
                              const struct kr_outcome *outcome, void *ctx);

typedef struct kr_gate kr_gate;

struct kr_gates {
    uint32_t size;
    uint32_t reserved;
    /* Up to 32 gates in a server; NULL when there are too many.  Lower ranks
     * come first, 100 is usual. */
    kr_gate *(*add)(kr_module *self, const char *name, uint32_t stage,
                    int32_t rank, kr_gate_fn fn, void *ctx);
    void (*remove)(kr_gate *gate);
    /* For one client, until disarmed or gone; NULL: for all calls, also those
     * without a client. */
    void (*arm)(kr_gate *gate, kr_client *client);
    void (*disarm)(kr_gate *gate, kr_client *client);
    /* Run what was held for `client`, or for everybody with NULL, at the next
     * turn of the loop. */
    void (*release)(kr_client *client);
    /* How a gate refuses: reply the error `text` (with its code), in the words
     * of the command if it has any (kr_command.refused), count it, and tell the
     * stage REFUSED.  Answers KR_GATE_DENY, for the gate to answer. */
    int32_t (*refuse)(struct kr_call *call, struct kr_str text);
};
KR_INTERFACE(kr_gates, "kr.gates/1");

#ifdef __cplusplus
}
#endif
#endif
