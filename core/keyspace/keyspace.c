/* SPDX-License-Identifier: BSD-3-Clause */
/* keyspace - the functions behind <kr/keyspace.h>.
 *
 * The path of a read:   hash (or the dispatcher's hint) -> bucket -> entry
 *                       -> expired? -> touch, count a hit -> fill the cell
 * The path of a write:  the same, then the entry takes its new form in place if
 *                       it fits, and somebody is told if anybody listens.
 *
 * Both test each rare thing once and jump out of line for it.  Events run code
 * of modules, which may change the database: after one was raised nothing that
 * was looked up before is believed. */
#include "core/keyspace/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/clock/clock.h"
#include "core/keyspace/adapt.h"
#include "core/keyspace/evict.h"
#include "core/keyspace/type.h"
#include "core/memory/memory.h"
#include "core/text/hash.h"
#include "core/text/random.h"

/* Variables, because every command reads or writes them: see their headers. */
struct keyspace keyspace;
struct keyspace_settings keyspace_settings = {
    .databases = 16,
    .samples = 5,
    .tenacity = 10,
    .lfu_log_factor = 10,
    .lfu_decay_time = 1,
    .active_expire = true,
    .active_expire_effort = 1,
};
struct keyspace_stats keyspace_stats;
struct keyspace_hint keyspace_hint;
struct keyspace_hooks keyspace_hooks;

/* --- Hashing ------------------------------------------------------------- */

static inline uint64_t keyspace_hash_inline(struct kr_str key)
{
    return hash_bytes(key);
}

uint64_t keyspace_hash(struct kr_str key)
{
    return keyspace_hash_inline(key);
}

static inline uint64_t keyspace_hash_arg(struct kr_str key)
{
    struct keyspace_hint *hint = &keyspace_hint;

    if (KR_LIKELY(key.data == hint->data && key.data != NULL))
        return hint->hash;
    if (hint->left == 0 || hint->word[hint->step].data != key.data)
        return keyspace_hash_inline(key);
    hint->left--;
    hint->word += hint->step;
    hint->data = key.data;
    return hint->hash = *++hint->hashes;
}

void keyspace_prefetch_bucket(kr_db *db, uint64_t hash)
{
    table_prefetch_bucket(&db->table, hash);
}

void keyspace_prefetch_entry(kr_db *db, uint64_t hash)
{
    table_prefetch_entry(&db->table, hash);
}

bool keyspace_peek(kr_db *db, struct kr_str key, uint64_t hash,
                   struct kr_cell *cell)
{
    struct table_place at;
    struct entry *e = db_lookup(db, key, hash, &at);

    if (e != NULL)
        entry_fill_cell(e, db, hash, cell);
    return e != NULL;
}

/* --- Looking up ---------------------------------------------------------- */

/* The key is not there. */
static __attribute__((noinline)) bool keyspace_missed(kr_db *db,
                                                      struct kr_str key,
                                                      uint32_t how,
                                                      struct kr_call *call)
{
    if (how & KR_FIND_WRITE) {
        if (event_is_armed(EVENT_KEY_BEFORE))
            tell(EVENT_KEY_BEFORE, db, key, NULL, call);
        return false;
    }
    if (how & KR_FIND_NO_STATS)
        return false;
    keyspace_stats.misses++;
    if (event_is_armed(EVENT_KEY_MISSED))
        tell(EVENT_KEY_MISSED, db, key, NULL, call);
    if (event_is_armed(EVENT_KEY_NOTIFY))
        tell_notify(db, key, KR_CLASS_MISS, KR_STR("keymiss"));
    return false;
}

/* Is an entry whose time has come to be taken for absent?  If so it goes,
 * unless another server decides that.  While loading all are there: who wrote
 * the snapshot counted on them; so they are for who is told of a key's end. */
static __attribute__((noinline)) bool keyspace_is_over(kr_db *db, uint64_t hash,
                                                       struct entry *e)
{
    if (keyspace_hooks.loading || keyspace.telling)
        return false;
    if (!keyspace_hooks.follows && !keyspace_hooks.still)
        db_drop(db, hash, e, false);
    return true;
}

/* Tell that the key is about to change.  False: it has gone meanwhile. */
static __attribute__((noinline)) bool
keyspace_announce(kr_db *db, struct kr_str key, uint64_t hash,
                  struct kr_call *call, struct kr_cell *cell)
{
    struct table_place at;
    struct entry *e;

