/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that stand together are asked for their memory first, step by step,
 * all of them in each; one that stands alone is not. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

static struct peer *peer;

static void look(struct kr_call *call)
{
    note("run(%.*s) ", (int)call->argv[1].size, call->argv[1].data);
    kr_reply_ok(call->reply);
}

/* As many steps as the value has bytes, and one more.  `memo` is its own. */
static bool look_ahead(struct kr_ahead *ahead)
{
    ck_assert_uint_eq(ahead->memo, ahead->step);
    ahead->memo++;
    note("%u(%.*s) ", ahead->step, (int)ahead->argv[1].size,
         ahead->argv[1].data);
    return ahead->step < ahead->cell->length;
}

static const struct kr_key_spec one_key[] = {KR_KEY(KR_KEY_RO, 1, 0, 1)};

static void begin(void)
{
    dispatch_begin();
    peer = peer_new();
    add_row(&(struct kr_command){.name = "look",
                                 .run = look,
                                 .arity = 2,
                                 .keys = KR_ROWS(one_key),
                                 .ahead = look_ahead});
    put_flat(db0(), "a", "");
    put_flat(db0(), "b", "xx");
    put_flat(db0(), "c", "x");
}

START_TEST(all_take_a_step_before_one_takes_the_next)
{
    peer_say(peer, "look a\r\nlook b\r\nlook c\r\n");
    NOTED("0(a) 0(b) 0(c) 1(b) 1(c) 2(b) run(a) run(b) run(c) ");
}
END_TEST

START_TEST(one_that_stands_alone_runs_at_once)
{
    peer_say(peer, "look b\r\n");
    NOTED("run(b) ");
}
END_TEST

START_TEST(a_key_that_is_not_there_has_nothing_to_fetch)
{
    peer_say(peer, "look none\r\nlook a\r\necho x\r\n");
    NOTED("0(a) run(none) run(a) echo(x) ");
}
END_TEST

START_TEST(it_leaves_no_trace)
{
    uint64_t hits = keyspace_stats.hits, misses = keyspace_stats.misses;

    expire_at(db0(), "a", BEGIN_MS);
    clock_turn_ms = BEGIN_MS + 1000;
    peer_say(peer, "look a\r\nlook none\r\n");
    NOTED("0(a) run(a) run(none) ");
    ck_assert_uint_eq(keyspace_stats.hits, hits);
    ck_assert_uint_eq(keyspace_stats.misses, misses);
}
END_TEST

Suite *ahead_suite(void)
{
    Suite *suite = suite_create("ahead");
    TCase *tests = tcase_create("ahead");

    tcase_add_checked_fixture(tests, begin, dispatch_end);
    tcase_add_test(tests, all_take_a_step_before_one_takes_the_next);
    tcase_add_test(tests, one_that_stands_alone_runs_at_once);
    tcase_add_test(tests, a_key_that_is_not_there_has_nothing_to_fetch);
    tcase_add_test(tests, it_leaves_no_trace);
    suite_add_tcase(suite, tests);
    return suite;
}
