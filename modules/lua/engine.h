/* SPDX-License-Identifier: BSD-3-Clause */
/* engine - one Lua state, closed to the outside, in which scripts run.
 *
 *   _G of a script         the globals             libraries
 *   +-----------+ __index  +-------------+        +--------+ __index +--------+
 *   | (nothing) |--------->| redis  -----+------->| (no-   |-------->| call   |
 *   | the tick  |          | string      |        | thing) |         | pcall  |
 *   +-----------+          | KEYS, ARGV  |        +--------+         | ...    |
 *        |  __newindex:    +-------------+             |             +--------+
 *        `--> refused       | __index: no such global  `-> refused
 *
 * What a script sees of _G and of each library is an empty table in front of
 * the real one.  So nothing that it writes gets there, reading is what the JIT
 * compiles well, and no script finds what another has left.  prelude.c wraps
 * the functions that look behind such a front, or would write on it.
 *
 * A run has a budget of ticks: the calls that weave.h has put into its source.
 * When it is used up somebody looks at the clock (run.h). */
#ifndef LUA_ENGINE_H
#define LUA_ENGINE_H

#include "spare.h"

#include <kr/base.h>
#include <kr/module.h>

#include <lua.h>

struct owner;
struct run;

struct engine {
    kr_module *self;
    struct owner *owner;
    lua_State *L;    /* the thread whose stack is on top of all */
    struct run *run; /* the script under way, or NULL */
    size_t bytes;    /* that Lua has allocated */
    size_t settled;  /* in use when garbage was last collected */
    size_t limit;    /* of them, for a script */
    bool must;       /* no allocation may fail: C code is on the stack */
    int globals;     /* reference: the real globals, without their front */
    int on_error;    /* reference: what makes a table of an error */
    int keys_name;   /* references: what WEAVE_WORDS are called */
    int argv_name;
    int put_front;        /* reference: put_front(proxy, real) of prelude.c */
    void *context;        /* the user's own */
    const char *no_calls; /* why RUN_NO_CALLS, if it is known, or NULL */
    void *loading;        /* where what is being loaded registers, or NULL */
    int64_t deadline_ns;  /* when what runs has taken too long; 0: never */
    const char *deadline_text; /* the error then */
    uint64_t random;           /* the state of math.random */
    char tick[40];             /* the name of the tick, a secret */
    uint32_t since_collected;
    uint64_t steps; /* of functions of C, since the last look at the clock */
    struct spare spare;
};

/* NULL: no memory. */
struct engine *engine_new(kr_module *self, struct owner *owner);
void engine_free(struct engine *engine);

/* The engine of a state: any of its coroutines will do.  O(1). */
static inline struct engine *engine_of(lua_State *L)
{
    void *engine;

    (void)lua_getallocf(L, &engine);
    return engine;
}

/* Compile: a function is pushed, or a text that says why not.  The name is
 * Lua's: "@user_script"; `named` is of weave.h: what the source finds among the
 * globals whenever it runs. */
bool engine_compile(lua_State *L, struct kr_str source, const char *name,
                    uint32_t named);
/* The table on top, which is popped, becomes a global, KEYS or ARGV, and the same
 * by the `name` that woven sources have for it. */
void engine_set_words(lua_State *L, const char *global, int name);

/* Raise {err = "ERR text"}, as Redis's functions do.  Does not return. */
int engine_raise(lua_State *L, const char *text);
/* Push {err = text}; `text` has its code. */
void engine_push_error(lua_State *L, struct kr_str text);

/* A step of the collector, some ten microseconds to some hundred.  true: a cycle
 * is over. */
bool engine_collect_step(struct engine *engine);
/* Free the blocks that are kept for when Lua wants such ones again. */
void engine_drop_spare(struct engine *engine);

/* Call the function on top, which gets `arguments` below it and answers one
 * value.  false: an error is there instead, {err, source, line} mostly. */
bool engine_call(struct engine *engine, int arguments);

/* prelude.c: the Lua part of what is said above, as source. */
extern const char engine_prelude[];
extern const size_t engine_prelude_size;

#endif