    tell(EVENT_KEY_BEFORE, db, key, cell, call);
    e = db_lookup(db, key, hash, &at);
    if (e != NULL)
        entry_fill_cell(adapt_seen(db, hash, e), db, hash, cell);
    return e != NULL;
}

static inline bool keyspace_find_at(kr_db *db, struct kr_str key, uint64_t hash,
                                    uint32_t how, int64_t now_ms,
                                    struct kr_call *call, struct kr_cell *cell)
{
    struct table_place at;
    struct entry *e = db_lookup(db, key, hash, &at);

    if (e == NULL)
        return keyspace_missed(db, key, how, call);
    if (KR_UNLIKELY(entry_expired(e, now_ms)) && !(how & KR_FIND_EXPIRED) &&
        keyspace_is_over(db, hash, e))
        return keyspace_missed(db, key, how, call);
    e = adapt_seen(db, hash, e);
    if (KR_LIKELY(!(how & KR_FIND_NO_TOUCH) && !keyspace_hooks.child))
        age_touch(e, now_ms);
    if (!(how & (KR_FIND_WRITE | KR_FIND_NO_STATS)))
        keyspace_stats.hits++;
    entry_fill_cell(e, db, hash, cell);
    if ((how & KR_FIND_WRITE) && event_is_armed(EVENT_KEY_BEFORE))
        return keyspace_announce(db, key, hash, call, cell);
    return true;
}

static bool keyspace_find_arg(struct kr_call *call, uint32_t arg, uint32_t how,
                              struct kr_cell *cell)
{
    struct kr_str key = call->argv[arg];

    if (KR_UNLIKELY(call->flags & KR_CALL_NO_TOUCH))
        how |= KR_FIND_NO_TOUCH;
    return keyspace_find_at(call->db, key, keyspace_hash_arg(key), how,
                            call->now_ms, call, cell);
}

static bool keyspace_find(kr_db *db, struct kr_str key, uint32_t how,
                          struct kr_cell *cell)
{
    return keyspace_find_at(db, key, keyspace_hash_inline(key), how,
                            clock_turn_ms, NULL, cell);
}

static struct kr_str keyspace_key(const struct kr_cell *cell)
{
    return entry_key(cell->entry);
}

/* --- Putting ------------------------------------------------------------- */

static void keyspace_create(kr_db *db, struct kr_str key, uint64_t hash,
                            const struct entry_form *form, int64_t now_ms,
                            struct kr_cell *cell)
{
    struct entry *e = entry_new(key, form, age_first(now_ms));

    db_insert(db, hash, e);
    entry_fill_cell(e, db, hash, cell);
}

/* "new" is told before the value's bytes are there, as the event of a change
 * will follow; so listeners learn the name only. */
static __attribute__((noinline)) void keyspace_tell_new(kr_db *db,
                                                        struct kr_str key,
                                                        uint64_t hash,
                                                        struct kr_cell *cell)
{
    struct kr_key_event event = {
        .size = sizeof(event),
        .kind = KR_CLASS_NEW,
        .db = db,
        .key = key,
        .word = KR_STR("new"),
    };
    struct table_place at;
    struct entry *e;

    if (keyspace_hooks.loading)
        return;
    event_raise(EVENT_KEY_NOTIFY, &event);
    e = db_lookup(db, key, hash, &at);
    assert(e != NULL); /* listeners of "new" leave the key alone */
    entry_fill_cell(e, db, hash, cell);
}

/* The value of `e` is about to be replaced by one of another kind, or it has
 * something to free. */
static __attribute__((noinline)) void
keyspace_retire(kr_db *db, struct entry *e, uint16_t type)
{
    db_unlink_value(db, e);
    if (entry_boxed(e))
        lazy_free_box(e, keyspace_settings.lazy_server_del);
    if (entry_type(e) != type)
        db_retype(db, entry_type(e), type);
}

static inline bool keyspace_is_plain(const struct entry *e, uint16_t type)
{
    return entry_type(e) == type && !entry_boxed(e) &&
           !(type_traits[type] & TYPE_UNLINKS);
}

