/* SPDX-License-Identifier: BSD-3-Clause */
/* Parked calls, what others see of them: statistics, pauses, keys that are used
 * up, calls that park again; check_block.c has the order of waking. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/dispatch/pause.h"
#include "core/event/event.h"
#include "core/loop/loop.h"

#define BLOCK (&block_interface)

static struct peer *a, *b, *giver;

static void connect_three(void)
{
    a = peer_new();
    b = peer_new();
    giver = peer_new();
}

static void park_on(struct kr_call *call, uint32_t first, uint32_t count,
                    bool (*wake)(struct kr_call *call, uint32_t why,
                                 struct kr_str key, void *ctx))
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = count,
                           .keys = call->argv + first,
                           .wake = wake};

    if (!BLOCK->park(call, &park))
        kr_reply_null(call->reply);
}

/* --- Who may be woken ---------------------------------------------------- */

static void run_kill(struct kr_call *call)
{
    client_doom(a->client, false);
    kr_reply_ok(call->reply);
}

/* Was: what came behind the kill was given to the dead. */
START_TEST(a_client_that_was_killed_takes_nothing)
{
    add("kill", run_kill, 1, 0);
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "wait 0 k\r\n");
    peer_say(giver, "kill\r\ngive k\r\n");
    turn();
    peer_expect(b, "$1\r\nk\r\n");
    NOTED("gone ");
    ck_assert(peer_is_gone(a));
}
END_TEST

/* Was: it waited for the next command of anybody. */
START_TEST(a_key_made_ready_outside_of_calls_wakes_in_that_turn)
{
    peer_say(a, "wait 0 k\r\n");
    give("k");
    BLOCK->ready(db0(), KR_STR("k"));
    turn();
    peer_expect(a, "$1\r\nk\r\n");
}
END_TEST

/* Was: the loop's clock is coarse, and time was over a tick too soon. */
START_TEST(a_wait_is_never_cut_short)
{
    for (int i = 0; i < 30; i++) {
        int64_t begin_ms = clock_wall_ms();

        peer_say(a, "wait 3 k\r\n");
        while (BLOCK->count() > 0)
            turn();
        ck_assert_int_ge(clock_wall_ms() - begin_ms, 3);
        peer_expect(a, "$-1\r\n");
    }
}
END_TEST

/* --- Statistics ---------------------------------------------------------- */

static void hear_slow(void *ctx, const void *payload)
{
    const struct kr_slow_event *slow = payload;

    (void)ctx;
    note("slow %.*s ", (int)slow->call->argv[0].size, slow->call->argv[0].data);
}

START_TEST(a_parked_call_is_counted_when_it_ends)
{
    struct kr_cmd *wait = command_find(KR_STR("wait"));

    ck_assert(event_interface.subscribe(&fixture_module, KR_EVENT_SLOW,
                                        hear_slow, NULL));
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "wait 0 k\r\n");
    call_set_slow_limit(0);
    ck_assert_uint_eq(wait->calls, 0);
    peer_say(giver, "give k\r\n");
    ck_assert_uint_eq(wait->calls, 1);
    ck_assert_uint_gt(wait->ticks, 0);
    NOTED("slow give slow wait ");
    BLOCK->unblock(b->client, true);
    ck_assert_uint_eq(wait->calls, 2);
    ck_assert_uint_eq(wait->failed, 1);
    NOTED("slow wait ");
    peer_say(a, "wait 1 k\r\n");
    turns_for(5);
    ck_assert_uint_eq(wait->calls, 3);
    ck_assert_uint_eq(wait->failed, 1);
    call_set_slow_limit(UINT64_MAX);
}
END_TEST

static kr_parked *parked_last;

static bool wake_spent(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    (void)why;
    (void)key;
    (void)ctx;
    BLOCK->spent(parked_last, 3000000000u);
    kr_reply_int64(call->reply, 1);
    return true;
}

static void run_parked(struct kr_call *call)
{
    struct kr_park how = {.size = sizeof(how), .wake = wake_spent};

    parked_last = BLOCK->park(call, &how);
}

