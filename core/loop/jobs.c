/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/loop/jobs.h"

#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/rack/rack.h"

#include <pthread.h>
#include <signal.h>
#include <sys/queue.h>

struct kr_job {
    TAILQ_ENTRY(kr_job) link;
    kr_module *module;
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
    bool begun; /* guarded by lock */
};

static struct {
    pthread_t thread;
    bool running;     /* the thread exists; [main] */
    uint64_t pending; /* [main] */
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool ending;                /* guarded by lock */
    TAILQ_HEAD(, kr_job) queue; /* guarded by lock */
} jobs = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wanted = PTHREAD_COND_INITIALIZER,
          .queue = TAILQ_HEAD_INITIALIZER(jobs.queue)};

static void jobs_finish(void *ctx)
{
    kr_job *job = ctx;

    if (job->module)
        job->module->held--;
    jobs.pending--;
    if (job->done) {
        kr_module *was = rack_enter(job->module);

        job->done(job->ctx);
        rack_leave(was);
    }
    memory_free(job);
}

static void *jobs_work(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&jobs.lock);
    for (;;) {
        kr_job *job = TAILQ_FIRST(&jobs.queue);

        if (!job) {
            if (jobs.ending)
                break;
            pthread_cond_wait(&jobs.wanted, &jobs.lock);
            continue;
        }
        TAILQ_REMOVE(&jobs.queue, job, link);
        job->begun = true;
        pthread_mutex_unlock(&jobs.lock);
        job->work(job->ctx);
        loop_interface.post(NULL, jobs_finish, job);
        pthread_mutex_lock(&jobs.lock);
    }
    pthread_mutex_unlock(&jobs.lock);
    return NULL;
}

/* Signals are the main thread's. */
static bool jobs_begin(void)
{
    sigset_t all, before;

    if (jobs.running)
        return true;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    jobs.running = pthread_create(&jobs.thread, NULL, jobs_work, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (jobs.running)
        pthread_setname_np(jobs.thread, "jobs");
    return jobs.running;
}

kr_job *jobs_add(kr_module *self, void (*work)(void *ctx),
                 void (*done)(void *ctx), void *ctx)
{
    kr_job *job = memory_alloc(sizeof(*job));

    *job = (kr_job){.module = self, .work = work, .done = done, .ctx = ctx};
    if (self)
        self->held++;
    jobs.pending++;
    if (!jobs_begin()) {
        /* No thread to be had: do it here and now, later than never. */
        work(ctx);
        loop_interface.post(NULL, jobs_finish, job);
        return job;
    }
    pthread_mutex_lock(&jobs.lock);
    TAILQ_INSERT_TAIL(&jobs.queue, job, link);
    pthread_cond_signal(&jobs.wanted);
    pthread_mutex_unlock(&jobs.lock);
    return job;
}

bool jobs_cancel(kr_job *job)
{
    bool waiting;

    pthread_mutex_lock(&jobs.lock);
    waiting = !job->begun;
    if (waiting)
        TAILQ_REMOVE(&jobs.queue, job, link);
    pthread_mutex_unlock(&jobs.lock);
    if (!waiting)
        return false;
    if (job->module)
        job->module->held--;
    jobs.pending--;
    memory_free(job);
    return true;
}

void loop_background(void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx)
{
    jobs_add(NULL, work, done, ctx);
}

uint64_t jobs_pending(void)
{
    return jobs.pending;
}

void jobs_fini(void)
{
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
