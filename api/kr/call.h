/* SPDX-License-Identifier: BSD-3-Clause */
/* call - a command being executed, and running commands from code.
 *
 * struct kr_call is one of the few visible structs: every handler reads it.
 * It is the host's, lives until the handler returns (or, if the handler has
 * blocked the client, until the client is resumed), and only grows at its end.
 *
 *   argv[0]     argv[1]    argv[2]        slices of the client's input:
 *   +--------+  +-------+  +--------+     borrowed, not NUL-terminated,
 *   | "set"  |  | "key" |  | bytes  |     valid until the handler returns
 *   +--------+  +-------+  +--------+
 *
 * To keep a large argument without copying it, take it: calls->take(). */
#ifndef KR_CALL_H
#define KR_CALL_H

#include <kr/base.h>
#include <kr/module.h>
#include <kr/reply.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kr_client kr_client; /* a connection, see client.h */
typedef struct kr_db kr_db;         /* a database, see keyspace.h */
typedef struct kr_cmd kr_cmd;       /* a registered command, see command.h */
struct kr_blob;

#define KR_CALL_SCRIPT      (1u << 0) /* run by a script or another module */
#define KR_CALL_TRANSACTION (1u << 1) /* inside a transaction's execution */
#define KR_CALL_NO_BLOCK    (1u << 2) /* must not block: act as if timed out */
#define KR_CALL_REPLICA     (1u << 3) /* from the primary or a log: no checks */
#define KR_CALL_NO_TOUCH    (1u << 4) /* reads leave a key's age alone */
#define KR_CALL_RESUMED     (1u << 5) /* runs again after having been blocked */

struct kr_call {
    const struct kr_str *argv;
    uint32_t argc;
    uint32_t flags; /* KR_CALL_ */
    struct kr_reply *reply;
    void *state;       /* of the module whose command this is */
    kr_db *db;         /* the selected database */
    kr_client *client; /* who asked; NULL when nobody is connected to it */
    const kr_cmd *command;
    int64_t now_ms; /* wall clock, the same during the whole call */
    /* For gates before the handler: the flags (KR_CMD_) that the call is to be
     * judged by.  They are the command's, or what it says itself
     * (kr_command.acts); a gate of stage AUTHORISE may add those of what the
     * command will run. */
    uint64_t acts;
    /* Bit i: argument i is secret, and no log shows it; bit 63: all from there
     * on.  Set by the handler. */
    uint64_t secret;
};

/* What to run, and how. */
struct kr_run {
    uint32_t size; /* sizeof(struct kr_run) */
    uint32_t argc;
    const struct kr_str *argv; /* argv[0] names the command */
    struct kr_reply *reply;    /* NULL: the reply is dropped */
    kr_client *client;         /* on whose behalf; may be NULL */
    kr_db *db;                 /* NULL: the client's, or database 0 */
    uint32_t flags;            /* KR_RUN_ */
    uint32_t call_flags;       /* KR_CALL_ to add */
};

#define KR_RUN_NO_JOURNAL (1u << 0) /* its effects are not journalled */
#define KR_RUN_NO_GATES   (1u << 1) /* as the host itself: no gate is asked */
#define KR_RUN_NO_WRITES  (1u << 2) /* a command that may write is refused */
#define KR_RUN_DENY_OOM   (1u << 3) /* refuse what may use memory when full */
#define KR_RUN_NO_STATS   (1u << 4) /* not counted, not logged as slow */
#define KR_RUN_DRY        (1u << 5) /* all the checks, then stop */
#define KR_RUN_SCRIPT     (1u << 6) /* refuse commands flagged no-script */
#define KR_RUN_NO_LOG     (1u << 7) /* not journalled for KR_JOURNAL_LOG */
#define KR_RUN_NO_REPLICAS                                                     \
    (1u << 8)                      /* not journalled for KR_JOURNAL_REPLICAS */
