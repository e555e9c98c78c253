/* SPDX-License-Identifier: BSD-3-Clause */
/* lazy - freeing what is large without holding anybody up.
 *
 * Two kinds of rubbish:
 *
 *   boxes      values with many allocations.  While one batch is on the other
 *              thread the next one collects here, so a flood of them costs few
 *              jobs and never waits for a timer:
 *
 *                  lazy_free_box() --> collecting --> on its way --> freed
 *                                          ^_____________|  (done: send)
 *
 *   contents   whole databases that were flushed: table, wheel and all.  They
 *              go to the other thread at once, or stand in a queue here that
 *              lazy_step() works off in small steps.
 *
 * A type's code must stay while its values wait: lazy_values() counts them, and
 * a count goes down only on the main thread, when the job is done.  The other
 * thread touches nothing but the rubbish and the type's free(). */
#include "core/keyspace/db.h"

#include <assert.h>

#include "core/keyspace/type.h"
#include "core/loop/clock.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"

#define LAZY_EFFORT     64   /* allocations that are freed at once */
#define LAZY_BATCH      256  /* boxes in one job */
#define LAZY_KEYS_SYNC  1024 /* a database of so many is freed at once */
#define LAZY_CLEAR_STEP 64   /* keys between two looks at the clock */

struct lazy_box {
    void *box;
    void (*free)(void *box);
    uint16_t type;
};

struct lazy_batch {
    uint32_t count;
    struct lazy_box boxes[LAZY_BATCH];
};

/* Contents on their way out. */
struct lazy_contents {
    struct lazy_contents *next;
    kr_db db;
    uint64_t keys;                        /* when it came */
    void (*free[ENTRY_TYPES])(void *box); /* by slot, at that moment */
};

static struct {
    struct lazy_batch *collecting;
    bool sent;                     /* a batch is on the other thread */
    struct lazy_contents *queue;   /* for lazy_step(), first come first */
    struct lazy_contents **tail;   /* NULL: the queue is empty */
    uint64_t waiting[ENTRY_TYPES]; /* values by type slot */
} lazy;

uint64_t lazy_values(uint16_t slot)
{
    return slot < ENTRY_TYPES ? lazy.waiting[slot] : 0;
}

/* --- Boxes --------------------------------------------------------------- */

/* A sealed value's box is one block of the host's. */
static void (*lazy_free_of(const struct entry *e))(void *)
{
    const struct kr_type *type;

    if (e->head & ENTRY_SEALED)
        return memory_free;
    type = type_at(entry_type(e));
    return type != NULL ? type->free : NULL;
}

static void batch_work(void *ctx)
{
    struct lazy_batch *batch = ctx;

    for (uint32_t i = 0; i < batch->count; i++)
        batch->boxes[i].free(batch->boxes[i].box);
}

static void batch_send(void);

static void batch_done(void *ctx)
{
    struct lazy_batch *batch = ctx;

    for (uint32_t i = 0; i < batch->count; i++)
        lazy.waiting[batch->boxes[i].type]--;
    keyspace_stats.lazy_pending -= batch->count;
    keyspace_stats.lazy_freed += batch->count;
    memory_free(batch);
    lazy.sent = false;
    if (lazy.collecting != NULL)
        batch_send();
}

static void batch_send(void)
{
    struct lazy_batch *batch = lazy.collecting;

    lazy.collecting = NULL;
    lazy.sent = true;
    loop_background(batch_work, batch_done, batch);
}

static void lazy_collect(void *box, void (*free)(void *), uint16_t type)
{
    struct lazy_batch *batch = lazy.collecting;

    if (batch == NULL) {
        batch = lazy.collecting = memory_alloc(sizeof(*batch));
        batch->count = 0;
    }
    batch->boxes[batch->count++] = (struct lazy_box){box, free, type};
    lazy.waiting[type]++;
    keyspace_stats.lazy_pending++;
    /* A full one goes even when another is still out. */
    if (!lazy.sent || batch->count == LAZY_BATCH)
        batch_send();
}

