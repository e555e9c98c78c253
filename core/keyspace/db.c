/* SPDX-License-Identifier: BSD-3-Clause */
/* db - entries in their database: how they come, are found, and go.
 *
 * The functions of the ABI are in keyspace.c; here are those that keep the
 * invariants of db.h. */
#include "core/keyspace/db.h"

#include "core/clock/clock.h"
#include "core/event/span.h"
#include "core/keyspace/adapt.h"
#include "core/keyspace/type.h"
#include "core/memory/memory.h"

struct entry *db_peek(const kr_db *db, struct kr_str key)
{
    struct table_place at;

    return db_lookup(db, key, keyspace_hash(key), &at);
}

/* --- Counting ------------------------------------------------------------ */

static uint64_t *db_values(kr_db *db)
{
    if (KR_UNLIKELY(db->values == NULL))
        db->values = memory_calloc(ENTRY_TYPES, sizeof(db->values[0]));
    return db->values;
}

void db_retype(kr_db *db, uint16_t from, uint16_t to)
{
    db_values(db)[from]--;
    db_values(db)[to]++;
}

/* --- Coming and going ---------------------------------------------------- */

void db_insert(kr_db *db, uint64_t hash, struct entry *e)
{
    table_insert(&db->table, hash, e);
    db_values(db)[entry_type(e)]++;
    db->unmarked += !keyspace_is_marked(e);
    if (entry_expires(e)) {
        db->expiring++;
        expire_index(db, hash, e);
    }
}

void db_detach(kr_db *db, uint64_t hash, struct entry *e)
{
    struct table_place at;

    db_place(db, hash, e, &at);
    table_erase(&db->table, hash, &at);
    db_values(db)[entry_type(e)]--;
    db->expiring -= entry_expires(e);
    db->unmarked -= !keyspace_is_marked(e);
}

void db_unlink_value(kr_db *db, struct entry *e)
{
    const struct kr_type *type;
    struct kr_peek peek;

    if (KR_LIKELY(!(type_traits[entry_type(e)] & TYPE_UNLINKS)))
        return;
    if (KR_UNLIKELY(type_unsettled) && !type_suits(e)) {
        adapt_unlink(db, e);
        return;
    }
    type = type_at(entry_type(e));
    peek = entry_peek(e);
    type->unlink(&peek, db->index, entry_key(e));
}

void db_link_value(kr_db *db, struct entry *e)
{
    struct kr_peek peek;

    if (KR_LIKELY(!(type_traits[entry_type(e)] & TYPE_LINKS)))
        return;
    peek = entry_peek(e);
    type_at(entry_type(e))->link(&peek, db->index, entry_key(e));
}

/* All but its bytes, in which the key is. */
static void db_let_go(kr_db *db, uint64_t hash, struct entry *e, bool lazily)
{
    db_unlink_value(db, e);
    db_detach(db, hash, e);
    if (KR_UNLIKELY(keyspace_hooks.gone != NULL))
        keyspace_hooks.gone(db, entry_key(e));
    if (entry_boxed(e))
        lazy_free_box(e, lazily);
}

void db_remove(kr_db *db, uint64_t hash, struct entry *e, bool lazy)
{
    db_let_go(db, hash, e, lazy);
    entry_free(e);
}

/* Is anybody to see a value that goes by itself? */
static bool db_is_watched(enum event_id why)
{
    return event_is_armed(EVENT_KEY_BEFORE) || event_is_armed(why) ||
           event_is_armed(EVENT_KEY_ENDING);
}

/* Ask those who want to see the value before it goes.  They may run code that
 * moves it, replaces it or removes it: NULL, there is nothing to drop any
 * more. */
static struct entry *db_tell_going(kr_db *db, uint64_t hash, struct entry *e,
                                   bool evict)
{
    enum event_id events[] = {EVENT_KEY_BEFORE,
                              evict ? EVENT_KEY_EVICTED : EVENT_KEY_EXPIRED};
    int64_t when_ms = entry_expiry(e);
    struct table_place at;
    struct kr_cell cell;

    keyspace.telling++;
    for (size_t i = 0; e != NULL && i < KR_COUNT(events); i++) {
        if (!event_is_armed(events[i]))
            continue;
        entry_fill_cell(e, db, hash, &cell);
        tell(events[i], db, entry_key(e), &cell, NULL);
        if (!table_find_entry(&db->table, hash, e, &at))
            e = NULL;
    }
    if (e != NULL && event_is_armed(EVENT_KEY_ENDING))
        e = tell_ending(db, hash, e, evict ? KR_END_EVICTED : KR_END_EXPIRED);
    keyspace.telling--;
    if (e != NULL && !evict && entry_expiry(e) != when_ms)
        return NULL;
    return e;
}

