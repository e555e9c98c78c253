/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding and putting, what is told of it (core/keyspace/tell.c), and texts about
 * a table (core/keyspace/describe.c). */
#include "core/memory/memory.h"
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

static struct kr_str argv[2];

static struct kr_call call_for(const char *key)
{
    argv[0] = KR_STR("x");
    argv[1] = kr_cstr(key);
    return (struct kr_call){
        .argv = argv, .argc = 2, .db = db0(), .now_ms = clock_turn_ms};
}

/* --- Finding ------------------------------------------------------------- */

START_TEST(reads_count_hits_and_misses)
{
    struct kr_call call = call_for("a");
    struct kr_cell cell;

    ck_assert(!KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    put_flat(db0(), "a", "1");
    ck_assert(KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    ck_assert(KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    ck_assert(KS->find_arg(&call, 1, KR_FIND_WRITE, &cell));
    ck_assert(KS->find_arg(&call, 1, KR_FIND_NO_STATS, &cell));
    ck_assert_uint_eq(keyspace_stats.hits, 2);
    ck_assert_uint_eq(keyspace_stats.misses, 1);
}
END_TEST

START_TEST(a_hint_is_believed_for_its_argument_only)
{
    struct kr_call call = call_for("a");
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    keyspace_hint.data = argv[1].data;
    keyspace_hint.hash = keyspace_hash(argv[1]);
    ck_assert(KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    keyspace_hint.hash = ~keyspace_hint.hash;
    ck_assert(!KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    keyspace_hint.data = argv[0].data;
    ck_assert(KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    keyspace_hint.data = NULL;
}
END_TEST

START_TEST(a_call_that_must_not_touch_does_not)
{
    struct kr_call call = call_for("a");
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    clock_turn_ms += 5000;
    call.now_ms = clock_turn_ms;
    call.flags = KR_CALL_NO_TOUCH;
    ck_assert(KS->find_arg(&call, 1, KR_FIND_READ, &cell));
    ck_assert_uint_eq(KS->idle_ms(&cell), 5000);
}
END_TEST

START_TEST(an_expired_key_is_gone_when_looked_for)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 5);
    clock_turn_ms += 5;
    ck_assert(has(db0(), "a"));
    clock_turn_ms += 1;
    ck_assert(KS->find(db0(), KR_STR("a"), KR_FIND_EXPIRED, &cell));
    ck_assert(!has(db0(), "a"));
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert_uint_eq(keyspace_stats.expired, 1);
}
END_TEST

START_TEST(a_call_goes_by_its_own_clock)
{
    struct kr_call call = call_for("a");
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 5);
    clock_turn_ms += 100;
    ck_assert(KS->find_arg(&call, 1, KR_FIND_READ, &cell));
}
END_TEST

START_TEST(a_follower_hides_expired_keys_and_keeps_them)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 5);
    keyspace_hooks.follows = true;
    ck_assert(!KS->may_expire());
    ck_assert(!has(db0(), "a"));
    ck_assert_uint_eq(KS->count(db0()), 1);
    ck_assert_int_eq(keyspace_expire(clock_turn_ms + 1000, 1000), -1);
    ck_assert_uint_eq(KS->count(db0()), 1);
}
END_TEST

START_TEST(while_loading_all_keys_are_there)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 5);
    keyspace_hooks.loading = true;
    ck_assert(has(db0(), "a"));
}
END_TEST

/* --- Putting ------------------------------------------------------------- */

START_TEST(a_put_removes_the_expiry_unless_asked)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 500);
    KS->put_key(db0(), KR_STR("a"), flat_slot, 0, KR_PUT_KEEP_EXPIRY, 300,
                &cell);
    ck_assert_int_eq(KS->expiry(&cell), clock_turn_ms + 500);
    ck_assert_uint_eq(KS->count_expiring(db0()), 1);
    put_flat(db0(), "a", "2");
    ck_assert_uint_eq(KS->count_expiring(db0()), 0);
    clock_turn_ms += 1000;
    ck_assert(is_flat(db0(), "a", "2"));
}
END_TEST

