/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/keyspace/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/loop/loop.h"
#include "core/memory/memory.h"

uint16_t flat_slot;
uint16_t crate_slot;
kr_module fixture_module = {.name = "fixture", .active = true};

static atomic_int alive;
static atomic_int elsewhere;
static int unlinked;
static char linked[64];
static pthread_t main_thread;

/* --- The types ----------------------------------------------------------- */

struct crate *crate_new(uint64_t mark, size_t effort)
{
    struct crate *c = memory_alloc(sizeof(*c));

    *c = (struct crate){mark, effort, false};
    alive++;
    return c;
}

static void crate_free(void *box)
{
    if (!pthread_equal(pthread_self(), main_thread))
        elsewhere++;
    alive--;
    memory_free(box);
}

static size_t crate_effort(const struct kr_peek *value)
{
    struct crate *c;

    memcpy(&c, value->data, sizeof(void *));
    return c->effort;
}

static size_t crate_memory(const struct kr_peek *value, size_t samples)
{
    (void)value;
    return 1000 + samples;
}

static void crate_unlink(const struct kr_peek *value, int32_t db,
                         struct kr_str key)
{
    (void)value;
    (void)db;
    (void)key;
    unlinked++;
}

static void crate_link(const struct kr_peek *value, int32_t db,
                       struct kr_str key)
{
    (void)value;
    snprintf(linked, sizeof(linked), "%d:%.*s", (int)db, (int)key.size,
             key.data);
}

static const uint8_t crate_codes[] = {7, 9};

const struct kr_type flat_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "flat",
};

const struct kr_type crate_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "crate",
    .codes = crate_codes,
    .code_count = 2,
    .slot = &crate_slot,
    .free = crate_free,
    .effort = crate_effort,
    .memory = crate_memory,
    .unlink = crate_unlink,
    .link = crate_link,
};

int crates_alive(void)
{
    return alive;
}

int crates_freed_elsewhere(void)
{
    return elsewhere;
}

int crates_unlinked(void)
{
    return unlinked;
}

const char *crate_linked(void)
{
    return linked;
}

/* --- Begin and end ------------------------------------------------------- */

void fixture_begin(void)
{
    main_thread = pthread_self();
    clock_init();
    loop_init();
    clock_turn_ms = BEGIN_MS;
    keyspace_init();
    ck_assert_int_eq(type_register(&fixture_module, &flat_type, &flat_slot),
                     KR_OK);
    ck_assert_int_eq(type_register(&fixture_module, &crate_type, NULL), KR_OK);
}

void fixture_settle(void)
{
    for (int i = 0; i < 5000 && lazy_is_busy(); i++) {
        keyspace_step(1000);
        loop_poll();
        usleep(1000);
    }
    ck_assert(!lazy_is_busy());
    ck_assert_uint_eq(keyspace_stats.lazy_pending, 0);
    ck_assert_uint_eq(lazy_bytes(), 0);
}

void fixture_end(void)
{
    for (int32_t i = 0; i < keyspace.count; i++)
        ck_assert_pstr_eq(db_check(&keyspace.dbs[i]), NULL);
    fixture_settle();
    keyspace_fini();
    ck_assert_int_eq(crates_alive(), 0);
    loop_fini();
}

TCase *fixture_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    suite_add_tcase(suite, tcase);
    return tcase;
}

/* --- Shorthand ----------------------------------------------------------- */

kr_db *db0(void)
{
    return KS->db(0);
}

void put_flat(kr_db *db, const char *key, const char *value)
{
    struct kr_cell cell;

    KS->put_key(db, kr_cstr(key), flat_slot, 0, 0, (uint32_t)strlen(value),
                &cell);
    memcpy(cell.data, value, strlen(value));
}

struct crate *put_crate(kr_db *db, const char *key, uint64_t mark,
                        size_t effort)
{
    struct crate *c = crate_new(mark, effort);
    struct kr_cell cell;

    KS->put_key(db, kr_cstr(key), crate_slot, 0, KR_PUT_BOXED, 0, &cell);
    kr_cell_set_box(&cell, c);
    return c;
}

