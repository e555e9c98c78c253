/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/child.h"

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/event/event.h"
#include "core/event/span.h"
#include "core/keyspace/hooks.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/module/carry.h"
#include "core/module/module.h"
#include "core/server/process.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reading how much has been copied takes longer the more memory there is: at
 * most this part of the child's time goes to it. */
#define LOOK_SHARE 100

/* Written by the child, read by the server. */
struct child_page {
    _Atomic uint64_t keys, keys_total;
    _Atomic uint64_t copied;
    _Atomic int64_t copied_ms; /* monotonic, when `copied` was looked at */
};

static struct {
    struct event *ended;
    struct child_page *page;
    struct kr_child_work work;
    char name[64]; /* of the work; the module's text may go */
    kr_module *module;
    pid_t pid; /* 0: there is none */
    int64_t began_ms;
    uint64_t copied_peak;
    uint64_t forks;
    int64_t fork_usec;
    double fork_rate;
    bool inside;          /* this process is the child */
    int64_t look_next_ns; /* in the child */
} child;

static int64_t child_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

/* --- In the child -------------------------------------------------------- */

/* Pages that are ours alone, by the kernel's summary. */
static uint64_t child_private_bytes(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    unsigned long long kib = 0;
    char line[128];

    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "Private_Dirty: %llu kB", &kib) == 1)
            break;
    fclose(file);
    return (uint64_t)kib * 1024;
}

static void child_look(void)
{
    int64_t begin_ns = clock_monotonic_ns(), end_ns;

    child.page->copied = child_private_bytes();
    end_ns = clock_monotonic_ns();
    child.page->copied_ms = end_ns / 1000000;
    child.look_next_ns = end_ns + (end_ns - begin_ns) * LOOK_SHARE;
}

static void child_report(uint64_t keys, uint64_t keys_total)
{
    if (!child.page)
        return;
    child.page->keys = keys;
    child.page->keys_total = keys_total;
    if (clock_monotonic_ns() >= child.look_next_ns)
        child_look();
}

/* The sockets are the server's: a peer must see them close when it closes them.
 * The loop's own descriptors are shared with it, too, and are only let go:
 * taking anything out of the loop here would take it out there. */
static void child_close_descriptors(int keep)
{
    if (keep <= STDERR_FILENO) {
        (void)close_range(STDERR_FILENO + 1, ~0u, 0);
        return;
    }
    if (keep > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0);
    (void)close_range((unsigned)keep + 1, ~0u, 0);
}

/* Handlers of the loop's write into pipes that are gone.  A Ctrl-C reaches the
 * whole group, and is for the server to deal with. */
static void child_reset_signals(void)
{
    sigset_t none;

    signal(SIGCHLD, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_run(void)
{
    int32_t code;

    child_reset_signals();
    child_close_descriptors(child.work.keep);
    process_name_child(child.work.name);
    log_become_child();
    /* Nobody's command is under way here. */
    call_current = NULL;
    call_depth = 0;
    child.inside = true;
    child.look_next_ns = 0;
    code = child.work.run(child.work.ctx);
    child_look();
    /* Neither buffers of stdio nor atexit() are ours to finish. */
    _exit(code & 0xff);
}

/* --- In the server ------------------------------------------------------- */

static void child_tell(enum event_id id)
{
    struct kr_fork_event event = {
        .size = sizeof(event), .pid = (int32_t)child.pid, .name = child.name};

    if (event_is_armed(id))
        event_raise(id, &event);
}

static void child_gone(int status)
{
    struct kr_child_end end = {
        .size = sizeof(end),
        .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .pid = (int32_t)child.pid,
        .msec = child_ms() - child.began_ms,
        .copied_bytes = child.page->copied,
    };
    struct kr_child_work work = child.work;
    kr_module *module = child.module;
    kr_module *was;

    if (child.page->copied > child.copied_peak)
        child.copied_peak = child.page->copied;
    child_tell(EVENT_CHILD_GONE);
    child.pid = 0;
    child.module = NULL;
    keyspace_hooks.child = false;
    if (module)
        module->held--;
    was = module_enter(module);
    work.done(work.ctx, &end);
    module_leave(was);
}

/* `options` WNOHANG: look; 0: wait. */
static void child_reap(int options)
{
    int status;
    pid_t pid;

    if (child.pid == 0)
        return;
    do
        pid = waitpid(child.pid, &status, options);
    while (pid < 0 && errno == EINTR);
    if (pid == child.pid && (WIFEXITED(status) || WIFSIGNALED(status)))
        child_gone(status);
    else if (pid < 0 && errno == ECHILD) /* somebody has taken it from us */
        child_gone(1 << 8);
}

static void child_on_signal(evutil_socket_t number, short what, void *ctx)
{
    loop_wake();
    (void)number, (void)what, (void)ctx;
    child_reap(WNOHANG);
}

static double child_resident_gib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long total = 0, resident = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1u << 30);
}

