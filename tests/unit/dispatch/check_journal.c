/* SPDX-License-Identifier: BSD-3-Clause */
/* The journal: which effects there are, in which order, framed as what. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#define JOURNAL (&journal_interface)

static struct peer *peer;

/* "0/2 put k; 1/2 put l; " */
static void read_effect(void *ctx, const struct kr_effect *effect)
{
    note("%s%u/%u", ctx ? (const char *)ctx : "", effect->index, effect->count);
    if (effect->db != 0)
        note("@%d", effect->db);
    for (uint32_t i = 0; i < effect->argc; i++)
        note(" %.*s", (int)effect->argv[i].size, effect->argv[i].data);
    note("; ");
}

static void run_each(struct kr_call *call);

static void run_quiet(struct kr_call *call)
{
    call_interface.touch(call, 1);
    kr_reply_ok(call->reply);
}

#define WORDS(...)                                                             \
    KR_COUNT(((struct kr_str[]){__VA_ARGS__})), (struct kr_str[])              \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

static void run_instead(struct kr_call *call)
{
    call_interface.touch(call, 1);
    JOURNAL->instead(call, WORDS(KR_STR("first"), call->argv[1]));
    JOURNAL->instead(call, WORDS(KR_STR("second")));
    kr_reply_ok(call->reply);
}

static void run_also(struct kr_call *call)
{
    JOURNAL->also(call, keyspace_interface.db(3), WORDS(KR_STR("later")));
    run_quiet(call);
}

/* also(), and then a nested write. */
static void run_also_nest(struct kr_call *call)
{
    JOURNAL->also(call, call->db, WORDS(KR_STR("behind")));
    RUN("quiet", "inner");
    run_quiet(call);
}

static void run_suppress(struct kr_call *call)
{
    JOURNAL->suppress(call, KR_JOURNAL_REPLICAS);
    run_quiet(call);
}

static void run_suppress_all(struct kr_call *call)
{
    JOURNAL->suppress(call, KR_JOURNAL_ALL);
    run_quiet(call);
}

static void run_force(struct kr_call *call)
{
    JOURNAL->force(call, KR_JOURNAL_REPLICAS);
    kr_reply_ok(call->reply);
}

/* Runs `quiet word` for each of its words, as a transaction would. */
static void run_each(struct kr_call *call)
{
    for (uint32_t i = 1; i < call->argc; i++) {
        struct kr_str argv[2] = {KR_STR("quiet"), call->argv[i]};
        struct kr_run run = {.size = sizeof(run), .argc = 2, .argv = argv};

        call_interface.run(&run);
    }
    kr_reply_ok(call->reply);
}

static void connect_reader(void)
{
    peer = peer_new();
    add("quiet", run_quiet, -1, KR_CMD_WRITE);
    add("instead", run_instead, 2, KR_CMD_WRITE);
    add("also", run_also, 1, KR_CMD_WRITE);
    add("also-nest", run_also_nest, 1, KR_CMD_WRITE);
    add("suppress", run_suppress, 1, KR_CMD_WRITE);
    add("suppress-all", run_suppress_all, 1, KR_CMD_WRITE);
    add("force", run_force, -1, 0);
    add("each", run_each, -2, 0);
}

static kr_journal_reader *attach(void)
{
    return JOURNAL->attach(&fixture_module, KR_JOURNAL_ALL, read_effect, NULL);
}

/* --- Which effects ------------------------------------------------------- */

START_TEST(what_changed_is_journalled_as_typed)
{
    ck_assert(!JOURNAL->armed());
    attach();
    ck_assert(JOURNAL->armed());
    peer_say(peer, "quiet a b\r\n");
    NOTED("0/1 quiet a b; ");
    peer_say(peer, "QUIET a\r\n");
    NOTED("0/1 QUIET a; ");
}
END_TEST

START_TEST(what_changed_nothing_is_not_journalled)
{
    attach();
    peer_say(peer, "force no\r\n");
    notes_clear();
    peer_say(peer, "fail\r\n");
    peer_say(peer, "echo x\r\n");
    NOTED("fail() echo(x) ");
}
END_TEST

START_TEST(an_effect_names_its_database_command_and_client)
{
    attach();
    peer->client->db = keyspace_interface.db(5);
    peer_say(peer, "quiet\r\n");
    NOTED("0/1@5 quiet; ");
}
END_TEST

START_TEST(instead_replaces_the_command)
{
    attach();
    peer_say(peer, "instead w\r\n");
    NOTED("0/2 first w; 1/2 second; ");
}
END_TEST

START_TEST(also_comes_behind_the_commands_own_effect)
{
    attach();
    peer_say(peer, "also\r\n");
    NOTED("0/2 also; 1/2@3 later; ");
}
END_TEST

/* Was: the nested call took it along, and it stood before the call's own. */
START_TEST(also_waits_for_its_own_call_not_for_a_nested_one)
{
    attach();
    peer_say(peer, "also-nest\r\n");
    NOTED("0/3 quiet inner; 1/3 also-nest; 2/3 behind; ");
}
END_TEST

