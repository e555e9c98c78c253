/* SPDX-License-Identifier: BSD-3-Clause */
/* call - the path of one command, from words to effects.
 *
 *   prepare    find the command, hash its first key          (a batch at a time)
 *   ahead      ask for the memory that it will touch (ahead.h)
 *   call       checks, gates, the handler, statistics, journal, wake-ups
 *
 * Everything that is unusual, an armed gate, a memory limit, a pause, sets a bit
 * in one of two words; a call tests both together, once. */
#ifndef CORE_DISPATCH_CALL_H
#define CORE_DISPATCH_CALL_H

#include "core/dispatch/command.h"
#include "core/net/output.h"
#include "core/resp/args.h"

#include <kr/call.h>
#include <kr/gate.h>
#include <kr/journal.h>

struct effect;

/* A kr_call, and what only the host knows of it. */
struct call {
    struct kr_call pub;
    struct call *outer;     /* the call that this one is nested in */
    kr_client *input;       /* whose input buffers the arguments point into */
    uint64_t changes;       /* keyspace_stats.changes when it began */
    uint64_t inner_changes; /* of them, those of nested calls */
    uint64_t spent;         /* ticks, before it was parked */
    struct effect *later;   /* journal->also(), the latest first */
    struct output_list pushes; /* to its client: behind the reply */
    uint32_t errors;           /* in the sink when it began */
    uint32_t told;             /* of them and of its own, what nested calls have
                               counted as theirs */
    uint32_t run_flags;        /* KR_RUN_ */
    uint32_t mute;             /* KR_JOURNAL_ targets that do not get it */
    uint32_t force;            /* targets that get it in any case */
    bool replaced;             /* journal->instead() was called */
    bool parked;               /* its client waits */
    bool refused;
    bool room_asked; /* call_full is about this call */
};

struct prepared {
    struct kr_cmd *command;    /* NULL: unknown, or a container's subcommand */
    const struct kr_str *word; /* the first key */
    const uint64_t *hashes;    /* of the first `keys` keys */
    uint32_t step;
    uint32_t keys; /* 0: none known */
};

/* `hashes` has room for `room` keys' hashes, and must live until the call has
 * ended; prepared->keys of them are used. */
void call_prepare(kr_client *client, const struct resp_args *args,
                  struct prepared *prepared, uint64_t *hashes, uint32_t room);

/* Run a client's command.  false: it was held (a pause, a gate) and must be
 * given again when the client is resumed; the client has been suspended. */
bool call_client(kr_client *client, const struct resp_args *args,
                 const struct prepared *prepared);

/* For <kr/gate.h>: refuse(). */
int32_t call_gate_refuses(struct kr_call *call, struct kr_str text);

/* The outermost call of the client's that is being run, or NULL.  O(depth). */
struct call *call_of(const kr_client *client);

/* Depth of nested calls; 0 between commands. */
extern unsigned call_depth;
/* The innermost call, NULL between commands. */
extern struct call *call_current;

/* --- What makes calls take the long way ---------------------------------- */

#define ALERT_MEMORY  (1u << 0) /* maxmemory is set */
#define ALERT_PAUSED  (1u << 1) /* CLIENT PAUSE */
#define ALERT_BUSY    (1u << 2) /* a call lets the loop run meanwhile */
#define ALERT_LOADING (1u << 4) /* the data set is being read */
#define ALERT_REPLY   (1u << 3) /* some client has CLIENT REPLY OFF or SKIP */
extern uint32_t call_alerts;
/* What -BUSY says while ALERT_BUSY is set. */
extern const char *call_busy_text;

/* Raise "call.slow" for calls of at least so many ns; UINT64_MAX: never. */
void call_set_slow_limit(uint64_t nsec);

struct call_stats {
    uint64_t commands;
    uint64_t unexpected_errors;
    uint64_t ticks; /* in handlers of clients' commands */
};
extern struct call_stats call_stats;

/* A command that was parked goes on: bookkeeping as for any other. */
void call_begin(struct call *call);
void call_end(struct call *call, uint64_t ticks);
/* A client's reply is whole: it may be silenced, or no longer, from here on. */
void call_replied(kr_client *client);
/* At the end of a call: effects, wake-ups, if no other call is under way. */
void call_settle(void);
/* Drop what the module wanted to be run later. */
void call_forget(kr_module *module);

extern const struct kr_calls call_interface;

#endif
