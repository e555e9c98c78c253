/* SPDX-License-Identifier: BSD-3-Clause */
#include "due.h"

#include "module.h"

#include <kr/call.h>
#include <kr/event.h>
#include <kr/journal.h>
#include <kr/loop.h>
#include <kr/memory.h>

/* Fields that go at once, and for how long before others have their turn. */
#define DUE_BATCH     64
#define DUE_BUDGET_NS 1000000

#define DUE_RETRY_MS 100  /* how often a server looks that may not yet */
#define DUE_NAP_MS   1000 /* no longer: somebody may set the clock */
#define DUE_CLEAR    1024 /* keys of an index that are freed at once */

struct due {
    kr_module *self;
    struct tree *dbs; /* an index for each; NULL: nothing has expired yet */
    int32_t count;
    kr_timer *timer; /* NULL: nothing to wait for */
    int64_t fires_ms;
};

static struct due *due_of_module(void)
{
    return kr_modules->state(hash_self);
}

int64_t due_now_any(void)
{
    const struct kr_call *call = kr_calls->current();

    return call ? due_now(call) : kr_loop->wall_ms();
}

/* --- The index ----------------------------------------------------------- */

static struct tree *due_index(struct due *due, int32_t db)
{
    if (KR_UNLIKELY(!due->dbs)) {
        due->count = kr_keyspace->db_count();
        due->dbs =
            kr_memory->calloc(due->self, (size_t)due->count, sizeof(*due->dbs));
    }
    return &due->dbs[db];
}

static void due_schedule(struct due *due);

static void due_add(struct due *due, int32_t db, struct kr_str key,
                    int64_t time_ms)
{
    tree_insert(due_index(due, db), &hash_host, (double)time_ms,
                item_new(&hash_host, key, 0));
    if (time_ms < due->fires_ms)
        due_schedule(due);
}

static void due_remove(struct due *due, int32_t db, struct kr_str key,
                       int64_t time_ms)
{
    struct item *item =
        tree_erase(due_index(due, db), &hash_host, (double)time_ms, key);

    if (item)
        structure_free(&hash_host, item);
}

void due_reindex(const struct kr_cell *cell, int64_t before_ms,
                 int64_t after_ms)
{
    int32_t db = kr_keyspace->db_index(cell->db);
    struct kr_str key = kr_keyspace->key(cell);
    struct due *due = due_of_module();

    if (before_ms != VALUE_NEVER)
        due_remove(due, db, key, before_ms);
    if (after_ms != VALUE_NEVER)
        due_add(due, db, key, after_ms);
}

void due_unlink(const struct kr_peek *value, int32_t db, struct kr_str key)
{
    int64_t time_ms = value_earliest(value);

    if (KR_UNLIKELY(time_ms != VALUE_NEVER))
        due_remove(due_of_module(), db, key, time_ms);
}

void due_link(const struct kr_peek *value, int32_t db, struct kr_str key)
{
    int64_t time_ms = value_earliest(value);

    if (KR_UNLIKELY(time_ms != VALUE_NEVER))
        due_add(due_of_module(), db, key, time_ms);
}

/* --- Whole databases ----------------------------------------------------- */

struct due_rubbish {
    kr_module *self;
    struct tree tree;
};

static void rubbish_drop(double time_ms, struct item *item, void *ctx)
{
    (void)time_ms, (void)ctx;
    structure_free(&hash_host, item);
}

void due_rubbish_clear(void *ctx)
{
    struct due_rubbish *rubbish = ctx;

    while (!tree_clear_step(&rubbish->tree, &hash_host, DUE_CLEAR, rubbish_drop,
                            NULL))
        ;
}

void due_rubbish_done(void *ctx)
{
    struct due_rubbish *rubbish = ctx;

    kr_memory->free(rubbish->self, rubbish);
}

/* A large index is freed on another thread. */
static void due_clear(struct due *due, struct tree *tree)
{
    struct due_rubbish *rubbish;
    bool large = tree_count(tree) > DUE_CLEAR;

    if (tree_count(tree) == 0)
        return;
    rubbish = kr_memory->alloc(due->self, sizeof(*rubbish));
    *rubbish = (struct due_rubbish){due->self, *tree};
    memset(tree, 0, sizeof(*tree));
    if (large) {
        kr_loop->job(due->self, due_rubbish_clear, due_rubbish_done, rubbish);
    } else {
        due_rubbish_clear(rubbish);
        due_rubbish_done(rubbish);
    }
}

static void due_on_flush(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    struct due *due = ctx;

    if (!due->dbs)
        return;
    for (int32_t i = 0; i < due->count; i++)
        if (!event->db || kr_keyspace->db_index(event->db) == i)
            due_clear(due, &due->dbs[i]);
}

static void due_on_swap(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    struct due *due = ctx;
    struct tree *a, *b, old;

    if (!due->dbs)
        return;
    a = &due->dbs[kr_keyspace->db_index(event->db)];
    b = &due->dbs[kr_keyspace->db_index(event->other)];
    old = *a;
    *a = *b;
    *b = old;
}

/* --- Removing ------------------------------------------------------------ */

static void due_journal(kr_db *db, struct kr_str key,
                        const struct kr_str *fields, size_t count)
{
    struct kr_str words[2 + DUE_BATCH] = {KR_STR("HDEL"), key};

    if (!kr_journal->armed())
        return;
    memcpy(words + 2, fields, count * sizeof(*fields));
    kr_journal->effect(db, (uint32_t)(2 + count), words);
}

void due_drop_field(struct kr_cell *cell, struct due_edit *edit,
                    struct kr_str field)
{
    int64_t now_ms = due_now_any();
    struct value_place place;

