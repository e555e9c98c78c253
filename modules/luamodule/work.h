/* SPDX-License-Identifier: BSD-3-Clause */
/* work - one run of a module's Lua, and the keys of its types that it changes.
 *
 * What redis.call() does is told by the commands that it calls.  What is changed
 * through a type's own functions is told when the run ends: changed() once a
 * key, and to the journal
 *
 *     RESTORE key expiry bytes REPLACE ABSTTL        an effect, mostly
 *     the command as it was typed                    if it is declared so
 *
 * so that a log or a replica has what was done, and need not do it again in the
 * same way. */
#ifndef LUAMODULE_WORK_H
#define LUAMODULE_WORK_H

#include "luamodule.h"

#include "../lua/run.h"

#include <kr/keyspace.h>

struct touched {
    struct touched *next;
    kr_db *db;
    struct kr_str key;
    struct kr_str event; /* the notification's word */
};

struct work {
    struct run run; /* first: engine->run is one */
    struct home *home;
    bool alone;    /* nobody's call: its effects are a unit of their own */
    bool typed;    /* the journal gets the command as it was typed */
    bool replaced; /* or other words, by keyrack.journal() */
    struct touched *first;
    struct touched *last;
};

#define WORK_FLAG (1u << 31) /* of run.flags: the run is a struct work */

/* Begin; `call` may be NULL, then it is bound.  `name` is borrowed. */
void work_begin(struct work *work, struct home *home, struct kr_call *call,
                const char *name, uint32_t flags);
/* After the run: tell of what has changed. */
void work_end(struct work *work);
/* The work under way, or an error that the function cannot be called here. */
struct work *work_current(lua_State *L, const char *function);
/* The database that it works in. */
kr_db *work_db(const struct work *work);
/* The key will be told of. */
void work_touch(struct work *work, kr_db *db, struct kr_str key,
                struct kr_str event);

/* What the error on top of the stack says, good until another is explained.  It
 * stays there. */
const char *work_explain(struct home *home);
/* Nobody has asked for it: the error on top of the stack goes to the log, if
 * there was not one just now.  Pops it. */
void work_complain(struct home *home, const char *what, const char *name);

/* keyrack.now(), keyrack.journal(word ...) */
int work_now(lua_State *L);
int work_journal(lua_State *L);

#endif