START_TEST(force_journals_what_changed_nothing)
{
    JOURNAL->attach(&fixture_module, KR_JOURNAL_LOG, read_effect, "log:");
    JOURNAL->attach(&fixture_module, KR_JOURNAL_REPLICAS, read_effect, "rep:");
    peer_say(peer, "force x\r\n");
    NOTED("rep:0/1 force x; ");
}
END_TEST

START_TEST(suppress_silences_the_targets_it_names)
{
    JOURNAL->attach(&fixture_module, KR_JOURNAL_LOG, read_effect, "log:");
    JOURNAL->attach(&fixture_module, KR_JOURNAL_REPLICAS, read_effect, "rep:");
    peer_say(peer, "suppress\r\n");
    NOTED("log:0/1 suppress; ");
    peer_say(peer, "suppress-all\r\n");
    NOTED("");
}
END_TEST

START_TEST(a_run_without_journal_leaves_none)
{
    struct kr_run run = {.flags = KR_RUN_NO_JOURNAL};

    attach();
    RUN_WITH(&run, "quiet", "x");
    RUN_WITH(&run, "instead", "x");
    RUN_WITH(&run, "also");
    NOTED("");
}
END_TEST

/* --- Framing ------------------------------------------------------------- */

START_TEST(nested_calls_make_one_unit)
{
    attach();
    peer_say(peer, "each a b c\r\n");
    NOTED("0/3 quiet a; 1/3 quiet b; 2/3 quiet c; ");
}
END_TEST

START_TEST(the_call_around_changed_only_what_it_changed_itself)
{
    attach();
    peer_say(peer, "nest quiet a\r\n");
    NOTED("0/1 quiet a; ");
}
END_TEST

START_TEST(commands_of_a_pipeline_are_units_of_their_own)
{
    attach();
    peer_say(peer, "quiet a\r\nquiet b\r\n");
    NOTED("0/1 quiet a; 0/1 quiet b; ");
}
END_TEST

START_TEST(begin_and_end_make_one_unit_of_several_calls)
{
    attach();
    JOURNAL->begin();
    RUN("quiet", "a");
    JOURNAL->begin();
    RUN("quiet", "b");
    JOURNAL->end();
    NOTED("");
    JOURNAL->end();
    NOTED("0/2 quiet a; 1/2 quiet b; ");
    JOURNAL->begin();
    JOURNAL->end();
    NOTED("");
}
END_TEST

/* Was: counted over all targets, so a reader saw the second of two effects
 * without a first. */
START_TEST(each_reader_has_its_own_count)
{
    JOURNAL->attach(&fixture_module, KR_JOURNAL_REPLICAS, read_effect, "rep:");
    JOURNAL->attach(&fixture_module, KR_JOURNAL_LOG, read_effect, "log:");
    JOURNAL->begin();
    RUN("suppress");
    RUN("quiet", "a");
    JOURNAL->end();
    NOTED("log:0/2 suppress; log:1/2 quiet a; rep:0/1 quiet a; ");
}
END_TEST

/* --- Removals by the host ------------------------------------------------ */

START_TEST(a_removal_between_calls_is_delivered_at_once)
{
    attach();
    journal_removed(db0(), KR_STR("k"), false);
    NOTED("0/1 DEL k; ");
    journal_removed(db0(), KR_STR("l"), true);
    NOTED("0/1 UNLINK l; ");
}
END_TEST

static void run_expire(struct kr_call *call)
{
    journal_removed(call->db, call->argv[1], false);
    run_quiet(call);
}

START_TEST(a_removal_within_a_call_stands_before_it)
{
    attach();
    add("expire", run_expire, 2, KR_CMD_WRITE);
    peer_say(peer, "expire k\r\n");
    NOTED("0/2 DEL k; 1/2 expire k; ");
}
END_TEST

static void run_effect(struct kr_call *call)
{
    JOURNAL->effect(call->db, 2, call->argv);
    run_quiet(call);
}

START_TEST(an_effect_of_nobody_stands_before_a_call_or_alone)
{
    struct kr_str words[] = {KR_STR("HDEL"), KR_STR("k"), KR_STR("f")};

    JOURNAL->effect(db0(), 3, words);
    attach();
    JOURNAL->effect(db0(), 3, words);
    NOTED("0/1 HDEL k f; ");
    add("odd", run_effect, 2, KR_CMD_WRITE);
    peer_say(peer, "odd k\r\n");
    NOTED("0/2 odd k; 1/2 odd k; ");
}
END_TEST

START_TEST(a_key_whose_time_has_come_is_journalled)
{
    attach();
    put_flat(db0(), "k", "v");
    expire_at(db0(), "k", clock_turn_ms + 10);
    clock_turn_ms += 100; /* ticks of the wheel are coarser than keys */
    keyspace_expire(clock_turn_ms, 1000);
    NOTED("0/1 DEL k; ");
}
END_TEST

/* --- Readers that do things ---------------------------------------------- */

static kr_journal_reader *doomed_reader;

