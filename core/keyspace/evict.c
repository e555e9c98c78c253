/* SPDX-License-Identifier: BSD-3-Clause */
/* evict - giving up keys, the worst of a few that are looked at.
 *
 * To keep all keys in the order of their age would cost every read.  Instead a
 * few keys of each database are looked at, and the best candidates so far are
 * kept between calls:
 *
 *   pool   worst to lose                                     best to lose
 *          +-----+-----+-----+-----+-----+-----+- - -+-----+-----+
 *          | score, database, hash, entry            |     |     |
 *          +-----+-----+-----+-----+-----+-----+- - -+-----+-----+
 *            a better one pushes these out      taken from here ->
 *
 * A candidate is only a hint.  Its entry may have been freed since, so before
 * anything is read of it the table is asked whether that address is still there
 * under that hash; its age is then what it is now, which is how Redis does it
 * too.
 *
 * The score: LRU the idle time; LFU what is missing to the highest frequency;
 * TTL how soon it expires, with the wheel's earliest always a candidate.  The
 * two random policies need no pool.
 *
 * Cost: about 1 us a key.  A call ends after evict_limit_us(), which is looked
 * at every sixteenth key. */
#include "core/keyspace/evict.h"

#include <math.h>

#include "core/clock/clock.h"
#include "core/event/span.h"
#include "core/keyspace/db.h"

#define EVICT_POOL         16
#define EVICT_SAMPLES_MAX  64
#define EVICT_CLOCK_PERIOD 16 /* keys between two looks at the clock */
/* How often to draw again when keys that expire are few among many. */
#define EVICT_DRAWS 32

struct evict_candidate {
    uint64_t score; /* higher: rather lost */
    kr_db *db;
    struct entry *entry;
    uint64_t hash;
};

static struct {
    struct evict_candidate pool[EVICT_POOL]; /* ascending by score */
    uint32_t count;
    int32_t policy;  /* for which the scores are */
    int32_t next_db; /* of the random policies */
} evict;

void evict_fini(void)
{
    memset(&evict, 0, sizeof(evict));
}

uint64_t evict_limit_us(int64_t tenacity)
{
    if (tenacity <= 10)
        return tenacity <= 0 ? 0 : 50 * (uint64_t)tenacity;
    if (tenacity < 100)
        return (uint64_t)(500.0 * pow(1.15, (double)tenacity - 10.0));
    return UINT64_MAX; /* as long as it takes */
}

static bool evict_only_volatile(void)
{
    return keyspace_settings.policy >= POLICY_VOLATILE_LRU;
}

static bool evict_by_chance(void)
{
    return keyspace_settings.policy == POLICY_ALLKEYS_RANDOM ||
           keyspace_settings.policy == POLICY_VOLATILE_RANDOM;
}

/* --- The pool ------------------------------------------------------------ */

static uint64_t evict_score(const struct entry *e)
{
    if (keyspace_settings.policy == POLICY_VOLATILE_TTL)
        return UINT64_MAX - (uint64_t)entry_expiry(e);
    if (age_counts())
        return 255 - age_frequency(e, clock_turn_ms);
    return age_idle_ms(e, clock_turn_ms);
}

static void pool_remove(uint32_t at)
{
    evict.count--;
    memmove(&evict.pool[at], &evict.pool[at + 1],
            (evict.count - at) * sizeof(evict.pool[0]));
}

/* Where a candidate of that score belongs: anywhere among its equals, lest one
 * database give all when most keys are of one age. */
static uint32_t pool_place(uint64_t score)
{
    uint32_t at = 0, equals = 0;

    while (at < evict.count && evict.pool[at].score < score)
        at++;
    while (at + equals < evict.count && evict.pool[at + equals].score == score)
        equals++;
    return at + (uint32_t)((keyspace_chance() >> 32) % (equals + 1));
}

static void pool_offer(kr_db *db, struct entry *e, uint64_t hash)
{
    struct evict_candidate c = {evict_score(e), db, e, hash};
    uint32_t at;

    for (uint32_t i = 0; i < evict.count; i++) {
        if (evict.pool[i].entry == e)
            return;
    }
    at = pool_place(c.score);
    if (evict.count == EVICT_POOL) {
        if (at == 0)
            return; /* all that are kept are better to lose */
        pool_remove(0);
        at--;
    }
    memmove(&evict.pool[at + 1], &evict.pool[at],
            (evict.count - at) * sizeof(evict.pool[0]));
    evict.pool[at] = c;
    evict.count++;
}

/* Keys that expire are drawn from the table while they are common there, as it
 * is fairer; from the wheel when they are rare. */
static bool evict_are_rare(const kr_db *db)
{
    return db->expiring < table_count(&db->table) / 4;
}

static uint32_t pool_sample_table(kr_db *db, size_t wanted)
{
    void *drawn[EVICT_SAMPLES_MAX];
    uint32_t offered = 0;

    for (int draw = 0; draw < EVICT_DRAWS && offered < wanted; draw++) {
        size_t n = table_sample(&db->table, &keyspace.seed, drawn, wanted);

        for (size_t i = 0; i < n; i++) {
            struct entry *e = drawn[i];

            if (evict_only_volatile() && !entry_expires(e))
                continue;
            pool_offer(db, e, keyspace_hash(entry_key(e)));
            offered++;
        }
        if (!evict_only_volatile())
            break;
    }
    return offered;
}

