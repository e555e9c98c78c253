/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/loop/jobs.h"

#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/module/carry.h"
#include "core/module/usage.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The thread has a tenth of a processor that somebody else wants all of: the
 * main thread hardly waits for it where they share one, and no job waits for
 * ever.  A short slice lets the main thread in at once when it wakes. */
#define JOBS_NICE     10
#define JOBS_SLICE_NS 100000

/* A kr_job is a number: it may be named when the job is over. */
struct job {
    TAILQ_ENTRY(job) link;
    LIST_ENTRY(job) all;
    kr_module *module;
    kr_module
        *old;   /* the version whose work() runs after an upgrade, or NULL */
    bool begun; /* guarded by lock */
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
    uint64_t id;
    uint64_t nsec; /* of the processor that it took, written before `done` */
};

static struct {
    pthread_t thread;
    bool running;         /* the thread exists; [main] */
    uint64_t pending;     /* [main] */
    LIST_HEAD(, job) all; /* those pending; [main] */
    uint64_t last_id;     /* [main] */
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool ending;               /* guarded by lock */
    kr_module *_Atomic blamed; /* whose work() runs, for a crash report */
    TAILQ_HEAD(, job) queue;   /* guarded by lock: those that have not begun */
    LIST_HEAD(, aside) aside;  /* [main] */
} jobs = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wanted = PTHREAD_COND_INITIALIZER,
          .queue = TAILQ_HEAD_INITIALIZER(jobs.queue)};

/* It is over or taken back. */
static void jobs_remove(struct job *job)
{
    if (job->module) {
        job->module->held--;
        job->module->jobs--;
    }
    jobs.pending--;
    LIST_REMOVE(job, all);
}

static void jobs_finish(void *ctx)
{
    struct job *job = ctx;

    jobs_remove(job);
    if (job->module)
        job->module->usage.job_nsec += job->nsec;
    if (job->old)
        carry_release(job->old);
    if (job->done) {
        struct usage_span span = usage_enter(job->module);

        job->done(job->ctx);
        usage_leave(&span, "end of a job");
    }
    memory_free(job);
}

/* What sched_setattr(2) reads; the C library has no name for it. */
struct jobs_schedule {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t slice_ns; /* before Linux 6.12 nobody looks at it */
    uint64_t deadline_ns;
    uint64_t period_ns;
};

/* For the calling thread alone.  Without the permission it stays as it is. */
static void jobs_step_back(void)
{
    struct jobs_schedule schedule = {.size = sizeof(schedule),
                                     .policy = SCHED_OTHER,
                                     .nice = JOBS_NICE,
                                     .slice_ns = JOBS_SLICE_NS};

    if (getpriority(PRIO_PROCESS, 0) < JOBS_NICE)
        (void)syscall(SYS_sched_setattr, 0, &schedule, 0);
}

static int64_t jobs_processor_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* The host's own jobs are nobody's account, and need no clock. */
static void jobs_do(struct job *job)
{
    int64_t begin_ns;

    if (!job->module) {
        job->work(job->ctx);
        return;
    }
    begin_ns = jobs_processor_ns();
    atomic_store(&jobs.blamed, job->module);
    job->work(job->ctx);
    atomic_store(&jobs.blamed, NULL);
    job->nsec = (uint64_t)(jobs_processor_ns() - begin_ns);
}

const char *jobs_blame(void)
{
    const kr_module *module = atomic_load(&jobs.blamed);

    return module ? module->name : NULL;
}

static void *jobs_work(void *unused)
{
    (void)unused;
    jobs_step_back();
    pthread_mutex_lock(&jobs.lock);
    for (;;) {
        struct job *job = TAILQ_FIRST(&jobs.queue);

        if (!job) {
            if (jobs.ending)
                break;
            pthread_cond_wait(&jobs.wanted, &jobs.lock);
            continue;
        }
        TAILQ_REMOVE(&jobs.queue, job, link);
        job->begun = true;
        pthread_mutex_unlock(&jobs.lock);
        jobs_do(job);
        loop_interface.post(NULL, jobs_finish, job);
        pthread_mutex_lock(&jobs.lock);
    }
    pthread_mutex_unlock(&jobs.lock);
    return NULL;
}

/* Signals are the main thread's. */
static bool jobs_begin_thread(pthread_t *thread, void *(*run)(void *ctx),
                              void *ctx)
{
    sigset_t all, before;
    bool begun;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    begun = pthread_create(thread, NULL, run, ctx) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (begun)
        pthread_setname_np(*thread, KR_THREAD_NAME);
    return begun;
}

