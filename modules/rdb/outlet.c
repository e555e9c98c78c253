/* SPDX-License-Identifier: BSD-3-Clause */
/* outlet - bytes on their way to a file, which another thread writes.
 *
 *   main thread    put() -> | chunk | chunk | chunk |      gathers
 *                                 `---- one job at a time takes all ----.
 *   jobs' thread            | chunk | chunk |  -> checksum -> write(2) <-'
 *
 * The two hand chunks over at the beginning and at the end of a job only: there
 * is no lock, and what belongs to whom follows from `busy`.  What was given up
 * is freed when its last job is over.
 *
 * Chunks of the usual size come back and are used again: for new ones the main
 * thread would wait for pages, and for a thread of low priority that happens to
 * be giving some back. */
#include "outlet.h"

#include "format.h"

#define CHUNK_SIZE (256u << 10)
#define SPARES_MAX 32

struct chunk {
    struct chunk *next;
    size_t size, capacity;
    char bytes[];
};

struct outlet {
    kr_module *self;
    void (*told)(void *ctx);
    void *ctx;
    /* The main thread's. */
    struct chunk *first, *last;
    struct chunk *spares;
    uint32_t spare_count;
    uint64_t gathered; /* bytes in them */
    uint64_t sent;     /* bytes that the job has */
    bool busy;         /* there is a job */
    bool ended;        /* no more will come */
    bool given_up;
    /* The job's while there is one. */
    struct chunk *batch;
    struct chunk *written; /* of CHUNK_SIZE */
    bool final;            /* nothing comes behind this batch */
    bool done;
    struct kr_aside aside;
    uint64_t sum;
};

/* --- The other thread ---------------------------------------------------- */

static void outlet_write(struct outlet *outlet, struct kr_str bytes)
{
    if (rdb_settings.checksum && !outlet->aside.failed)
        outlet->sum = kr_codec->checksum(outlet->sum, bytes);
    (void)kr_files->put(&outlet->aside, bytes);
}

static void outlet_finish(struct outlet *outlet)
{
    char sum[RDB_SUM_SIZE];

    rdb_put_uint64(sum, outlet->sum);
    outlet_write(outlet, kr_str(sum, sizeof(sum)));
    outlet->done = kr_files->seal(&outlet->aside);
}

static void outlet_work(void *ctx)
{
    struct outlet *outlet = ctx;
    struct chunk *chunk;

    while ((chunk = outlet->batch)) {
        outlet->batch = chunk->next;
        outlet_write(outlet, kr_str(chunk->bytes, chunk->size));
        if (chunk->capacity == CHUNK_SIZE) {
            chunk->next = outlet->written;
            outlet->written = chunk;
        } else {
            kr_memory->free(outlet->self, chunk);
        }
    }
    if (outlet->final)
        outlet_finish(outlet);
}

/* --- The main thread ----------------------------------------------------- */

static void outlet_free_all(struct outlet *outlet, struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;

        kr_memory->free(outlet->self, chunk);
        chunk = next;
    }
}

static void outlet_drop(struct outlet *outlet)
{
    outlet_free_all(outlet, outlet->first);
    outlet->first = outlet->last = NULL;
    outlet->gathered = 0;
}

/* What the job has written is there to be filled again. */
static void outlet_take_back(struct outlet *outlet)
{
    struct chunk *chunk;

    while ((chunk = outlet->written) && outlet->spare_count < SPARES_MAX) {
        outlet->written = chunk->next;
        chunk->next = outlet->spares;
        outlet->spares = chunk;
        outlet->spare_count++;
    }
    outlet_free_all(outlet, outlet->written);
    outlet->written = NULL;
}

/* At the end of the list, with room for `size` bytes.  NULL: no memory. */
static struct chunk *outlet_add_chunk(struct outlet *outlet, size_t size)
{
    size_t capacity = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct chunk *chunk = capacity == CHUNK_SIZE ? outlet->spares : NULL;

    if (chunk) {
        outlet->spares = chunk->next;
        outlet->spare_count--;
    } else {
        chunk = kr_memory->try_alloc(outlet->self, sizeof(*chunk) + capacity);
    }
    if (!chunk)
        return NULL;
    chunk->next = NULL;
    chunk->size = 0;
    chunk->capacity = capacity;
    if (outlet->last)
        outlet->last->next = chunk;
    else
        outlet->first = chunk;
    outlet->last = chunk;
    return chunk;
}

static void outlet_send(struct outlet *outlet);

static void outlet_worked(void *ctx)
{
    struct outlet *outlet = ctx;

    outlet->busy = false;
    outlet->sent = 0;
    outlet_take_back(outlet);
    if (outlet->given_up) {
        outlet_free(outlet);
        return;
    }
    if (outlet->aside.failed)
        outlet_drop(outlet);
    else if (outlet->first || (outlet->ended && !outlet->done))
        outlet_send(outlet);
    outlet->told(outlet->ctx);
}

static void outlet_send(struct outlet *outlet)
{
    outlet->batch = outlet->first;
    outlet->sent = outlet->gathered;
    outlet->final = outlet->ended;
    outlet->first = outlet->last = NULL;
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
    outlet->aside = (struct kr_aside){
        .size = sizeof(outlet->aside), .fd = fd, .flags = rdb_aside_flags()};
    return outlet;
}

bool outlet_put(void *ctx, struct kr_str bytes)
{
    struct outlet *outlet = ctx;
    struct chunk *chunk = outlet->last;

    if (outlet->ended)
        return false;
    if (!chunk || bytes.size > chunk->capacity - chunk->size)
        chunk = outlet_add_chunk(outlet, bytes.size);
    if (!chunk)
        return false;
    memcpy(chunk->bytes + chunk->size, bytes.data, bytes.size);
    chunk->size += bytes.size;
    outlet->gathered += bytes.size;
    if (!outlet->busy && !outlet->aside.failed)
        outlet_send(outlet);
    return true;
}

void outlet_end(struct outlet *outlet)
{
    outlet->ended = true;
    if (!outlet->busy && !outlet->aside.failed)
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

const struct kr_aside *outlet_failure(const struct outlet *outlet)
{
    return !outlet->busy && outlet->aside.failed ? &outlet->aside : NULL;
}

void outlet_free(struct outlet *outlet)
{
    if (!outlet)
        return;
    outlet_drop(outlet);
    outlet->given_up = true;
    if (outlet->busy)
        return;
    outlet_free_all(outlet, outlet->spares);
    kr_files->abandon(&outlet->aside);
    kr_memory->free(outlet->self, outlet);
}