static uint32_t pool_sample_wheel(kr_db *db, size_t wanted)
{
    uint32_t offered = 0;

    while (offered < wanted) {
        uint64_t hash;
        struct entry *e = expire_random(db, &hash);

        if (e == NULL)
            break;
        pool_offer(db, e, hash);
        offered++;
    }
    return offered;
}

/* Offer a few keys of `db`; how many could be offered. */
static uint32_t pool_sample(kr_db *db)
{
    size_t wanted = (size_t)keyspace_settings.samples;
    uint32_t offered = 0;

    if (wanted > EVICT_SAMPLES_MAX)
        wanted = EVICT_SAMPLES_MAX;
    if (evict_only_volatile() && db->expiring == 0)
        return 0;
    if (keyspace_settings.policy == POLICY_VOLATILE_TTL) {
        uint64_t hash;
        struct entry *e = expire_earliest(db, &hash);

        if (e != NULL) {
            pool_offer(db, e, hash);
            offered++;
        }
    }
    if (evict_only_volatile() && evict_are_rare(db))
        return offered + pool_sample_wheel(db, wanted);
    return offered + pool_sample_table(db, wanted);
}

/* The best candidate that is still there. */
static bool pool_take(struct evict_candidate *best)
{
    while (evict.count > 0) {
        struct table_place at;

        *best = evict.pool[--evict.count];
        if (table_find_entry(&best->db->table, best->hash, best->entry, &at) &&
            (!evict_only_volatile() || entry_expires(best->entry)))
            return true;
    }
    return false;
}

/* --- Choosing ------------------------------------------------------------ */

static bool evict_choose_pooled(struct evict_candidate *best)
{
    uint32_t offered;

    if (evict.policy != keyspace_settings.policy)
        evict.count = 0;
    evict.policy = keyspace_settings.policy;
    do {
        offered = 0;
        for (int32_t i = 0; i < keyspace.count; i++) {
            if (table_count(&keyspace.dbs[i].table) != 0)
                offered += pool_sample(&keyspace.dbs[i]);
        }
        if (pool_take(best))
            return true;
    } while (offered != 0);
    return false;
}

static struct entry *evict_draw(kr_db *db, uint64_t *hash)
{
    struct entry *e;

    if (evict_only_volatile() && db->expiring == 0)
        return NULL;
    if (evict_only_volatile() && evict_are_rare(db))
        return expire_random(db, hash);
    for (int draw = 0; draw < EVICT_DRAWS; draw++) {
        e = table_random(&db->table, &keyspace.seed);
        if (e != NULL && (!evict_only_volatile() || entry_expires(e))) {
            *hash = keyspace_hash(entry_key(e));
            return e;
        }
    }
    /* Bad luck is no reason to refuse a write. */
    return evict_only_volatile() ? expire_random(db, hash) : NULL;
}

/* Databases take turns. */
static bool evict_choose_random(struct evict_candidate *chosen)
{
    for (int32_t i = 0; i < keyspace.count; i++) {
        kr_db *db = &keyspace.dbs[evict.next_db++ % keyspace.count];

        evict.next_db %= keyspace.count;
        chosen->entry = evict_draw(db, &chosen->hash);
        chosen->db = db;
        if (chosen->entry != NULL)
            return true;
    }
    return false;
}

static bool evict_one(void)
{
    struct evict_candidate c;

    if (evict_by_chance() ? !evict_choose_random(&c) : !evict_choose_pooled(&c))
        return false;
    db_drop(c.db, c.hash, c.entry, true);
    return true;
}

/* --- Making room --------------------------------------------------------- */

static bool evict_is_above(void)
{
    return keyspace_settings.maxmemory > 0 &&
           keyspace_memory() > (size_t)keyspace_settings.maxmemory;
}

/* What is to go is settled at the beginning: who is told of each key's end (a
 * client that caches it) may be sent more than the key has taken, and would cost
 * the next one its life, and so on to the last. */
static enum keyspace_room evict_until(uint64_t limit_us)
{
    uint64_t begin = clock_ticks(), span;
    int64_t goal;

    /* What was flushed goes before what is alive. */
    span = span_begin();
    lazy_step(limit_us < 1000 ? (int64_t)limit_us : 1000);
    span_end("eviction-lazyfree", span);
    if (keyspace_hooks.spare != NULL)
        keyspace_hooks.spare();
    goal = keyspace_stats.evicted_bytes + (int64_t)keyspace_memory() -
           keyspace_settings.maxmemory;
    for (uint32_t n = 1;
         evict_is_above() && keyspace_stats.evicted_bytes < goal; n++) {
        if (keyspace_settings.policy == POLICY_NOEVICTION || !evict_one())
            return lazy_is_busy() ? ROOM_BUSY : ROOM_NONE;
        if (n % EVICT_CLOCK_PERIOD == 0 &&
            clock_ticks_to_ns(clock_ticks() - begin) / 1000 > limit_us)
            return evict_is_above() ? ROOM_BUSY : ROOM_OK;
    }
    return ROOM_OK;
}

enum keyspace_room keyspace_make_room(void)
{
    enum keyspace_room room;
    uint64_t ticks;

    if (KR_LIKELY(!evict_is_above()))
        return ROOM_OK;
    /* A replica keeps what its primary keeps; a snapshot is loaded whole. */
    if (!keyspace_may_expire())
        return ROOM_OK;
    ticks = clock_ticks();
    room = evict_until(evict_limit_us(keyspace_settings.tenacity));
    ticks = clock_ticks() - ticks;
    keyspace_stats.evicted_time_us += clock_ticks_to_ns(ticks) / 1000;
    span_tell_ticks("eviction-cycle", ticks);
    return room;
}
