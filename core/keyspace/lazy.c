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
 *              lazy_step() works off in small steps, large values as boxes.
 *
 * Who asks for it (UNLINK, the lazyfree settings) has values of more than 64
 * allocations freed elsewhere, and INFO counts these, as in Redis.  But nobody
 * is held up because a command did not ask: what takes long goes elsewhere in
 * any case, uncounted.
 *
 * Eviction takes what is on its way for gone, or it would go on evicting while
 * the other thread is at work: lazy_bytes().
 *
 * A type's code must stay while its values wait: lazy_values() counts them, and
 * a count goes down only on the main thread, when the job is done.  That of an
 * old version stays until all is freed that had begun to wait under it; what
 * waits is numbered for that (lazy_mark()).  The other thread touches nothing
 * but the rubbish and the type's free(). */
#include "core/keyspace/db.h"

#include <assert.h>
#include <sys/queue.h>

#include "core/clock/clock.h"
#include "core/keyspace/type.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"

#define LAZY_EFFORT     64   /* allocations that are freed at once */
#define LAZY_HEAVY      512  /* and by who did not ask: some 50 us */
#define LAZY_SAMPLES    5    /* elements from which bytes are estimated */
#define LAZY_BATCH      256  /* boxes in one job */
#define LAZY_KEYS_SYNC  1024 /* a database of so many is freed at once */
#define LAZY_CLEAR_STEP 64   /* keys between two looks at the clock */

/* What is not freed yet, in the order in which it began. */
struct lazy_unit {
    TAILQ_ENTRY(lazy_unit) link;
    uint64_t number;
};

struct lazy_box {
    void *box;
    void (*free)(void *box);
    size_t bytes; /* as lazy_bytes() counts them */
    uint16_t type;
    bool counted; /* by INFO */
};

struct lazy_batch {
    struct lazy_unit unit;
    uint32_t count;
    struct lazy_box boxes[LAZY_BATCH];
};

/* Contents on their way out. */
struct lazy_contents {
    struct lazy_unit unit;
    struct lazy_contents *next;
    kr_db db;
    uint64_t counted; /* its keys, by INFO */
    /* By parity and slot, at that moment. */
    void (*free[2][ENTRY_TYPES])(void *box);
};

static struct {
    struct lazy_batch *collecting;
    bool sent;                     /* a batch is on the other thread */
    bool ending;                   /* there are no other threads any more */
    uint64_t batches, contents;    /* not yet freed */
    size_t bytes;                  /* of the boxes, an estimate */
    struct lazy_contents *queue;   /* for lazy_step(), first come first */
    struct lazy_contents **tail;   /* NULL: the queue is empty */
    uint64_t waiting[ENTRY_TYPES]; /* values by type slot */
    TAILQ_HEAD(, lazy_unit) units;
    uint64_t last_unit;
} lazy = {.units = TAILQ_HEAD_INITIALIZER(lazy.units)};

uint64_t lazy_values(uint16_t slot)
{
    return slot < ENTRY_TYPES ? lazy.waiting[slot] : 0;
}

size_t lazy_bytes(void)
{
    return lazy.bytes;
}

bool lazy_is_busy(void)
{
    return lazy.batches + lazy.contents != 0;
}

/* --- Boxes --------------------------------------------------------------- */

/* --- Units --------------------------------------------------------------- */

static void unit_begin(struct lazy_unit *unit)
{
    unit->number = ++lazy.last_unit;
    TAILQ_INSERT_TAIL(&lazy.units, unit, link);
}

static void unit_end(struct lazy_unit *unit)
{
    TAILQ_REMOVE(&lazy.units, unit, link);
}

uint64_t lazy_mark(void)
{
    return lazy.last_unit;
}

bool lazy_is_past(uint64_t mark)
{
    const struct lazy_unit *first = TAILQ_FIRST(&lazy.units);

    return first == NULL || first->number > mark;
}

/* --- Boxes --------------------------------------------------------------- */

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

    for (uint32_t i = 0; i < batch->count; i++) {
        const struct lazy_box *box = &batch->boxes[i];

        lazy.waiting[box->type]--;
        lazy.bytes -= box->bytes;
        keyspace_stats.lazy_pending -= box->counted;
        keyspace_stats.lazy_freed += box->counted;
    }
    unit_end(&batch->unit);
    memory_free(batch);
    lazy.batches--;
    lazy.sent = false;
    if (lazy.collecting != NULL && !lazy.ending)
        batch_send();
}

static void batch_send(void)
{
    struct lazy_batch *batch = lazy.collecting;

    lazy.collecting = NULL;
    lazy.sent = true;
    loop_background(batch_work, batch_done, batch);
}

