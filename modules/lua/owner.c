/* SPDX-License-Identifier: BSD-3-Clause */
#include "owner.h"

#include "run.h"

#include <kr/args.h>
#include <kr/event.h>
#include <kr/loop.h>

/* While a script is slow the server ends without saving, or not at all: what
 * the script has done so far is no state that anybody asked for. */
static int32_t owner_gate(struct kr_call *call,
                          const struct kr_outcome *outcome, void *ctx)
{
    const struct owner *owner = ctx;

    (void)outcome;
    if (!owner->running ||
        strcmp(kr_commands->row(call->command)->name, "shutdown") != 0)
        return KR_GATE_PASS;
    /* NOSAVE, ABORT, or what SHUTDOWN itself refuses. */
    for (uint32_t i = 1; i < call->argc; i++)
        if (!kr_arg_is(call, i, "save") && !kr_arg_is(call, i, "now") &&
            !kr_arg_is(call, i, "force"))
            return KR_GATE_PASS;
    return kr_gates->refuse(call, kr_cstr(run_busy_text(owner->running)));
}

/* Names may mean other commands now. */
static void owner_on_commands(void *ctx, const void *unused)
{
    struct owner *owner = ctx;

    (void)unused;
    memset(owner->commands, 0, sizeof(owner->commands));
}

/* The server ends, whatever the script wants. */
static void owner_on_shutdown(void *ctx, const void *payload)
{
    const struct owner *owner = ctx;
    const struct kr_shutdown_event *event = payload;

    if (event->flags & (KR_SHUTDOWN_NOSAVE | KR_SHUTDOWN_FORCE))
        run_kill_all(owner->running);
}

bool owner_init(struct owner *owner, kr_module *self, const char *gate,
                const int64_t *busy_ms)
{
    *owner = (struct owner){.self = self, .busy_ms = busy_ms};
    owner->gate =
        kr_gates->add(self, gate, KR_STAGE_ADMIT, 100, owner_gate, owner);
    return owner->gate != NULL;
}

void owner_slow(struct owner *owner, bool begins)
{
    uint32_t before = owner->slow;

    owner->slow += begins ? 1 : -1u;
    if (before > 0 && owner->slow > 0)
        return;
    if (begins)
        kr_gates->arm(owner->gate, NULL);
    else
        kr_gates->disarm(owner->gate, NULL);
    if (owner->on_slow)
        owner->on_slow(owner, begins);
}

void owner_activate(struct owner *owner)
{
    (void)kr_events->subscribe(owner->self, KR_EVENT_COMMAND_CHANGED,
                               owner_on_commands, owner);
    (void)kr_events->subscribe(owner->self, KR_EVENT_SHUTDOWN,
                               owner_on_shutdown, owner);
}
