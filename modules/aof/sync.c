/* SPDX-License-Identifier: BSD-3-Clause */
/* sync - the one thread that may wait for the disk.
 *
 *   main: sync_ask(), sync_close(),
 *         sync_call()            -> | task | task | task | -> thread: fdatasync
 *                          done() <-------- posted when one is over
 *
 * Tasks are done in order, so that a mark, once reached, holds for all before
 * it, in whichever file that stands. */
#include "aof.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/queue.h>
#include <unistd.h>

struct task {
    STAILQ_ENTRY(task) link;
    int fd;
    bool sync, close;
    uint64_t mark;
    void (*call)(void *ctx); /* or NULL: it is about `fd` */
    void *ctx;
};

struct sync {
    kr_module *self;
    void (*done)(void *ctx);
    void *ctx;
    pthread_t thread;
    bool begun;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t wake;
    STAILQ_HEAD(, task) tasks;
    pthread_cond_t called;
    uint64_t pending;
    uint64_t calls; /* asked for by sync_call() and not over */
    uint64_t mark;
    int error;
    bool end;
};

/* Files that cannot be synced, such as a pipe, are not the disk's fault. */
static int sync_run(const struct task *task)
{
    int error = 0;

    if (task->call) {
        task->call(task->ctx);
        return 0;
    }
    if (task->sync && fdatasync(task->fd) < 0 && errno != EBADF &&
        errno != EINVAL)
        error = errno;
    if (task->close)
        close(task->fd);
    return error;
}

static void sync_note(struct sync *sync, const struct task *task, int error)
{
    if (task->call && --sync->calls == 0)
        pthread_cond_broadcast(&sync->called);
    if (!task->sync)
        return;
    if (error != 0 && sync->error == 0)
        kr_logf(sync->self, KR_LOG_WARNING, "Fail to fsync the AOF file: %s",
                strerror(error));
    /* What did not get to the disk once is not there because a later attempt
     * goes well; but writes are refused until one does, as Redis has it. */
    sync->error = error;
    if (error == 0 && task->mark > sync->mark)
        sync->mark = task->mark;
    if (!task->close)
        sync->pending--;
}

static void *sync_work(void *arg)
{
    struct sync *sync = arg;
    struct task *task;

    pthread_mutex_lock(&sync->lock);
    for (;;) {
        int error;

        while (!(task = STAILQ_FIRST(&sync->tasks)) && !sync->end)
            pthread_cond_wait(&sync->wake, &sync->lock);
        if (!task)
            break;
        STAILQ_REMOVE_HEAD(&sync->tasks, link);
        pthread_mutex_unlock(&sync->lock);
        error = sync_run(task);
        pthread_mutex_lock(&sync->lock);
        sync_note(sync, task, error);
        kr_memory->free(sync->self, task);
        kr_loop->post(sync->self, sync->done, sync->ctx);
    }
    pthread_mutex_unlock(&sync->lock);
    return NULL;
}

/* Signals are the main thread's. */
static void sync_begin(struct sync *sync)
{
    sigset_t all, before;

    if (sync->begun)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    sync->begun = pthread_create(&sync->thread, NULL, sync_work, sync) == 0;
    if (sync->begun)
        pthread_setname_np(sync->thread, KR_THREAD_NAME " aof-sync");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct sync *sync_new(kr_module *self, void (*done)(void *ctx), void *ctx)
{
    struct sync *sync = kr_memory->calloc(self, 1, sizeof(*sync));

    sync->self = self;
    sync->done = done;
    sync->ctx = ctx;
    pthread_mutex_init(&sync->lock, NULL);
    pthread_cond_init(&sync->wake, NULL);
    pthread_cond_init(&sync->called, NULL);
    STAILQ_INIT(&sync->tasks);
    return sync;
}

void sync_end(struct sync *sync)
{
    pthread_mutex_lock(&sync->lock);
    sync->end = true;
    pthread_cond_signal(&sync->wake);
    pthread_mutex_unlock(&sync->lock);
    if (sync->begun)
        pthread_join(sync->thread, NULL);
    sync->begun = sync->end = false;
}

void sync_take(struct sync *sync, struct sync *before)
{
    sync_end(before);
    sync->mark = before->mark;
    sync->error = before->error;
    sync_free(before);
}

void sync_free(struct sync *sync)
{
    sync_end(sync);
    pthread_cond_destroy(&sync->wake);
    pthread_cond_destroy(&sync->called);
    pthread_mutex_destroy(&sync->lock);
    kr_memory->free(sync->self, sync);
}

static void sync_add(struct sync *sync, const struct task *what)
{
    struct task *task;

    sync_begin(sync);
    if (!sync->begun) { /* no thread to be had: then it is done here */
        int error = sync_run(what);

        sync->pending += what->sync && !what->close;
        sync->calls += what->call != NULL;
        sync_note(sync, what, error);
        kr_loop->post(sync->self, sync->done, sync->ctx);
        return;
    }
    task = kr_memory->alloc(sync->self, sizeof(*task));
    *task = *what;
    pthread_mutex_lock(&sync->lock);
    sync->pending += task->sync && !task->close;
    sync->calls += task->call != NULL;
    STAILQ_INSERT_TAIL(&sync->tasks, task, link);
    pthread_cond_signal(&sync->wake);
    pthread_mutex_unlock(&sync->lock);
}

void sync_ask(struct sync *sync, int fd, uint64_t mark)
{
    sync_add(sync, &(struct task){.fd = fd, .sync = true, .mark = mark});
}

void sync_close(struct sync *sync, int fd, bool first, uint64_t mark)
{
    sync_add(sync, &(struct task){
                       .fd = fd, .sync = first, .close = true, .mark = mark});
}

void sync_call(struct sync *sync, void (*call)(void *ctx), void *ctx)
{
    sync_add(sync, &(struct task){.fd = -1, .call = call, .ctx = ctx});
}

bool sync_is_calling(struct sync *sync)
{
    bool calling;

    pthread_mutex_lock(&sync->lock);
    calling = sync->calls > 0;
    pthread_mutex_unlock(&sync->lock);
    return calling;
}

void sync_wait_for_calls(struct sync *sync)
{
    pthread_mutex_lock(&sync->lock);
    while (sync->calls > 0)
        pthread_cond_wait(&sync->called, &sync->lock);
    pthread_mutex_unlock(&sync->lock);
}

uint64_t sync_pending(struct sync *sync)
{
    uint64_t pending;

    pthread_mutex_lock(&sync->lock);
    pending = sync->pending;
    pthread_mutex_unlock(&sync->lock);
    return pending;
}

uint64_t sync_mark(struct sync *sync)
{
    uint64_t mark;

    pthread_mutex_lock(&sync->lock);
    mark = sync->mark;
    pthread_mutex_unlock(&sync->lock);
    return mark;
}

int sync_error(struct sync *sync)
{
    int error;

    pthread_mutex_lock(&sync->lock);
    error = sync->error;
    pthread_mutex_unlock(&sync->lock);
    return error;
}

void sync_forgive(struct sync *sync)
{
    pthread_mutex_lock(&sync->lock);
    sync->error = 0;
    pthread_mutex_unlock(&sync->lock);
}
