/* SPDX-License-Identifier: BSD-3-Clause */
/* CLIENT PAUSE: who waits, and until when. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/dispatch/pause.h"
#include "core/keyspace/hooks.h"

#define CLIENTS (&client_interface)

static struct peer *peer;

static void connect_one(void)
{
    peer = peer_new();
}

START_TEST(a_pause_holds_all_and_ends_by_itself)
{
    bool writes_only = true;

    pause_begin(clock_wall_ms() + 30, false);
    ck_assert(pause_is_on(&writes_only));
    ck_assert(!writes_only);
    ck_assert(keyspace_hooks.still);
    peer_say(peer, "echo 1\r\necho 2\r\n");
    NOTED("");
    ck_assert_uint_eq(CLIENTS->flags(peer->client) & KR_CLIENT_BLOCKED,
                      KR_CLIENT_BLOCKED);
    turns_for(60);
    NOTED("echo(1) echo(2) ");
    ck_assert(!pause_is_on(NULL));
    ck_assert(!keyspace_hooks.still);
    ck_assert_uint_eq(call_alerts, 0);
}
END_TEST

static void run_nothing(struct kr_call *call)
{
    (void)call;
}

START_TEST(a_pause_of_writes_lets_reads_pass)
{
    pause_begin(clock_wall_ms() + 100000, true);
    add("publish", run_nothing, 2, KR_CMD_MAY_REPLICATE);
    peer_say(peer, "echo 1\r\nput k\r\necho 2\r\n");
    NOTED("echo(1) ");
    pause_end();
    turn();
    NOTED("put(k) echo(2) ");
    ck_assert(!pause_is_on(NULL));
    pause_begin(clock_wall_ms() + 100000, true);
    ck_assert(pause_concerns(peer->client, KR_CMD_MAY_REPLICATE));
    ck_assert(!pause_concerns(peer->client, KR_CMD_FAST));
    CLIENTS->set_flags(peer->client, KR_CLIENT_REPLICA, 0);
    ck_assert(!pause_concerns(peer->client, KR_CMD_WRITE));
    pause_end();
    pause_end();
}
END_TEST

START_TEST(the_longer_and_the_stricter_pause_wins)
{
    int64_t now_ms = clock_wall_ms();
    bool writes_only;

    pause_begin(now_ms + 100000, true);
    pause_begin(now_ms + 5, false);
    ck_assert(pause_is_on(&writes_only));
    ck_assert(!writes_only);
    pause_begin(now_ms + 10, true);
    pause_is_on(&writes_only);
    ck_assert(!writes_only);
    turns_for(30);
    ck_assert(pause_is_on(NULL));
    pause_end();
    pause_begin(now_ms + 100000, true);
    pause_is_on(&writes_only);
    ck_assert(writes_only);
    pause_end();
}
END_TEST

/* Was: idle while it waited through no fault of its own. */
START_TEST(who_is_paused_is_not_idle)
{
    pause_begin(clock_wall_ms() + 100000, false);
    peer_say(peer, "echo x\r\n");
    client_settings.timeout = 1;
    client_tick(clock_turn_ms + 5000, 10);
    ck_assert(!peer->client->doomed);
    pause_end();
    turn();
    NOTED("echo(x) ");
}
END_TEST

Suite *pause_suite(void)
{
    Suite *suite = suite_create("pause");
    TCase *tests = dispatch_case(suite, "pauses");

    tcase_add_checked_fixture(tests, connect_one, NULL);
    tcase_add_test(tests, a_pause_holds_all_and_ends_by_itself);
    tcase_add_test(tests, a_pause_of_writes_lets_reads_pass);
    tcase_add_test(tests, the_longer_and_the_stricter_pause_wins);
    tcase_add_test(tests, who_is_paused_is_not_idle);
    return suite;
}
