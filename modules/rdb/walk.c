/* SPDX-License-Identifier: BSD-3-Clause */
/* walk - BGSAVE without a child: `snapshot-method walk`.
 *
 * The file has the databases as they were when the walk began, though it takes
 * a while and everybody goes on to write:
 *
 *   begin      no key has a mark; keys that come from now on have one
 *   a slice    each turn of the loop: the next keys of a scan
 *   key.before a key is about to change or go
 *                  both: a key without a mark is written, and gets its mark
 *   end        all keys have a mark
 *
 *     scan ------+
 *                +--> kr_writer --> outlet --> thread: checksum, write, fsync
 *     key.before +                             then rename, fsync of the folder
 *
 * So each key is written once, before the first byte of it changes.  There is no
 * second copy of the memory, and no fork, whose page tables cost 10 ms a GiB.
 * What is added is the bytes that the thread has not written yet: the scan waits
 * while these are many, changes cannot; so the bound is what is written, a key
 * at most once.  The scan rests while there is a child (of an AOF rewrite): the
 * marks would make it copy what both share.
 *
 *   turn    | commands | slice | commands    | slice    | comm.| slice |
 *           '----------'-------'-------------'----------'------'-------'
 *             as long    as the commands of the turn before it
 *
 * A slice is as long as what others have done since the last one, within bounds:
 * a server that is fully busy gives half of its time to the walk, which is then
 * over after twice the time that a child would need of a processor; an idle one
 * gives nearly all.  A client waits for one slice at most, never 1 ms.
 *
 * What is not a key (functions) is written, or put aside, when the walk begins.
 *
 * A value is written in one go, by whoever comes to it first, and holds everybody
 * up as long: 70 to 200 ns an element, and what is to be compressed takes 6 us a
 * KiB, which copying does in 0.2.  So a value of 64 KiB or more is not compressed,
 * and for one with more elements than snapshot-walk-effort or more than 1 MiB the
 * walk is given up and a child forked at the next opportunity: a writer that
 * touches such a value is not held up by it, but the server is by the fork.
 * There is no third way for a value that is changed while it is half written but
 * to copy it.  (With effort 0 all values are written here: a hash of a million
 * fields holds everybody up for 0.3 s, once a walk.)  A command that changes
 * many values before the scan has come to them writes each.
 *
 * A child is forked also about a database that is flushed before it is written
 * (its keys go without being asked), but only after another walk or two: the file
 * is then of a later moment, which is as good.
 *
 * Databases that are swapped take their numbers of the beginning with them. */
#include "outlet.h"
#include "rdb.h"

#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SLICE_MIN_NS  100000
#define SLICE_MAX_NS  500000
#define REST_MS       4          /* while the scan may not go on */
#define AHEAD_MAX     (8u << 20) /* bytes that the scan is ahead of the thread */
#define WALKS_MAX     3          /* begun anew, then a child is forked */
#define PLAIN_FROM    (64u << 10) /* bytes: larger values are not compressed */
#define VALUE_MAX     (1u << 20)  /* bytes: larger ones are a child's */
#define SAMPLES       5 /* of a value's elements, to guess its bytes */
#define TEMP_NAME_MAX 64

enum walk_phase {
    WALK_SWEEP, /* what the last walk has left is marked, then it begins */
    WALK_SCAN,
    WALK_WRITE, /* all keys have their marks; the thread is not through */
    WALK_NAME,  /* the file has its name, its folder is being synced */
    WALK_FORK,  /* given up; a child is to do it */
};

/* A database: whose contents these are, and how far the scan is in them. */
struct walk_db {
    int32_t origin;
    uint64_t cursor;
};

/* What the file says about a database before its keys. */
struct walk_size {
    uint64_t keys, expiring;
    bool said;
};

struct rdb_walk {
    struct rdb *rdb; /* NULL: given up, the last job frees it */
    enum walk_phase phase;
    uint32_t begun;       /* times */
    kr_timer *timer;      /* of the next slice; NULL: the thread's word is
                           * waited for */
    int64_t slice_end_ns; /* of the last one */
    kr_subscription *before;
    struct outlet *outlet;
    kr_writer *out;
    kr_writer *plain; /* to the same outlet, without compression; is empty but
                       * while a value is written */
    kr_writer *after; /* the parts behind the keys */
    struct rdb_keys keys;
    int32_t selected; /* -1: none yet */
    int32_t count;
    struct walk_db *dbs;     /* by the number of now */
    struct walk_size *sizes; /* by that of the beginning */
    int old_fd;              /* the file that was replaced: its blocks are freed
                              * when this is closed, on the other thread */
    int error;               /* errno of syncing the folder */
};

