/* SPDX-License-Identifier: BSD-3-Clause */
/* Gates: in which order they are asked, for whom, and what their answers do. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#define GATES (&gate_interface)

static struct peer *peer;

static void connect_one(void)
{
    peer = peer_new();
}

/* Notes the gate's name and passes. */
static int32_t pass(struct kr_call *call, const struct kr_outcome *outcome,
                    void *ctx)
{
    (void)call;
    (void)outcome;
    note("%s ", (const char *)ctx);
    return KR_GATE_PASS;
}

static kr_gate *make(uint32_t stage, int32_t rank, kr_gate_fn fn,
                     const char *name)
{
    kr_gate *gate = GATES->add(&fixture_module, name, stage, rank, fn,
                               (void *)(uintptr_t)name);

    ck_assert_ptr_nonnull(gate);
    return gate;
}

static kr_gate *armed(uint32_t stage, int32_t rank, kr_gate_fn fn,
                      const char *name)
{
    kr_gate *gate = make(stage, rank, fn, name);

    GATES->arm(gate, NULL);
    return gate;
}

/* --- Order --------------------------------------------------------------- */

START_TEST(stages_come_in_their_order_whatever_the_ranks)
{
    armed(KR_STAGE_AFTER, 1, pass, "after");
    armed(KR_STAGE_BEFORE, 2, pass, "before");
    armed(KR_STAGE_QUEUE, 3, pass, "queue");
    armed(KR_STAGE_ADMIT, 4, pass, "admit");
    armed(KR_STAGE_ROUTE, 5, pass, "route");
    armed(KR_STAGE_AUTHORISE, 6, pass, "authorise");
    armed(KR_STAGE_FILTER, 7, pass, "filter");
    armed(KR_STAGE_REFUSED, 0, pass, "refused");
    peer_say(peer, "echo x\r\n");
    NOTED("filter authorise route admit queue before echo(x) after ");
}
END_TEST

START_TEST(within_a_stage_ranks_decide_then_age)
{
    armed(KR_STAGE_BEFORE, 200, pass, "late");
    armed(KR_STAGE_BEFORE, 100, pass, "usual");
    armed(KR_STAGE_BEFORE, -5, pass, "early");
    armed(KR_STAGE_BEFORE, 100, pass, "usual-too");
    peer_say(peer, "echo x\r\n");
    NOTED("early usual usual-too late echo(x) ");
}
END_TEST

START_TEST(there_are_32_gates_and_no_more)
{
    kr_gate *gates[GATE_MAX];

    for (int i = 0; i < GATE_MAX; i++)
        gates[i] = make(KR_STAGE_BEFORE, 100, pass, "one");
    ck_assert_ptr_null(GATES->add(&fixture_module, "too many", KR_STAGE_AFTER,
                                  100, pass, NULL));
    GATES->remove(gates[31]);
    gates[31] = make(KR_STAGE_BEFORE, 100, pass, "last");
    GATES->arm(gates[31], NULL);
    peer_say(peer, "echo x\r\n");
    NOTED("last echo(x) ");
    ck_assert_ptr_null(
        GATES->add(&fixture_module, "nowhere", GATE_STAGES, 1, pass, NULL));
}
END_TEST

/* --- For whom ------------------------------------------------------------ */

START_TEST(a_gate_sleeps_until_it_is_armed)
{
    kr_gate *gate = make(KR_STAGE_BEFORE, 100, pass, "gate");

    peer_say(peer, "echo 1\r\n");
    NOTED("echo(1) ");
    GATES->arm(gate, NULL);
    peer_say(peer, "echo 2\r\n");
    NOTED("gate echo(2) ");
    GATES->disarm(gate, NULL);
    peer_say(peer, "echo 3\r\n");
    NOTED("echo(3) ");
}
END_TEST

