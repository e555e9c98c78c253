/* SPDX-License-Identifier: BSD-3-Clause */
/* loop - one event_base for the main thread, and what modules hang on it.
 *
 * Timers, watched descriptors and posts belong to a module, in one list each,
 * so that loop_forget() finds what an unloaded module has left.  Posts come
 * from any thread: they are queued under a mutex, and an eventfd wakes the
 * loop.  All callbacks run with module_running set to their module, so that time
 * and crashes are blamed on the right one. */
#include "core/loop/loop.h"

#include "core/clock/clock.h"
#include "core/event/event.h"
#include "core/log/log.h"
#include "core/loop/jobs.h"
#include "core/memory/memory.h"
#include "core/module/carry.h"
#include "core/module/usage.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

struct kr_timer {
    LIST_ENTRY(kr_timer) link;
    struct event *event;
    kr_module *module;
    uint32_t stamp;
    void (*fn)(void *ctx);
    void *ctx;
    bool repeats;
};

struct kr_fd {
    LIST_ENTRY(kr_fd) link;
    struct event *event;
    kr_module *module;
    uint32_t stamp;
    void (*fn)(void *ctx, int fd, uint32_t events);
    void *ctx;
    int fd;
};

struct post {
    STAILQ_ENTRY(post) link;
    kr_module *module;
    void (*fn)(void *ctx);
    void *ctx;
};
STAILQ_HEAD(post_queue, post);

static struct {
    struct event_base *base;
    bool stop;
    bool inside; /* libevent handles events: it cannot be entered again */
    LIST_HEAD(, kr_timer) timers;
    LIST_HEAD(, kr_fd) fds;
    int wake_fd;
    struct event *wake;
    pthread_mutex_t lock; /* guards posts */
    struct post_queue posts;
    struct post_queue running; /* taken over to be run in this turn */
} loop;

/* --- Posts --------------------------------------------------------------- */