static void walk_temp_name(char name[TEMP_NAME_MAX])
{
    snprintf(name, TEMP_NAME_MAX, "temp-walk-%d.rdb", (int)getpid());
}

/* --- The end, good or bad ------------------------------------------------ */

static void walk_free_writers(struct rdb_walk *walk)
{
    kr_codec->free_writer(walk->out);
    kr_codec->free_writer(walk->plain);
    kr_codec->free_writer(walk->after);
    walk->out = walk->plain = walk->after = NULL;
}

/* Give up what is written so far; `walk` can begin anew. */
static void walk_drop(struct rdb_walk *walk)
{
    char temp[TEMP_NAME_MAX];

    if (walk->before)
        kr_events->unsubscribe(walk->before);
    walk->before = NULL;
    walk_free_writers(walk);
    if (walk->outlet && walk->phase != WALK_NAME) {
        walk_temp_name(temp);
        (void)unlink(temp);
    }
    outlet_free(walk->outlet);
    walk->outlet = NULL;
}

static void walk_free(struct rdb_walk *walk)
{
    kr_module *self = rdb_self;

    kr_memory->free(self, walk->dbs);
    kr_memory->free(self, walk->sizes);
    kr_memory->free(self, walk);
}

/* `fine`: the file has its name. */
static void walk_leave(struct rdb_walk *walk, bool fine)
{
    struct rdb *rdb = walk->rdb;
    bool naming = walk->phase == WALK_NAME;

    walk_drop(walk);
    if (walk->timer)
        kr_loop->cancel(walk->timer);
    rdb->walk = NULL;
    walk->rdb = NULL;
    if (!naming)
        walk_free(walk);
    kr_loading->save_end(KR_SAVE_BESIDE, fine);
}

static void walk_failed(struct rdb_walk *walk)
{
    struct rdb *rdb = walk->rdb;

    walk_leave(walk, false);
    rdb_background_over(rdb, false);
}

static void walk_fail(struct rdb_walk *walk, const char *what, int error)
{
    (void)rdb_write_error(walk->rdb, what, error);
    walk_failed(walk);
}

void rdb_walk_stop(struct rdb *rdb)
{
    if (!rdb->walk)
        return;
    walk_leave(rdb->walk, false);
    rdb->child_took_sec = rdb_now_sec() - rdb->child_began_sec;
    rdb->child_began_sec = -1;
}

/* --- The file gets its name ---------------------------------------------- */

static void walk_sync_folder(void *ctx)
{
    struct rdb_walk *walk = ctx;
    char temp[TEMP_NAME_MAX];

    walk_temp_name(temp);
    walk->error = kr_files->sync_folder(temp);
    if (walk->old_fd >= 0)
        close(walk->old_fd);
}

static void walk_named(void *ctx)
{
    struct rdb_walk *walk = ctx;
    struct rdb *rdb = walk->rdb;
    int error = walk->error;

    if (rdb) {
        /* The job is this one: there is nothing left to wait for. */
        walk->phase = WALK_WRITE;
        if (error) {
            walk_fail(walk, "fsyncFileDir", error);
            return;
        }
        kr_logf(rdb->self, KR_LOG_NOTICE, "DB saved on disk");
        walk_leave(walk, true);
        rdb_background_over(rdb, true);
        return;
    }
    walk_free(walk);
}