#define KR_RUN_NO_FILTER (1u << 9) /* the words have been through FILTER */
/* The call may be parked although it runs within another: `client` is one that
 * the caller has made (transport.h), with no other call.  run() then answers
 * KR_OK without a reply, the client is KR_CLIENT_BLOCKED, and the reply is sent
 * to it when it comes; closing the client ends the wait. */
#define KR_RUN_MAY_BLOCK (1u << 10)
#define KR_RUN_ANY       (1u << 11) /* SCRIPT without that: for DEBUG */

struct kr_calls {
    uint32_t size;
    uint32_t reserved;
    /* Run a command now.  The reply, an error included, goes to run->reply.
     * Nested up to 128 deep, then an error reply.  KR_OK when the handler ran,
     * KR_EDENIED when something refused (the error has been replied; a nested
     * call that a gate would hold is refused as -BUSY).  The cost beyond the
     * handler's is about 30 ns, no allocation. */
    kr_status (*run)(const struct kr_run *run);
    /* As run(), for a command already looked up, which saves the look-up. */
    kr_status (*run_command)(const kr_cmd *command, const struct kr_run *run);
    /* Argument `i` as a blob that the caller owns a reference to.  An argument
     * of 32 KiB or more usually arrived in a buffer of its own, which is
     * handed over without a copy.  NULL when there is no memory. */
    struct kr_blob *(*take)(struct kr_call *call, uint32_t i);
    /* The call being executed, NULL between calls.  O(1). */
    struct kr_call *(*current)(void);
    /* The number of writes so far: it grows by one per change that
     * kr_keyspace->changed() was told of (INFO rdb_changes_since_last_save). */
    uint64_t (*changes)(void);
    /* The call changed `n` things that no key tells of (a function library, a
     * list of users): it is journalled as a write. */
    void (*touch)(struct kr_call *call, uint64_t n);
    /* Make a memory sink: a struct kr_reply that encodes RESP `protocol` into
     * a growing buffer.  free_sink() frees it; sink_bytes() borrows what has
     * been written until the next write to it; sink_reset() empties it. */
    struct kr_reply *(*new_sink)(uint32_t protocol);
    struct kr_str (*sink_bytes)(struct kr_reply *sink);
    void (*sink_reset)(struct kr_reply *sink);
    void (*free_sink)(struct kr_reply *sink);
    /* Publish the event "call.slow" for calls that take at least `nsec`;
     * UINT64_MAX: for none.  One limit for all: the lower the more events. */
    void (*set_slow_limit)(uint64_t nsec);
    /* Run commands one after the other, each as run_command() does.  Their keys
     * are hashed and looked for together first, so that the cache misses of a
     * large table are waited for together: a log or a primary is read that way.
     * What one of them refuses does not keep the others from running; sinks
     * tell.  Any `count`; they are taken 16 at a time. */
    void (*run_batch)(uint32_t count, const kr_cmd *const *commands,
                      const struct kr_run *runs);
    /* Memory was above its limit when the outermost call began, and nothing
     * could be evicted: what KR_RUN_DENY_OOM judges by.  false between calls,
     * and within one that only reads.  O(1). */
    bool (*full)(void);
    /* INFO errorstats counts the errors that its own sinks are given.  For a
     * module's sink: count one that it has been given.  [main], O(codes). */
    void (*count_error)(struct kr_str text);
    /* reply->ops->error() with an error that has been counted where it arose:
     * the command fails by it, but there was only one.  [main] */
    void (*error_again)(struct kr_reply *reply, struct kr_str text);
    /* Run `fn` when nothing is running any more: behind the outermost call that
     * is under way, before its effects are delivered, so that what `fn` changes
     * is of one unit with them; outside of calls, before the loop waits.  Those
     * asked for meanwhile run, too.  In the order in which they came; never
     * after the module is unloaded.  O(1). */
    void (*later)(kr_module *self, void (*fn)(void *ctx), void *ctx);
};
KR_INTERFACE(kr_calls, "kr.calls/1");

#ifdef __cplusplus
}
#endif
#endif
