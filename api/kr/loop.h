/* SPDX-License-Identifier: BSD-3-Clause */
/* loop - time, timers, file descriptors, other threads, and the server's end. */
#ifndef KR_LOOP_H
#define KR_LOOP_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kr_timer kr_timer;
typedef struct kr_fd kr_fd;
typedef struct kr_job kr_job;

#define KR_READABLE (1u << 0)
#define KR_WRITABLE (1u << 1)

#define KR_SHUTDOWN_SAVE   (1u << 0)
#define KR_SHUTDOWN_NOSAVE (1u << 1)
#define KR_SHUTDOWN_NOW    (1u << 2) /* do not wait for replicas */
#define KR_SHUTDOWN_FORCE  (1u << 3) /* whatever fails */

struct kr_loop {
    uint32_t size;
    uint32_t reserved;
    /* Wall clock in ms and us, monotonic clock in ns: exact, about 20 ns. [any] */
    int64_t (*wall_ms)(void);
    int64_t (*wall_us)(void);
    int64_t (*monotonic_ns)(void);

    /* Call `fn` once after `delay_ms` (0: at the next turn), or each
     * `repeat_ms` if that is not 0.  A one-shot timer frees itself.  The loop's
     * clock goes in steps of 4 ms: so much earlier or later it may be. */
    kr_timer *(*timer)(kr_module *self, uint64_t delay_ms, uint64_t repeat_ms,
                       void (*fn)(void *ctx), void *ctx);
    void (*cancel)(kr_timer *timer);
    /* Be called when `fd` is readable or writable, until unwatch(). */
    kr_fd *(*watch)(kr_module *self, int fd, uint32_t events,
                    void (*fn)(void *ctx, int fd, uint32_t events), void *ctx);
    void (*rewatch)(kr_fd *watched, uint32_t events);
    void (*unwatch)(kr_fd *watched);
    /* Run `fn` on the main thread at the next turn.  [any] */
    void (*post)(kr_module *self, void (*fn)(void *ctx), void *ctx);

    /* Run `work` on another thread, then `done` on the main one.  The module
     * is not unloaded before `done` has returned. */
    kr_job *(*job)(kr_module *self, void (*work)(void *ctx),
                   void (*done)(void *ctx), void *ctx);
    /* Take it back if it has not begun: neither function is called.  false: it
     * runs or is over, which does no harm. */
    bool (*cancel_job)(kr_job *job);

    /* Let the loop serve others during long work: events are handled for at
     * most `budget_us`, commands of clients are answered -BUSY with `text`.
     * false: called where that must not be: within a timer, a post, a
     * descriptor's callback, or another yield. */
    bool (*yield)(kr_module *self, uint64_t budget_us, const char *text);
    /* End the server: KR_SHUTDOWN_; KR_EBUSY: refused, the reason is in the
     * log.  Does not return at once: the loop ends after this call. */
    kr_status (*shutdown)(uint32_t flags);
    /* Take back a shutdown that waits.  false: there is none. */
    bool (*cancel_shutdown)(void);
};
KR_INTERFACE(kr_loop, "kr.loop/1");

/* Threads of the server and of modules of ours have names that begin so
 * (pthread_setname_np()): by that who runs strangers' code in this process tells
 * theirs. */
#define KR_THREAD_NAME "jobs"

#ifdef __cplusplus
}
#endif
#endif
