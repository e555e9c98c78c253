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
 *   - `expiring` counts the entries with an expiry, values[t] those of type
 *     slot t.
 *
 * Three primitives remove or add an entry, and keep all of this true:
 * db_insert(), db_detach() and db_relocate(). */
#ifndef CORE_KEYSPACE_DB_H
#define CORE_KEYSPACE_DB_H

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
    uint64_t *values;  /* keys by type slot; made with the first key */
    uint16_t stamp;    /* of the next item for the wheel */
    /* What follows stays when contents are swapped or flushed. */
    int32_t index;
    uint64_t watched; /* keys that somebody watches */
};

struct keyspace {
    kr_db *dbs;
    int32_t count;
    uint64_t chance; /* state of the random numbers, never 0 */
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

/* --- Entries of a database --------------------------------------------------- */

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

/* The entry has moved from `from`, which may have been freed, to `to`. */
void db_relocate(kr_db *db, uint64_t hash, const struct entry *from,
                 struct entry *to);

/* Take the entry out, box and all; the caller frees or places it. */
void db_detach(kr_db *db, uint64_t hash, struct entry *e);

/* Take it out, tell its type, free it. */
void db_remove(kr_db *db, uint64_t hash, struct entry *e, bool lazy);

/* One value more or less of a type. */
void db_count_value(kr_db *db, uint16_t type, int64_t by);

/* Empty the contents of a database into `to` (index and watches stay). */
void db_take_contents(kr_db *db, kr_db *to);

/* NULL, or the invariant that does not hold.  O(keys). */
const char *db_check(kr_db *db);

/* --- Telling ------------------------------------------------------------------ */

void keyspace_raise(enum event_id id, kr_db *db, struct kr_str key,
                    struct kr_cell *cell, struct kr_call *call);
void keyspace_notify(kr_db *db, struct kr_str key, uint32_t kind,
                     struct kr_str word);

/* Remove a key on the host's own account, with all that must be told. */
void keyspace_drop(kr_db *db, uint64_t hash, struct entry *e, bool evict);

/* May this server remove what has expired? */
static inline bool keyspace_may_expire(void)
{
    return !keyspace_hooks.follows && !keyspace_hooks.loading;
}

/* --- Expiry (expire.c) --------------------------------------------------------- */

/* Give the entry an expiry, or take it.  It may move; answers its address. */
struct entry *expire_set(kr_db *db, uint64_t hash, struct entry *e,
                         int64_t when_ms);
/* An entry with an expiry came into the database: an item for it. */
void expire_index(kr_db *db, uint64_t hash, struct entry *e);

/* --- Freeing (lazy.c) ---------------------------------------------------------- */

/* Free the box of an entry that is out of the table; `lazy`: if large, on
 * another thread. */
void lazy_free_box(struct entry *e, bool lazy);
/* Free what db_take_contents() took: on another thread, or in steps of
 * lazy_step(). */
void lazy_free_contents(kr_db *contents, bool async);
/* Free flushed keys for at most that long; false when none are left. */
bool lazy_step(int64_t budget_us);
/* Values of a type that wait to be freed. */
uint64_t lazy_values(uint16_t slot);
void lazy_fini(void);

/* --- Watching (watch.c) --------------------------------------------------------- */

kr_watch *watch_add(kr_db *db, struct kr_str key);
bool watch_is_changed(const kr_watch *watch);
void watch_remove(kr_watch *watch);
/* The key has changed or gone.  Call it only while db->watched. */
void watch_touch(kr_db *db, struct kr_str key);
/* All of `db` will be replaced by what is in `other`, or nothing with NULL. */
void watch_touch_all(kr_db *db, const kr_db *other);
void watch_fini(void);

/* --- Types (type.c) ------------------------------------------------------------- */

#define TYPE_UNLINKS (1u << 0) /* has unlink() */
#define TYPE_ALIGNED (1u << 1)

/* A byte for each slot, so that put() need not visit the type. */
extern uint8_t type_traits[ENTRY_TYPES];

/* The type's functions, NULL while its module is away. */
const struct kr_type *type_at(uint16_t slot);
void type_fini(void);

/* --- The figures (describe.c) ---------------------------------------------------- */

size_t describe_key_memory(const struct kr_cell *cell, size_t samples);
size_t describe_table(const kr_db *db, bool full, char *text, size_t size);

#endif