/* What the key has taken, and not what is told of its end costs. */
static void db_evict(kr_db *db, uint64_t hash, struct entry *e, bool lazily)
{
    size_t before = memory_used();
    uint64_t begin = span_begin();

    db_let_go(db, hash, e, lazily);
    span_end("eviction-del", begin);
    keyspace_stats.evicted++;
    keyspace_stats.evicted_bytes +=
        (int64_t)(before - memory_used() + memory_usable(e));
}

static void db_expire(kr_db *db, uint64_t hash, struct entry *e, bool lazily)
{
    uint64_t begin = span_begin();

    db_let_go(db, hash, e, lazily);
    span_end("expire-del", begin);
    keyspace_stats.expired++;
}

/* The order of what is told is Redis's: it differs between the two. */
bool db_drop(kr_db *db, uint64_t hash, struct entry *e, bool evict)
{
    bool lazily =
        evict ? keyspace_settings.lazy_evict : keyspace_settings.lazy_expire;
    struct kr_str key;

    /* Who is told sees the value. */
    if (db_is_watched(evict ? EVENT_KEY_EVICTED : EVENT_KEY_EXPIRED)) {
        e = db_tell_going(db, hash, adapt_seen(db, hash, e), evict);
        if (e == NULL)
            return false;
    }
    key = entry_key(e);
    if (evict) {
        db_evict(db, hash, e, lazily);
        tell_changed(NULL, db, key);
        tell_notify(db, key, KR_CLASS_EVICTED, KR_STR("evicted"));
    } else {
        db_expire(db, hash, e, lazily);
        tell_notify(db, key, KR_CLASS_EXPIRED, KR_STR("expired"));
        tell_changed(NULL, db, key);
    }
    if (keyspace_hooks.removed != NULL)
        keyspace_hooks.removed(db, key, lazily);
    entry_free(e); /* last: `key` was in it */
    return true;
}

/* --- Whole databases ----------------------------------------------------- */

static uint64_t db_entry_hash(const void *entry, const void *ctx)
{
    (void)ctx;
    return keyspace_hash(entry_key(entry));
}

void db_init(kr_db *db, int32_t index)
{
    memset(db, 0, sizeof(*db));
    table_init(&db->table, db_entry_hash, NULL);
    expire_init(db, clock_turn_ms);
    db->index = index;
}

void db_take_contents(kr_db *db, kr_db *to)
{
    uint64_t watched = db->watched;

    *to = *db;
    db_init(db, db->index);
    db->watched = watched;
}

void db_swap_contents(kr_db *a, kr_db *b)
{
    kr_db old = *a;

    keyspace.swaps++;
    *a = *b;
    a->index = old.index;
    a->watched = old.watched;
    old.index = b->index;
    old.watched = b->watched;
    *b = old;
}

/* --- Checking ------------------------------------------------------------ */

struct db_census {
    kr_db *db;
    uint64_t expiring;
    uint64_t unmarked;
    uint64_t values[ENTRY_TYPES];
    const char *wrong;
};

static void db_check_entry(void *entry, void *ctx)
{
    struct db_census *census = ctx;
    struct entry *e = entry;

    census->values[entry_type(e)]++;
    census->expiring += entry_expires(e);
    census->unmarked += !keyspace_is_marked(e);
    if (db_peek(census->db, entry_key(e)) != e)
        census->wrong = "an entry is not found under its key";
    if (memory_usable(e) < entry_size(e))
        census->wrong = "an entry is larger than its allocation";
    if (!entry_expires(e) && e->head & ENTRY_FAR)
        census->wrong = "a key without expiry expires far away";
    if (entry_boxed(e) && entry_length(e) != 0)
        census->wrong = "a boxed value has a length";
}

const char *db_check(kr_db *db)
{
    struct db_census *census = memory_calloc(1, sizeof(*census));
    const char *wrong = table_check(&db->table);

    if (wrong == NULL)
        wrong = wheel_check(&db->wheel);

    census->db = db;
    if (wrong == NULL) {
        table_each(&db->table, db_check_entry, census);
        wrong = census->wrong;
    }
    if (wrong == NULL && census->expiring != db->expiring)
        wrong = "the count of expiring keys is wrong";
    if (wrong == NULL && census->unmarked != db->unmarked)
        wrong = "the count of unmarked keys is wrong";
    for (unsigned i = 0; i < ENTRY_TYPES && wrong == NULL; i++) {
        if (census->values[i] != (db->values != NULL ? db->values[i] : 0))
            wrong = "the count of a type's values is wrong";
    }
    memory_free(census);
    return wrong;
}