static struct entry *keyspace_replace(kr_db *db, struct entry *e,
                                      const struct table_place *at,
                                      struct entry_form *form, uint32_t how,
                                      int64_t now_ms)
{
    bool other = entry_type(e) != form->type;
    struct entry *fresh;

    if (KR_UNLIKELY(!keyspace_is_plain(e, form->type)))
        keyspace_retire(db, e, form->type);
    if (KR_UNLIKELY(entry_expires(e))) {
        if (how & KR_PUT_KEEP_EXPIRY)
            form->flags |= e->head & (ENTRY_EXPIRES | ENTRY_FAR);
        else
            db->expiring--;
    }
    form->flags ^= (form->flags ^ e->head) & ENTRY_MARK;
    fresh = entry_renew(e, form);
    if (fresh != e)
        table_replace(at, fresh);
    if (KR_LIKELY(!keyspace_hooks.child))
        age_touch(fresh, now_ms);
    if (KR_UNLIKELY(other && keyspace_hooks.gone != NULL))
        keyspace_hooks.gone(db, entry_key(fresh));
    return fresh;
}

static inline void keyspace_put_at(kr_db *db, struct kr_str key, uint64_t hash,
                                   struct entry_form *form, uint32_t how,
                                   int64_t now_ms, struct kr_call *call,
                                   struct kr_cell *cell)
{
    struct table_place at;
    struct entry *e = db_lookup(db, key, hash, &at);

    assert(form->type != 0 && form->length <= KR_INLINE_MAX);
    if (e != NULL && KR_UNLIKELY(entry_expired(e, now_ms)) &&
        keyspace_may_expire()) {
        db_drop(db, hash, e, false);
        e = db_lookup(db, key, hash, &at);
    }
    if (event_is_armed(EVENT_KEY_BEFORE)) {
        if (e != NULL)
            entry_fill_cell(adapt_seen(db, hash, e), db, hash, cell);
        tell(EVENT_KEY_BEFORE, db, key, e != NULL ? cell : NULL, call);
        e = db_lookup(db, key, hash, &at);
    }
    if (event_is_armed(EVENT_KEY_ENDING) && e != NULL && !(how & KR_PUT_SAME)) {
        (void)tell_ending(db, hash, e, KR_END_OVERWRITTEN);
        e = db_lookup(db, key, hash, &at);
    }
    if (KR_LIKELY(e != NULL)) {
        e = keyspace_replace(db, e, &at, form, how, now_ms);
        entry_fill_cell(e, db, hash, cell);
        return;
    }
    keyspace_create(db, key, hash, form, now_ms, cell);
    if (event_is_armed(EVENT_KEY_NOTIFY))
        keyspace_tell_new(db, key, hash, cell);
}

static inline struct entry_form keyspace_form(uint16_t type, uint8_t meta,
                                              uint32_t how, uint32_t length)
{
    struct entry_form form = {0, length, type, meta};

    if (how & KR_PUT_BOXED) {
        form.flags = ENTRY_BOXED;
        form.length = 0;
    }
    form.flags |= type_entry_flags(type) | keyspace.mark;
    if (how & KR_PUT_ALIGNED)
        form.flags |= ENTRY_ALIGNED;
    return form;
}

static void keyspace_put(struct kr_call *call, uint32_t arg, uint16_t type,
                         uint8_t meta, uint32_t how, uint32_t length,
                         struct kr_cell *cell)
{
    struct kr_str key = call->argv[arg];
    struct entry_form form = keyspace_form(type, meta, how, length);

    keyspace_put_at(call->db, key, keyspace_hash_arg(key), &form, how,
                    call->now_ms, call, cell);
}

static void keyspace_put_key(kr_db *db, struct kr_str key, uint16_t type,
                             uint8_t meta, uint32_t how, uint32_t length,
                             struct kr_cell *cell)
{
    struct entry_form form = keyspace_form(type, meta, how, length);

    keyspace_put_at(db, key, keyspace_hash_inline(key), &form, how,
                    clock_turn_ms, NULL, cell);
}

static void keyspace_adopt(kr_db *db, struct kr_str key, uint16_t type,
                           uint32_t how, const struct kr_value *value,
                           struct kr_cell *cell)
{
    how &= ~KR_PUT_BOXED;
    if (value->boxed) {
        keyspace_put_key(db, key, type, value->meta, how | KR_PUT_BOXED, 0,
                         cell);
        kr_cell_set_box(cell, value->box);
    } else {
        keyspace_put_key(db, key, type, value->meta, how,
                         (uint32_t)value->bytes.size, cell);
        if (value->bytes.size != 0)
            memcpy(cell->data, value->bytes.data, value->bytes.size);
    }
    db_link_value(db, cell->entry);
}

