/* SPDX-License-Identifier: BSD-3-Clause */
/* db - a database, and what the rooms of this wing share of it.
 *
 *   key --hash--> table --> entry: head | expiry | key | payload
 *                   ^                      |
 *                   | 40 bits of the hash  | stamp
 *                   wheel item <- - - - - -+
 *
 * Invariants (db_check() verifies them):
 *   - every entry is in the table under the hash of its key, once;
 *   - an entry with an expiry before 2^48 has an item in the wheel with its
 *     stamp, at or before its expiry;
 *   - `expiring` counts the entries with an expiry, `unmarked` those whose mark
 *     is not the keyspace's, values[t] those of type slot t.
 *
 * db_insert() and db_detach() add and remove an entry and keep all of this
 * true; whoever moves one looks up its place before. */
#ifndef CORE_KEYSPACE_DB_H
#define CORE_KEYSPACE_DB_H

#include <assert.h>

#include "core/event/event.h"
#include "core/keyspace/age.h"
#include "core/keyspace/entry.h"
#include "core/keyspace/hooks.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/table.h"
#include "core/keyspace/wheel.h"

struct kr_db {
    struct table table;
    struct wheel wheel;
    uint64_t expiring; /* keys with an expiry */
    uint64_t unmarked; /* keys that a walk has not been at */
    uint64_t *values;  /* keys by type slot; made with the first key */
    /* What follows stays when contents are swapped or flushed. */
    int32_t index;
    uint64_t watched; /* keys that somebody watches */
};

struct keyspace {
    kr_db *dbs;
    int32_t count;
    uint64_t chance;     /* state of the random numbers, never 0 */
    uint64_t seed;       /* of what tables and wheels draw by chance */
    int32_t expire_next; /* the database at which expiry goes on */
    uint64_t swaps;      /* times that databases have exchanged contents */
    uint64_t mark;       /* ENTRY_MARK of entries that are marked */
    /* Somebody is told that a key goes, and looks at it: what has expired can be
     * seen, and stays. */
    uint32_t telling;
};

/* The wing's state: one, because the ABI's functions carry no handle. */
extern struct keyspace keyspace;

static inline uint64_t keyspace_chance(void)
{
    uint64_t x = keyspace.chance;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return keyspace.chance = x;
}

static inline bool keyspace_is_marked(const struct entry *e)
{
    return (e->head & ENTRY_MARK) == keyspace.mark;
}

/* --- Entries of a database ----------------------------------------------- */

static inline struct entry *db_lookup(const kr_db *db, struct kr_str key,
                                      uint64_t hash, struct table_place *at)
{
    struct entry *e = table_first(&db->table, hash, at);

    while (e != NULL && KR_UNLIKELY(!entry_is(e, key)))
        e = table_next(hash, at);
    return e;
}

/* As db_lookup(), without a place. */
struct entry *db_peek(const kr_db *db, struct kr_str key);

/* A new entry of ours; its key is not there. */
void db_insert(kr_db *db, uint64_t hash, struct entry *e);

/* Where our entry is: for table_replace() when it will move. */
static inline void db_place(const kr_db *db, uint64_t hash,
                            const struct entry *e, struct table_place *at)
{
    bool found = table_find_entry(&db->table, hash, e, at);

    assert(found);
    (void)found;
}

/* Take the entry out, box and all; the caller frees or places it. */
void db_detach(kr_db *db, uint64_t hash, struct entry *e);

/* Take it out, tell its type, free it. */
void db_remove(kr_db *db, uint64_t hash, struct entry *e, bool lazy);

/* A value has changed its type. */
void db_retype(kr_db *db, uint16_t from, uint16_t to);
/* Tell the entry's type that the value is about to go, if it cares. */
void db_unlink_value(kr_db *db, struct entry *e);
/* Tell it where a value is that was made elsewhere. */
void db_link_value(kr_db *db, struct entry *e);

void db_init(kr_db *db, int32_t index);
/* Move the contents of a database to `to`, and leave it empty. */
void db_take_contents(kr_db *db, kr_db *to);
/* Exchange them; index and watches stay. */
void db_swap_contents(kr_db *a, kr_db *b);

