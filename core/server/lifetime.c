/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/lifetime.h"

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/event/event.h"
#include "core/files/files.h"
#include "core/keyspace/hooks.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/net/client.h"
#include "core/server/directives.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    struct event *term, *interrupt;
    int signal;    /* that has not been obeyed yet, or 0 */
    unsigned seen; /* signals */
    bool over;
    bool yielding;
} lifetime;

bool lifetime_is_over(void)
{
    return lifetime.over;
}

kr_status lifetime_shutdown(uint32_t flags)
{
    struct kr_shutdown_event event = {.size = sizeof(event), .flags = flags};

    if (event_is_armed(EVENT_SHUTDOWN))
        event_raise(EVENT_SHUTDOWN, &event);
    if (event.veto && !(flags & KR_SHUTDOWN_FORCE)) {
        log_warning("shutdown: %s", event.veto);
        return KR_EBUSY;
    }
    lifetime.over = true;
    loop_stop();
    return KR_OK;
}

bool lifetime_cancel_shutdown(void)
{
    if (!lifetime.signal)
        return false;
    lifetime.signal = 0;
    lifetime.seen = 0;
    log_notice("Shutdown manually aborted.");
    return true;
}

void lifetime_obey(void)
{
    int number = lifetime.signal;

    if (!number || directives.pause_cron)
        return;
    lifetime.signal = 0;
    /* While the last files are written the loop hears nobody: without its
     * handler a SIGINT comes to lifetime_insist(). */
    event_del(lifetime.interrupt);
    if (lifetime_shutdown((uint32_t)(number == SIGINT
                                         ? directives.on_sigint
                                         : directives.on_sigterm)) == KR_OK)
        return;
    event_add(lifetime.interrupt, NULL);
    lifetime.seen = 0;
    log_warning("Errors trying to shut down the server. Check the logs for "
                "more information.");
}

/* A second signal does not wait for anybody.  What is half written would only
 * lie there. */
static _Noreturn void lifetime_end_now(void)
{
    files_remove_asides();
    _exit(1);
}

static void lifetime_signal(evutil_socket_t number, short what, void *ctx)
{
    loop_wake();
    (void)what;
    (void)ctx;
    if (++lifetime.seen > 1 && number == SIGINT) {
        log_warning("You insist... exiting now.");
        lifetime_end_now();
    }
    log_warning("Received %s scheduling shutdown...",
                number == SIGINT ? "SIGINT" : "SIGTERM");
    lifetime.signal = number;
    lifetime_obey();
}

/* What SIGINT does while the loop's handler is not there: at the end. */
static void lifetime_insist(int number)
{
    (void)number;
    lifetime_end_now();
}

bool lifetime_serve(uint64_t budget_us)
{
    int64_t until_ns = clock_monotonic_ns() + (int64_t)budget_us * 1000;
    int64_t turn_ms = clock_turn_ms;
    struct call *current = call_current;
    unsigned depth = call_depth;

    /* The loop does not run within its own callbacks. */
    if (lifetime.yielding || loop_is_inside())
        return false;
    lifetime.yielding = true;
    do {
        clock_begin_turn();
        loop_poll();
        client_serve();
        /* No reply leaves before what it acknowledges has been told of. */
        if (event_is_armed(EVENT_SLEEP))
            event_raise(EVENT_SLEEP, NULL);
        client_before_sleep();
    } while (clock_monotonic_ns() < until_ns && !lifetime.over);
    /* For the call that goes on no time has passed. */
    clock_turn_ms = turn_ms;
    call_current = current;
    call_depth = depth;
    lifetime.yielding = false;
    return true;
}

bool lifetime_yield(kr_module *self, uint64_t budget_us, const char *text)
{
    bool served;

    (void)self;
    if (lifetime.yielding)
        return false;
    /* They are told that the data set is loaded, by which they know more. */
    if (keyspace_hooks.loading)
        return lifetime_serve(budget_us);
    call_busy_text = text;
    call_alerts |= ALERT_BUSY;
    served = lifetime_serve(budget_us);
    call_alerts &= ~ALERT_BUSY;
    return served;
}

void lifetime_init(void)
{
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    /* These come back when the loop gives its signals up. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, lifetime_insist);
    lifetime.term = evsignal_new(loop_base(), SIGTERM, lifetime_signal, NULL);
    lifetime.interrupt =
        evsignal_new(loop_base(), SIGINT, lifetime_signal, NULL);
    event_add(lifetime.term, NULL);
    event_add(lifetime.interrupt, NULL);
}

void lifetime_fini(void)
{
    event_free(lifetime.term);
    event_free(lifetime.interrupt);
}