START_TEST(work_elsewhere_counts_with_the_call)
{
    struct kr_command row = {.name = "parked", .run = run_parked, .arity = 1};
    struct kr_command_stats stats = {.size = sizeof(stats)};
    struct kr_cmd *command;

    ck_assert_int_eq(command_add(&fixture_module, &row), KR_OK);
    command = command_find(KR_STR("parked"));
    peer_say(a, "parked\r\n");
    BLOCK->spent(parked_last, 4000000000u);
    BLOCK->unblock(a->client, false);
    command_interface.stats(command, &stats);
    ck_assert_uint_eq(stats.calls, 1);
    ck_assert_uint_ge(stats.nsec, 6990000000u);
    ck_assert_uint_lt(stats.nsec, 60000000000u);
    BLOCK->spent(parked_last, 1u << 31); /* it is over */
    command_interface.stats(command, &stats);
    ck_assert_uint_lt(stats.nsec, 60000000000u);
}
END_TEST

START_TEST(a_call_whose_client_goes_is_not_counted)
{
    struct kr_cmd *wait = command_find(KR_STR("wait"));

    peer_say(a, "wait 0 k\r\n");
    peer_close(a);
    turn();
    ck_assert_uint_eq(BLOCK->count(), 0);
    ck_assert_uint_eq(wait->calls, 0);
}
END_TEST

/* --- Pauses -------------------------------------------------------------- */

static bool wake_reader(struct kr_call *call, uint32_t why, struct kr_str key,
                        void *ctx)
{
    (void)why;
    (void)ctx;
    kr_reply_bulk(call->reply, key);
    return true;
}

static void run_reader(struct kr_call *call)
{
    park_on(call, 1, 1, wake_reader);
}

/* What a transaction may do that ends with CLIENT PAUSE. */
static void run_give_and_pause(struct kr_call *call)
{
    pause_begin(clock_wall_ms() + 1000000, true);
    ((struct kr_cmd *)command_find(KR_STR("give")))->run(call);
}

START_TEST(who_would_write_is_woken_when_the_pause_is_over)
{
    add("reader", run_reader, 2, KR_CMD_BLOCKING | KR_CMD_READONLY);
    add("givepause", run_give_and_pause, 2, 0);
    peer_say(a, "wait 0 k\r\n");
    peer_say(b, "reader k\r\n");
    peer_say(giver, "givepause k\r\n");
    peer_expect(a, "");
    peer_expect(b, "$1\r\nk\r\n");
    ck_assert_uint_eq(given("k"), 1);
    pause_end();
    turn();
    peer_expect(a, "$1\r\nk\r\n");
}
END_TEST

/* --- Keys that are used up ----------------------------------------------- */

static bool wake_taker(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    (void)why;
    (void)ctx;
    note("asked ");
    if (!has(call->db, "k"))
        return false;
    erase_key(call->db, "k");
    kr_reply_bulk(call->reply, key);
    return true;
}

static void run_taker(struct kr_call *call)
{
    park_on(call, 1, 1, wake_taker);
}

static void run_make(struct kr_call *call)
{
    put_flat(call->db, "k", "v");
    BLOCK->ready(call->db, call->argv[1]);
    kr_reply_ok(call->reply);
}

/* Ten thousand may stand in one line: they are not asked for nothing. */
START_TEST(when_the_value_has_gone_nobody_further_is_asked)
{
    add("taker", run_taker, 2, KR_CMD_BLOCKING);
    add("make", run_make, 2, KR_CMD_WRITE);
    peer_say(a, "taker k\r\n");
    peer_say(b, "taker k\r\n");
    peer_say(giver, "make k\r\n");
    NOTED("asked ");
    peer_expect(a, "$1\r\nk\r\n");
    peer_say(giver, "make k\r\n");
    NOTED("asked ");
    peer_expect(b, "$1\r\nk\r\n");
}
END_TEST

/* --- Chains -------------------------------------------------------------- */

/* Takes from the first key, gives to the second. */
static bool wake_relay(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    struct kr_run run = {.size = sizeof(run),
                         .argc = 2,
                         .argv =
                             (struct kr_str[]){KR_STR("give"), call->argv[2]}};

    (void)why;
    (void)ctx;
    if (!take(key))
        return false;
    call_interface.run(&run);
    kr_reply_bulk(call->reply, key);
    return true;
}

static void run_relay(struct kr_call *call)
{
    park_on(call, 1, 1, wake_relay);
}