static void read_and_detach(void *ctx, const struct kr_effect *effect)
{
    read_effect(ctx, effect);
    if (doomed_reader)
        JOURNAL->detach(doomed_reader);
    doomed_reader = NULL;
}

START_TEST(a_reader_may_detach_itself)
{
    doomed_reader =
        JOURNAL->attach(&fixture_module, KR_JOURNAL_ALL, read_and_detach, NULL);
    peer_say(peer, "each a b\r\n");
    NOTED("0/2 quiet a; ");
    ck_assert(!JOURNAL->armed());
    peer_say(peer, "quiet c\r\n");
    NOTED("");
}
END_TEST

/* Was: the next reader had been freed. */
START_TEST(a_reader_may_detach_another)
{
    doomed_reader =
        JOURNAL->attach(&fixture_module, KR_JOURNAL_ALL, read_effect, "b:");
    JOURNAL->attach(&fixture_module, KR_JOURNAL_ALL, read_and_detach, "a:");
    peer_say(peer, "quiet\r\n");
    NOTED("a:0/1 quiet; ");
    peer_say(peer, "quiet\r\n");
    NOTED("a:0/1 quiet; ");
}
END_TEST

static void read_and_write(void *ctx, const struct kr_effect *effect)
{
    read_effect(ctx, effect);
    if (kr_str_equal(effect->argv[1], KR_STR("a")))
        RUN("quiet", "mine");
}

/* Was: the rest of the unit was framed as units of one. */
START_TEST(what_a_reader_writes_is_a_unit_behind_this_one)
{
    JOURNAL->attach(&fixture_module, KR_JOURNAL_ALL, read_and_write, NULL);
    peer_say(peer, "each a b c\r\n");
    NOTED("0/3 quiet a; 1/3 quiet b; 2/3 quiet c; 0/1 quiet mine; ");
}
END_TEST

static void run_detach(struct kr_call *call)
{
    RUN("quiet", "before");
    JOURNAL->detach(doomed_reader);
    kr_reply_ok(call->reply);
}

/* Was: effects from before waited for the next reader. */
START_TEST(a_reader_reads_nothing_from_before_it_was_attached)
{
    doomed_reader = attach();
    add("detach", run_detach, 1, 0);
    peer_say(peer, "detach\r\n");
    NOTED("");
    attach();
    peer_say(peer, "quiet now\r\n");
    NOTED("0/1 quiet now; ");
}
END_TEST

START_TEST(a_modules_readers_go_with_it)
{
    attach();
    journal_forget(&fixture_module);
    ck_assert(!JOURNAL->armed());
    peer_say(peer, "quiet\r\n");
    NOTED("");
}
END_TEST

START_TEST(a_parked_call_is_journalled_when_it_goes_on)
{
    struct peer *giver = peer_new();

    attach();
    peer_say(peer, "wait 0 k\r\n");
    NOTED("");
    peer_say(giver, "give k\r\n");
    NOTED("0/1 give k; 0/1 wait 0 k; ");
    peer_expect(peer, "$1\r\nk\r\n");
}
END_TEST

Suite *journal_suite(void)
{
    Suite *suite = suite_create("journal");
    TCase *tests = dispatch_case(suite, "effects");

    tcase_add_checked_fixture(tests, connect_reader, NULL);
    tcase_add_test(tests, what_changed_is_journalled_as_typed);
    tcase_add_test(tests, what_changed_nothing_is_not_journalled);
    tcase_add_test(tests, an_effect_names_its_database_command_and_client);
    tcase_add_test(tests, instead_replaces_the_command);
    tcase_add_test(tests, also_comes_behind_the_commands_own_effect);
    tcase_add_test(tests, also_waits_for_its_own_call_not_for_a_nested_one);
    tcase_add_test(tests, force_journals_what_changed_nothing);
    tcase_add_test(tests, suppress_silences_the_targets_it_names);
    tcase_add_test(tests, a_run_without_journal_leaves_none);
    tcase_add_test(tests, nested_calls_make_one_unit);
    tcase_add_test(tests, the_call_around_changed_only_what_it_changed_itself);
    tcase_add_test(tests, commands_of_a_pipeline_are_units_of_their_own);
    tcase_add_test(tests, begin_and_end_make_one_unit_of_several_calls);
    tcase_add_test(tests, each_reader_has_its_own_count);
    tcase_add_test(tests, a_removal_between_calls_is_delivered_at_once);
    tcase_add_test(tests, a_removal_within_a_call_stands_before_it);
    tcase_add_test(tests, an_effect_of_nobody_stands_before_a_call_or_alone);
    tcase_add_test(tests, a_key_whose_time_has_come_is_journalled);
    tcase_add_test(tests, a_reader_may_detach_itself);
    tcase_add_test(tests, a_reader_may_detach_another);
    tcase_add_test(tests, what_a_reader_writes_is_a_unit_behind_this_one);
    tcase_add_test(tests, a_reader_reads_nothing_from_before_it_was_attached);
    tcase_add_test(tests, a_modules_readers_go_with_it);
    tcase_add_test(tests, a_parked_call_is_journalled_when_it_goes_on);
    return suite;
}