static void child_measure(int64_t nsec)
{
    child.fork_usec = nsec / 1000;
    child.fork_rate = nsec > 0 ? child_resident_gib() * 1e9 / (double)nsec : 0;
    child.forks++;
    span_tell("fork", nsec / 1000000);
}

static bool child_make_page(void)
{
    void *page;

    if (child.page)
        return true;
    page = mmap(NULL, sizeof(struct child_page), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    child.page = page;
    return true;
}

static kr_status child_fork(kr_module *self, const struct kr_child_work *work)
{
    sigset_t all, before;
    int64_t begin_ns;
    pid_t pid;
    int error;

    if (child.pid > 0)
        return KR_EBUSY;
    if (!child_make_page())
        return KR_ENOMEM;
    memset(child.page, 0, sizeof(*child.page));
    memset(&child.work, 0, sizeof(child.work));
    memcpy(&child.work, work,
           work->size < sizeof(*work) ? work->size : sizeof(*work));
    snprintf(child.name, sizeof(child.name), "%s", work->name);
    child.work.name = child.name;
    child.page->keys_total = child.work.keys_total;
    /* What is sent to the child before it is ready for that has to wait. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    begin_ns = clock_monotonic_ns();
    pid = fork();
    if (pid == 0)
        child_run();
    error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {

        log_warning("%s: fork: %s", work->name, strerror(error));
        errno = error;
        return KR_ENOMEM;
    }
    child_measure(clock_monotonic_ns() - begin_ns);
    child.pid = pid;
    child.module = self;
    child.began_ms = child_ms();
    child.copied_peak = 0;
    keyspace_hooks.child = true;
    if (self)
        self->held++;
    log_debug("Fork CoW for %s: child %d", work->name, (int)pid);
    child_tell(EVENT_CHILD_BORN);
    return KR_OK;
}

static const char *child_running(void)
{
    return child.pid > 0 ? child.work.name : NULL;
}

static int32_t child_pid(void)
{
    return (int32_t)child.pid;
}

static void child_kill(bool wait)
{
    if (child.pid == 0)
        return;
    (void)kill(child.pid, SIGUSR1);
    if (wait)
        child_reap(0);
}

static int64_t child_fork_usec(void)
{
    return child.fork_usec;
}

static bool child_inside(void)
{
    return child.inside;
}

void child_reset_stats(void)
{
    child.forks = 0;
    child.fork_usec = 0;
    child.fork_rate = 0;
}

void child_figures(struct child_figures *figures)
{
    bool there = child.pid > 0;

    *figures = (struct child_figures){
        .forks = child.forks,
        .fork_usec = child.fork_usec,
        .fork_rate = child.fork_rate,
    };
    if (!there)
        return;
    if (child.page->copied > child.copied_peak)
        child.copied_peak = child.page->copied;
    figures->keys = child.page->keys;
    figures->keys_total = child.page->keys_total;
    figures->copied = child.page->copied;
    figures->copied_peak = child.copied_peak;
    if (child.page->copied_ms > 0)
        figures->copied_age_sec = (child_ms() - child.page->copied_ms) / 1000;
}

void child_forget(kr_module *module)
{
    if (child.pid == 0 || !module || child.module != module)
        return;
    (void)kill(child.pid, SIGKILL);
    (void)waitpid(child.pid, NULL, 0);
    module->held--;
    child.pid = 0;
    child.module = NULL;
    keyspace_hooks.child = false;
}

bool child_carry(kr_module *module, const struct carry *carry, bool really)
{
    if (child.pid == 0 || child.module != module)
        return true;
    return CARRY(carry, really, &child.work.done);
}

void child_init(void)
{
    child.ended = evsignal_new(loop_base(), SIGCHLD, child_on_signal, NULL);
    event_add(child.ended, NULL);
}

void child_fini(void)
{
    if (child.pid > 0) {
        (void)kill(child.pid, SIGKILL);
        (void)waitpid(child.pid, NULL, 0);
        child.pid = 0;
    }
    event_free(child.ended);
    child.ended = NULL;
    if (child.page)
        munmap(child.page, sizeof(struct child_page));
    child.page = NULL;
}

const struct kr_children child_interface = {
    .size = sizeof(struct kr_children),
    .fork = child_fork,
    .running = child_running,
    .pid = child_pid,
    .kill = child_kill,
    .report = child_report,
    .fork_usec = child_fork_usec,
    .inside = child_inside,
};
