/* SPDX-License-Identifier: BSD-3-Clause */
/* outlet - bytes on their way to a file, which another thread writes.
 *
 *   main thread    put() -> | chunk | chunk | chunk |      gathers
 *                                 `---- one job at a time takes all ----.
 *   jobs' thread            | chunk | chunk |  -> checksum -> write(2) <-'
 *
 * The two hand chunks over at the beginning and at the end of a job only: there
 * is no lock, and what belongs to whom follows from `busy`.  What was given up
 * is freed when its last job is over. */
#include "outlet.h"

#include "format.h"

#include <errno.h>
#include <unistd.h>

struct chunk {
    struct chunk *next;
    size_t size;
    char bytes[];
};

struct outlet {
    kr_module *self;
    void (*told)(void *ctx);
    void *ctx;
    /* The main thread's. */
    struct chunk *first, **end;
    uint64_t gathered; /* bytes in them */
    uint64_t sent;     /* bytes that the job has */
    bool busy;         /* there is a job */
    bool ended;        /* no more will come */
    bool given_up;
    /* The job's while there is one. */
    struct chunk *batch;
    bool last; /* nothing comes behind this batch */
    bool done;
    struct rdb_sink sink;
    uint64_t sum;
    int error;
    const char *failed; /* at what */
};

/* --- The other thread ---------------------------------------------------- */

static void outlet_fail(struct outlet *outlet, const char *what, int error)
{
    outlet->error = error;
    outlet->failed = what;
}

static void outlet_write(struct outlet *outlet, struct kr_str bytes)
{
    if (outlet->error)
        return;
    if (rdb_settings.checksum)
        outlet->sum = kr_codec->checksum(outlet->sum, bytes);
    if (!rdb_sink_put(&outlet->sink, bytes))
        outlet_fail(outlet, "write", outlet->sink.error);
}

static void outlet_finish(struct outlet *outlet)
{
    char sum[RDB_SUM_SIZE];
    int fd = outlet->sink.fd;

    rdb_put_uint64(sum, outlet->sum);
    outlet_write(outlet, kr_str(sum, sizeof(sum)));
    if (!outlet->error && fsync(fd) < 0)
        outlet_fail(outlet, "fsync", errno);
    outlet->sink.fd = -1;
    if (close(fd) < 0 && !outlet->error)
        outlet_fail(outlet, "fclose", errno);
    outlet->done = outlet->error == 0;
}

static void outlet_work(void *ctx)
{
    struct outlet *outlet = ctx;
    struct chunk *chunk;

    while ((chunk = outlet->batch)) {
        outlet->batch = chunk->next;
        outlet_write(outlet, kr_str(chunk->bytes, chunk->size));
        kr_memory->free(outlet->self, chunk);
    }
    if (outlet->last && !outlet->error)
        outlet_finish(outlet);
}

/* --- The main thread ----------------------------------------------------- */

static void outlet_drop(struct outlet *outlet)
{
    struct chunk *chunk;

    while ((chunk = outlet->first)) {
        outlet->first = chunk->next;
        kr_memory->free(outlet->self, chunk);
    }
    outlet->end = &outlet->first;
    outlet->gathered = 0;
}

static void outlet_send(struct outlet *outlet);

static void outlet_worked(void *ctx)
{
    struct outlet *outlet = ctx;

    outlet->busy = false;
    outlet->sent = 0;
    if (outlet->given_up) {
        outlet_free(outlet);
        return;
    }
    if (outlet->error)
        outlet_drop(outlet);
    else if (outlet->first || (outlet->ended && !outlet->done))
        outlet_send(outlet);
    outlet->told(outlet->ctx);
}

static void outlet_send(struct outlet *outlet)
{
    outlet->batch = outlet->first;
    outlet->sent = outlet->gathered;
    outlet->last = outlet->ended;
    outlet->first = NULL;
    outlet->end = &outlet->first;
    outlet->gathered = 0;
    outlet->busy = true;
    kr_loop->job(outlet->self, outlet_work, outlet_worked, outlet);
}

struct outlet *outlet_open(kr_module *self, int fd, void (*told)(void *ctx),
                           void *ctx)
{
    struct outlet *outlet = kr_memory->calloc(self, 1, sizeof(*outlet));

    outlet->self = self;
    outlet->told = told;
    outlet->ctx = ctx;
    outlet->end = &outlet->first;
    outlet->sink =
        (struct rdb_sink){.fd = fd, .sync = rdb_settings.incremental_fsync};
    return outlet;
}

bool outlet_put(void *ctx, struct kr_str bytes)
{
    struct outlet *outlet = ctx;
    struct chunk *chunk;

    if (outlet->ended)
        return false;
    chunk = kr_memory->try_alloc(outlet->self, sizeof(*chunk) + bytes.size);
    if (!chunk)
        return false;
    chunk->next = NULL;
    chunk->size = bytes.size;
    memcpy(chunk->bytes, bytes.data, bytes.size);
    *outlet->end = chunk;
    outlet->end = &chunk->next;
    outlet->gathered += bytes.size;
    if (!outlet->busy && !outlet->error)
        outlet_send(outlet);
    return true;
}

void outlet_end(struct outlet *outlet)
{
    outlet->ended = true;
    if (!outlet->busy && !outlet->error)
        outlet_send(outlet);
}

uint64_t outlet_waiting(const struct outlet *outlet)
{
    return outlet->gathered + outlet->sent;
}

bool outlet_is_done(const struct outlet *outlet)
{
    return !outlet->busy && outlet->done;
}

int outlet_error(const struct outlet *outlet, const char **what)
{
    if (outlet->busy)
        return 0;
    *what = outlet->failed;
    return outlet->error;
}

void outlet_free(struct outlet *outlet)
{
    if (!outlet)
        return;
    outlet_drop(outlet);
    outlet->given_up = true;
    if (outlet->busy)
        return;
    if (outlet->sink.fd >= 0)
        close(outlet->sink.fd);
    kr_memory->free(outlet->self, outlet);
}
