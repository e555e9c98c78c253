/* SPDX-License-Identifier: BSD-3-Clause */
/* Parked calls: who is woken, in which order, and that it is once. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/event/event.h"
#include "core/keyspace/hooks.h"
#include "core/loop/loop.h"
#include "core/server/lifetime.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define BLOCK (&block_interface)

static struct peer *a, *b, *c, *giver;

static void connect_four(void)
{
    a = peer_new();
    b = peer_new();
    c = peer_new();
    giver = peer_new();
}

static void gave(void)
{
    peer_expect(giver, "+OK\r\n");
}

/* --- Order --------------------------------------------------------------- */

START_TEST(who_came_first_is_served_first)
{
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "wait 0 k\r\n");
    ck_assert_uint_eq(BLOCK->count(), 2);
    peer_say(giver, "give k\r\n");
    gave();
    peer_expect(a, "$1\r\nk\r\n");
    peer_expect(b, "");
    peer_say(giver, "give k\r\n");
    peer_expect(b, "$1\r\nk\r\n");
    ck_assert_uint_eq(BLOCK->count(), 0);
    ck_assert_uint_eq(block_key_count(), 0);
}
END_TEST

START_TEST(lines_of_several_keys_are_served_in_the_order_of_readiness)
{
    peer_say(a, "wait 0 x y\r\n");
    peer_say(b, "wait 0 y x\r\n");
    peer_say(c, "wait 0 x\r\n");
    ck_assert_uint_eq(block_key_count(), 2);
    peer_say(giver, "give y\r\n");
    peer_expect(a, "$1\r\ny\r\n"); /* it came before b, also for y */
    peer_expect(b, "");
    peer_say(giver, "give x\r\n");
    peer_expect(b, "$1\r\nx\r\n");
    peer_expect(c, "");
    peer_say(giver, "give x\r\n");
    peer_expect(c, "$1\r\nx\r\n");
    ck_assert_uint_eq(block_key_count(), 0);
}
END_TEST

START_TEST(one_call_may_serve_several)
{
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_send(giver, "give k\r\ngive k\r\ngive k\r\n", 24);
    turn();
    peer_expect(a, "$1\r\nk\r\n");
    peer_expect(b, "$1\r\nk\r\n");
    ck_assert_uint_eq(given("k"), 1);
}
END_TEST

static unsigned picky_wants;

/* Takes only when there are as many as it wants. */
static bool wake_picky(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    (void)key;
    (void)ctx;
    note("picky ");
    if (why != KR_WAKE_READY || picky_wants > 0)
        return false;
    kr_reply_status(call->reply, "pleased");
    return true;
}

static void run_picky(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = call->argc - 1,
                           .keys = call->argv + 1,
                           .wake = wake_picky};

    BLOCK->park(call, &park);
}