START_TEST(a_gate_armed_on_one_client_sees_only_its_commands)
{
    kr_gate *gate = make(KR_STAGE_BEFORE, 100, pass, "gate");
    struct peer *second = peer_new();

    GATES->arm(gate, peer->client);
    peer_say(peer, "echo 1\r\n");
    peer_say(second, "echo 2\r\n");
    RUN("echo", "3");
    NOTED("gate echo(1) echo(2) echo(3) ");
    GATES->disarm(gate, peer->client);
    peer_say(peer, "echo 4\r\n");
    NOTED("echo(4) ");
}
END_TEST

START_TEST(a_gate_armed_for_all_sees_calls_without_a_client)
{
    armed(KR_STAGE_BEFORE, 100, pass, "gate");
    RUN("echo", "x");
    NOTED("gate echo(x) ");
}
END_TEST

START_TEST(a_removed_gate_is_disarmed_everywhere)
{
    kr_gate *gate = armed(KR_STAGE_BEFORE, 100, pass, "gate");

    GATES->arm(gate, peer->client);
    GATES->remove(gate);
    ck_assert_uint_eq(gate_armed, 0);
    ck_assert_uint_eq(peer->client->armed, 0);
    ck_assert_uint_eq(gate_stages[KR_STAGE_BEFORE], 0);
    peer_say(peer, "echo x\r\n");
    NOTED("echo(x) ");
}
END_TEST

START_TEST(a_modules_gates_go_with_it)
{
    static kr_module other = {.name = "other"};
    kr_gate *gate;

    armed(KR_STAGE_BEFORE, 100, pass, "stays");
    gate = GATES->add(&other, "goes", KR_STAGE_BEFORE, 1, pass, "goes");
    GATES->arm(gate, NULL);
    gate_forget(&other);
    peer_say(peer, "echo x\r\n");
    NOTED("stays echo(x) ");
}
END_TEST

/* --- Answers ------------------------------------------------------------- */

static int32_t deny(struct kr_call *call, const struct kr_outcome *outcome,
                    void *ctx)
{
    (void)outcome;
    note("%s ", (const char *)ctx);
    kr_reply_error(call->reply, "NOPERM not you");
    return KR_GATE_DENY;
}

static int32_t done(struct kr_call *call, const struct kr_outcome *outcome,
                    void *ctx)
{
    (void)outcome;
    note("%s ", (const char *)ctx);
    kr_reply_status(call->reply, "QUEUED");
    return KR_GATE_DONE;
}

START_TEST(deny_ends_the_call_and_tells_refused)
{
    struct kr_cmd *echo = command_find(KR_STR("echo"));

    armed(KR_STAGE_AUTHORISE, 1, deny, "deny");
    armed(KR_STAGE_AUTHORISE, 2, pass, "next");
    armed(KR_STAGE_BEFORE, 1, pass, "before");
    armed(KR_STAGE_AFTER, 1, pass, "after");
    armed(KR_STAGE_REFUSED, 1, pass, "refused");
    peer_say(peer, "echo x\r\n");
    NOTED("deny refused ");
    peer_expect(peer, "-NOPERM not you\r\n");
    ck_assert_uint_eq(echo->rejected, 1);
    ck_assert_uint_eq(echo->calls, 0);
}
END_TEST

static int32_t refuse(struct kr_call *call, const struct kr_outcome *outcome,
                      void *ctx)
{
    (void)outcome;
    note("%s ", (const char *)ctx);
    return GATES->refuse(call, KR_STR("NOPERM not you"));
}

static void in_own_words(struct kr_call *call, struct kr_str error)
{
    kr_reply_errorf(call->reply, "ABORT because of: %.*s", (int)error.size,
                    error.data);
}

static uint64_t acts_seen;

static int32_t see_acts(struct kr_call *call, const struct kr_outcome *outcome,
                        void *ctx)
{
    (void)outcome, (void)ctx;
    acts_seen = call->acts;
    return KR_GATE_PASS;
}