/* --- Loading ------------------------------------------------------------- */

/* Entries that are to go into `db` together. */
#define PLACED_MAX 64

static struct {
    kr_db *db;
    uint32_t count;
    bool duplicate; /* since it was last asked */
    struct entry *entries[PLACED_MAX];
    uint64_t hashes[PLACED_MAX];
} placed;

static void keyspace_drop_placed(struct entry *e)
{
    if (entry_boxed(e))
        lazy_free_box(e, false);
    entry_free(e);
    placed.duplicate = true;
}

/* Who is told may run commands, one that removes the key too. */
static __attribute__((noinline)) void
keyspace_tell_loaded(kr_db *db, uint64_t hash, struct entry *e)
{
    struct kr_cell cell;

    entry_fill_cell(e, db, hash, &cell);
    tell(EVENT_KEY_LOADED, db, entry_key(e), &cell, NULL);
}

static void keyspace_insert_placed(void)
{
    struct table_place at;

    for (uint32_t i = 0; i < placed.count; i++)
        table_prefetch_bucket(&placed.db->table, placed.hashes[i]);
    for (uint32_t i = 0; i < placed.count; i++) {
        struct entry *e = placed.entries[i];

        if (KR_UNLIKELY(db_lookup(placed.db, entry_key(e), placed.hashes[i],
                                  &at) != NULL)) {
            keyspace_drop_placed(e);
            continue;
        }
        db_insert(placed.db, placed.hashes[i], e);
        db_link_value(placed.db, e);
        if (event_is_armed(EVENT_KEY_LOADED))
            keyspace_tell_loaded(placed.db, placed.hashes[i], e);
    }
    placed.count = 0;
}

static void keyspace_place(kr_db *db, struct kr_str key, uint16_t type,
                           const struct kr_value *value, int64_t when_ms,
                           struct kr_cell *cell)
{
    uint32_t how = value->boxed ? KR_PUT_BOXED : 0;
    uint32_t length = value->boxed ? 0 : (uint32_t)value->bytes.size;
    struct entry_form form = keyspace_form(type, value->meta, how, length);
    struct entry *e;

    if (placed.count == PLACED_MAX || placed.db != db)
        keyspace_insert_placed();
    if (when_ms != KR_NO_EXPIRY)
        form.flags |= ENTRY_EXPIRES;
    e = entry_new(key, &form, age_first(clock_turn_ms));
    if (when_ms != KR_NO_EXPIRY)
        entry_write_expiry(e, when_ms > 0 ? when_ms : 0, 0);
    if (value->boxed)
        memcpy(entry_payload(e), &value->box, sizeof(value->box));
    else if (length != 0)
        memcpy(entry_payload(e), value->bytes.data, length);
    placed.db = db;
    placed.hashes[placed.count] = keyspace_hash_inline(key);
    placed.entries[placed.count] = e;
    entry_fill_cell(e, db, placed.hashes[placed.count], cell);
    placed.count++;
}

static bool keyspace_settle(void)
{
    bool fine;

    keyspace_insert_placed();
    fine = !placed.duplicate;
    placed.duplicate = false;
    return fine;
}

static void keyspace_reserve(kr_db *db, uint64_t keys)
{
    table_reserve(&db->table, keys);
}

/* --- Changing ------------------------------------------------------------ */

static void keyspace_reshape(struct kr_cell *cell, uint32_t how,
                             uint32_t length)
{
    struct entry *e = cell->entry;
    struct entry_form form = entry_form(e);
    struct entry_form wanted = keyspace_form(form.type, form.meta, how, length);
    struct table_place at;
    struct entry *fresh;

    assert(wanted.length <= KR_INLINE_MAX);
    wanted.flags |= form.flags & (ENTRY_EXPIRES | ENTRY_FAR);
    wanted.flags ^= (wanted.flags ^ form.flags) & ENTRY_MARK;
    db_place(cell->db, cell->hash, e, &at);
    fresh = entry_reshape(e, &wanted);
    if (fresh != e)
        table_replace(&at, fresh);
    entry_fill_cell(fresh, cell->db, cell->hash, cell);
}

static void keyspace_set_meta(struct kr_cell *cell, uint8_t meta)
{
    assert(meta <= KR_META_MAX);
    entry_set_meta(cell->entry, meta);
    cell->meta = meta;
}