START_TEST(a_waiter_that_refuses_keeps_its_place)
{
    add("picky", run_picky, -2, KR_CMD_BLOCKING);
    picky_wants = 1;
    peer_say(a, "picky k\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_say(giver, "give k\r\n");
    NOTED("picky ");
    peer_expect(a, "");
    peer_expect(b, "$1\r\nk\r\n");
    picky_wants = 0;
    peer_say(c, "wait 0 k\r\n");
    peer_say(giver, "give k\r\n");
    NOTED("picky ");
    peer_expect(a, "+pleased\r\n");
    peer_expect(c, "$1\r\nk\r\n"); /* picky took nothing */
}
END_TEST

START_TEST(the_same_key_twice_is_one_place)
{
    peer_say(a, "wait 0 k k k\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_say(giver, "give k\r\n");
    peer_expect(a, "$1\r\nk\r\n");
    peer_expect(b, "");
    peer_say(giver, "give k\r\n");
    peer_expect(b, "$1\r\nk\r\n");
    ck_assert_uint_eq(block_key_count(), 0);
}
END_TEST

START_TEST(keys_of_other_databases_are_other_keys)
{
    a->client->db = keyspace_interface.db(1);
    peer_say(a, "wait 0 k\r\n");
    peer_say(giver, "give k\r\n");
    peer_expect(a, "");
    ck_assert_uint_eq(given("k"), 1);
    ck_assert(BLOCK->waiting(keyspace_interface.db(1), KR_STR("k")));
    ck_assert(!BLOCK->waiting(db0(), KR_STR("k")));
}
END_TEST

START_TEST(waiters_are_served_when_the_outermost_call_has_ended)
{
    peer_say(a, "wait 0 k\r\n");
    peer_say(giver, "nest nest give k\r\n");
    gave();
    peer_expect(a, "$1\r\nk\r\n");
}
END_TEST

START_TEST(a_parked_client_runs_nothing_further_until_it_is_woken)
{
    peer_say(a, "wait 0 k\r\necho 1\r\n");
    peer_say(a, "echo 2\r\n");
    NOTED("");
    peer_say(giver, "give k\r\n");
    turn();
    NOTED("echo(1) echo(2) ");
    peer_expect(a, "$1\r\nk\r\n$1\r\n1\r\n$1\r\n2\r\n");
}
END_TEST

/* --- Where it must not --------------------------------------------------- */

START_TEST(who_must_not_block_is_told_at_once)
{
    struct kr_reply *sink = call_interface.new_sink(2);
    static const uint32_t flags[] = {KR_CALL_NO_BLOCK, KR_CALL_SCRIPT,
                                     KR_CALL_TRANSACTION, 0};

    for (size_t i = 0; i < KR_COUNT(flags); i++) {
        struct kr_run run = {.reply = sink, .call_flags = flags[i]};

        if (flags[i])
            run.client = a->client; /* else: nobody could be parked */
        RUN_WITH(&run, "wait", "0", "k");
        ck_assert(
            kr_str_equal(call_interface.sink_bytes(sink), KR_STR("$-1\r\n")));
        call_interface.sink_reset(sink);
    }
    call_interface.free_sink(sink);
    peer_say(a, "nest wait 0 k\r\n");
    peer_expect(a, "$-1\r\n");
    ck_assert_uint_eq(BLOCK->count(), 0);
}
END_TEST

/* --- Ends ---------------------------------------------------------------- */

START_TEST(time_ends_the_wait)
{
    peer_say(a, "wait 20 k l\r\necho x\r\n");
    peer_expect(a, "");
    turns_for(60);
    peer_expect(a, "$-1\r\n$1\r\nx\r\n");
    ck_assert_uint_eq(BLOCK->count(), 0);
    ck_assert_uint_eq(block_key_count(), 0);
    peer_say(giver, "give k\r\n");
    ck_assert_uint_eq(given("k"), 1);
}
END_TEST

START_TEST(a_deadline_in_the_past_is_met_at_the_next_turn)
{
    struct peer *late = peer_new();

    peer_send(late, "wait 1 k\r\n", 10);
    turn();
    turns_for(5);
    peer_expect(late, "$-1\r\n");
}
END_TEST

/* Was: the loop's own idea of now, as old as the turn, began the wait. */
static void run_slow_wait(struct kr_call *call)
{
    struct timespec nap = {0, 60 * 1000000};
    struct kr_run run = {.size = sizeof(run)};

    (void)run;
    nanosleep(&nap, NULL);
    ((struct kr_cmd *)command_find(KR_STR("wait")))->run(call);
}

START_TEST(a_wait_lasts_as_long_as_it_was_asked_to_after_a_slow_call)
{
    add("slowwait", run_slow_wait, -3, KR_CMD_BLOCKING);
    peer_say(a, "slowwait 50 k\r\n");
    turns_for(20);
    peer_expect(a, "");
    turns_for(60);
    peer_expect(a, "$-1\r\n");
}
END_TEST

START_TEST(unblock_is_a_timeout_or_an_error)
{
    ck_assert(!BLOCK->unblock(a->client, false));
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "wait 0 k\r\n");
    ck_assert(BLOCK->unblock(a->client, false));
    ck_assert(BLOCK->unblock(b->client, true));
    ck_assert(!BLOCK->unblock(b->client, true));
    turn();
    peer_expect(a, "$-1\r\n");
    peer_expect(b, "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    ck_assert_uint_eq(block_key_count(), 0);
}
END_TEST

static void run_stubborn(struct kr_call *call)
{
    struct kr_park park = {
        .size = sizeof(park), .wake = wake_picky, .flags = KR_PARK_NO_UNBLOCK};

    BLOCK->park(call, &park);
}

START_TEST(unblock_does_not_reach_who_does_not_want_it)
{
    add("stubborn", run_stubborn, 1, KR_CMD_BLOCKING);
    peer_say(a, "stubborn\r\n");
    ck_assert(!BLOCK->unblock(a->client, true));
    ck_assert_uint_eq(BLOCK->count(), 1);
}
END_TEST

START_TEST(a_client_that_goes_leaves_its_lines)
{
    peer_say(a, "wait 0 k l\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_close(a);
    turn();
    NOTED("gone ");
    ck_assert_uint_eq(BLOCK->count(), 1);
    ck_assert_uint_eq(block_key_count(), 1);
    peer_say(giver, "give k\r\n");
    peer_expect(b, "$1\r\nk\r\n");
}
END_TEST

START_TEST(who_waits_is_counted_with_the_module)
{
    ck_assert_uint_eq(fixture_module.parked, 0);
    peer_say(a, "wait 0 k\r\n");
    ck_assert_uint_eq(fixture_module.parked, 1);
    BLOCK->unblock(a->client, false);
    ck_assert_uint_eq(fixture_module.parked, 0);
}
END_TEST

START_TEST(calls_of_a_module_that_goes_end_with_an_error)
{
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "wait 0 k l\r\n");
    block_forget(&fixture_module);
    turn();
    ck_assert_uint_eq(BLOCK->count(), 0);
    peer_expect(a, "-NOMODULE module 'fixture' has been unloaded\r\n");
    peer_expect(b, "-NOMODULE module 'fixture' has been unloaded\r\n");
}
END_TEST

START_TEST(a_wait_skipped_by_reply_skip_stays_silent)
{
    client_interface.set_flags(a->client, KR_CLIENT_REPLY_SKIP, 0);
    peer_say(a, "echo this\r\nwait 0 k\r\necho y\r\n");
    peer_say(giver, "give k\r\n");
    turn();
    peer_expect(a, "$4\r\nthis\r\n$1\r\ny\r\n");
}
END_TEST

/* --- Keys that go, databases that are swapped ---------------------------- */

static bool wake_deleted(struct kr_call *call, uint32_t why, struct kr_str key,
                         void *ctx)
{
    (void)why;
    (void)ctx;
    if (has(call->db, "k"))
        return false;
    note("deleted ");
    kr_reply_bulk(call->reply, key);
    return true;
}

static void run_until_deleted(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = 1,
                           .keys = call->argv + 1,
                           .wake = wake_deleted,
                           .flags = KR_PARK_WAKE_ON_DELETE};

    BLOCK->park(call, &park);
}

static void run_delete(struct kr_call *call)
{
    erase_key(call->db, "k");
    kr_reply_ok(call->reply);
}

START_TEST(a_keys_end_wakes_only_who_asked_for_it)
{
    add("until", run_until_deleted, 2, KR_CMD_BLOCKING);
    add("delete", run_delete, 1, KR_CMD_WRITE);
    put_flat(db0(), "k", "v");
    peer_say(b, "wait 0 k\r\n");
    ck_assert_ptr_null(keyspace_hooks.gone);
    peer_say(a, "until k\r\n");
    ck_assert_ptr_nonnull(keyspace_hooks.gone);
    peer_say(giver, "delete\r\n");
    NOTED("deleted ");
    peer_expect(a, "$1\r\nk\r\n");
    peer_expect(b, "");
    ck_assert_ptr_null(keyspace_hooks.gone);
}
END_TEST

static void run_swap(struct kr_call *call)
{
    keyspace_interface.swap(keyspace_interface.db(0), keyspace_interface.db(1));
    kr_reply_ok(call->reply);
}

START_TEST(a_swap_wakes_who_waits_in_either_database)
{
    add("swap", run_swap, 1, KR_CMD_WRITE);
    add("picky", run_picky, -2, KR_CMD_BLOCKING);
    peer_say(a, "picky k\r\n");
    b->client->db = keyspace_interface.db(1);
    peer_say(b, "picky l\r\n");
    c->client->db = keyspace_interface.db(2);
    peer_say(c, "picky k\r\n");
    peer_say(giver, "swap\r\n");
    turn();
    peer_expect(a, "+pleased\r\n");
    peer_expect(b, "+pleased\r\n");
    peer_expect(c, "");
}
END_TEST

/* --- Waking from elsewhere ----------------------------------------------- */

static kr_parked *ticket;
static int freed;

static bool wake_done(struct kr_call *call, uint32_t why, struct kr_str key,
                      void *ctx)
{
    (void)key;
    (void)ctx;
    note("woken%u ", why);
    if (why != KR_WAKE_GONE)
        kr_reply_int64(call->reply, why);
    return true;
}

static void count_free(void *ctx)
{
    freed += *(int *)ctx;
}

static void run_work(struct kr_call *call)
{
    static int one = 1;
    struct kr_park park = {
        .size = sizeof(park), .wake = wake_done, .free = count_free, &one};

    ticket = BLOCK->park(call, &park);
}

static void *complete_it(void *ctx)
{
    (void)ctx;
    BLOCK->complete(ticket);
    return NULL;
}

START_TEST(a_thread_completes_a_parked_call)
{
    pthread_t thread;

    add("work", run_work, 1, KR_CMD_BLOCKING);
    peer_say(a, "work\r\n");
    pthread_create(&thread, NULL, complete_it, NULL);
    pthread_join(thread, NULL);
    peer_expect(a, "");
    turn();
    NOTED("woken3 ");
    peer_expect(a, ":3\r\n");
    ck_assert_int_eq(freed, 1);
}
END_TEST

/* Was: the post found freed memory. */
START_TEST(a_call_that_ended_before_its_completion_arrives_ends_once)
{
    add("work", run_work, 1, KR_CMD_BLOCKING);
    peer_say(a, "work\r\n");
    BLOCK->complete(ticket);
    ck_assert(BLOCK->unblock(a->client, false));
    turn();
    NOTED("woken1 ");
    peer_expect(a, ":1\r\n");
    peer_say(b, "work\r\n"); /* may have got the memory of the first */
    turn();
    ck_assert_uint_eq(BLOCK->count(), 1);
    ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(completing_a_call_whose_client_went_is_harmless)
{
    add("work", run_work, 1, KR_CMD_BLOCKING);
    peer_say(a, "work\r\n");
    peer_close(a);
    turn();
    NOTED("woken4 ");
    ck_assert_int_eq(freed, 1);
    BLOCK->complete(ticket);
    BLOCK->complete(ticket);
    turn();
    NOTED("");
}
END_TEST

/* --- Wakers that do things ----------------------------------------------- */

static bool wake_and_unblock(struct kr_call *call, uint32_t why,
                             struct kr_str key, void *ctx)
{
    (void)why;
    (void)key;
    (void)ctx;
    note("unblocks ");
    ck_assert(BLOCK->unblock(b->client, false));
    kr_reply_ok(call->reply);
    return true;
}

static void run_killer(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = 1,
                           .keys = call->argv + 1,
                           .wake = wake_and_unblock};

    BLOCK->park(call, &park);
}

/* Was: the next in line had been freed. */
START_TEST(a_waker_may_unblock_the_next_in_line)
{
    add("killer", run_killer, 2, KR_CMD_BLOCKING);
    peer_say(a, "killer k\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_say(c, "wait 0 k\r\n");
    peer_say(giver, "give k\r\n");
    turn();
    NOTED("unblocks ");
    peer_expect(a, "+OK\r\n");
    peer_expect(b, "$-1\r\n");
    peer_expect(c, "$1\r\nk\r\n");
}
END_TEST

static bool wake_and_unblock_self(struct kr_call *call, uint32_t why,
                                  struct kr_str key, void *ctx)
{
    (void)why;
    (void)key;
    (void)ctx;
    ck_assert(!BLOCK->unblock(call->client, true));
    kr_reply_ok(call->reply);
    return true;
}

static void run_suicide(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = 1,
                           .keys = call->argv + 1,
                           .wake = wake_and_unblock_self};

    BLOCK->park(call, &park);
}

/* Was: freed under its own feet. */
START_TEST(a_waker_cannot_unblock_itself)
{
    add("suicide", run_suicide, 2, KR_CMD_BLOCKING);
    peer_say(a, "suicide k\r\n");
    peer_say(giver, "give k\r\n");
    turn();
    peer_expect(a, "+OK\r\n");
}
END_TEST

static bool wake_slowly(struct kr_call *call, uint32_t why, struct kr_str key,
                        void *ctx)
{
    (void)key;
    (void)ctx;
    note("woken%u ", why);
    if (why == KR_WAKE_TIMEOUT) {
        kr_reply_null(call->reply);
        return true;
    }
    ck_assert(lifetime_yield(NULL, 50000, "BUSY"));
    return false;
}

static void run_slow(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = 1,
                           .keys = call->argv + 1,
                           .deadline_ms = clock_wall_ms() + 20,
                           .wake = wake_slowly};

    BLOCK->park(call, &park);
}