START_TEST(a_put_over_an_expired_key_keeps_no_expiry)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 1);
    KS->put_key(db0(), KR_STR("a"), flat_slot, 0, KR_PUT_KEEP_EXPIRY, 0, &cell);
    ck_assert_int_eq(KS->expiry(&cell), KR_NO_EXPIRY);
    ck_assert_uint_eq(keyspace_stats.expired, 1);
}
END_TEST

START_TEST(a_put_of_like_size_allocates_nothing)
{
    size_t used;

    put_flat(db0(), "a", "0123456789abcdef");
    used = memory_used();
    put_flat(db0(), "a", "0123456789abcdefg");
    put_flat(db0(), "a", "0");
    put_flat(db0(), "a", "fedcba9876543210");
    ck_assert(is_flat(db0(), "a", "fedcba9876543210"));
    ck_assert_uint_le(memory_used(), used + 16);
}
END_TEST

START_TEST(what_is_replaced_is_freed_and_its_type_told)
{
    put_crate(db0(), "a", 1, 1);
    put_crate(db0(), "a", 2, 1);
    ck_assert_int_eq(crates_alive(), 1);
    ck_assert_int_eq(crates_unlinked(), 1);
    put_flat(db0(), "a", "1");
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_int_eq(crates_unlinked(), 2);
}
END_TEST

START_TEST(an_adopted_value_is_placed)
{
    struct kr_value flat = {.size = sizeof(flat), .meta = 3};
    struct kr_value boxed = {.size = sizeof(boxed), .meta = 4, .boxed = true};
    struct kr_cell cell;

    flat.bytes = KR_STR("bytes");
    boxed.box = crate_new(8, 1);
    KS->adopt(db0(), KR_STR("a"), flat_slot, 0, &flat, &cell);
    ck_assert(is_flat(db0(), "a", "bytes"));
    ck_assert_uint_eq(cell.meta, 3);
    KS->adopt(db0(), KR_STR("a"), crate_slot, 0, &boxed, &cell);
    ck_assert_ptr_eq(kr_cell_box(&cell), boxed.box);
    ck_assert_uint_eq(cell.meta, 4);
    ck_assert_str_eq(crate_linked(), "0:a");
}
END_TEST

START_TEST(a_type_is_told_where_its_values_go)
{
    int unlinked = crates_unlinked();
    struct kr_cell cell;

    put_crate(db0(), "a", 1, 1);
    ck_assert(KS->find(db0(), KR_STR("a"), KR_FIND_WRITE, &cell));
    KS->rename(&cell, KS->db(2), KR_STR("b"));
    ck_assert_int_eq(crates_unlinked(), unlinked + 1);
    ck_assert_str_eq(crate_linked(), "2:b");
    ck_assert_int_eq(crates_alive(), 1);
}
END_TEST

START_TEST(what_expires_goes_by_itself_unless_that_is_off)
{
    ck_assert(KS->expires_actively());
    keyspace_settings.active_expire = false;
    ck_assert(!KS->expires_actively());
    ck_assert(KS->may_expire());
    keyspace_settings.active_expire = true;
    keyspace_hooks.follows = true;
    ck_assert(!KS->expires_actively());
    keyspace_hooks.follows = false;
}
END_TEST

START_TEST(a_renamed_key_expires_in_its_new_place)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 100);
    ck_assert(KS->find(db0(), KR_STR("a"), KR_FIND_WRITE, &cell));
    KS->rename(&cell, KS->db(2), KR_STR("longer than a"));
    ck_assert(!has(db0(), "a"));
    ck_assert(is_flat(KS->db(2), "longer than a", "1"));
    clock_turn_ms += 1000;
    while (keyspace_expire(clock_turn_ms, 1000) == 0)
        ;
    ck_assert_uint_eq(KS->count(KS->db(2)), 0);
}
END_TEST

/* --- Going round --------------------------------------------------------- */

