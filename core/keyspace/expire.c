/* SPDX-License-Identifier: BSD-3-Clause */
/* expire - keys whose time comes are found, not searched for.
 *
 * A key with an expiry has an item in its database's wheel: 40 bits of its hash
 * and a stamp, which stands in the entry too.
 *
 *   wheel --(item falls due)--> table: an entry with that hash and stamp?
 *                                 none       the item was stale
 *                                 not yet    the key was given more time: again
 *                                 over       the key goes
 *
 * So a key that is given more time, or loses its expiry, or is deleted, needs
 * nothing from the wheel; only a key that shall go earlier gets a new item, and
 * then the old one is stale.  When stale items are the most, each addition
 * examines a few.
 *
 * Items are taken from the wheel in small batches into a buffer, and acted upon
 * when the wheel has returned: who is told of an expired key may do anything,
 * even flush the database.  Between two batches the clock is read; big values
 * are freed on another thread.  So a call ends within its budget and some 20
 * us.
 *
 * Times from 2^48 on are not indexed: the year is 10889. */
#include "core/keyspace/db.h"

#include "core/clock/clock.h"
#include "core/event/span.h"

#define EXPIRE_BATCH   64   /* items between two looks at the clock */
#define EXPIRE_SWEEP   4    /* items that an addition examines */
#define EXPIRE_TRIES   16   /* draws for an item that is not stale */
#define EXPIRE_TIDY    256  /* items that a tick examines a database */
#define EXPIRE_COMPACT 4096 /* and one who finds no other way */
#define EXPIRE_REDRAWS 16   /* compactions before a wheel is given up */

struct expire_batch {
    size_t count;
    struct wheel_item items[EXPIRE_BATCH];
};

static struct entry *expire_find(kr_db *db, const struct wheel_item *item)
{
    struct table_place at;
    struct entry *e = table_first(&db->table, item->hash, &at);

    while (e != NULL && !entry_has_stamp(e, item->stamp))
        e = table_next(item->hash, &at);
    return e;
}

static bool expire_is_live(const struct wheel_item *item, void *ctx)
{
    return expire_find(ctx, item) != NULL;
}

void expire_init(kr_db *db, int64_t now_ms)
{
    wheel_init(&db->wheel, now_ms);
}

/* --- Setting ------------------------------------------------------------- */

/* Write the expiry, with a new item in the wheel.  The item is due in the first
 * millisecond in which the key is over. */
static void expire_write(kr_db *db, uint64_t hash, struct entry *e,
                         int64_t when_ms)
{
    uint16_t stamp = 0;

    if ((uint64_t)when_ms <= ENTRY_NEAR_MASK) {
        stamp = wheel_add(&db->wheel, hash, when_ms + 1);
        if (KR_UNLIKELY(wheel_wants_compact(&db->wheel, db->expiring)))
            wheel_compact_step(&db->wheel, EXPIRE_SWEEP, expire_is_live, db);
    }
    entry_write_expiry(e, when_ms, stamp);
}

void expire_index(kr_db *db, uint64_t hash, struct entry *e)
{
    expire_write(db, hash, e, entry_expiry(e));
}

static struct entry *expire_reshape(kr_db *db, uint64_t hash, struct entry *e,
                                    uint64_t set, uint64_t clear)
{
    struct entry_form form = entry_form(e);
    struct table_place at;
    struct entry *fresh;

    form.flags = (form.flags & ~clear) | set;
    db_place(db, hash, e, &at);
    fresh = entry_reshape(e, &form);
    if (fresh != e)
        table_replace(&at, fresh);
    return fresh;
}

struct entry *expire_set(kr_db *db, uint64_t hash, struct entry *e,
                         int64_t when_ms)
{
    int64_t old = entry_expiry(e);

    if (when_ms == KR_NO_EXPIRY) {
        if (!entry_expires(e))
            return e;
        db->expiring--;
        return expire_reshape(db, hash, e, 0, ENTRY_EXPIRES | ENTRY_FAR);
    }
    if (when_ms < 0)
        when_ms = 0; /* before 1970 is as over as in 1970 */
    if (!entry_expires(e)) {
        db->expiring++;
        e = expire_reshape(db, hash, e, ENTRY_EXPIRES, 0);
    } else if (when_ms >= old && (uint64_t)when_ms <= ENTRY_NEAR_MASK) {
        /* The item it has comes up in time. */
        entry_write_expiry(e, when_ms, entry_stamp(e));
        return e;
    }
    expire_write(db, hash, e, when_ms);
    return e;
}

/* --- Time passes --------------------------------------------------------- */

static void expire_collect(const struct wheel_item *items, size_t count,
                           void *ctx)
{
    struct expire_batch *batch = ctx;

    memcpy(&batch->items[batch->count], items, count * sizeof(items[0]));
    batch->count += count;
}

