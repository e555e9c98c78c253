/* SPDX-License-Identifier: BSD-3-Clause */
/* tell - saying what happens to keys, to those who listen.
 *
 * Everything here is behind one test of `event_armed`: while nobody listens a
 * change costs its count and a look at whether keys are watched. */
#include "core/keyspace/adapt.h"
#include "core/keyspace/db.h"
#include "core/memory/memory.h"

void tell(enum event_id id, kr_db *db, struct kr_str key, struct kr_cell *cell,
          struct kr_call *call)
{
    struct kr_key_event event = {
        .size = sizeof(event),
        .db = db,
        .key = key,
        .cell = cell,
        .call = call,
    };

    event_raise(id, &event);
}

/* The cell of what is under `key`, expired or not. */
static struct kr_cell *tell_cell(kr_db *db, struct kr_str key,
                                 struct kr_cell *cell)
{
    struct table_place at;
    uint64_t hash = keyspace_hash(key);
    struct entry *e = db_lookup(db, key, hash, &at);

    if (e == NULL)
        return NULL;
    entry_fill_cell(adapt_seen(db, hash, e), db, hash, cell);
    return cell;
}

void tell_value(enum event_id id, kr_db *db, struct kr_str key,
                struct kr_call *call)
{
    struct kr_cell cell;

    tell(id, db, key, tell_cell(db, key, &cell), call);
}

/* The name is copied: the entry may be gone before all have been told. */
struct entry *tell_ending(kr_db *db, uint64_t hash, struct entry *e,
                          uint32_t end)
{
    struct kr_str key = entry_key(e);
    char *name = memory_alloc(key.size + 1);
    struct table_place at;
    struct kr_cell cell;
    struct kr_key_event event = {
        .size = sizeof(event),
        .kind = end,
        .db = db,
        .key = kr_str(memcpy(name, key.data, key.size), key.size),
        .cell = &cell,
    };

    entry_fill_cell(adapt_seen(db, hash, e), db, hash, &cell);
    keyspace.telling++;
    event_raise(EVENT_KEY_ENDING, &event);
    keyspace.telling--;
    e = db_lookup(db, event.key, hash, &at);
    memory_free(name);
    return e;
}

void tell_notify(kr_db *db, struct kr_str key, uint32_t kind,
                 struct kr_str word)
{
    struct kr_cell cell;
    struct kr_key_event event = {
        .size = sizeof(event),
        .kind = kind,
        .db = db,
        .key = key,
        .word = word,
    };

    if (!event_is_armed(EVENT_KEY_NOTIFY) || word.size == 0)
        return;
    event.cell = tell_cell(db, key, &cell);
    event_raise(EVENT_KEY_NOTIFY, &event);
}

void tell_changed(struct kr_call *call, kr_db *db, struct kr_str key)
{
    if (KR_UNLIKELY(db->watched != 0))
        watch_touch(db, key);
    if (event_is_armed(EVENT_KEY_CHANGED))
        tell_value(EVENT_KEY_CHANGED, db, key, call);
}