/* Its second word says what it does. */
static uint64_t acts_by_word(const struct kr_call *call)
{
    ck_assert_ptr_eq(call->state, fixture_module.state);
    return kr_str_equal(call->argv[1], KR_STR("write")) ? KR_CMD_WRITE : 0;
}

START_TEST(a_command_may_say_what_it_will_do)
{
    struct kr_cmd *echo = command_find(KR_STR("echo"));

    armed(KR_STAGE_ADMIT, 1, see_acts, "see");
    acts_seen = 1;
    peer_say(peer, "echo write\r\n");
    ck_assert_uint_eq(acts_seen, echo->flags);
    echo->row.acts = acts_by_word;
    peer_say(peer, "echo write\r\n");
    ck_assert_uint_eq(acts_seen, KR_CMD_WRITE);
    peer_say(peer, "echo read\r\n");
    ck_assert_uint_eq(acts_seen, 0);
    echo->row.acts = NULL;
}
END_TEST

START_TEST(a_command_is_refused_in_its_own_words)
{
    struct kr_cmd *echo = command_find(KR_STR("echo"));

    armed(KR_STAGE_AUTHORISE, 1, refuse, "refuse");
    armed(KR_STAGE_REFUSED, 1, pass, "refused");
    peer_say(peer, "echo x\r\n");
    NOTED("refuse refused ");
    peer_expect(peer, "-NOPERM not you\r\n");
    echo->row.refused = in_own_words;
    peer_say(peer, "echo x\r\n");
    peer_expect(peer, "-ABORT because of: NOPERM not you\r\n");
    peer_say(peer, "echo\r\n");
    peer_expect(peer, "-ABORT because of: ERR wrong number of arguments for "
                      "'echo' command\r\n");
    ck_assert_uint_eq(echo->rejected, 3);
    ck_assert_uint_eq(echo->calls, 0);
    echo->row.refused = NULL;
}
END_TEST

START_TEST(done_ends_the_call_and_is_no_refusal)
{
    armed(KR_STAGE_QUEUE, 1, done, "queue");
    armed(KR_STAGE_BEFORE, 1, pass, "before");
    armed(KR_STAGE_REFUSED, 1, pass, "refused");
    peer_say(peer, "echo x\r\n");
    NOTED("queue ");
    peer_expect(peer, "+QUEUED\r\n");
    ck_assert_uint_eq(command_find(KR_STR("echo"))->rejected, 0);
}
END_TEST

START_TEST(the_hosts_own_refusals_are_told_too)
{
    armed(KR_STAGE_AUTHORISE, 1, pass, "authorise");
    armed(KR_STAGE_REFUSED, 1, pass, "refused");
    peer_say(peer, "echo\r\n");
    NOTED("refused ");
    peer_say(peer, "nothing\r\n");
    NOTED("refused ");
    peer_expect(peer,
                "-ERR wrong number of arguments for 'echo' command\r\n"
                "-ERR unknown command 'nothing', with args beginning with: "
                "\r\n");
}
END_TEST

START_TEST(a_nested_call_asks_all_but_the_filter)
{
    armed(KR_STAGE_FILTER, 1, pass, "filter");
    armed(KR_STAGE_AUTHORISE, 1, pass, "authorise");
    armed(KR_STAGE_AFTER, 1, pass, "after");
    peer_say(peer, "nest echo x\r\n");
    NOTED("filter authorise authorise echo(x) after after ");
    ck_assert_int_eq(
        RUN_WITH((&(struct kr_run){.flags = KR_RUN_NO_GATES}), "echo", "x"),
        KR_OK);
    NOTED("echo(x) after ");
}
END_TEST

START_TEST(a_dry_run_asks_and_stops)
{
    armed(KR_STAGE_AUTHORISE, 1, pass, "authorise");
    ck_assert_int_eq(
        RUN_WITH((&(struct kr_run){.flags = KR_RUN_DRY}), "echo", "x"), KR_OK);
    NOTED("authorise ");
}
END_TEST