START_TEST(what_one_gives_on_wakes_the_next_after_the_line_at_hand)
{
    struct peer *c = peer_new();

    add("relay", run_relay, 3, KR_CMD_BLOCKING | KR_CMD_WRITE);
    peer_say(c, "wait 0 m\r\n");
    peer_say(b, "relay l m\r\n");
    peer_say(a, "relay k l\r\n");
    peer_say(giver, "give k\r\n");
    peer_expect(a, "$1\r\nk\r\n");
    peer_expect(b, "$1\r\nl\r\n");
    peer_expect(c, "$1\r\nm\r\n");
    ck_assert_uint_eq(given("k") + given("l") + given("m"), 0);
}
END_TEST

START_TEST(a_ring_of_relays_comes_to_rest)
{
    add("relay", run_relay, 3, KR_CMD_BLOCKING | KR_CMD_WRITE);
    peer_say(a, "relay k l\r\n");
    peer_say(b, "relay l k\r\n");
    peer_say(giver, "give k\r\n");
    peer_expect(a, "$1\r\nk\r\n");
    peer_expect(b, "$1\r\nl\r\n");
    ck_assert_uint_eq(given("k"), 1);
}
END_TEST

/* --- Parking again ------------------------------------------------------- */

static bool wake_stage(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    (void)ctx;
    note("%.*s%u ", (int)key.size, key.data, why);
    if (why == KR_WAKE_READY && kr_str_equal(key, call->argv[1]))
        park_on(call, 2, 1, wake_stage);
    else if (why != KR_WAKE_GONE)
        kr_reply_ok(call->reply);
    return true;
}

static void run_stages(struct kr_call *call)
{
    park_on(call, 1, 1, wake_stage);
}

START_TEST(a_woken_call_may_park_again)
{
    struct kr_cmd *stages =
        add("stages", run_stages, 3, KR_CMD_BLOCKING | KR_CMD_WRITE);

    peer_say(a, "stages k l\r\necho x\r\n");
    peer_say(giver, "give k\r\ngive k\r\n");
    NOTED("k0 ");
    peer_expect(a, "");
    ck_assert_uint_eq(BLOCK->count(), 1);
    ck_assert(a->client->flags & KR_CLIENT_BLOCKED);
    peer_say(giver, "give l\r\n");
    turn();
    peer_expect(a, "+OK\r\n$1\r\nx\r\n");
    ck_assert_uint_eq(BLOCK->count(), 0);
    ck_assert_uint_eq(block_key_count(), 0);
    ck_assert_uint_eq(stages->calls, 1);
    NOTED("l0 echo(x) ");
}
END_TEST

START_TEST(a_call_that_has_parked_again_ends_with_its_client)
{
    add("stages", run_stages, 3, KR_CMD_BLOCKING | KR_CMD_WRITE);
    peer_say(a, "stages k l\r\n");
    peer_say(giver, "give k\r\n");
    peer_close(a);
    turn();
    NOTED("k0 4 ");
    ck_assert_uint_eq(BLOCK->count(), 0);
}
END_TEST

Suite *park_suite(void)
{
    Suite *suite = suite_create("park");
    TCase *tests = dispatch_case(suite, "parked calls as others see them");

    tcase_add_checked_fixture(tests, connect_three, NULL);
    tcase_add_test(tests, a_client_that_was_killed_takes_nothing);
    tcase_add_test(tests, a_key_made_ready_outside_of_calls_wakes_in_that_turn);
    tcase_add_test(tests, a_wait_is_never_cut_short);
    tcase_add_test(tests, a_parked_call_is_counted_when_it_ends);
    tcase_add_test(tests, work_elsewhere_counts_with_the_call);
    tcase_add_test(tests, a_call_whose_client_goes_is_not_counted);
    tcase_add_test(tests, who_would_write_is_woken_when_the_pause_is_over);
    tcase_add_test(tests, when_the_value_has_gone_nobody_further_is_asked);
    tcase_add_test(tests,
                   what_one_gives_on_wakes_the_next_after_the_line_at_hand);
    tcase_add_test(tests, a_ring_of_relays_comes_to_rest);
    tcase_add_test(tests, a_woken_call_may_park_again);
    tcase_add_test(tests, a_call_that_has_parked_again_ends_with_its_client);
    return suite;
}
