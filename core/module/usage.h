/* SPDX-License-Identifier: BSD-3-Clause */
/* usage - the time that a module's handlers take, and who takes too much.
 *
 * Time in commands is counted by the commands.  What is counted here is what the
 * host calls beside them: timers, event handlers, posts, descriptors' callbacks.
 * Everybody waits meanwhile, so one that takes longer than module-time-limit is
 * told to the log, at most once a second for each module, and by "module.slow".
 *
 * Costs two readings of the processor's counter for each handler. */
#ifndef CORE_MODULE_USAGE_H
#define CORE_MODULE_USAGE_H

#include "core/clock/clock.h"
#include "core/module/module.h"

#include <kr/event.h>

/* Handlers of at least so many ticks overrun. */
extern uint64_t usage_limit_ticks;

void usage_set_limit_ms(int64_t limit_ms); /* 0: none */

/* Told of each one that overruns, but not of those within its own call. */
extern void (*usage_on_overrun)(const struct kr_overrun_event *overrun);

/* It has taken `ticks`: `what` it was ("timer"), and which one or NULL. */
void usage_overrun(kr_module *module, uint64_t ticks, const char *what,
                   const char *name);

static inline void usage_add(kr_module *module, uint64_t ticks,
                             const char *what, const char *name)
{
    if (!module)
        return;
    module->usage.ticks += ticks;
    if (KR_UNLIKELY(ticks >= usage_limit_ticks))
        usage_overrun(module, ticks, what, name);
}

/* Around a call into a module's code whose time counts here, in place of
 * module_enter() and module_leave():
 *   struct usage_span span = usage_enter(module); ...
 *   usage_leave(&span, "timer"); */
struct usage_span {
    kr_module *module, *was;
    uint64_t begin;
};

static inline struct usage_span usage_enter(kr_module *module)
{
    kr_module *was = module_enter(module);

    return (struct usage_span){module, was, clock_ticks()};
}

static inline void usage_leave(const struct usage_span *span, const char *what)
{
    usage_add(span->module, clock_ticks() - span->begin, what, NULL);
    module_leave(span->was);
}

#endif
