/* SPDX-License-Identifier: BSD-3-Clause */
/* run - one execution of a script, from its first line to its reply. */
#ifndef LUA_RUN_H
#define LUA_RUN_H

#include "engine.h"

#include <kr/call.h>

#define RUN_READ_ONLY (1u << 0) /* commands that write are refused */
#define RUN_ALLOW_OOM (1u << 1) /* memory may be over its limit */
#define RUN_FUNCTION  (1u << 2) /* FCALL: other words to who asks */
/* A module's code: errors that are tables go to the client as they are. */
#define RUN_COMMAND (1u << 3)
/* Nobody can be served meanwhile, so it ends after limit_ms, and with it all
 * that runs within it. */
#define RUN_BOUND      (1u << 4)
#define RUN_NO_CALLS   (1u << 5) /* no redis.call() */
#define RUN_NO_JOURNAL (1u << 6) /* its effects are told otherwise */

struct run {
    struct kr_call *call; /* EVAL itself; NULL: nobody has asked for it */
    const char *name;     /* for the log and for errors: the digest */
    uint32_t flags;       /* RUN_ */
    uint32_t protocol;    /* of the replies that the script gets */
    uint32_t journal;     /* KR_JOURNAL_ targets that its effects go to */
    bool wrote;           /* it cannot be undone any more */
    bool slow;            /* others have been told so */
    bool killed;
    bool overdue;     /* killed because it is bound */
    int64_t limit_ms; /* of a bound one */
    int64_t began_ns;
    int64_t served_ns; /* when others had their turn last, or 0 */
    struct run *outer; /* which has called what this one is within, or NULL */
};

/* Run the function below `arguments`, which are on top of the stack of
 * engine->L.  In their place is what it returns then, or (false) an error.  One
 * run may be within another, in the same engine too. */
bool run_function(struct engine *engine, struct run *run, int arguments);
/* The same, and reply it: the stack is as it was without the function. */
void run_script(struct engine *engine, struct run *run, int arguments);

/* Push words as a Lua table. */
void run_push_words(lua_State *L, const struct kr_str *words, uint32_t count);

/* It and those around it end at the next look at the clock. */
void run_kill_all(struct run *run);
/* Has it written, or one around it? */
bool run_wrote(const struct run *run);
/* What others are told while it is slow. */
const char *run_busy_text(const struct run *run);

/* Raise the error of a script that has been killed. */
void run_check(lua_State *L);

/* The budget of ticks is used up: the function `spend` of prelude.c. */
int run_spend(lua_State *L);

#endif