static void loop_post(kr_module *self, void (*fn)(void *ctx), void *ctx)
{
    struct post *post = memory_alloc(sizeof(*post));
    uint64_t one = 1;
    bool first;

    *post = (struct post){.module = self, .fn = fn, .ctx = ctx};
    pthread_mutex_lock(&loop.lock);
    first = STAILQ_EMPTY(&loop.posts);
    STAILQ_INSERT_TAIL(&loop.posts, post, link);
    pthread_mutex_unlock(&loop.lock);
    /* A full counter (EAGAIN) means that the loop is awake already. */
    if (first)
        while (write(loop.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
            ;
}

static void loop_run_posts(evutil_socket_t fd, short what, void *ctx)
{
    struct post *post;
    uint64_t count;

    loop_wake();
    (void)what;
    (void)ctx;
    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&loop.lock);
    STAILQ_CONCAT(&loop.running, &loop.posts);
    pthread_mutex_unlock(&loop.lock);

    while ((post = STAILQ_FIRST(&loop.running))) {
        struct usage_span span;

        STAILQ_REMOVE_HEAD(&loop.running, link);
        span = usage_enter(post->module);
        post->fn(post->ctx);
        usage_leave(&span, "posted call");
        memory_free(post);
    }
}

/* --- Timers -------------------------------------------------------------- */

static struct timeval loop_interval(uint64_t ms)
{
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    return tv;
}

static void loop_cancel(kr_timer *timer)
{
    LIST_REMOVE(timer, link);
    if (timer->module)
        timer->module->timers--;
    event_free(timer->event);
    memory_free(timer);
}

static void loop_timer_due(evutil_socket_t fd, short what, void *ctx)
{
    kr_timer *timer = ctx;
    kr_module *module = timer->module;
    void (*fn)(void *) = timer->fn;
    void *arg = timer->ctx;
    struct usage_span span;

    loop_wake();
    (void)fd;
    (void)what;
    /* A one-shot timer is gone before its function runs: that may set it
     * again, and must not cancel it. */
    if (!timer->repeats)
        loop_cancel(timer);
    span = usage_enter(module);
    fn(arg);
    usage_leave(&span, "timer");
}

static kr_timer *loop_timer(kr_module *self, uint64_t delay_ms,
                            uint64_t repeat_ms, void (*fn)(void *ctx),
                            void *ctx)
{
    kr_timer *timer = memory_alloc(sizeof(*timer));
    struct timeval delay = loop_interval(repeat_ms ? repeat_ms : delay_ms);

    *timer = (kr_timer){.module = self,
                        .stamp = module_stamp(self),
                        .fn = fn,
                        .ctx = ctx,
                        .repeats = repeat_ms != 0};
    timer->event = event_new(loop.base, -1, repeat_ms ? EV_PERSIST : 0,
                             loop_timer_due, timer);
    LIST_INSERT_HEAD(&loop.timers, timer, link);
    if (self)
        self->timers++;
    event_add(timer->event, &delay);
    return timer;
}

/* --- Descriptors --------------------------------------------------------- */

static void loop_fd_ready(evutil_socket_t fd, short what, void *ctx)
{
    kr_fd *watched = ctx;
    struct usage_span span;

    loop_wake();
    span = usage_enter(watched->module);
    watched->fn(watched->ctx, fd,
                (what & EV_READ ? KR_READABLE : 0) |
                    (what & EV_WRITE ? KR_WRITABLE : 0));
    usage_leave(&span, "watched descriptor");
}

static void loop_rewatch(kr_fd *watched, uint32_t events)
{
    short what = (short)(EV_PERSIST | (events & KR_READABLE ? EV_READ : 0) |
                         (events & KR_WRITABLE ? EV_WRITE : 0));

    if (watched->event)
        event_free(watched->event);
    watched->event =
        event_new(loop.base, watched->fd, what, loop_fd_ready, watched);
    event_add(watched->event, NULL);
}

static kr_fd *loop_watch(kr_module *self, int fd, uint32_t events,
                         void (*fn)(void *ctx, int fd, uint32_t events),
                         void *ctx)
{
    kr_fd *watched = memory_alloc(sizeof(*watched));

    *watched = (kr_fd){.module = self,
                       .stamp = module_stamp(self),
                       .fn = fn,
                       .ctx = ctx,
                       .fd = fd};
    LIST_INSERT_HEAD(&loop.fds, watched, link);
    loop_rewatch(watched, events);
    return watched;
}

static void loop_unwatch(kr_fd *watched)
{
    LIST_REMOVE(watched, link);
    event_free(watched->event);
    memory_free(watched);
}

/* --- The turns ----------------------------------------------------------- */

struct event_base *loop_base(void)
{
    return loop.base;
}

bool loop_is_inside(void)
{
    return loop.inside;
}

bool loop_waits;
struct loop_hooks loop_hooks;

void loop_tell_wake(void)
{
    loop_waits = false;
    event_raise(EVENT_WAKE, NULL);
}

static void loop_tell_wait(void)
{
    if (event_is_armed(EVENT_WAIT))
        event_raise(EVENT_WAIT, NULL);
    loop_waits = event_is_armed(EVENT_WAKE);
}

static void loop_turn(int flags)
{
    loop.inside = true;
    event_base_loop(loop.base, flags);
    loop.inside = false;
}

void loop_run(void (*before_sleep)(void))
{
    loop.stop = false;
    while (!loop.stop) {
        before_sleep();
        if (loop.stop)
            break;
        loop_tell_wait();
        loop_turn(EVLOOP_ONCE);
        loop_wake();
    }
}

void loop_stop(void)
{
    loop.stop = true;
}

void loop_poll(void)
{
    loop_turn(EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

void loop_init(void)
{
    struct event_config *config = event_config_new();

    /* Few wake-ups need exact timers, and reading the clock costs. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK |
                                      EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    loop.base = event_base_new_with_config(config);
    event_config_free(config);
    pthread_mutex_init(&loop.lock, NULL);
    STAILQ_INIT(&loop.posts);
    STAILQ_INIT(&loop.running);
    loop.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!loop.base || loop.wake_fd < 0) {
        log_warning("loop: cannot begin: %s", strerror(errno));
        _exit(1);
    }
    loop.wake = event_new(loop.base, loop.wake_fd, EV_READ | EV_PERSIST,
                          loop_run_posts, NULL);
    event_add(loop.wake, NULL);
}

static void post_queue_forget(struct post_queue *queue, kr_module *module)
{
    struct post *post, *next;

    for (post = STAILQ_FIRST(queue); post; post = next) {
        next = STAILQ_NEXT(post, link);
        if (post->module == module) {
            STAILQ_REMOVE(queue, post, post, link);
            memory_free(post);
        }
    }
}

static void post_queue_drop(struct post_queue *queue)
{
    struct post *post;

    while ((post = STAILQ_FIRST(queue))) {
        STAILQ_REMOVE_HEAD(queue, link);
        memory_free(post);
    }
}

/* Timers and descriptors of one version of the module; 0: of all. */
static void loop_drop(kr_module *module, uint32_t stamp)
{
    kr_timer *timer, *next_timer;
    kr_fd *watched, *next_fd;

    for (timer = LIST_FIRST(&loop.timers); timer; timer = next_timer) {
        next_timer = LIST_NEXT(timer, link);
        if (timer->module == module && (!stamp || timer->stamp == stamp))
            loop_cancel(timer);
    }
    for (watched = LIST_FIRST(&loop.fds); watched; watched = next_fd) {
        next_fd = LIST_NEXT(watched, link);
        if (watched->module == module && (!stamp || watched->stamp == stamp))
            loop_unwatch(watched);
    }
}

void loop_forget(kr_module *module)
{
    loop_drop(module, 0);
    pthread_mutex_lock(&loop.lock);
    post_queue_forget(&loop.posts, module);
    pthread_mutex_unlock(&loop.lock);
    post_queue_forget(&loop.running, module);
}

void loop_settle(kr_module *module, bool good)
{
    loop_drop(module, module->generation + !good);
}

static bool post_queue_carry(struct post_queue *queue, kr_module *module,
                             const struct carry *carry, bool really)
{
    struct post *post;

    STAILQ_FOREACH(post, queue, link)
    if (post->module == module && !CARRY(carry, really, &post->fn))
        return false;
    return true;
}

bool loop_carry(kr_module *module, const struct carry *carry, bool really)
{
    bool good;

    pthread_mutex_lock(&loop.lock);
    good = post_queue_carry(&loop.posts, module, carry, really);
    pthread_mutex_unlock(&loop.lock);
    return post_queue_carry(&loop.running, module, carry, really) && good;
}

void loop_fini(void)
{
    jobs_fini();
    while (!LIST_EMPTY(&loop.timers))
        loop_cancel(LIST_FIRST(&loop.timers));
    while (!LIST_EMPTY(&loop.fds))
        loop_unwatch(LIST_FIRST(&loop.fds));
    post_queue_drop(&loop.running);
    post_queue_drop(&loop.posts);
    event_free(loop.wake);
    close(loop.wake_fd);
    event_base_free(loop.base);
}

static bool loop_yield(kr_module *self, uint64_t budget_us, const char *text)
{
    return loop_hooks.yield(self, budget_us, text);
}

static kr_status loop_shutdown(uint32_t flags)
{
    return loop_hooks.shutdown(flags);
}

static bool loop_cancel_shutdown(void)
{
    return loop_hooks.cancel_shutdown();
}

const struct kr_loop loop_interface = {
    .size = sizeof(struct kr_loop),
    .wall_ms = clock_wall_ms,
    .wall_us = clock_wall_us,
    .monotonic_ns = clock_monotonic_ns,
    .timer = loop_timer,
    .cancel = loop_cancel,
    .watch = loop_watch,
    .rewatch = loop_rewatch,
    .unwatch = loop_unwatch,
    .post = loop_post,
    .job = jobs_add,
    .cancel_job = jobs_cancel,
    .yield = loop_yield,
    .shutdown = loop_shutdown,
    .cancel_shutdown = loop_cancel_shutdown,
};