static void lazy_collect(const struct lazy_box *box)
{
    struct lazy_batch *batch = lazy.collecting;

    if (batch == NULL) {
        batch = lazy.collecting = memory_alloc(sizeof(*batch));
        batch->count = 0;
        unit_begin(&batch->unit);
        lazy.batches++;
    }
    batch->boxes[batch->count++] = *box;
    lazy.waiting[box->type]++;
    lazy.bytes += box->bytes;
    keyspace_stats.lazy_pending += box->counted;
    /* A full one goes even when another is still out. */
    if (!lazy.sent || batch->count == LAZY_BATCH)
        batch_send();
}

/* Does freeing it take so long that it goes elsewhere? */
static bool lazy_is_heavy(const struct kr_type *type, const struct entry *e,
                          const struct kr_peek *peek, bool lazily)
{
    struct kr_subject subject = KR_SUBJECT(entry_key(e), -1);
    bool heavy;

    if (type == NULL || type->effort == NULL || lazy.ending)
        return false;
    type_about(&subject);
    heavy = type->effort(peek) > (lazily ? LAZY_EFFORT : LAZY_HEAVY);
    type_about(NULL);
    return heavy;
}

void lazy_free_box(struct entry *e, bool lazily)
{
    const struct kr_type *type = type_of_entry(e);
    struct lazy_box box = {
        .box = entry_boxed(e) ? entry_box(e) : NULL,
        .free = type != NULL ? type->free : NULL,
        .type = entry_type(e),
        .counted = lazily,
    };
    struct kr_peek peek;

    if (box.box == NULL || box.free == NULL)
        return;
    peek = entry_peek(e);
    if (!lazy_is_heavy(type, e, &peek, lazily)) {
        box.free(box.box);
        return;
    }
    if (keyspace_settings.maxmemory > 0 && type->memory != NULL)
        box.bytes = type->memory(&peek, LAZY_SAMPLES);
    lazy_collect(&box);
}

/* --- Contents of databases ----------------------------------------------- */

/* On the other thread. */
static void contents_release(void *entry, void *ctx)
{
    struct lazy_contents *c = ctx;
    struct entry *e = entry;

    if (entry_boxed(e)) {
        bool odd = e->head & ENTRY_PARITY;
        void (*free)(void *) = c->free[odd][entry_type(e)];
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

static void contents_release_here(void *entry, void *ctx)
{
    (void)ctx;
    if (entry_boxed(entry))
        lazy_free_box(entry, false);
    entry_free(entry);
}

/* Some keys of them.  True: that was all. */
static bool contents_step(struct lazy_contents *c)
{
    return table_clear_step(&c->db.table, LAZY_CLEAR_STEP,
                            contents_release_here, NULL) &&
           wheel_clear_step(&c->db.wheel, LAZY_CLEAR_STEP);
}

static void contents_done(void *ctx)
{
    struct lazy_contents *c = ctx;

    for (unsigned i = 0; c->db.values != NULL && i < ENTRY_TYPES; i++)
        lazy.waiting[i] -= c->db.values[i];
    keyspace_stats.lazy_pending -= c->counted;
    keyspace_stats.lazy_freed += c->counted;
    memory_free(c->db.values);
    unit_end(&c->unit);
    memory_free(c);
    lazy.contents--;
}

static void contents_queue(struct lazy_contents *c)
{
    if (lazy.tail == NULL)
        lazy.tail = &lazy.queue;
    *lazy.tail = c;
    lazy.tail = &c->next;
}

void lazy_free_contents(kr_db *contents, bool async)
{
    struct lazy_contents *c = memory_alloc(sizeof(*c));
    uint64_t keys = table_count(&contents->table);

    c->next = NULL;
    c->db = *contents;
    c->counted = async ? keys : 0;
    lazy.contents++;
    unit_begin(&c->unit);
    for (uint16_t i = 0; i < ENTRY_TYPES; i++) {
        for (int odd = 0; odd < 2; odd++) {
            const struct kr_type *type = type_with_parity(i, odd);

            c->free[odd][i] = type != NULL ? type->free : NULL;
        }
        if (contents->values != NULL)
            lazy.waiting[i] += contents->values[i];
    }
    keyspace_stats.lazy_pending += c->counted;
    if (async && !lazy.ending) {
        loop_background(contents_work, contents_done, c);
    } else if (keys > LAZY_KEYS_SYNC) {
        contents_queue(c);
    } else {
        while (!contents_step(c))
            ;
        contents_done(c);
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
        if (contents_step(lazy.queue))
            lazy_pop();
        if (clock_monotonic_ns() >= end_ns)
            break;
    }
    return lazy.queue != NULL;
}

void keyspace_keep_home(void)
{
    lazy.ending = true;
}

/* What is on the other thread has been waited for. */
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
    lazy.ending = false;
}