static void count_key(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    ck_assert(kr_str_equal(key, KS->key(cell)));
    ++*(int *)ctx;
}

static void erase_it(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    (void)key;
    ++*(int *)ctx;
    KS->erase(cell, false);
}

START_TEST(a_scan_gives_every_key)
{
    uint64_t cursor = 0;
    int count = 0;
    char key[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put_flat(db0(), key, "v");
    }
    do
        cursor = KS->scan(db0(), cursor, count_key, &count);
    while (cursor != 0);
    ck_assert_int_ge(count, 1000);
    count = 0;
    KS->each(db0(), erase_it, &count);
    ck_assert_int_eq(count, 1000);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(a_random_key_has_not_expired)
{
    struct kr_cell cell;
    char key[16];

    ck_assert(!KS->random(db0(), &cell));
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put_flat(db0(), key, "v");
        expire_at(db0(), key, clock_turn_ms - 1);
    }
    put_flat(db0(), "a", "1");
    ck_assert(KS->random(db0(), &cell));
    ck_assert(kr_str_equal(KS->key(&cell), KR_STR("a")));
    keyspace_hooks.follows = true;
    expire_at(db0(), "a", clock_turn_ms - 1);
    ck_assert(KS->random(db0(), &cell));
}
END_TEST

START_TEST(swapped_databases_keep_their_numbers)
{
    put_flat(db0(), "a", "1");
    KS->swap(db0(), KS->db(1));
    ck_assert_int_eq(KS->db_index(db0()), 0);
    ck_assert(!has(db0(), "a"));
    ck_assert(has(KS->db(1), "a"));
    ck_assert_ptr_null(KS->db(16));
    ck_assert_ptr_null(KS->db(-1));
    ck_assert_int_eq(KS->db_count(), 16);
}
END_TEST

/* --- Telling ------------------------------------------------------------- */

START_TEST(a_put_tells_of_a_key_that_is_new)
{
    listen_begin();
    put_flat(db0(), "a", "1");
    ck_assert_str_eq(heard(), "before:a notify:a/new ");
    heard_clear();
    put_flat(db0(), "a", "2");
    ck_assert_str_eq(heard(), "before+:a ending-overwritten+:a ");
    heard_clear();
    KS->changed(NULL, db0(), KR_STR("a"), KR_CLASS_STRING, KR_STR("set"));
    ck_assert_str_eq(heard(), "changed+:a notify+:a/set ");
    ck_assert_uint_eq(keyspace_stats.changes, 1);
}
END_TEST

START_TEST(a_read_that_misses_tells)
{
    struct kr_cell cell;

    listen_begin();
    KS->find(db0(), KR_STR("a"), KR_FIND_READ, &cell);
    ck_assert_str_eq(heard(), "missed:a notify:a/keymiss ");
    heard_clear();
    KS->find(db0(), KR_STR("a"), KR_FIND_QUIET, &cell);
    ck_assert_str_eq(heard(), "");
    KS->find(db0(), KR_STR("a"), KR_FIND_WRITE, &cell);
    ck_assert_str_eq(heard(), "before:a ");
}
END_TEST

START_TEST(an_expiry_tells_all_in_redis_order)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 1);
    listen_begin();
    ck_assert(!has(db0(), "a"));
    ck_assert_str_eq(heard(), "before+:a expired+:a ending-expired+:a "
                              "notify:a/expired changed:a ");
}
END_TEST

START_TEST(an_end_is_told_with_its_reason)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    listen_begin();
    erase_key(db0(), "a");
    ck_assert_str_eq(heard(), "before+:a ending-deleted+:a ");
    put_flat(db0(), "a", "1");
    heard_clear();
    KS->put_key(db0(), KR_STR("a"), flat_slot, 0, KR_PUT_SAME, 1, &cell);
    ck_assert_str_eq(heard(), "before+:a ");
    heard_clear();
    KS->rename(&cell, db0(), KR_STR("b"));
    ck_assert_str_eq(heard(), "before:b ending-deleted+:a notify:b/new ");
    heard_clear();
    KS->expire(&cell, false);
    ck_assert_str_eq(heard(), "ending-expired+:b ");
    ck_assert(!has(db0(), "b"));
}
END_TEST