static struct kr_outcome seen;

static int32_t see(struct kr_call *call, const struct kr_outcome *outcome,
                   void *ctx)
{
    (void)call;
    (void)ctx;
    seen = *outcome;
    return KR_GATE_PASS;
}

/* Was: all errors that the client had ever got. */
START_TEST(after_learns_of_this_calls_errors_only)
{
    armed(KR_STAGE_AFTER, 1, see, "after");
    peer_say(peer, "fail\r\n");
    ck_assert_uint_eq(seen.errors, 1);
    peer_say(peer, "echo x\r\n");
    ck_assert_uint_eq(seen.errors, 0);
}
END_TEST

START_TEST(after_learns_of_changes)
{
    armed(KR_STAGE_AFTER, 1, see, "after");
    peer_say(peer, "nest put k\r\n");
    ck_assert_uint_eq(seen.changes, 1);
    ck_assert(!seen.blocked);
    peer_say(peer, "echo x\r\n");
    ck_assert_uint_eq(seen.changes, 0);
}
END_TEST

/* Was: blocked for ever, once parked. */
START_TEST(after_learns_who_is_blocked_and_who_no_longer)
{
    armed(KR_STAGE_AFTER, 1, see, "after");
    peer_say(peer, "wait 0 k\r\n");
    ck_assert(seen.blocked);
    ck_assert(block_interface.unblock(peer->client, false));
    ck_assert(!seen.blocked);
}
END_TEST

/* --- Hold and release ---------------------------------------------------- */

static bool holding;

static int32_t hold(struct kr_call *call, const struct kr_outcome *outcome,
                    void *ctx)
{
    (void)call;
    (void)outcome;
    (void)ctx;
    note(holding ? "hold " : "pass ");
    return holding ? KR_GATE_HOLD : KR_GATE_PASS;
}

START_TEST(a_held_command_runs_when_it_is_released)
{
    armed(KR_STAGE_ADMIT, 1, hold, "hold");
    holding = true;
    peer_say(peer, "echo 1\r\necho 2\r\n");
    NOTED("hold ");
    peer_expect(peer, "");
    turn();
    NOTED("");
    holding = false;
    GATES->release(peer->client);
    turn();
    NOTED("pass echo(1) pass echo(2) ");
    peer_expect(peer, "$1\r\n1\r\n$1\r\n2\r\n");
}
END_TEST

START_TEST(what_is_held_again_keeps_its_place)
{
    armed(KR_STAGE_ADMIT, 1, hold, "hold");
    holding = true;
    peer_say(peer, "echo 1\r\necho 2\r\n");
    GATES->release(NULL);
    turn();
    NOTED("hold hold ");
    holding = false;
    GATES->release(NULL);
    turn();
    NOTED("pass echo(1) pass echo(2) ");
}
END_TEST

START_TEST(release_reaches_only_whom_it_names)
{
    struct peer *second = peer_new();

    armed(KR_STAGE_ADMIT, 1, hold, "hold");
    holding = true;
    peer_say(peer, "echo 1\r\n");
    peer_say(second, "echo 2\r\n");
    notes_clear();
    holding = false;
    GATES->release(second->client);
    turn();
    NOTED("pass echo(2) ");
    GATES->release(NULL);
    turn();
    NOTED("pass echo(1) ");
}
END_TEST

START_TEST(release_does_not_wake_who_is_parked)
{
    peer_say(peer, "wait 0 k\r\n");
    GATES->release(NULL);
    GATES->release(peer->client);
    peer_say(peer, "echo x\r\n");
    NOTED("");
    ck_assert_uint_eq(block_interface.count(), 1);
}
END_TEST