/* NULL, or the invariant that does not hold.  O(keys). */
const char *db_check(kr_db *db);

/* --- Telling (tell.c) ---------------------------------------------------- */

void tell(enum event_id id, kr_db *db, struct kr_str key, struct kr_cell *cell,
          struct kr_call *call);
/* As tell(), with the value that the key has now, if any. */
void tell_value(enum event_id id, kr_db *db, struct kr_str key,
                struct kr_call *call);
/* A notification.  One test while nobody listens. */
void tell_notify(kr_db *db, struct kr_str key, uint32_t kind,
                 struct kr_str word);
void tell_changed(struct kr_call *call, kr_db *db, struct kr_str key);
/* The value of `e` is about to go: `end` is one of KR_END_.  Listeners may do
 * anything: the answer is what the key has then, or NULL.  Only while
 * EVENT_KEY_ENDING is armed. */
struct entry *tell_ending(kr_db *db, uint64_t hash, struct entry *e,
                          uint32_t end);

/* Remove a key on the host's own account, with all that must be told.  False:
 * somebody who was told it would go has removed it himself. */
bool db_drop(kr_db *db, uint64_t hash, struct entry *e, bool evict);

/* May this server remove what has expired? */
static inline bool keyspace_may_expire(void)
{
    return !keyspace_hooks.follows && !keyspace_hooks.still &&
           !keyspace_hooks.loading && !keyspace.telling;
}

/* --- Expiry (expire.c) --------------------------------------------------- */

/* Give the entry an expiry, or take it.  It may move; answers its address. */
struct entry *expire_set(kr_db *db, uint64_t hash, struct entry *e,
                         int64_t when_ms);
/* An entry with an expiry came into the database: an item for it. */
void expire_index(kr_db *db, uint64_t hash, struct entry *e);
void expire_init(kr_db *db, int64_t now_ms);
/* An entry that expires as early as any, or nearly; NULL if none is indexed. */
struct entry *expire_earliest(kr_db *db, uint64_t *hash);
/* Any that expires. */
struct entry *expire_random(kr_db *db, uint64_t *hash);
/* Tidy the wheels a little. */
void expire_step(void);

/* --- Freeing (lazy.c) ---------------------------------------------------- */

/* Free the box of an entry that is out of the table; what takes long on another
 * thread.  `lazy`: what takes a little, too, and INFO counts it. */
void lazy_free_box(struct entry *e, bool lazy);
/* Free what db_take_contents() took: on another thread, or in steps of
 * lazy_step(). */
void lazy_free_contents(kr_db *contents, bool async);
/* Free flushed keys for at most that long; false when none are left. */
bool lazy_step(int64_t budget_us);
/* Values of a type that wait to be freed. */
uint64_t lazy_values(uint16_t slot);
/* What has begun to wait up to now, and: is all of that freed? */
uint64_t lazy_mark(void);
bool lazy_is_past(uint64_t mark);
/* About so many bytes of large values wait to be freed; 0 without a limit of
 * memory. */
size_t lazy_bytes(void);
/* Does anything wait? */
bool lazy_is_busy(void);
/* After keyspace_keep_home(): free what waits. */
void lazy_fini(void);

/* --- Watching (watch.c) -------------------------------------------------- */

kr_watch *watch_add(kr_db *db, struct kr_str key);
bool watch_is_changed(const kr_watch *watch);
void watch_remove(kr_watch *watch);
/* The key has changed or gone.  Call it only while db->watched. */
void watch_touch(kr_db *db, struct kr_str key);
/* All of `db` will be replaced by what is in `other`, or nothing with NULL. */
void watch_touch_all(kr_db *db, const kr_db *other);
void watch_fini(void);

/* --- The figures (describe.c) -------------------------------------------- */

size_t describe_key_memory(const struct kr_cell *cell, size_t samples);
size_t describe_table(const kr_db *db, bool full, char *text, size_t size);

#endif