/* What listeners do with a key that ends. */
enum meddling { MEDDLE_ERASE, MEDDLE_MOVE, MEDDLE_REVIVE, MEDDLINGS };

static enum meddling meddling;

static void meddle(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;
    static bool within;
    struct kr_cell cell;

    (void)ctx;
    ck_assert(KS->find(event->db, event->key, KR_FIND_QUIET, &cell));
    if (within)
        return;
    within = true;
    if (meddling == MEDDLE_ERASE)
        KS->erase(&cell, false);
    else if (meddling == MEDDLE_MOVE)
        KS->reshape(&cell, 0, 1000);
    else
        put_flat(event->db, "a", "again");
    within = false;
}

START_TEST(who_is_told_of_an_end_may_meddle)
{
    struct kr_cell cell;

    meddling = (enum meddling)_i;
    event_listen(EVENT_KEY_ENDING, meddle, NULL);
    put_flat(db0(), "a", "1");
    erase_key(db0(), "a");
    ck_assert(!has(db0(), "a"));
    put_flat(db0(), "a", "1");
    put_flat(db0(), "a", "2");
    ck_assert(is_flat(db0(), "a", "2"));
    put_flat(db0(), "b", "3");
    ck_assert(KS->find(db0(), KR_STR("b"), KR_FIND_QUIET, &cell));
    put_flat(db0(), "a", "1");
    erase_key(db0(), "a");
    KS->rename(&cell, db0(), KR_STR("a"));
    ck_assert(!has(db0(), "b"));
    ck_assert(has(db0(), "a") == (meddling != MEDDLE_ERASE));
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 1);
    ck_assert(!has(db0(), "a"));
    ck_assert(has(db0(), "a") == (meddling == MEDDLE_REVIVE));
    ck_assert_ptr_null(db_check(db0()));
}
END_TEST

START_TEST(flush_and_swap_tell)
{
    listen_begin();
    KS->flush(NULL, false);
    KS->flush(db0(), true);
    KS->swap(KS->db(1), db0());
    ck_assert_str_eq(heard(),
                     "flushing:-1 flushed:-1 flushing:0 flushed:0 swapped:1 ");
}
END_TEST

START_TEST(nobody_listens_nothing_is_told)
{
    listen_begin();
    listen_pause(true);
    put_flat(db0(), "a", "1");
    KS->changed(NULL, db0(), KR_STR("a"), KR_CLASS_STRING, KR_STR("set"));
    erase_key(db0(), "a");
    ck_assert_str_eq(heard(), "");
}
END_TEST

static int removed_lazily, removed, gone;

static void note_removed(kr_db *db, struct kr_str key, bool lazily)
{
    ck_assert_ptr_eq(db, db0());
    ck_assert(kr_str_equal(key, KR_STR("a")));
    removed++;
    removed_lazily += lazily;
}

static void note_gone(kr_db *db, struct kr_str key)
{
    (void)db;
    (void)key;
    gone++;
}

START_TEST(hooks_learn_of_keys_that_go)
{
    keyspace_hooks.removed = note_removed;
    keyspace_hooks.gone = note_gone;
    put_flat(db0(), "a", "1");
    put_flat(db0(), "a", "2");
    ck_assert_int_eq(gone, 0);
    put_crate(db0(), "a", 1, 1); /* of another type */
    ck_assert_int_eq(gone, 1);
    erase_key(db0(), "a");
    ck_assert_int_eq(gone, 2);
    ck_assert_int_eq(removed, 0);
    put_flat(db0(), "a", "1");
    keyspace_settings.lazy_expire = true;
    expire_at(db0(), "a", clock_turn_ms - 1);
    ck_assert(!has(db0(), "a"));
    ck_assert_int_eq(gone, 3);
    ck_assert_int_eq(removed, 1);
    ck_assert_int_eq(removed_lazily, 1);
}
END_TEST

