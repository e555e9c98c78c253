/* SPDX-License-Identifier: BSD-3-Clause */
#include "kill.h"

#include "../lua/run.h"

static bool kill_is_late(const struct scripting *state)
{
    const struct kr_slow_run *other = state->slow;

    while (other && !other->wrote(other->ctx))
        other = other->next;
    return other || run_wrote(state->owner.running);
}

void kill_all(struct scripting *state, struct kr_call *call, bool function)
{
    struct run *run = state->owner.running;

    if (!run && !state->slow) {
        kr_reply_error(call->reply,
                       "NOTBUSY No scripts in execution right now.");
        return;
    }
    if (kill_is_late(state)) {
        kr_reply_error(call->reply,
                       "UNKILLABLE Sorry the script already executed write "
                       "commands against the dataset. You can either wait the "
                       "script termination or kill the server in a hard way "
                       "using the SHUTDOWN NOSAVE command.");
        return;
    }
    if (run && function != ((run->flags & RUN_FUNCTION) != 0)) {
        kr_reply_error(call->reply, run_busy_text(run));
        return;
    }
    run_kill_all(run);
    for (struct kr_slow_run *other = state->slow; other; other = other->next)
        other->kill(other->ctx);
    kr_reply_ok(call->reply);
}

/* --- What other modules run ------------------------------------------------ */

static struct scripting *kill_state(void)
{
    return kr_modules->state(scripting_self);
}

static void kill_slow(struct kr_slow_run *run)
{
    struct scripting *state = kill_state();

    run->next = state->slow;
    state->slow = run;
}

static void kill_over(struct kr_slow_run *run)
{
    struct kr_slow_run **at = &kill_state()->slow;

    while (*at && *at != run)
        at = &(*at)->next;
    if (*at)
        *at = run->next;
}

const struct kr_scripts kill_offer = {
    .size = sizeof(struct kr_scripts),
    .slow = kill_slow,
    .over = kill_over,
};
