/* SPDX-License-Identifier: BSD-3-Clause */
/* owner - what the engines of one module have in common.
 *
 * One run may be within another: what a run calls may run Lua, too.  They form
 * a chain from the innermost to the one that a client has asked for, whatever
 * engines they run in; one that is slow stands for all of them. */
#ifndef LUA_OWNER_H
#define LUA_OWNER_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>
#include <kr/gate.h>
#include <kr/module.h>

#include <lua.h>

struct run;

#define OWNER_COMMANDS 64 /* a power of two */
#define OWNER_NAME     24

/* A command as scripts name it; see call.c. */
struct cached_command {
    const kr_cmd *command; /* NULL: free */
    size_t size;
    char name[OWNER_NAME];
};

struct owner {
    kr_module *self;
    struct run *running;    /* the innermost, or NULL */
    kr_gate *gate;          /* armed while a run is slow */
    const int64_t *busy_ms; /* after which one is; 0: never */
    uint32_t slow;          /* runs that are */
    /* NULL, or: the first run is slow, or none is any more. */
    void (*on_slow)(struct owner *owner, bool slow);
    /* NULL, or: add to the globals, which are on the stack, before they are
     * closed. */
    void (*open)(lua_State *L);
    struct cached_command commands[OWNER_COMMANDS];
    /* NULL, or: may scripts call what they must not?  For tests. */
    const bool *undenied;
};

/* Within create().  `gate` is the gate's name.  false: there are too many. */
bool owner_init(struct owner *owner, kr_module *self, const char *gate,
                const int64_t *busy_ms);
/* A run is slow, or a slow one is over. */
void owner_slow(struct owner *owner, bool begins);
/* Within activate(). */
void owner_activate(struct owner *owner);

#endif