/* Was: they waited for a release that could no longer come. */
START_TEST(who_is_held_by_a_gate_that_goes_is_released)
{
    kr_gate *gate = armed(KR_STAGE_ADMIT, 1, hold, "hold");

    holding = true;
    peer_say(peer, "echo x\r\n");
    NOTED("hold ");
    GATES->remove(gate);
    turn();
    NOTED("echo(x) ");
}
END_TEST

/* Was: refused without a reply, and the client's stream was out of step. */
START_TEST(a_nested_call_cannot_be_held_and_says_so)
{
    kr_gate *gate = make(KR_STAGE_ADMIT, 1, hold, "hold");

    holding = true;
    GATES->arm(gate, NULL);
    ck_assert_int_eq(RUN("echo", "x"), KR_EDENIED);
    NOTED("hold ");
    peer_say(peer, "nest echo x\r\n");
    peer_expect(peer, "");
    notes_clear();
    GATES->disarm(gate, NULL);
    GATES->release(NULL);
    turn();
    peer_expect(peer, "$1\r\nx\r\n");
}
END_TEST

static int32_t hold_nested(struct kr_call *call,
                           const struct kr_outcome *outcome, void *ctx)
{
    (void)call;
    (void)outcome;
    (void)ctx;
    return call_depth > 0 ? KR_GATE_HOLD : KR_GATE_PASS;
}

START_TEST(a_nested_call_that_would_be_held_replies_an_error)
{
    armed(KR_STAGE_ADMIT, 1, hold_nested, "hold");
    peer_say(peer, "nest echo x\r\n");
    peer_expect(peer, "-BUSY the command must wait, and cannot do so here\r\n");
    ck_assert(!peer->client->suspended);
}
END_TEST

/* --- Filters ------------------------------------------------------------- */

static const struct kr_str other_words[] = {{"echo", 4}, {"filtered", 8}};

static int32_t replace(struct kr_call *call, const struct kr_outcome *outcome,
                       void *ctx)
{
    (void)outcome;
    (void)ctx;
    ck_assert_ptr_null(call->command);
    call->argv = other_words;
    call->argc = 2;
    return KR_GATE_PASS;
}

/* Was: the filter saw the command as it was before it. */
START_TEST(a_filter_may_replace_the_words)
{
    armed(KR_STAGE_FILTER, 1, replace, "filter");
    peer_say(peer, "put a b c\r\n");
    NOTED("echo(filtered) ");
    peer_say(peer, "no such thing\r\n");
    NOTED("echo(filtered) ");
    peer_expect(peer, "$8\r\nfiltered\r\n$8\r\nfiltered\r\n");
}
END_TEST

START_TEST(a_filter_may_answer_by_itself)
{
    armed(KR_STAGE_FILTER, 1, done, "filter");
    peer_say(peer, "echo x\r\n");
    NOTED("filter ");
    peer_expect(peer, "+QUEUED\r\n");
}
END_TEST

/* Was: taken for an answer; the command was lost without a reply. */
START_TEST(a_filter_may_hold)
{
    armed(KR_STAGE_FILTER, 1, hold, "filter");
    holding = true;
    peer_say(peer, "echo x\r\n");
    NOTED("hold ");
    holding = false;
    GATES->release(NULL);
    turn();
    NOTED("pass echo(x) ");
}
END_TEST

/* --- Gates that change gates --------------------------------------------- */

static kr_gate *victim;

static int32_t remove_victim(struct kr_call *call,
                             const struct kr_outcome *outcome, void *ctx)
{
    (void)call;
    (void)outcome;
    note("%s ", (const char *)ctx);
    if (victim)
        GATES->remove(victim);
    victim = NULL;
    return KR_GATE_PASS;
}

/* Was: the gate behind one that removed itself was skipped. */
START_TEST(a_gate_may_remove_itself)
{
    victim = armed(KR_STAGE_AUTHORISE, 1, remove_victim, "first");
    armed(KR_STAGE_AUTHORISE, 2, deny, "second");
    peer_say(peer, "echo x\r\n");
    NOTED("first second ");
}
END_TEST