static void keyspace_end(struct kr_cell *cell, uint32_t end, bool lazy)
{
    struct entry *e = cell->entry;

    if (event_is_armed(EVENT_KEY_ENDING))
        e = tell_ending(cell->db, cell->hash, e, end);
    if (e != NULL)
        db_remove(cell->db, cell->hash, e, lazy);
    cell->entry = NULL;
    cell->data = NULL;
}

static void keyspace_erase(struct kr_cell *cell, bool lazy)
{
    keyspace_end(cell, KR_END_DELETED, lazy);
}

static void keyspace_expire_now(struct kr_cell *cell, bool lazy)
{
    keyspace_end(cell, KR_END_EXPIRED, lazy);
}

/* Tell of a name's end; false: the value has ended with it.  What a listener has
 * put in the way goes. */
static __attribute__((noinline)) bool
keyspace_leave(struct kr_cell *cell, kr_db *db, struct kr_str key)
{
    struct entry *other,
        *e = tell_ending(cell->db, cell->hash, cell->entry, KR_END_DELETED);

    if (e == NULL) {
        cell->entry = NULL;
        cell->data = NULL;
        return false;
    }
    entry_fill_cell(e, cell->db, cell->hash, cell);
    other = db_peek(db, key);
    if (other != NULL)
        db_remove(db, keyspace_hash(key), other, false);
    return true;
}

static void keyspace_rename(struct kr_cell *cell, kr_db *db, struct kr_str key)
{
    uint64_t hash = keyspace_hash_inline(key);
    struct entry *e;

    if (event_is_armed(EVENT_KEY_BEFORE))
        tell(EVENT_KEY_BEFORE, db, key, NULL, NULL);
    if (event_is_armed(EVENT_KEY_ENDING) && !keyspace_leave(cell, db, key))
        return;
    assert(db_peek(db, key) == NULL);
    e = cell->entry;
    if (KR_UNLIKELY(type_traits[entry_type(e)] & TYPE_LINKS))
        db_unlink_value(cell->db, e);
    db_detach(cell->db, cell->hash, e);
    if (KR_UNLIKELY(keyspace_hooks.gone != NULL))
        keyspace_hooks.gone(cell->db, entry_key(e));
    e = entry_rekey(e, key);
    db_insert(db, hash, e);
    db_link_value(db, e);
    entry_fill_cell(e, db, hash, cell);
    if (event_is_armed(EVENT_KEY_NOTIFY))
        keyspace_tell_new(db, key, hash, cell);
}

static void keyspace_changed_too(struct kr_call *call, kr_db *db,
                                 struct kr_str key, uint32_t kind,
                                 struct kr_str event)
{
    if (KR_UNLIKELY(db->watched != 0) || event_is_armed(EVENT_KEY_CHANGED))
        tell_changed(call, db, key);
    if (event_is_armed(EVENT_KEY_NOTIFY))
        tell_notify(db, key, kind, event);
}

static void keyspace_changed(struct kr_call *call, kr_db *db, struct kr_str key,
                             uint32_t kind, struct kr_str event)
{
    keyspace_stats.changes++;
    keyspace_changed_too(call, db, key, kind, event);
}

/* --- Expiry and age ------------------------------------------------------ */

static int64_t keyspace_expiry(const struct kr_cell *cell)
{
    return entry_expiry(cell->entry);
}

static void keyspace_set_expiry(struct kr_cell *cell, int64_t when_ms)
{
    struct entry *e = expire_set(cell->db, cell->hash, cell->entry, when_ms);

    entry_fill_cell(e, cell->db, cell->hash, cell);
}

static bool keyspace_expires_actively(void)
{
    return keyspace_settings.active_expire && keyspace_may_expire();
}

static uint64_t keyspace_idle_ms(const struct kr_cell *cell)
{
    return age_idle_ms(cell->entry, clock_turn_ms);
}

static uint32_t keyspace_frequency(const struct kr_cell *cell)
{
    return age_frequency(cell->entry, clock_turn_ms);
}

static void keyspace_set_idle_ms(struct kr_cell *cell, uint64_t idle_ms)
{
    if (!age_counts())
        age_set_idle_ms(cell->entry, idle_ms, clock_turn_ms);
}

static void keyspace_set_frequency(struct kr_cell *cell, uint32_t counter)
{
    if (age_counts())
        age_set_frequency(cell->entry, counter, clock_turn_ms);
}