/* Was: woken within its own waking, and freed twice. */
START_TEST(time_that_ends_while_it_is_being_woken_ends_it_after)
{
    add("slow", run_slow, 2, KR_CMD_BLOCKING);
    peer_say(a, "slow k\r\n");
    peer_say(giver, "give k\r\n");
    turns_for(20);
    NOTED("woken0 woken1 ");
    peer_expect(a, "$-1\r\n");
    ck_assert_uint_eq(BLOCK->count(), 0);
}
END_TEST

START_TEST(a_client_killed_while_it_is_being_woken_goes_after)
{
    add("slow", run_slow, 2, KR_CMD_BLOCKING);
    peer_say(a, "slow k\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_send(giver, "give k\r\n", 8);
    peer_close(a);
    turns_for(20);
    turn();
    ck_assert_ptr_null(client_find(a->id));
    peer_expect(b, "$1\r\nk\r\n");
}
END_TEST

/* --- Against a model ----------------------------------------------------- */

#define CROWD 12

/* The first of the waiters in `line` who waits for `key`: taken out. */
static int model_serve(int *line, int *length, uint32_t keys[CROWD], int key)
{
    for (int i = 0; i < *length; i++)
        if (keys[line[i]] & 1u << key) {
            int who = line[i];

            memmove(line + i, line + i + 1,
                    (size_t)(--*length - i) * sizeof(int));
            return who;
        }
    return -1;
}

START_TEST(random_waits_and_gifts_go_as_in_one_queue)
{
    unsigned seed = (unsigned)time(NULL) + (unsigned)_i;
    struct peer *crowd[CROWD];
    uint32_t keys[CROWD] = {0};
    int line[CROWD], length = 0;
    char text[128];

    printf("block: seed %u\n", seed);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = peer_new();
    for (int step = 0; step < 400; step++) {
        int who = rand_r(&seed) % CROWD, key = rand_r(&seed) % 5;
        bool waits = keys[who] != 0;

        if (!waits &&
            given("0") + given("1") + given("2") + given("3") + given("4") ==
                0) {
            size_t used = (size_t)snprintf(text, sizeof(text), "wait 0");

            keys[who] = 1u + (uint32_t)rand_r(&seed) % 31;
            for (int k = 0; k < 5; k++)
                if (keys[who] & 1u << k)
                    used += (size_t)snprintf(text + used, sizeof(text) - used,
                                             " %d", k);
            snprintf(text + used, sizeof(text) - used, "\r\n");
            peer_say(crowd[who], text);
            line[length++] = who;
        } else if (waits && rand_r(&seed) % 8 == 0) {
            ck_assert(BLOCK->unblock(crowd[who]->client, false));
            turn();
            peer_expect(crowd[who], "$-1\r\n");
            for (int i = 0; i < length; i++)
                if (line[i] == who)
                    memmove(line + i, line + i + 1,
                            (size_t)(--length - i) * sizeof(int));
            keys[who] = 0;
        } else {
            int next = model_serve(line, &length, keys, key);

            if (next < 0)
                continue;
            snprintf(text, sizeof(text), "give %d\r\n", key);
            peer_say(giver, text);
            turn();
            snprintf(text, sizeof(text), "$1\r\n%d\r\n", key);
            peer_expect(crowd[next], text);
            keys[next] = 0;
        }
        for (int i = 0; i < CROWD; i++)
            peer_expect(crowd[i], "");
        ck_assert_uint_eq(BLOCK->count(), (uint64_t)length);
    }
}
END_TEST

Suite *block_suite(void)
{
    Suite *suite = suite_create("block");
    TCase *tests = dispatch_case(suite, "parked calls");

    tcase_add_checked_fixture(tests, connect_four, NULL);
    tcase_add_test(tests, who_came_first_is_served_first);
    tcase_add_test(tests,
                   lines_of_several_keys_are_served_in_the_order_of_readiness);
    tcase_add_test(tests, one_call_may_serve_several);
    tcase_add_test(tests, a_waiter_that_refuses_keeps_its_place);
    tcase_add_test(tests, the_same_key_twice_is_one_place);
    tcase_add_test(tests, keys_of_other_databases_are_other_keys);
    tcase_add_test(tests, waiters_are_served_when_the_outermost_call_has_ended);
    tcase_add_test(tests,
                   a_parked_client_runs_nothing_further_until_it_is_woken);
    tcase_add_test(tests, who_must_not_block_is_told_at_once);
    tcase_add_test(tests, time_ends_the_wait);
    tcase_add_test(tests, a_deadline_in_the_past_is_met_at_the_next_turn);
    tcase_add_test(tests,
                   a_wait_lasts_as_long_as_it_was_asked_to_after_a_slow_call);
    tcase_add_test(tests, unblock_is_a_timeout_or_an_error);
    tcase_add_test(tests, unblock_does_not_reach_who_does_not_want_it);
    tcase_add_test(tests, a_client_that_goes_leaves_its_lines);
    tcase_add_test(tests, who_waits_is_counted_with_the_module);
    tcase_add_test(tests, calls_of_a_module_that_goes_end_with_an_error);
    tcase_add_test(tests, a_wait_skipped_by_reply_skip_stays_silent);
    tcase_add_test(tests, a_keys_end_wakes_only_who_asked_for_it);
    tcase_add_test(tests, a_swap_wakes_who_waits_in_either_database);
    tcase_add_test(tests, a_thread_completes_a_parked_call);
    tcase_add_test(tests,
                   a_call_that_ended_before_its_completion_arrives_ends_once);
    tcase_add_test(tests, completing_a_call_whose_client_went_is_harmless);
    tcase_add_test(tests, a_waker_may_unblock_the_next_in_line);
    tcase_add_test(tests, a_waker_cannot_unblock_itself);
    tcase_add_test(tests, time_that_ends_while_it_is_being_woken_ends_it_after);
    tcase_add_test(tests, a_client_killed_while_it_is_being_woken_goes_after);
    tcase_add_loop_test(tests, random_waits_and_gifts_go_as_in_one_queue, 0, 4);
    return suite;
}
