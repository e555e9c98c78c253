/* SPDX-License-Identifier: BSD-3-Clause */
/* run - one execution of a script, from its first line to its reply. */
#ifndef LUA_RUN_H
#define LUA_RUN_H

#include "engine.h"

#include <kr/call.h>

#define RUN_READ_ONLY (1u << 0) /* commands that write are refused */
#define RUN_ALLOW_OOM (1u << 1) /* memory may be over its limit */
#define RUN_FUNCTION  (1u << 2) /* FCALL: other words to who asks */

struct run {
    struct kr_call *call; /* EVAL itself */
    const char *name;     /* for the log and for errors: the digest */
    uint32_t flags;       /* RUN_ */
    uint32_t protocol;    /* of the replies that the script gets */
    uint32_t journal;     /* KR_JOURNAL_ targets that its effects go to */
    bool wrote;           /* it cannot be undone any more */
    bool slow;            /* others have been told so */
    bool killed;
    int64_t began_ns;
    struct run *outer; /* which has called what this one is within, or NULL */
};

/* Run the function on top of the stack, with `arguments` below it, and reply
 * what it returns or how it failed. */
void run_script(struct engine *engine, struct run *run, int arguments);

/* Push words as a Lua table. */
void run_push_words(lua_State *L, const struct kr_str *words, uint32_t count);

/* SCRIPT KILL, FUNCTION KILL: replies.  `run` is the innermost, or NULL. */
void run_kill(struct run *run, struct kr_call *call, bool function);
/* It and those around it end at the next look at the clock. */
void run_kill_all(struct run *run);
/* What others are told while it is slow. */
const char *run_busy_text(const struct run *run);

/* Raise the error of a script that has been killed. */
void run_check(lua_State *L);

/* The budget of ticks is used up: the function `spend` of prelude.c. */
int run_spend(lua_State *L);

#endif