/* --- Databases ----------------------------------------------------------- */

static int32_t keyspace_db_count(void)
{
    return keyspace.count;
}

static kr_db *keyspace_db(int32_t index)
{
    return index >= 0 && index < keyspace.count ? &keyspace.dbs[index] : NULL;
}

static int32_t keyspace_db_index(const kr_db *db)
{
    return db->index;
}

static uint64_t keyspace_count(const kr_db *db)
{
    return table_count(&db->table);
}

static uint64_t keyspace_count_expiring(const kr_db *db)
{
    return db->expiring;
}

struct keyspace_visit {
    kr_db *db;
    kr_each_key each;
    void *ctx;
};

static void keyspace_visit(void *entry, void *ctx)
{
    const struct keyspace_visit *v = ctx;
    uint64_t hash = keyspace_hash_inline(entry_key(entry));
    struct entry *e = adapt_seen(v->db, hash, entry);
    struct kr_cell cell;

    entry_fill_cell(e, v->db, hash, &cell);
    v->each(v->ctx, entry_key(e), &cell);
}

static uint64_t keyspace_scan(kr_db *db, uint64_t cursor, kr_each_key each,
                              void *ctx)
{
    struct keyspace_visit v = {db, each, ctx};

    return table_scan(&db->table, cursor, keyspace_visit, &v);
}

static void keyspace_each(kr_db *db, kr_each_key each, void *ctx)
{
    struct keyspace_visit v = {db, each, ctx};

    table_each(&db->table, keyspace_visit, &v);
}

/* Keys that have expired are not handed out; where they must stay and there may
 * be nothing else, one of them is better than an endless search. */
static bool keyspace_random(kr_db *db, struct kr_cell *cell)
{
    struct entry *e;

    for (int tries = 100; (e = table_random(&db->table, &keyspace.seed));) {
        uint64_t hash = keyspace_hash_inline(entry_key(e));

        if (!entry_expired(e, clock_turn_ms) || tries-- == 0 ||
            !keyspace_is_over(db, hash, e)) {
            entry_fill_cell(adapt_seen(db, hash, e), db, hash, cell);
            return true;
        }
    }
    return false;
}

static uint64_t keyspace_flush_one(kr_db *db, bool async)
{
    uint64_t count = table_count(&db->table);
    kr_db contents;

    if (count == 0)
        return 0;
    watch_touch_all(db, NULL);
    db_take_contents(db, &contents);
    lazy_free_contents(&contents, async);
    return count;
}

static void keyspace_flushed(kr_db *db)
{
    if (db != NULL)
        keyspace_hooks.swapped(db);
    for (int32_t i = 0; db == NULL && i < keyspace.count; i++)
        keyspace_hooks.swapped(&keyspace.dbs[i]);
}

static uint64_t keyspace_flush(kr_db *db, bool async)
{
    struct kr_db_event event = {sizeof(event), async, db, NULL};
    uint64_t count = 0;

    if (event_is_armed(EVENT_FLUSH_BEFORE))
        event_raise(EVENT_FLUSH_BEFORE, &event);
    if (db != NULL)
        count = keyspace_flush_one(db, async);
    for (int32_t i = 0; db == NULL && i < keyspace.count; i++)
        count += keyspace_flush_one(&keyspace.dbs[i], async);
    if (keyspace_hooks.swapped != NULL)
        keyspace_flushed(db);
    if (event_is_armed(EVENT_FLUSH))
        event_raise(EVENT_FLUSH, &event);
    return count;
}

static void keyspace_swap(kr_db *a, kr_db *b)
{
    struct kr_db_event event = {sizeof(event), 0, a, b};

    if (a == b)
        return;
    watch_touch_all(a, b);
    watch_touch_all(b, a);
    db_swap_contents(a, b);
    if (keyspace_hooks.swapped != NULL) {
        keyspace_hooks.swapped(a);
        keyspace_hooks.swapped(b);
    }
    if (event_is_armed(EVENT_SWAP))
        event_raise(EVENT_SWAP, &event);
}

/* --- Marks --------------------------------------------------------------- */

static kr_status keyspace_unmark(void)
{
    for (int32_t i = 0; i < keyspace.count; i++)
        if (keyspace.dbs[i].unmarked != 0)
            return KR_EBUSY;
    keyspace.mark ^= ENTRY_MARK;
    for (int32_t i = 0; i < keyspace.count; i++)
        keyspace.dbs[i].unmarked = table_count(&keyspace.dbs[i].table);
    return KR_OK;
}

