/* SPDX-License-Identifier: BSD-3-Clause */
/* seal - a module goes, and its values stay.
 *
 *   unload --> its commands are gone, its types are away for everybody
 *          --> each value becomes its serialised bytes, when it is touched or by
 *              a walk in small steps; as long the code stays, and what it has
 *              imported too
 *          --> destroy(), unmapped
 *
 * One walk is enough for all modules that go: another one that begins to makes
 * it begin anew.  See keyspace/adapt.c for what a sealed value is. */
#include "core/rack/seal.h"

#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/keyspace/adapt.h"
#include "core/log/log.h"
#include "core/loop/loop.h"

#define SEAL_STEP_MS 1
#define SEAL_STEP_US 300 /* of each */

void (*seal_end)(void);

/* The wing's state. */
static struct {
    struct rack_module *first; /* by next_sealed */
    struct adapt_walk walk;
    kr_timer *timer;
} seal;

static void seal_finish(struct rack_module *m)
{
    type_left(&m->host);
    (void)rack_end(m, true);
    m->adapting = false;
    log_notice("rack: module '%s' unloaded, its values are sealed", m->name);
}

static void seal_all_done(void)
{
    while (seal.first) {
        struct rack_module *m = seal.first;

        seal.first = m->next_sealed;
        seal_finish(m);
    }
    if (seal.timer)
        loop_interface.cancel(seal.timer);
    seal.timer = NULL;
    if (seal_end)
        seal_end();
}

/* Of what was flushed before, some may wait to be freed by the code. */
static bool seal_is_past(void)
{
    const struct rack_module *m = seal.first;

    while (m && lazy_is_past(m->lazy_mark))
        m = m->next_sealed;
    return !m;
}

static void seal_step(void *ctx)
{
    (void)ctx;
    if (adapt_walk_step(&seal.walk, SEAL_STEP_US, adapt_visit, NULL) &&
        seal_is_past())
        seal_all_done();
}

void seal_begin(struct rack_module *m)
{
    type_leave(&m->host);
    m->adapting = true;
    m->next_sealed = seal.first;
    seal.first = m;
    seal.walk = (struct adapt_walk){.swaps = keyspace.swaps};
    if (!seal.timer)
        seal.timer = loop_interface.timer(NULL, SEAL_STEP_MS, SEAL_STEP_MS,
                                          seal_step, NULL);
}

bool seal_is_busy(void)
{
    return seal.first != NULL;
}

void seal_fini(void)
{
    seal_end = NULL;
    seal_all_done();
}