    if (edit->earliest_ms >= now_ms || !value_seek(cell, field, &place) ||
        value_time(cell, &place) >= now_ms)
        return;
    due_journal(cell->db, kr_keyspace->key(cell), &field, 1);
    value_delete(cell, &place);
    edit->dropped = true;
}

/* Remove the first fields of a hash that are over. */
static void due_expire_some(struct kr_cell *cell, kr_db *db, struct kr_str key,
                            int64_t now_ms)
{
    char texts[DUE_BATCH][LISTPACK_TEXT];
    struct kr_str fields[DUE_BATCH];
    struct due_edit edit;
    struct kr_peek peek;
    size_t count;
    bool empty;

    due_begin(cell, &edit);
    count = value_due(cell, now_ms, fields, texts, DUE_BATCH);
    if (count == 0)
        return;
    due_journal(db, key, fields, count);
    value_delete_due(cell, fields, count);
    due_end(cell, &edit);
    peek = kr_cell_peek(cell);
    empty = value_total(&peek) == 0;
    if (empty)
        kr_keyspace->erase(cell, true);
    kr_keyspace->changed(NULL, db, key, KR_CLASS_HASH, KR_STR("hexpired"));
    if (empty)
        kr_keyspace->notify(db, key, KR_CLASS_GENERIC, KR_STR("del"));
}

/* The same for the hash that is first in the index.  Its name is copied: the
 * index forgets it on the way. */
static void due_expire_first(struct due *due, int32_t index, int64_t now_ms)
{
    kr_db *db = kr_keyspace->db(index);
    struct tree_place at;
    struct tree_entry first;
    struct kr_cell cell;
    struct kr_str key;
    char *name;

    tree_seek(&due->dbs[index], 0, &at);
    tree_forward(&at, &first, 1);
    key = item_key(first.item);
    name = kr_memory->alloc(due->self, key.size + 1);
    memcpy(name, key.data, key.size);
    key.data = name;
    kr_journal->begin();
    if (kr_keyspace->find(
            db, key, KR_FIND_WRITE | KR_FIND_QUIET | KR_FIND_EXPIRED, &cell) &&
        cell.type == value_type)
        due_expire_some(&cell, db, key, now_ms);
    kr_journal->end();
    kr_memory->free(due->self, name);
}

/* --- The timer ----------------------------------------------------------- */

/* The database where something is due first, and when. */
static int32_t due_first(const struct due *due, int64_t *time_ms)
{
    struct tree_place at;
    struct tree_entry first;
    int32_t db = -1;

    *time_ms = VALUE_NEVER;
    for (int32_t i = 0; due->dbs && i < due->count; i++) {
        if (tree_count(&due->dbs[i]) == 0)
            continue;
        tree_seek(&due->dbs[i], 0, &at);
        tree_forward(&at, &first, 1);
        if ((int64_t)first.score >= *time_ms)
            continue;
        *time_ms = (int64_t)first.score;
        db = i;
    }
    return db;
}

static void due_fire(void *ctx);

static void due_wait(struct due *due, int64_t time_ms)
{
    int64_t delay_ms = time_ms - kr_loop->wall_ms();

    if (delay_ms > DUE_NAP_MS)
        delay_ms = DUE_NAP_MS;
    if (due->timer)
        kr_loop->cancel(due->timer);
    due->fires_ms = time_ms;
    due->timer = kr_loop->timer(
        due->self, delay_ms > 0 ? (uint64_t)delay_ms : 0, 0, due_fire, due);
}

/* A field lives through the millisecond of its time. */
static void due_schedule(struct due *due)
{
    int64_t time_ms;

    if (due_first(due, &time_ms) >= 0)
        due_wait(due, time_ms + 1);
}

static void due_fire(void *ctx)
{
    struct due *due = ctx;
    int64_t now_ms = kr_loop->wall_ms(), time_ms;
    int64_t end_ns = kr_loop->monotonic_ns() + DUE_BUDGET_NS;
    int32_t db = due_first(due, &time_ms);

    due->timer = NULL;
    due->fires_ms = VALUE_NEVER;
    if (!kr_keyspace->expires_actively()) {
        if (db >= 0)
            due_wait(due, now_ms + DUE_RETRY_MS);
        return;
    }
    while (db >= 0 && time_ms < now_ms && kr_loop->monotonic_ns() < end_ns) {
        due_expire_first(due, db, now_ms);
        db = due_first(due, &time_ms);
    }
    due_schedule(due);
}

/* --- Life ---------------------------------------------------------------- */

struct due *due_new(kr_module *self)
{
    struct due *due = kr_memory->calloc(self, 1, sizeof(*due));

    due->self = self;
    due->fires_ms = VALUE_NEVER;
    return due;
}

void due_start(struct due *due)
{
    kr_events->subscribe(due->self, KR_EVENT_FLUSH, due_on_flush, due);
    kr_events->subscribe(due->self, KR_EVENT_SWAP, due_on_swap, due);
    due_schedule(due);
}

void due_move(struct due *due, struct due *then)
{
    due->dbs = then->dbs;
    due->count = then->count;
    kr_memory->free(due->self, then);
}

void due_free(struct due *due)
{
    for (int32_t i = 0; due->dbs && i < due->count; i++)
        while (!tree_clear_step(&due->dbs[i], &hash_host, SIZE_MAX,
                                rubbish_drop, NULL))
            ;
    kr_memory->free(due->self, due->dbs);
    kr_memory->free(due->self, due);
}

/* Times of fields came with version 12. */
uint32_t due_file_version(void)
{
    const struct due *due = due_of_module();

    for (int32_t i = 0; due->dbs && i < due->count; i++)
        if (tree_count(&due->dbs[i]) > 0)
            return 12;
    return 10;
}