static void walk_name(struct rdb_walk *walk)
{
    char temp[TEMP_NAME_MAX];
    struct kr_aside aside = {.size = sizeof(aside), .fd = -1, .temp = temp};

    walk_temp_name(temp);
    walk->old_fd =
        open(rdb_settings.filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (!kr_files->name(&aside, rdb_settings.filename)) {
        (void)rdb_aside_failed(walk->rdb, &aside, temp);
        if (walk->old_fd >= 0)
            close(walk->old_fd);
        walk_failed(walk);
        return;
    }
    outlet_free(walk->outlet);
    walk->outlet = NULL;
    walk->phase = WALK_NAME;
    kr_loop->job(walk->rdb->self, walk_sync_folder, walk_named, walk);
}

static void walk_turn(void *ctx);

/* The next slice: at the next turn of the loop with 0, and at once all the
 * same if the thread has made room. */
static void walk_set_timer(struct rdb_walk *walk, uint64_t delay_ms)
{
    if (!walk->timer)
        walk->timer =
            kr_loop->timer(walk->rdb->self, delay_ms, 0, walk_turn, walk);
}

/* The thread has written something. */
static void walk_told(void *ctx)
{
    struct rdb_walk *walk = ctx;
    const struct kr_aside *failure = outlet_failure(walk->outlet);

    if (failure) {
        (void)rdb_aside_failed(walk->rdb, failure, rdb_settings.filename);
        walk_failed(walk);
    } else if (walk->phase == WALK_WRITE && outlet_is_done(walk->outlet)) {
        walk_name(walk);
    } else if (walk->phase == WALK_SCAN) {
        walk_set_timer(walk, 0);
    }
}

/* --- A key --------------------------------------------------------------- */

/* Keys of all databases come in any order. */
static void walk_select(struct rdb_walk *walk, int32_t origin)
{
    struct walk_size *size = &walk->sizes[origin];

    if (walk->selected == origin)
        return;
    walk->selected = origin;
    kr_codec->code(walk->out, RDB_SELECT);
    kr_codec->write_uint64(walk->out, (uint64_t)origin);
    if (size->said)
        return;
    size->said = true;
    kr_codec->code(walk->out, RDB_RESIZE);
    kr_codec->write_uint64(walk->out, size->keys);
    kr_codec->write_uint64(walk->out, size->expiring);
}

/* Of a value, by how long it takes. */
enum walk_weight {
    WEIGHT_LIGHT,
    WEIGHT_PLAIN, /* it would take too long to compress it */
    WEIGHT_CHILD, /* it takes too long */
};

static enum walk_weight walk_weigh_value(const struct kr_cell *cell)
{
    const struct kr_type *type = kr_types->get(cell->type);
    int64_t effort_max = rdb_settings.walk_effort;
    struct kr_peek peek = kr_cell_peek(cell);
    size_t bytes;

    if (!cell->boxed || !type)
        return WEIGHT_LIGHT;
    if (effort_max > 0 && type->effort &&
        type->effort(&peek) > (size_t)effort_max)
        return WEIGHT_CHILD;
    bytes = type->memory ? type->memory(&peek, SAMPLES) : 0;
    if (effort_max > 0 && bytes > VALUE_MAX)
        return WEIGHT_CHILD;
    return bytes < PLAIN_FROM ? WEIGHT_LIGHT : WEIGHT_PLAIN;
}

/* A type may ask at which key it is. */
static enum walk_weight walk_weigh(struct kr_str key,
                                   const struct kr_cell *cell)
{
    struct kr_subject subject =
        KR_SUBJECT(key, kr_keyspace->db_index(cell->db));
    enum walk_weight weight;

    kr_types->about(&subject);
    weight = walk_weigh_value(cell);
    kr_types->about(NULL);
    return weight;
}

/* Behind what stands in the other writer. */
static void walk_write_plain(struct rdb_walk *walk, struct kr_str key,
                             const struct kr_cell *cell)
{
    struct rdb_keys keys = walk->keys;

    keys.out = walk->plain;
    (void)kr_codec->flush(walk->out);
    rdb_write_key(&keys, key, cell);
    (void)kr_codec->flush(walk->plain);
}

/* What it has written is no use; `phase`: how it goes on. */
static void walk_give_up(struct rdb_walk *walk, enum walk_phase phase)
{
    walk_drop(walk);
    walk->phase = phase;
    walk_set_timer(walk, 0);
}

/* This key is about to change, or the scan is at it. */
static void walk_key(struct rdb_walk *walk, struct kr_str key,
                     struct kr_cell *cell)
{
    enum walk_weight weight;

    if (!kr_keyspace->mark(cell))
        return;
    weight = walk_weigh(key, cell);
    if (weight == WEIGHT_CHILD) {
        kr_logf(walk->rdb->self, KR_LOG_NOTICE,
                "A value is too large to be saved in one go "
                "(snapshot-walk-effort). Forking a child instead");
        walk_give_up(walk, WALK_FORK);
        return;
    }
    walk_select(walk, walk->dbs[kr_keyspace->db_index(cell->db)].origin);
    if (weight == WEIGHT_PLAIN)
        walk_write_plain(walk, key, cell);
    else
        rdb_write_key(&walk->keys, key, cell);
}

static void walk_visit(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    struct rdb_walk *walk = ctx;

    if (walk->phase == WALK_SCAN)
        walk_key(walk, key, cell);
    else
        (void)kr_keyspace->mark(cell);
}

static void walk_on_before(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;
    struct rdb_walk *walk = ctx;

    if (event->cell && walk->phase == WALK_SCAN)
        walk_key(walk, event->key, event->cell);
}

/* --- The scan ------------------------------------------------------------ */

static int32_t walk_next_db(const struct rdb_walk *walk)
{
    int32_t i = 0;

    while (i < walk->count && kr_keyspace->unmarked(kr_keyspace->db(i)) == 0)
        i++;
    return i;
}

/* When the slice that begins now is to end. */
static int64_t walk_slice_end_ns(const struct rdb_walk *walk)
{
    int64_t now_ns = kr_loop->monotonic_ns();
    int64_t slice_ns = now_ns - walk->slice_end_ns;

    if (slice_ns > SLICE_MAX_NS)
        slice_ns = SLICE_MAX_NS;
    if (slice_ns < SLICE_MIN_NS)
        slice_ns = SLICE_MIN_NS;
    return now_ns + slice_ns;
}

/* May the scan go on at once? */
static bool walk_has_room(const struct rdb_walk *walk)
{
    return walk->phase != WALK_SCAN ||
           outlet_waiting(walk->outlet) <= AHEAD_MAX;
}

/* For a slice of time; true: all keys have their mark. */
static bool walk_scan(struct rdb_walk *walk)
{
    int64_t end_ns = walk_slice_end_ns(walk);
    enum walk_phase phase = walk->phase;
    int32_t i;

    while ((i = walk_next_db(walk)) < walk->count) {
        struct walk_db *db = &walk->dbs[i];

        db->cursor =
            kr_keyspace->scan(kr_keyspace->db(i), db->cursor, walk_visit, walk);
        walk->slice_end_ns = kr_loop->monotonic_ns();
        if (walk->phase != phase || walk->slice_end_ns >= end_ns ||
            !walk_has_room(walk) ||
            (phase == WALK_SCAN && rdb_settings.save_delay_us != 0))
            return false;
    }
    return true;
}

static void walk_finish(struct rdb_walk *walk)
{
    bool fine;

    kr_events->unsubscribe(walk->before);
    walk->before = NULL;
    kr_codec->write_raw(walk->out, kr_codec->writer_bytes(walk->after));
    kr_codec->code(walk->out, RDB_END);
    fine = kr_codec->flush(walk->out) && !kr_codec->writer_failed(walk->plain);
    walk_free_writers(walk);
    if (!fine) {
        walk_fail(walk, "write", ENOMEM);
        return;
    }
    walk->phase = WALK_WRITE;
    outlet_end(walk->outlet);
}

/* --- The beginning ------------------------------------------------------- */

static bool walk_open(struct rdb_walk *walk)
{
    uint32_t how = rdb_settings.compress ? KR_CODEC_COMPRESS : 0;
    struct kr_aside aside = {.size = sizeof(aside)};
    char temp[TEMP_NAME_MAX];

    walk_temp_name(temp);
    if (!kr_files->begin(&aside, temp, 0666))
        return rdb_aside_failed(walk->rdb, &aside, temp);
    walk->outlet = outlet_open(walk->rdb->self, aside.fd, walk_told, walk);
    walk->out = kr_codec->new_stream_writer(outlet_put, walk->outlet, how);
    walk->plain = kr_codec->new_stream_writer(outlet_put, walk->outlet, 0);
    walk->after = kr_codec->new_writer(how);
    return true;
}

/* The moment of which the file is. */
static bool walk_start(struct rdb_walk *walk)
{
    struct rdb *rdb = walk->rdb;

    if (!walk_open(walk))
        return false;
    (void)kr_keyspace->unmark(); /* all have marks: it does */
    for (int32_t i = 0; i < walk->count; i++) {
        const kr_db *db = kr_keyspace->db(i);

        walk->dbs[i] = (struct walk_db){.origin = i};
        walk->sizes[i] =
            (struct walk_size){.keys = kr_keyspace->count(db),
                               .expiring = kr_keyspace->count_expiring(db)};
    }
    walk->selected = -1;
    walk->begun++;
    rdb->child_changes = kr_calls->changes();
    rdb_write_begin(walk->out, 0);
    rdb_write_parts(rdb, walk->out, KR_SNAPSHOT_BEFORE);
    rdb_write_parts(rdb, walk->after, KR_SNAPSHOT_AFTER);
    walk->keys = (struct rdb_keys){.out = walk->out};
    rdb_choose_age(&walk->keys);
    walk->phase = WALK_SCAN;
    walk->before = kr_events->subscribe(rdb->self, KR_EVENT_KEY_BEFORE,
                                        walk_on_before, walk);
    return true;
}

static void walk_fork(struct rdb_walk *walk)
{
    struct rdb *rdb = walk->rdb;

    walk_leave(walk, false);
    rdb->child_began_sec = -1;
    (void)rdb_fork(rdb);
}

static void walk_slice(struct rdb_walk *walk)
{
    bool over = walk_has_room(walk) && walk_scan(walk);

    if (!over && walk_has_room(walk))
        walk_set_timer(walk, rdb_settings.save_delay_us != 0 ? REST_MS : 0);
    else if (over && walk->phase == WALK_SCAN)
        walk_finish(walk);
    else if (over && walk_start(walk))
        walk_set_timer(walk, 0);
    else if (over)
        walk_failed(walk);
}

/* A timer may come while a script runs or a file is loaded; and see the head
 * for children. */
static void walk_turn(void *ctx)
{
    struct rdb_walk *walk = ctx;

    walk->timer = NULL;
    if (kr_calls->current() || kr_loading->active() || kr_children->running())
        walk_set_timer(walk, REST_MS);
    else if (walk->phase == WALK_FORK)
        walk_fork(walk);
    else
        walk_slice(walk);
}

kr_status rdb_walk_begin(struct rdb *rdb)
{
    struct rdb_walk *walk = kr_memory->calloc(rdb->self, 1, sizeof(*walk));

    kr_loading->save_begin(KR_SAVE_BESIDE);
    walk->rdb = rdb;
    walk->old_fd = -1;
    walk->count = kr_keyspace->db_count();
    walk->dbs =
        kr_memory->calloc(rdb->self, (size_t)walk->count, sizeof(*walk->dbs));
    walk->sizes =
        kr_memory->calloc(rdb->self, (size_t)walk->count, sizeof(*walk->sizes));
    if (walk_next_db(walk) == walk->count && !walk_start(walk)) {
        walk_free(walk);
        kr_loading->save_end(KR_SAVE_BESIDE, false);
        return KR_EIO;
    }
    rdb->walk = walk;
    walk_set_timer(walk, 0);
    return KR_OK;
}

/* --- Whole databases ----------------------------------------------------- */

void rdb_walk_on_flush_before(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    struct rdb_walk *walk = ((struct rdb *)ctx)->walk;
    bool lost = false;

    if (!walk || walk->phase != WALK_SCAN)
        return;
    for (int32_t i = 0; i < walk->count; i++)
        if (!event->db || kr_keyspace->db_index(event->db) == i)
            lost |= kr_keyspace->unmarked(kr_keyspace->db(i)) > 0;
    if (!lost)
        return;
    kr_logf(walk->rdb->self, KR_LOG_NOTICE,
            "A database is flushed before it is saved. Saving anew");
    walk_give_up(walk, walk->begun < WALKS_MAX ? WALK_SWEEP : WALK_FORK);
}

void rdb_walk_on_swap(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    struct rdb_walk *walk = ((struct rdb *)ctx)->walk;
    struct walk_db *a, *b, old;

    if (!walk)
        return;
    a = &walk->dbs[kr_keyspace->db_index(event->db)];
    b = &walk->dbs[kr_keyspace->db_index(event->other)];
    old = *a;
    *a = *b;
    *b = old;
}
