/* SPDX-License-Identifier: BSD-3-Clause */
/* module - who a module is to the host: its handle, and whose code runs now.
 *
 * The ground of all wings: each calls into modules, keeps things on their behalf
 * and says whose they are.  How modules come and go is the rack's. */
#ifndef CORE_MODULE_MODULE_H
#define CORE_MODULE_MODULE_H

#include <kr/command.h>
#include <kr/module.h>

#include <stdatomic.h>

/* What a module's handlers have taken: see usage.h. */
struct usage {
    uint64_t ticks;    /* in timers, events, posts, descriptors' callbacks */
    uint64_t job_nsec; /* of the processor, by its jobs */
    uint64_t overruns;
    uint64_t untold; /* of them, since the last line in the log */
    int64_t told_ms; /* wall clock; 0: never */
};

/* What the host reads of a module beside the loader, whose own part of it is
 * private to the rack (struct rack_module begins with this). */
struct kr_module {
    const char *name;
    void *state;
    const struct kr_descriptor *descriptor;
    uint32_t id; /* small, for tables */
    bool active;
    kr_cmd *commands;      /* linked by of_module */
    _Atomic size_t memory; /* bytes allocated on its account */
    uint64_t errors;
    /* What the host cannot cancel on the module's behalf: jobs under way.  It
     * cannot go while > 0. */
    uint64_t held;
    uint64_t parked;     /* its calls that wait; they end with an error */
    uint32_t jobs;       /* of `held`, those of kr_loop->job() */
    uint32_t timers;     /* that are set */
    struct usage usage;  /* of the processor, outside of commands */
    size_t memory_max;   /* try_alloc() refuses beyond it; 0: no limit */
    uint32_t entered;    /* calls into its code that have not returned */
    uint32_t generation; /* of its code: 1 at load, grows with each upgrade */
    bool staging; /* a new version registers: nothing of that counts yet */
    bool passes;  /* and the old one's words of clients go to it */
};

/* Which version's is what the module registers now?  Whoever keeps something on
 * behalf of modules remembers it, see rack_on_settle(). */
static inline uint32_t module_stamp(const kr_module *module)
{
    return module ? module->generation + module->staging : 0;
}

/* Has it been registered by a version that is made ready, and does not count
 * yet? */
static inline bool module_is_staged(const kr_module *module, uint32_t stamp)
{
    return module && stamp > module->generation;
}

/* The module whose code runs now, NULL for the host: who to blame.  A plain
 * variable, because it is written around each command. */
extern kr_module *module_running;

/* Around every call into a module's code.
 *   kr_module *was = module_enter(module); ... module_leave(was); */
static inline kr_module *module_enter(kr_module *module)
{
    kr_module *was = module_running;

    module_running = module;
    if (module)
        module->entered++;
    return was;
}

static inline void module_leave(kr_module *was)
{
    if (module_running)
        module_running->entered--;
    module_running = was;
}

#endif