static void expire_item(kr_db *db, const struct wheel_item *item,
                        int64_t now_ms)
{
    struct entry *e = expire_find(db, item);

    if (e == NULL)
        return;
    if (entry_expired(e, now_ms))
        db_drop(db, item->hash, e, false);
    else
        expire_write(db, item->hash, e, entry_expiry(e));
}

/* The lines of a batch's entries are fetched together: each is a cache miss. */
static void expire_batch(kr_db *db, const struct expire_batch *batch,
                         int64_t now_ms)
{
    for (size_t i = 0; i < batch->count; i++)
        table_prefetch_bucket(&db->table, batch->items[i].hash);
    for (size_t i = 0; i < batch->count; i++)
        table_prefetch_entry(&db->table, batch->items[i].hash);
    for (size_t i = 0; i < batch->count; i++)
        expire_item(db, &batch->items[i], now_ms);
}

/* Remove what is over in `db`.  False: the time was over first. */
static bool expire_db(kr_db *db, int64_t now_ms, int64_t end_ns)
{
    bool more = wheel_pending(&db->wheel) != 0;

    while (more) {
        struct expire_batch batch = {.count = 0};

        more = wheel_advance(&db->wheel, now_ms, EXPIRE_BATCH, expire_collect,
                             &batch);
        expire_batch(db, &batch, now_ms);
        if (more && clock_monotonic_ns() >= end_ns)
            return false;
    }
    return true;
}

static int64_t expire_next_ms(int64_t now_ms)
{
    int64_t next = WHEEL_NEVER;

    for (int32_t i = 0; i < keyspace.count; i++) {
        int64_t due = WHEEL_NEVER;

        if (wheel_pending(&keyspace.dbs[i].wheel) != 0)
            due = wheel_next_due_ms(&keyspace.dbs[i].wheel);
        if (due < next)
            next = due;
    }
    if (next == WHEEL_NEVER)
        return -1;
    return next > now_ms ? next - now_ms : 1;
}

static int64_t expire_dbs(int64_t now_ms, int64_t budget_us)
{
    int64_t end_ns = clock_monotonic_ns() + budget_us * 1000;

    for (int32_t i = 0; i < keyspace.count; i++) {
        kr_db *db = &keyspace.dbs[keyspace.expire_next];

        if (!expire_db(db, now_ms, end_ns)) {
            keyspace_stats.expired_time_cap++;
            return 0;
        }
        keyspace.expire_next = (keyspace.expire_next + 1) % keyspace.count;
    }
    return expire_next_ms(now_ms);
}

int64_t keyspace_expire(int64_t now_ms, int64_t budget_us)
{
    uint64_t begin = span_begin();
    int64_t wait_ms;

    if (!keyspace_settings.active_expire || !keyspace_may_expire())
        return -1;
    wait_ms = expire_dbs(now_ms, budget_us);
    span_end("expire-cycle", begin);
    return wait_ms;
}

void expire_step(void)
{
    for (int32_t i = 0; i < keyspace.count; i++) {
        kr_db *db = &keyspace.dbs[i];

        if (wheel_wants_compact(&db->wheel, db->expiring))
            wheel_compact_step(&db->wheel, EXPIRE_TIDY, expire_is_live, db);
    }
}

/* --- Drawing, for eviction ----------------------------------------------- */

typedef bool (*expire_sample_fn)(const struct wheel *w, uint64_t *seed,
                                 struct wheel_item *item);

static struct entry *expire_try(kr_db *db, expire_sample_fn sample,
                                uint64_t *hash)
{
    for (int i = 0; i < EXPIRE_TRIES; i++) {
        struct wheel_item item;
        struct entry *e;

        if (!sample(&db->wheel, &keyspace.seed, &item))
            return NULL;
        e = expire_find(db, &item);
        if (e != NULL) {
            *hash = item.hash;
            return e;
        }
    }
    return NULL;
}

/* When all draws were stale the wheel is full of them: examining them is what
 * has to be done anyway. */
static struct entry *expire_draw(kr_db *db, expire_sample_fn sample,
                                 uint64_t *hash)
{
    struct entry *e = expire_try(db, sample, hash);

    for (int i = 0;
         e == NULL && i < EXPIRE_REDRAWS && wheel_pending(&db->wheel) != 0;
         i++) {
        wheel_compact_step(&db->wheel, EXPIRE_COMPACT, expire_is_live, db);
        e = expire_try(db, wheel_sample_any, hash);
    }
    return e;
}

struct entry *expire_earliest(kr_db *db, uint64_t *hash)
{
    return expire_draw(db, wheel_sample_first, hash);
}

struct entry *expire_random(kr_db *db, uint64_t *hash)
{
    return expire_draw(db, wheel_sample_any, hash);
}