static bool jobs_begin(void)
{
    if (!jobs.running)
        jobs.running = jobs_begin_thread(&jobs.thread, jobs_work, NULL);
    return jobs.running;
}

kr_job *jobs_add(kr_module *self, void (*work)(void *ctx),
                 void (*done)(void *ctx), void *ctx)
{
    struct job *job = memory_alloc(sizeof(*job));
    uint64_t id = ++jobs.last_id;

    *job = (struct job){
        .module = self, .work = work, .done = done, .ctx = ctx, .id = id};
    if (self) {
        self->held++;
        self->jobs++;
    }
    jobs.pending++;
    LIST_INSERT_HEAD(&jobs.all, job, all);
    if (!jobs_begin()) {
        /* No thread to be had: do it here and now, later than never. */
        job->begun = true;
        work(ctx);
        loop_interface.post(NULL, jobs_finish, job);
        return (kr_job *)(uintptr_t)id;
    }
    pthread_mutex_lock(&jobs.lock);
    TAILQ_INSERT_TAIL(&jobs.queue, job, link);
    pthread_cond_signal(&jobs.wanted);
    pthread_mutex_unlock(&jobs.lock);
    return (kr_job *)(uintptr_t)id;
}

/* O(jobs that wait). */
bool jobs_cancel(kr_job *handle)
{
    struct job *job;

    pthread_mutex_lock(&jobs.lock);
    TAILQ_FOREACH(job, &jobs.queue, link)
    if (job->id == (uint64_t)(uintptr_t)handle)
        break;
    if (job)
        TAILQ_REMOVE(&jobs.queue, job, link);
    pthread_mutex_unlock(&jobs.lock);
    if (!job)
        return false;
    jobs_remove(job);
    memory_free(job);
    return true;
}

/* What has begun ends in the old version's code, which stays as long. */
static void job_carry(struct job *job, const struct carry *carry)
{
    (void)CARRY(carry, true, &job->done);
    if (!job->begun)
        (void)CARRY(carry, true, &job->work);
    else if (!job->old)
        job->old = carry_hold(carry);
}

bool jobs_carry(kr_module *module, const struct carry *carry, bool really)
{
    struct job *job;
    bool good = true;

    pthread_mutex_lock(&jobs.lock);
    LIST_FOREACH(job, &jobs.all, all)
    {
        if (job->module != module)
            continue;
        if (really)
            job_carry(job, carry);
        else
            good = good && CARRY(carry, false, &job->done) &&
                   (job->begun || CARRY(carry, false, &job->work));
    }
    pthread_mutex_unlock(&jobs.lock);
    return good;
}

void loop_background(void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx)
{
    jobs_add(NULL, work, done, ctx);
}

/* --- Threads of their own ------------------------------------------------- */

struct aside {
    LIST_ENTRY(aside) link;
    pthread_t thread;
    bool running; /* and not joined */
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
};

static void aside_join(struct aside *aside)
{
    if (aside->running)
        pthread_join(aside->thread, NULL);
    aside->running = false;
}

static void aside_finish(void *ctx)
{
    struct aside *aside = ctx;

    aside_join(aside);
    LIST_REMOVE(aside, link);
    aside->done(aside->ctx);
    memory_free(aside);
}

static void *aside_run(void *ctx)
{
    struct aside *aside = ctx;

    jobs_step_back();
    aside->work(aside->ctx);
    loop_interface.post(NULL, aside_finish, aside);
    return NULL;
}

void loop_aside(void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
    struct aside *aside = memory_alloc(sizeof(*aside));

    *aside = (struct aside){.work = work, .done = done, .ctx = ctx};
    LIST_INSERT_HEAD(&jobs.aside, aside, link);
    aside->running = jobs_begin_thread(&aside->thread, aside_run, aside);
    if (aside->running)
        return;
    work(ctx); /* later than never, as jobs_add() does it */
    loop_interface.post(NULL, aside_finish, aside);
}

uint64_t jobs_pending(void)
{
    return jobs.pending;
}

void jobs_fini(void)
{
    struct aside *aside;

    LIST_FOREACH(aside, &jobs.aside, link)
    aside_join(aside);
    if (!jobs.running)
        return;
    pthread_mutex_lock(&jobs.lock);
    jobs.ending = true;
    pthread_cond_signal(&jobs.wanted);
    pthread_mutex_unlock(&jobs.lock);
    pthread_join(jobs.thread, NULL);
    jobs.running = false;
    jobs.ending = false;
}