bool has(kr_db *db, const char *key)
{
    struct kr_cell cell;

    return KS->find(db, kr_cstr(key), KR_FIND_QUIET, &cell);
}

void expire_at(kr_db *db, const char *key, int64_t when_ms)
{
    struct kr_cell cell;

    ck_assert(KS->find(db, kr_cstr(key), KR_FIND_WRITE, &cell));
    KS->set_expiry(&cell, when_ms);
    ck_assert(kr_str_equal(KS->key(&cell), kr_cstr(key)));
}

void erase_key(kr_db *db, const char *key)
{
    struct kr_cell cell;

    ck_assert(KS->find(db, kr_cstr(key), KR_FIND_WRITE, &cell));
    KS->erase(&cell, false);
}

bool is_flat(kr_db *db, const char *key, const char *value)
{
    struct kr_cell cell;

    return KS->find(db, kr_cstr(key), KR_FIND_QUIET, &cell) &&
           cell.type == flat_slot && !cell.boxed &&
           kr_str_equal(kr_cell_bytes(&cell), kr_cstr(value));
}

/* --- Listening ----------------------------------------------------------- */

static char heard_text[4096];
static uint64_t listening;

const char *heard(void)
{
    return heard_text;
}

void heard_clear(void)
{
    heard_text[0] = '\0';
}

static void hear(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;
    size_t used = strlen(heard_text);

    snprintf(heard_text + used, sizeof(heard_text) - used, "%s%s:%.*s%s%.*s ",
             (const char *)ctx, event->cell != NULL ? "+" : "",
             (int)event->key.size, event->key.data,
             event->word.size != 0 ? "/" : "", (int)event->word.size,
             event->word.size != 0 ? event->word.data : "");
}

static void hear_ending(void *ctx, const void *payload)
{
    static const char *const ends[] = {"deleted", "expired", "evicted",
                                       "overwritten"};
    const struct kr_key_event *event = payload;
    struct kr_cell cell;
    char word[32];

    (void)ctx;
    ck_assert(KS->find(event->db, event->key, KR_FIND_QUIET, &cell));
    ck_assert_ptr_eq(cell.entry, event->cell->entry);
    snprintf(word, sizeof(word), "ending-%s", ends[event->kind]);
    hear(word, payload);
}

static void hear_db(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    size_t used = strlen(heard_text);

    snprintf(heard_text + used, sizeof(heard_text) - used, "%s:%d ",
             (const char *)ctx, event->db != NULL ? event->db->index : -1);
}

void listen_begin(void)
{
    event_listen(EVENT_KEY_BEFORE, hear, (void *)(uintptr_t) "before");
    event_listen(EVENT_KEY_CHANGED, hear, (void *)(uintptr_t) "changed");
    event_listen(EVENT_KEY_NOTIFY, hear, (void *)(uintptr_t) "notify");
    event_listen(EVENT_KEY_EXPIRED, hear, (void *)(uintptr_t) "expired");
    event_listen(EVENT_KEY_EVICTED, hear, (void *)(uintptr_t) "evicted");
    event_listen(EVENT_KEY_MISSED, hear, (void *)(uintptr_t) "missed");
    event_listen(EVENT_KEY_LOADED, hear, (void *)(uintptr_t) "loaded");
    event_listen(EVENT_KEY_ENDING, hear_ending, NULL);
    event_listen(EVENT_FLUSH_BEFORE, hear_db, (void *)(uintptr_t) "flushing");
    event_listen(EVENT_FLUSH, hear_db, (void *)(uintptr_t) "flushed");
    event_listen(EVENT_SWAP, hear_db, (void *)(uintptr_t) "swapped");
    listening = event_armed;
    heard_clear();
}

void listen_pause(bool pause)
{
    event_armed = pause ? 0 : listening;
    heard_clear();
}
