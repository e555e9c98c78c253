/* SPDX-License-Identifier: BSD-3-Clause */
/* luamodule - what the parts of the module know of each other.
 *
 *     struct luamodule       this module: who owns all engines
 *       `-- struct home      one module in Lua, whatever its version
 *             |-- engine     its Lua state
 *             |-- kinds      its types, with their values
 *             `-- program    the version that serves: what the file has said
 *
 * An upgrade runs the new file in the same state, as a second program; values
 * are Lua's, so they stay where they are. */
#ifndef LUAMODULE_LUAMODULE_H
#define LUAMODULE_LUAMODULE_H

#include "arena.h"

#include "../lua/engine.h"
#include "../lua/owner.h"

#include <kr/loop.h>
#include <kr/scripts.h>

#include <pthread.h>
#include <stdatomic.h>

struct command;
struct handler;
struct kind;
struct kind_code;
struct queued;
struct setting;
struct timer;
struct value;

struct luamodule {
    kr_module *self;
    struct owner owner;
    struct kr_slow_run slow; /* ours, when one is */
    pthread_t main;          /* the thread that commands run on */
    int64_t busy_ms;         /* busy-reply-threshold, whoever has it */
    struct home *homes;      /* whose engine is there */
    kr_timer *collector;     /* while one has garbage of an older program */
};

struct home {
    struct luamodule *owner;
    struct home *next;
    struct home **at;        /* where the owner's list has it */
    kr_module *self;         /* the handle of the module in Lua */
    struct engine *engine;   /* NULL: it is gone */
    struct program *program; /* which serves; NULL: none yet, or no more */
    struct kind *kinds;
    size_t limit; /* of memory, if no parameter says otherwise */
    /* Programs, values and posts under way; the last one frees. */
    _Atomic uint32_t uses;
    _Atomic(struct value *) dead; /* which another thread wanted to free */
    int64_t complained_ns;
    bool looking;       /* whether an older program may go: it is posted */
    uint32_t cycles;    /* of its collector that are still to be run */
    uint32_t denied;    /* LENT_, see judge.h */
    char name[64];      /* of the module; "": it has not said it yet */
    char said[300];     /* by the last error that was explained */
    char no_calls[512]; /* the error of redis.call(), if it is denied */
};

struct program {
    struct home *home;
    kr_module *self;
    struct arena arena; /* what the host has been told, until it goes */
    int *refs;          /* functions in Lua's registry */
    uint32_t ref_count;
    uint32_t ref_room;
    uint32_t argc; /* of MODULE LOAD */
    const struct kr_str *argv;
    uint32_t used;  /* LENT_, by what it has registered */
    bool described; /* to the host, which destroys it then */
    bool active;
    bool leaving;  /* values are sealed */
    bool handling; /* an event: what it causes is not told */
    struct kind_code *codes;
    struct timer *timers;
    uint32_t timer_count;
    uint64_t timer_id; /* the last one's */
    struct handler *handlers;
    struct setting *settings;
    struct queued *queue; /* events not handled yet, the oldest first */
    struct queued **queue_end;
    uint32_t queue_count;
    bool posted;
    struct program *before; /* whose place it has taken, as long as there are
                             * values that need it */
};

extern kr_module *luamodule_self;
extern int64_t luamodule_callback_ms;  /* lua-module-callback-limit */
extern int64_t luamodule_memory_limit; /* lua-module-memory-limit */

static inline struct home *home_of(lua_State *L)
{
    return engine_of(L)->context;
}

#endif