/* --- Figures ------------------------------------------------------------- */

START_TEST(a_key_has_its_memory)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "0123456789");
    ck_assert(KS->find(db0(), KR_STR("a"), KR_FIND_QUIET, &cell));
    ck_assert_uint_ge(KS->key_memory(&cell, 0), 19 + 64);
    put_crate(db0(), "b", 1, 1);
    ck_assert(KS->find(db0(), KR_STR("b"), KR_FIND_QUIET, &cell));
    ck_assert_uint_ge(KS->key_memory(&cell, 5), 1005);
    ck_assert_uint_ge(KS->table_memory(db0()), 64);
    ck_assert_uint_eq(KS->expiry_memory(db0()), 0);
    expire_at(db0(), "b", clock_turn_ms + 1000);
    ck_assert_uint_gt(KS->expiry_memory(db0()), 0);
}
END_TEST

START_TEST(a_description_fits_its_room)
{
    char text[2000];
    size_t full;

    ck_assert_uint_gt(KS->describe(db0(), true, text, sizeof(text)), 0);
    put_flat(db0(), "a", "1");
    full = KS->describe(db0(), true, text, sizeof(text));
    ck_assert_uint_eq(strlen(text), full);
    ck_assert_ptr_nonnull(strstr(text, "number of elements: 1\n"));
    for (size_t size = 1; size < full; size++) {
        char *small = memory_alloc(size);

        ck_assert_uint_eq(KS->describe(db0(), true, small, size), size - 1);
        ck_assert_int_eq(memcmp(small, text, size - 1), 0);
        memory_free(small);
    }
}
END_TEST

/* --- Loading ------------------------------------------------------------- */

static void place_flat(kr_db *db, const char *key, const char *value,
                       int64_t when_ms)
{
    struct kr_value v = {.size = sizeof(v), .bytes = kr_cstr(value)};
    struct kr_cell cell;

    KS->place(db, kr_cstr(key), flat_slot, &v, when_ms, &cell);
    ck_assert_uint_eq(cell.length, strlen(value));
    KS->set_idle_ms(&cell, 7000);
}

START_TEST(placed_keys_are_there_when_they_have_settled)
{
    struct kr_cell cell;

    place_flat(db0(), "a", "1", KR_NO_EXPIRY);
    place_flat(db0(), "b", "2", clock_turn_ms + 1000);
    place_flat(KS->db(1), "a", "3", KR_NO_EXPIRY);
    ck_assert(KS->settle());
    ck_assert(is_flat(db0(), "a", "1"));
    ck_assert(is_flat(KS->db(1), "a", "3"));
    ck_assert(KS->find(db0(), KR_STR("b"), KR_FIND_QUIET, &cell));
    ck_assert_int_eq(KS->expiry(&cell), clock_turn_ms + 1000);
    ck_assert_uint_eq(KS->idle_ms(&cell), 7000);
    ck_assert_uint_eq(KS->count_expiring(db0()), 1);
    clock_turn_ms += 1020;
    while (keyspace_expire(clock_turn_ms, 1000000) == 0)
        ;
    ck_assert_uint_eq(KS->count(db0()), 1);
}
END_TEST

START_TEST(a_key_that_is_placed_twice_is_told_of_and_the_first_one_stands)
{
    struct kr_value value = {.size = sizeof(value), .boxed = true};
    struct kr_cell cell;

    place_flat(db0(), "a", "1", KR_NO_EXPIRY);
    place_flat(db0(), "a", "2", KR_NO_EXPIRY);
    value.box = crate_new(5, 1);
    KS->place(db0(), KR_STR("a"), crate_slot, &value, KR_NO_EXPIRY, &cell);
    ck_assert(!KS->settle());
    ck_assert(KS->settle());
    ck_assert(is_flat(db0(), "a", "1"));
    ck_assert_int_eq(crates_alive(), 0);
}
END_TEST