START_TEST(a_gate_may_remove_one_that_has_passed)
{
    victim = armed(KR_STAGE_AUTHORISE, 1, pass, "first");
    armed(KR_STAGE_AUTHORISE, 2, remove_victim, "second");
    armed(KR_STAGE_AUTHORISE, 3, deny, "third");
    peer_say(peer, "echo x\r\n");
    NOTED("first second third ");
}
END_TEST

static int32_t add_early(struct kr_call *call, const struct kr_outcome *outcome,
                         void *ctx)
{
    (void)call;
    (void)outcome;
    note("%s ", (const char *)ctx);
    armed(KR_STAGE_AUTHORISE, 0, pass, "early");
    return KR_GATE_PASS;
}

/* Was: asked twice. */
START_TEST(a_gate_may_add_one_before_itself)
{
    kr_gate *gate = armed(KR_STAGE_AUTHORISE, 1, add_early, "adder");

    armed(KR_STAGE_AUTHORISE, 2, pass, "next");
    peer_say(peer, "echo x\r\n");
    NOTED("adder next echo(x) ");
    GATES->remove(gate);
    peer_say(peer, "echo x\r\n");
    NOTED("early next echo(x) ");
}
END_TEST

Suite *gate_suite(void)
{
    Suite *suite = suite_create("gate");
    TCase *tests = dispatch_case(suite, "gates");

    tcase_add_checked_fixture(tests, connect_one, NULL);
    tcase_add_test(tests, stages_come_in_their_order_whatever_the_ranks);
    tcase_add_test(tests, within_a_stage_ranks_decide_then_age);
    tcase_add_test(tests, there_are_32_gates_and_no_more);
    tcase_add_test(tests, a_gate_sleeps_until_it_is_armed);
    tcase_add_test(tests, a_gate_armed_on_one_client_sees_only_its_commands);
    tcase_add_test(tests, a_gate_armed_for_all_sees_calls_without_a_client);
    tcase_add_test(tests, a_removed_gate_is_disarmed_everywhere);
    tcase_add_test(tests, a_modules_gates_go_with_it);
    tcase_add_test(tests, deny_ends_the_call_and_tells_refused);
    tcase_add_test(tests, a_command_may_say_what_it_will_do);
    tcase_add_test(tests, a_command_is_refused_in_its_own_words);
    tcase_add_test(tests, done_ends_the_call_and_is_no_refusal);
    tcase_add_test(tests, the_hosts_own_refusals_are_told_too);
    tcase_add_test(tests, a_nested_call_asks_all_but_the_filter);
    tcase_add_test(tests, a_dry_run_asks_and_stops);
    tcase_add_test(tests, after_learns_of_this_calls_errors_only);
    tcase_add_test(tests, after_learns_of_changes);
    tcase_add_test(tests, after_learns_who_is_blocked_and_who_no_longer);
    tcase_add_test(tests, a_held_command_runs_when_it_is_released);
    tcase_add_test(tests, what_is_held_again_keeps_its_place);
    tcase_add_test(tests, release_reaches_only_whom_it_names);
    tcase_add_test(tests, release_does_not_wake_who_is_parked);
    tcase_add_test(tests, who_is_held_by_a_gate_that_goes_is_released);
    tcase_add_test(tests, a_nested_call_cannot_be_held_and_says_so);
    tcase_add_test(tests, a_nested_call_that_would_be_held_replies_an_error);
    tcase_add_test(tests, a_filter_may_replace_the_words);
    tcase_add_test(tests, a_filter_may_answer_by_itself);
    tcase_add_test(tests, a_filter_may_hold);
    tcase_add_test(tests, a_gate_may_remove_itself);
    tcase_add_test(tests, a_gate_may_remove_one_that_has_passed);
    tcase_add_test(tests, a_gate_may_add_one_before_itself);
    return suite;
}