static bool keyspace_set_mark(const struct kr_cell *cell)
{
    struct entry *e = cell->entry;

    if (keyspace_is_marked(e))
        return false;
    e->head ^= ENTRY_MARK;
    cell->db->unmarked--;
    return true;
}

static uint64_t keyspace_unmarked(const kr_db *db)
{
    return db->unmarked;
}

/* --- For DEBUG and MEMORY ------------------------------------------------ */

static size_t keyspace_table_memory(const kr_db *db)
{
    return table_memory(&db->table);
}

static size_t keyspace_expiry_memory(const kr_db *db)
{
    return wheel_memory(&db->wheel);
}

/* --- Beginning and end --------------------------------------------------- */

void keyspace_init_early(void)
{
    hash_init();
    random_secure(&keyspace.chance, sizeof(keyspace.chance));
    keyspace.seed = keyspace.chance;
    keyspace.chance |= 1;
}

void keyspace_init(void)
{
    int32_t count = (int32_t)keyspace_settings.databases;

    assert(keyspace.dbs == NULL && count > 0);
    if (keyspace.chance == 0)
        keyspace_init_early();
    if (clock_turn_ms == 0)
        clock_begin_turn();
    keyspace.count = count;
    keyspace.dbs = memory_alloc((size_t)count * sizeof(keyspace.dbs[0]));
    for (int32_t i = 0; i < count; i++)
        db_init(&keyspace.dbs[i], i);
}

void keyspace_fini(void)
{
    watch_fini();
    keyspace_keep_home();
    for (int32_t i = 0; i < keyspace.count; i++) {
        kr_db contents;

        db_take_contents(&keyspace.dbs[i], &contents);
        lazy_free_contents(&contents, false);
    }
    lazy_fini();
    evict_fini();
    memory_free(keyspace.dbs);
    memset(&keyspace, 0, sizeof(keyspace));
    type_fini();
}

void keyspace_step(int64_t budget_us)
{
    if (!lazy_step(budget_us))
        expire_step();
}

size_t keyspace_memory(void)
{
    size_t used = memory_used();
    size_t uncounted = lazy_bytes();

    return used > uncounted ? used - uncounted : 0;
}

/* --- The interface ------------------------------------------------------- */

const struct kr_keyspace keyspace_interface = {
    .size = sizeof(struct kr_keyspace),
    .find_arg = keyspace_find_arg,
    .find = keyspace_find,
    .key = keyspace_key,
    .put = keyspace_put,
    .put_key = keyspace_put_key,
    .reshape = keyspace_reshape,
    .set_meta = keyspace_set_meta,
    .adopt = keyspace_adopt,
    .erase = keyspace_erase,
    .rename = keyspace_rename,
    .changed = keyspace_changed,
    .notify = tell_notify,
    .expiry = keyspace_expiry,
    .set_expiry = keyspace_set_expiry,
    .may_expire = keyspace_may_expire,
    .idle_ms = keyspace_idle_ms,
    .frequency = keyspace_frequency,
    .counts_frequency = age_counts,
    .set_idle_ms = keyspace_set_idle_ms,
    .set_frequency = keyspace_set_frequency,
    .db_count = keyspace_db_count,
    .db = keyspace_db,
    .db_index = keyspace_db_index,
    .count = keyspace_count,
    .count_expiring = keyspace_count_expiring,
    .scan = keyspace_scan,
    .random = keyspace_random,
    .each = keyspace_each,
    .flush = keyspace_flush,
    .swap = keyspace_swap,
    .watch = watch_add,
    .watch_changed = watch_is_changed,
    .unwatch = watch_remove,
    .key_memory = describe_key_memory,
    .table_memory = keyspace_table_memory,
    .expiry_memory = keyspace_expiry_memory,
    .describe = describe_table,
    .expires_actively = keyspace_expires_actively,
    .changed_too = keyspace_changed_too,
    .place = keyspace_place,
    .settle = keyspace_settle,
    .reserve = keyspace_reserve,
    .unmark = keyspace_unmark,
    .mark = keyspace_set_mark,
    .unmarked = keyspace_unmarked,
    .ages_matter = age_matters,
    .expire = keyspace_expire_now,
};