START_TEST(who_listens_learns_what_has_been_placed)
{
    place_flat(db0(), "a", "1", KR_NO_EXPIRY);
    place_flat(db0(), "b", "2", KR_NO_EXPIRY);
    place_flat(db0(), "a", "3", KR_NO_EXPIRY);
    listen_begin();
    ck_assert(!KS->settle());
    ck_assert_str_eq(heard(), "loaded+:a loaded+:b ");
}
END_TEST

START_TEST(a_reserved_table_holds_what_comes_and_then_fits)
{
    char key[16];

    KS->reserve(db0(), 100000);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        place_flat(db0(), key, "v", KR_NO_EXPIRY);
    }
    ck_assert(KS->settle());
    KS->reserve(db0(), 0);
    ck_assert_uint_eq(KS->count(db0()), 20000);
    ck_assert(is_flat(db0(), "k19999", "v"));
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        erase_key(db0(), key);
    }
    ck_assert_uint_eq(KS->table_memory(db0()), 0);
    KS->reserve(db0(), 100000);
    KS->reserve(db0(), 0);
    ck_assert_uint_eq(KS->table_memory(db0()), 0);
}
END_TEST

Suite *keyspace_suite(void)
{
    Suite *suite = suite_create("keyspace");
    TCase *tcase = fixture_case(suite, "keyspace");

    tcase_add_test(tcase, reads_count_hits_and_misses);
    tcase_add_test(tcase, a_hint_is_believed_for_its_argument_only);
    tcase_add_test(tcase, a_call_that_must_not_touch_does_not);
    tcase_add_test(tcase, an_expired_key_is_gone_when_looked_for);
    tcase_add_test(tcase, a_call_goes_by_its_own_clock);
    tcase_add_test(tcase, a_follower_hides_expired_keys_and_keeps_them);
    tcase_add_test(tcase, while_loading_all_keys_are_there);
    tcase_add_test(tcase, a_put_removes_the_expiry_unless_asked);
    tcase_add_test(tcase, a_put_over_an_expired_key_keeps_no_expiry);
    tcase_add_test(tcase, a_put_of_like_size_allocates_nothing);
    tcase_add_test(tcase, what_is_replaced_is_freed_and_its_type_told);
    tcase_add_test(tcase, an_adopted_value_is_placed);
    tcase_add_test(tcase, a_type_is_told_where_its_values_go);
    tcase_add_test(tcase, what_expires_goes_by_itself_unless_that_is_off);
    tcase_add_test(tcase, a_renamed_key_expires_in_its_new_place);
    tcase_add_test(tcase, a_scan_gives_every_key);
    tcase_add_test(tcase, a_random_key_has_not_expired);
    tcase_add_test(tcase, swapped_databases_keep_their_numbers);
    tcase_add_test(tcase, a_put_tells_of_a_key_that_is_new);
    tcase_add_test(tcase, a_read_that_misses_tells);
    tcase_add_test(tcase, an_expiry_tells_all_in_redis_order);
    tcase_add_test(tcase, an_end_is_told_with_its_reason);
    tcase_add_loop_test(tcase, who_is_told_of_an_end_may_meddle, 0, MEDDLINGS);
    tcase_add_test(tcase, flush_and_swap_tell);
    tcase_add_test(tcase, nobody_listens_nothing_is_told);
    tcase_add_test(tcase, hooks_learn_of_keys_that_go);
    tcase_add_test(tcase, placed_keys_are_there_when_they_have_settled);
    tcase_add_test(
        tcase, a_key_that_is_placed_twice_is_told_of_and_the_first_one_stands);
    tcase_add_test(tcase, who_listens_learns_what_has_been_placed);
    tcase_add_test(tcase, a_reserved_table_holds_what_comes_and_then_fits);
    tcase_add_test(tcase, a_key_has_its_memory);
    tcase_add_test(tcase, a_description_fits_its_room);
    return suite;
}