void lazy_free_box(struct entry *e, bool lazily)
{
    void (*free)(void *box) = lazy_free_of(e);
    const struct kr_type *type = type_at(entry_type(e));
    void *box = entry_boxed(e) ? entry_box(e) : NULL;

    if (box == NULL || free == NULL)
        return;
    if (lazily && type != NULL && type->effort != NULL &&
        !(e->head & ENTRY_SEALED)) {
        struct kr_peek peek = entry_peek(e);

        if (type->effort(&peek) > LAZY_EFFORT) {
            lazy_collect(box, free, entry_type(e));
            return;
        }
    }
    free(box);
}

/* --- Contents of databases ----------------------------------------------- */

static void contents_release(void *entry, void *ctx)
{
    struct lazy_contents *c = ctx;
    struct entry *e = entry;

    if (entry_boxed(e)) {
        void (*free)(void *) =
            e->head & ENTRY_SEALED ? memory_free : c->free[entry_type(e)];
        void *box = entry_box(e);

        if (box != NULL && free != NULL)
            free(box);
    }
    entry_free(e);
}

static void contents_work(void *ctx)
{
    struct lazy_contents *c = ctx;

    while (!table_clear_step(&c->db.table, 4096, contents_release, c))
        ;
    while (!wheel_clear_step(&c->db.wheel, 4096))
        ;
}

static void contents_done(void *ctx)
{
    struct lazy_contents *c = ctx;

    for (unsigned i = 0; c->db.values != NULL && i < ENTRY_TYPES; i++)
        lazy.waiting[i] -= c->db.values[i];
    keyspace_stats.lazy_pending -= c->keys;
    keyspace_stats.lazy_freed += c->keys;
    memory_free(c->db.values);
    memory_free(c);
}

void lazy_free_contents(kr_db *contents, bool async)
{
    struct lazy_contents *c = memory_alloc(sizeof(*c));

    c->next = NULL;
    c->db = *contents;
    c->keys = table_count(&contents->table);
    for (uint16_t i = 0; i < ENTRY_TYPES; i++) {
        const struct kr_type *type = type_at(i);

        c->free[i] = type != NULL ? type->free : NULL;
        if (contents->values != NULL)
            lazy.waiting[i] += contents->values[i];
    }
    keyspace_stats.lazy_pending += c->keys;
    if (c->keys <= LAZY_KEYS_SYNC && !async) {
        contents_work(c);
        contents_done(c);
    } else if (async) {
        loop_background(contents_work, contents_done, c);
    } else {
        if (lazy.tail == NULL)
            lazy.tail = &lazy.queue;
        *lazy.tail = c;
        lazy.tail = &c->next;
    }
}

static void lazy_pop(void)
{
    struct lazy_contents *c = lazy.queue;

    lazy.queue = c->next;
    if (lazy.queue == NULL)
        lazy.tail = NULL;
    contents_done(c);
}

bool lazy_step(int64_t budget_us)
{
    int64_t end_ns;

    if (lazy.queue == NULL)
        return false;
    end_ns = clock_monotonic_ns() + budget_us * 1000;
    while (lazy.queue != NULL) {
        kr_db *db = &lazy.queue->db;

        if (table_clear_step(&db->table, LAZY_CLEAR_STEP, contents_release,
                             lazy.queue) &&
            wheel_clear_step(&db->wheel, LAZY_CLEAR_STEP))
            lazy_pop();
        if (clock_monotonic_ns() >= end_ns)
            break;
    }
    return lazy.queue != NULL;
}

/* The loop is over: what was still collecting is freed here; what is on the
 * other thread has been waited for by loop_fini(). */
void lazy_fini(void)
{
    if (lazy.collecting != NULL) {
        struct lazy_batch *batch = lazy.collecting;

        lazy.collecting = NULL;
        batch_work(batch);
        batch_done(batch);
    }
    while (lazy_step(INT32_MAX))
        ;
}
