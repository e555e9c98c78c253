/* SPDX-License-Identifier: BSD-3-Clause */
/* loop - the event loop of the main thread, timers, descriptors, jobs.
 *
 * A turn of the loop: wait, handle what is ready, run what was posted; then
 * `before_sleep`, in which commands run and replies leave; and again. */
#ifndef CORE_LOOP_LOOP_H
#define CORE_LOOP_LOOP_H

#include <kr/loop.h>

struct event_base;

void loop_init(void);
void loop_fini(void);
struct event_base *loop_base(void);
/* Run until loop_stop(). */
void loop_run(void (*before_sleep)(void));
void loop_stop(void);
/* Handle what is ready now, without waiting (yield); not within a callback. */
void loop_poll(void);
/* Is this within a callback of the loop's? */
bool loop_is_inside(void);

/* "host.wait" has been told, and "host.wake" has not. */
extern bool loop_waits;
void loop_tell_wake(void);

/* Each callback of libevent's begins with this: by then the wait is over, and
 * others may have used what is the main thread's meanwhile.  One test. */
static inline void loop_wake(void)
{
    if (KR_UNLIKELY(loop_waits))
        loop_tell_wake();
}

/* Cancel all that a module has left: timers, descriptors, posts. */
void loop_forget(kr_module *module);
/* An upgrade: see rack_on_settle() and rack_on_carry(). */
struct carry;
void loop_settle(kr_module *module, bool good);
bool loop_carry(kr_module *module, const struct carry *carry, bool really);

/* Run `work` on a background thread, then `done` on the main one. */
void loop_background(void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx);
/* The same on a thread of its own, for what should not wait behind jobs of
 * modules, which may take as long as they like.  Costs a thread. */
void loop_aside(void (*work)(void *ctx), void (*done)(void *ctx), void *ctx);

/* kr_loop's functions of the same names: how the server lives and ends is decided
 * above.  Written once. */
struct loop_hooks {
    bool (*yield)(kr_module *self, uint64_t budget_us, const char *text);
    kr_status (*shutdown)(uint32_t flags);
    bool (*cancel_shutdown)(void);
};
extern struct loop_hooks loop_hooks;

extern const struct kr_loop loop_interface;

#endif
