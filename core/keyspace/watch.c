/* SPDX-License-Identifier: BSD-3-Clause */
/* watch - who wants to know whether a key has changed.
 *
 *   table: (database, key) --> watched key --> watch --> watch --> NULL
 *                                              changed?  changed?
 *
 * Each database counts its watched keys, so while nobody watches a writer pays
 * one test of that number.
 *
 * Expiry needs care.  A key that expires after it was watched has changed, even
 * if nobody has removed it yet: watch_is_changed() looks.  A key that had
 * expired when it was watched was not there, so its removal changes nothing:
 * `expired` remembers that until then. */
#include "core/keyspace/db.h"

#include "core/clock/clock.h"
#include "core/memory/memory.h"

struct watched {
    uint64_t hash; /* of the key, mixed with the database */
    kr_db *db;
    kr_watch *first;
    uint32_t key_size;
    char key[];
};

struct kr_watch {
    struct watched *of;
    kr_watch *next;
    bool changed;
    bool expired; /* it was there when watched, but its time had come */
};

static struct {
    struct table table; /* of struct watched */
    bool ready;
} watches;

static uint64_t watched_hash(const void *entry, const void *ctx)
{
    (void)ctx;
    return ((const struct watched *)entry)->hash;
}

/* Databases share the table, so their number stirs all bits that count. */
static uint64_t watch_hash(const kr_db *db, struct kr_str key)
{
    return keyspace_hash(key) ^
           (uint64_t)(db->index + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct kr_str watched_key(const struct watched *w)
{
    return kr_str(w->key, w->key_size);
}

static struct watched *watched_find(const kr_db *db, struct kr_str key,
                                    uint64_t hash, struct table_place *at)
{
    struct watched *w;

    if (!watches.ready)
        return NULL;
    for (w = table_first(&watches.table, hash, at); w != NULL;
         w = table_next(hash, at)) {
        if (w->db == db && kr_str_equal(watched_key(w), key))
            return w;
    }
    return NULL;
}

static bool watch_key_expired(const kr_db *db, struct kr_str key)
{
    const struct entry *e = db_peek(db, key);

    return e != NULL && !keyspace_hooks.loading &&
           entry_expired(e, clock_turn_ms);
}

/* --- Watching ------------------------------------------------------------ */

static struct watched *watched_new(kr_db *db, struct kr_str key, uint64_t hash)
{
    struct watched *w = memory_alloc(sizeof(*w) + key.size);

    w->hash = hash;
    w->db = db;
    w->first = NULL;
    w->key_size = (uint32_t)key.size;
    if (key.size != 0)
        memcpy(w->key, key.data, key.size);
    if (!watches.ready)
        table_init(&watches.table, watched_hash, NULL);
    watches.ready = true;
    table_insert(&watches.table, hash, w);
    db->watched++;
    return w;
}

kr_watch *watch_add(kr_db *db, struct kr_str key)
{
    struct table_place at;
    uint64_t hash = watch_hash(db, key);
    struct watched *w = watched_find(db, key, hash, &at);
    kr_watch *watch = memory_alloc(sizeof(*watch));

    if (w == NULL)
        w = watched_new(db, key, hash);
    watch->of = w;
    watch->next = w->first;
    watch->changed = false;
    watch->expired = watch_key_expired(db, key);
    w->first = watch;
    return watch;
}

bool watch_is_changed(const kr_watch *watch)
{
    if (watch->changed)
        return true;
    return !watch->expired &&
           watch_key_expired(watch->of->db, watched_key(watch->of));
}

void watch_remove(kr_watch *watch)
{
    struct watched *w = watch->of;
    kr_watch **link = &w->first;
    struct table_place at;

    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    memory_free(watch);
    if (w->first != NULL)
        return;
    if (table_find_entry(&watches.table, w->hash, w, &at))
        table_erase(&watches.table, w->hash, &at);
    w->db->watched--;
    memory_free(w);
}

/* --- Changes ------------------------------------------------------------- */

void watch_touch(kr_db *db, struct kr_str key)
{
    struct table_place at;
    struct watched *w = watched_find(db, key, watch_hash(db, key), &at);
    bool gone;

    if (w == NULL)
        return;
    gone = db_peek(db, key) == NULL;
    for (kr_watch *i = w->first; i != NULL; i = i->next) {
        if (!i->expired)
            i->changed = true;
        else if (gone)
            i->expired = false; /* as good as gone before */
        else
            i->changed = true;
    }
}

struct watch_flush {
    kr_db *db;
    const kr_db *other;
};

static void watch_flush_one(void *entry, void *ctx)
{
    const struct watch_flush *f = ctx;
    struct watched *w = entry;
    struct kr_str key = watched_key(w);
    const struct entry *next;
    bool was;
    bool expires;

    if (w->db != f->db)
        return;
    was = db_peek(f->db, key) != NULL;
    next = f->other != NULL ? db_peek(f->other, key) : NULL;
    if (!was && next == NULL)
        return;
    expires = next != NULL && entry_expired(next, clock_turn_ms);
    for (kr_watch *i = w->first; i != NULL; i = i->next) {
        if (i->expired && next == NULL)
            i->expired = false; /* not there before, not there now */
        else if (i->expired && expires)
            continue;
        else if (!was && expires)
            i->expired = true;
        else
            i->changed = true;
    }
}

void watch_touch_all(kr_db *db, const kr_db *other)
{
    struct watch_flush f = {db, other};

    if (db->watched != 0)
        table_each(&watches.table, watch_flush_one, &f);
}

static void watch_release(void *entry, void *ctx)
{
    struct watched *w = entry;

    (void)ctx;
    while (w->first != NULL) {
        kr_watch *next = w->first->next;

        memory_free(w->first);
        w->first = next;
    }
    memory_free(w);
}

void watch_fini(void)
{
    if (!watches.ready)
        return;
    while (!table_clear_step(&watches.table, 1024, watch_release, NULL))
        ;
    watches.ready = false;
}
