/* SPDX-License-Identifier: BSD-3-Clause */
/* scripting - the module's state. */
#ifndef SCRIPTING_SCRIPTING_H
#define SCRIPTING_SCRIPTING_H

#include "functions.h"
#include "run.h"
#include "scripts.h"

#include <kr/command.h>
#include <kr/gate.h>
#include <kr/snapshot.h>

#define SCRIPTING_COMMANDS 64 /* a power of two */
#define SCRIPTING_NAME     24

/* A command as scripts name it; see call.c. */
struct cached_command {
    const kr_cmd *command; /* NULL: free */
    size_t size;
    char name[SCRIPTING_NAME];
};

struct scripting {
    kr_module *self;
    struct scripts scripts; /* of EVAL, with their engine */
    struct functions functions;
    kr_gate *gate;                /* armed while a script is slow */
    struct kr_snapshot_part part; /* the functions in a snapshot */
    struct cached_command commands[SCRIPTING_COMMANDS];
};

extern kr_module *scripting_self;
extern const struct structure_host scripting_host;
extern int64_t scripting_busy_ms; /* busy-reply-threshold */

static inline struct scripting *scripting_of(const struct engine *engine)
{
    return engine->owner;
}

/* What runs now, of either kind, or NULL. */
static inline struct run *scripting_running(const struct scripting *state)
{
    struct run *run = state->scripts.engine->run;

    if (!run && state->functions.engine)
        run = state->functions.engine->run;
    return run;
}

#endif
