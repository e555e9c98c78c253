/* SPDX-License-Identifier: BSD-3-Clause */
/* The path of one command: what is refused and how, what is counted, calls in
 * calls, and what the loop may do in the middle of one. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/dispatch/pause.h"
#include "core/event/event.h"
#include "core/keyspace/hooks.h"
#include "core/server/lifetime.h"

#include <time.h>

static struct peer *peer;

static void connect_one(void)
{
    peer = peer_new();
}

static void run_ok(struct kr_call *call)
{
    kr_reply_ok(call->reply);
}

/* --- Refusals ------------------------------------------------------------ */

static const struct {
    const char *says, *hears;
} refusals[] = {
    {"nothing\r\n",
     "-ERR unknown command 'nothing', with args beginning with: \r\n"},
    {"nothing a b\r\n",
     "-ERR unknown command 'nothing', with args beginning with: 'a' 'b' \r\n"},
    {"\"no\\nthing\" \"a\\rb\"\r\n",
     "-ERR unknown command 'no thing', with args beginning with: 'a b' \r\n"},
    {"echo\r\n", "-ERR wrong number of arguments for 'echo' command\r\n"},
    {"EcHo a b\r\n", "-ERR wrong number of arguments for 'echo' command\r\n"},
    {"box\r\n", "-ERR wrong number of arguments for 'box' command\r\n"},
    {"box nothing\r\n", "-ERR unknown subcommand 'nothing'. Try BOX HELP.\r\n"},
    {"box in\r\n", "-ERR wrong number of arguments for 'box|in' command\r\n"},
    {"Box In x\r\n", "+OK\r\n"},
};

static const struct kr_command box_subs[] = {
    {.name = "in", .run = run_ok, .arity = 3},
};

START_TEST(what_cannot_be_run_is_refused_in_redis_words)
{
    add_row(&(struct kr_command){
        .name = "box", .arity = -2, .subcommands = KR_ROWS(box_subs)});
    peer_say(peer, refusals[_i].says);
    peer_expect(peer, refusals[_i].hears);
    peer_say(peer, "echo still\r\n");
    peer_expect(peer, "$5\r\nstill\r\n");
}
END_TEST

START_TEST(an_unknown_command_is_quoted_up_to_128_bytes)
{
    char says[1024], hears[512];

    memset(says, 'x', 300);
    memcpy(says + 300, " ", 1);
    memset(says + 301, 'y', 300);
    strcpy(says + 601, " z\r\n");
    snprintf(hears, sizeof(hears),
             "-ERR unknown command '%.128s', with args beginning with: "
             "'%.128s' \r\n",
             says, says + 301);
    peer_say(peer, says);
    peer_expect(peer, hears);
}
END_TEST

START_TEST(the_longest_name_is_not_cut_in_an_error)
{
    char name[256], says[300], hears[400];

    memset(name, 'n', 255);
    name[255] = '\0';
    add(name, run_ok, 2, 0);
    snprintf(says, sizeof(says), "%s\r\n", name);
    snprintf(hears, sizeof(hears),
             "-ERR wrong number of arguments for '%s' command\r\n", name);
    peer_say(peer, says);
    peer_expect(peer, hears);
}
END_TEST

START_TEST(a_web_browser_is_cut_off)
{
    peer_say(peer, "POST / HTTP/1.1\r\necho x\r\n");
    turn();
    ck_assert(peer_is_gone(peer));
    peer_expect(peer, "");
    NOTED("");
}
END_TEST

/* --- Found ahead, run later ---------------------------------------------- */

static void run_learn(struct kr_call *call)
{
    add("learnt", run_ok, 1, 0);
    kr_reply_ok(call->reply);
}

static void run_unlearn(struct kr_call *call)
{
    command_interface.remove(&fixture_module, "echo");
    kr_reply_ok(call->reply);
}

/* Was: looked up with its batch, before the command that registers it ran. */
START_TEST(a_command_may_be_registered_by_the_one_before_it)
{
    add("learn", run_learn, 1, 0);
    peer_say(peer, "learn\r\nlearnt\r\n");
    peer_expect(peer, "+OK\r\n+OK\r\n");
}
END_TEST

START_TEST(a_command_may_go_by_the_one_before_it)
{
    add("unlearn", run_unlearn, 1, 0);
    peer_say(peer, "echo 1\r\nunlearn\r\necho 2\r\n");
    peer_expect(peer, "$1\r\n1\r\n+OK\r\n-ERR unknown command 'echo', with "
                      "args beginning with: '2' \r\n");
}
END_TEST

static const struct kr_key_spec all_keys[] = {KR_KEY(KR_KEY_RO, 1, -1, 2)};

static void run_look(struct kr_call *call)
{
    for (uint32_t i = 1; i < call->argc; i += 2) {
        struct kr_cell cell;
        bool found = keyspace_interface.find(call->db, call->argv[i], 0, &cell);

        note("%s%.*s ", found ? "+" : "-", (int)call->argv[i].size,
             call->argv[i].data);
    }
    kr_reply_ok(call->reply);
}

static void run_look_again(struct kr_call *call)
{
    struct kr_str argv[] = {KR_STR("look"), KR_STR("b")};
    struct kr_run run = {.size = sizeof(run), .argc = 2, .argv = argv};

    call_interface.run(&run);
    run_look(call);
    run_look(call);
}

/* Hashes are computed ahead; they must be those of the key that is sought,
 * in whatever order a handler looks. */
START_TEST(keys_hashed_ahead_are_found_in_any_order)
{
    add_row(&(struct kr_command){.name = "look",
                                 .run = run_look,
                                 .arity = -2,
                                 .keys = KR_ROWS(all_keys)});
    add_row(&(struct kr_command){.name = "look-again",
                                 .run = run_look_again,
                                 .arity = -2,
                                 .keys = KR_ROWS(all_keys)});
    put_flat(db0(), "a", "1");
    put_flat(db0(), "b", "2");
    peer_say(peer, "look a x b x c x a\r\nlook c\r\nlook-again a x b\r\n");
    NOTED("+a +b -c +a -c +b +a +b +a +b ");
}
END_TEST

START_TEST(more_keys_than_a_batch_hashes_ahead_are_found_too)
{
    char text[4096] = "look";
    char wanted[4096] = "";

    add_row(&(struct kr_command){.name = "look",
                                 .run = run_look,
                                 .arity = -2,
                                 .keys = KR_ROWS(all_keys)});
    for (int i = 0; i < 300; i++) {
        char key[16];

        snprintf(key, sizeof(key), "%d", i);
        if (i % 3 != 0)
            put_flat(db0(), key, "v");
        sprintf(text + strlen(text), " %d x", i);
        sprintf(wanted + strlen(wanted), "%s%d ", i % 3 != 0 ? "+" : "-", i);
    }
    strcat(text, "\r\n");
    peer_say(peer, text);
    NOTED(wanted);
}
END_TEST

/* --- What is counted ----------------------------------------------------- */

START_TEST(calls_failures_and_refusals_are_counted)
{
    struct kr_cmd *fail = command_find(KR_STR("fail"));
    uint64_t before = call_stats.commands;

    peer_say(peer, "fail\r\nfail x\r\nnest fail\r\n");
    ck_assert_uint_eq(fail->calls, 2);
    ck_assert_uint_eq(fail->failed, 2);
    ck_assert_uint_eq(fail->rejected, 1);
    ck_assert_uint_eq(call_stats.commands, before + 3);
    RUN_WITH((&(struct kr_run){.flags = KR_RUN_NO_STATS}), "fail");
    ck_assert_uint_eq(fail->calls, 2);
}
END_TEST

static void note_slow(void *ctx, const void *payload)
{
    const struct kr_slow_event *event = payload;

    (void)ctx;
    note("slow:%s ", ((const struct kr_cmd *)event->call->command)->full_name);
}

static void run_nap(struct kr_call *call)
{
    nanosleep(&(struct timespec){0, 3000000}, NULL);
    kr_reply_ok(call->reply);
}

START_TEST(a_slow_call_is_told_from_the_limit_on)
{
    add("nap", run_nap, 1, 0);
    event_listen(EVENT_SLOW, note_slow, NULL);
    call_interface.set_slow_limit(1000000);
    peer_say(peer, "nap\r\n");
    NOTED("slow:nap ");
    call_interface.set_slow_limit(UINT64_MAX);
    peer_say(peer, "nap\r\n");
    NOTED("");
    call_interface.set_slow_limit(0);
    peer_say(peer, "echo x\r\n");
    NOTED("echo(x) slow:echo ");
}
END_TEST

/* --- Calls from code ----------------------------------------------------- */

START_TEST(a_call_from_code_replies_to_its_own_sink)
{
    struct kr_reply *sink = call_interface.new_sink(3);
    struct kr_run run = {.reply = sink};

    ck_assert_int_eq(RUN_WITH(&run, "echo", "x"), KR_OK);
    ck_assert_int_eq(RUN_WITH(&run, "echo"), KR_EDENIED);
    ck_assert_int_eq(RUN_WITH(&run, "nothing"), KR_EDENIED);
    ck_assert(kr_str_equal(
        call_interface.sink_bytes(sink),
        KR_STR("$1\r\nx\r\n-ERR wrong number of arguments for 'echo' "
               "command\r\n-ERR unknown command 'nothing', with args beginning "
               "with: \r\n")));
    ck_assert_uint_eq(sink->errors, 2);
    call_interface.sink_reset(sink);
    ck_assert_uint_eq(call_interface.sink_bytes(sink).size, 0);
    call_interface.free_sink(sink);
    ck_assert_int_eq(RUN("echo", "dropped"), KR_OK);
}
END_TEST

static void run_say_db(struct kr_call *call)
{
    note("%d", (int)keyspace_interface.db_index(call->db));
    run_look(call);
}

/* More than are taken together, of two databases in turn, one of which fails:
 * each runs as it would alone, in their order. */
START_TEST(a_batch_runs_in_order_each_in_its_database)
{
    enum { COUNT = 50 };
    struct kr_reply *sink = call_interface.new_sink(2);
    const kr_cmd *commands[COUNT];
    struct kr_run runs[COUNT];
    struct kr_str words[COUNT][2];
    char keys[COUNT][8], wanted[COUNT * 16] = "", replies[COUNT * 64] = "";

    add_row(&(struct kr_command){.name = "look",
                                 .run = run_say_db,
                                 .arity = 2,
                                 .keys = KR_ROWS(all_keys)});
    for (int i = 0; i < COUNT; i++) {
        int db = i % 20 < 17 ? 0 : 1;
        bool short_of = i == 23, here = i % 3 == 0;

        snprintf(keys[i], sizeof(keys[i]), "k%d", i);
        if (here)
            put_flat(keyspace_interface.db(db), keys[i], "v");
        words[i][0] = KR_STR("look");
        words[i][1] = kr_cstr(keys[i]);
        runs[i] = (struct kr_run){.size = sizeof(runs[i]),
                                  .argc = short_of ? 1 : 2,
                                  .argv = words[i],
                                  .reply = sink,
                                  .db = keyspace_interface.db(db)};
        commands[i] = command_interface.match(1, words[i]);
        if (!short_of)
            sprintf(wanted + strlen(wanted), "%d%s%s ", db, here ? "+" : "-",
                    keys[i]);
        strcat(replies, short_of ? "-ERR wrong number of arguments for 'look' "
                                   "command\r\n"
                                 : "+OK\r\n");
    }
    call_interface.run_batch(COUNT, commands, runs);
    NOTED(wanted);
    ck_assert(kr_str_equal(call_interface.sink_bytes(sink), kr_cstr(replies)));
    ck_assert_uint_eq(sink->errors, 1);
    call_interface.run_batch(0, commands, runs);
    NOTED("");
    call_interface.free_sink(sink);
}
END_TEST

START_TEST(flags_of_a_run_refuse)
{
    struct kr_run no_writes = {.flags = KR_RUN_NO_WRITES};
    struct kr_run script = {.flags = KR_RUN_SCRIPT};

    add("alone", run_ok, 1, KR_CMD_NOSCRIPT);
    ck_assert_int_eq(RUN_WITH(&no_writes, "put", "k"), KR_EDENIED);
    ck_assert_int_eq(RUN_WITH(&no_writes, "echo", "k"), KR_OK);
    ck_assert_int_eq(RUN_WITH(&script, "alone"), KR_EDENIED);
    ck_assert_int_eq(RUN_WITH(&script, "put", "k"), KR_OK);
    NOTED("echo(k) put(k) ");
}
END_TEST

static unsigned deepest;

static void run_deeper(struct kr_call *call)
{
    struct kr_run run = {.size = sizeof(run),
                         .argc = 1,
                         .argv = call->argv,
                         .reply = call->reply};

    if (call_depth > deepest)
        deepest = call_depth;
    call_interface.run(&run);
}

START_TEST(calls_nest_128_deep)
{
    add("deeper", run_deeper, 1, 0);
    peer_say(peer, "deeper\r\n");
    ck_assert_uint_eq(deepest, 128);
    ck_assert_uint_eq(call_depth, 0);
    ck_assert_ptr_null(call_interface.current());
    peer_expect(peer, "-ERR calls are nested too deeply\r\n");
}
END_TEST

static void run_current(struct kr_call *call)
{
    ck_assert_ptr_eq(call_interface.current(), call);
    RUN("echo", "x");
    ck_assert_ptr_eq(call_interface.current(), call);
    ck_assert_ptr_eq(call->state, fixture_module.state);
    kr_reply_ok(call->reply);
}

START_TEST(the_current_call_is_the_innermost)
{
    ck_assert_ptr_null(call_interface.current());
    add("current", run_current, 1, 0);
    peer_say(peer, "current\r\n");
    peer_expect(peer, "+OK\r\n");
}
END_TEST

/* --- Memory and pauses --------------------------------------------------- */

START_TEST(what_may_use_memory_is_refused_when_there_is_none)
{
    struct kr_run deny = {.flags = KR_RUN_DENY_OOM};

    add("grow", run_ok, -1, KR_CMD_WRITE | KR_CMD_DENYOOM);
    keyspace_settings.maxmemory = 1;
    keyspace_settings.policy = POLICY_NOEVICTION;
    call_alerts |= ALERT_MEMORY;
    peer_say(peer, "grow\r\nput k\r\n");
    peer_expect(peer, "-OOM command not allowed when used memory > "
                      "'maxmemory'.\r\n+OK\r\n");
    /* Was: refused, too.  What is under way may end, unless it asks. */
    peer_say(peer, "nest grow\r\n");
    peer_expect(peer, "+OK\r\n");
    ck_assert_int_eq(RUN_WITH(&deny, "grow"), KR_EDENIED);
    call_alerts = 0;
    keyspace_settings.maxmemory = 0;
}
END_TEST

/* Memory is short from the middle of a call on. */
static void run_takes_all(struct kr_call *call)
{
    struct kr_run deny = {.flags = KR_RUN_DENY_OOM};

    ck_assert(!call_interface.full());
    keyspace_settings.maxmemory = 1;
    ck_assert(!call_interface.full());
    ck_assert_int_eq(RUN_WITH(&deny, "grow"), KR_OK);
    kr_reply_ok(call->reply);
}

static void run_is_full(struct kr_call *call)
{
    kr_reply_int64(call->reply, call_interface.full());
}

/* Was: keys were evicted between two commands of a script. */
START_TEST(room_is_made_before_a_call_and_not_within)
{
    add("grow", run_ok, -1, KR_CMD_WRITE | KR_CMD_DENYOOM);
    add("takes", run_takes_all, 1, 0);
    add("full", run_is_full, 1, 0);
    add("fullread", run_is_full, 1, KR_CMD_READONLY);
    keyspace_settings.maxmemory = INT64_MAX;
    keyspace_settings.policy = POLICY_NOEVICTION;
    call_alerts |= ALERT_MEMORY;
    peer_say(peer, "takes\r\nfull\r\nfullread\r\n");
    peer_expect(peer, "+OK\r\n:1\r\n:0\r\n");
    ck_assert(!call_interface.full());
    call_alerts = 0;
    keyspace_settings.maxmemory = 0;
}
END_TEST

static void run_pause(struct kr_call *call)
{
    pause_begin(clock_wall_ms() + 100000, false);
    kr_reply_ok(call->reply);
    RUN_WITH((&(struct kr_run){.client = call->client, .reply = call->reply}),
             "echo", "nested");
}

/* Was: no reply, and the client's stream was out of step. */
START_TEST(a_pause_does_not_hold_what_is_under_way)
{
    add("pause", run_pause, 1, 0);
    peer_say(peer, "pause\r\necho later\r\n");
    peer_expect(peer, "+OK\r\n$6\r\nnested\r\n");
    pause_end();
    turn();
    peer_expect(peer, "$5\r\nlater\r\n");
}
END_TEST

/* --- Letting the loop run meanwhile -------------------------------------- */

static struct peer *second;
static void (*in_the_middle)(void);

/* Replies an array whose length it learns last, and lets the loop run before
 * that; what it is called with must stay as it was. */
static void run_long(struct kr_call *call)
{
    uint64_t token = call->reply->ops->defer(call->reply);

    kr_reply_int64(call->reply, 1);
    if (in_the_middle)
        in_the_middle();
    ck_assert(lifetime_yield(&fixture_module, 2000, "BUSY long"));
    ck_assert(!call->client->suspended);
    ck_assert_ptr_eq(call_interface.current(), call);
    kr_reply_bulk(call->reply, call->argv[1]);
    call->reply->ops->close(call->reply, token, KR_ARRAY, 2);
}

static void begin_long(void)
{
    add("long", run_long, 2, 0);
    add("urgent", run_ok, -1, KR_CMD_ALLOW_BUSY);
    second = peer_new();
}

static void second_asks(void)
{
    peer_send(second, "echo x\r\nurgent\r\n", 16);
}

/* Was: the loop refuses to run within itself, so nobody was served. */
START_TEST(others_are_answered_while_a_call_yields)
{
    begin_long();
    in_the_middle = second_asks;
    peer_say(peer, "long x\r\n");
    NOTED("");
    peer_expect(second, "-BUSY long\r\n+OK\r\n");
    peer_expect(peer, "*2\r\n:1\r\n$1\r\nx\r\n");
    peer_say(second, "echo y\r\n");
    peer_expect(second, "$1\r\ny\r\n");
}
END_TEST

static void more_input(void)
{
    char bytes[8192];

    memset(bytes, 'z', sizeof(bytes));
    peer_send(peer, "echo ", 5);
    peer_send(peer, bytes, 6000);
    peer_send(peer, "\r\necho end\r\n", 12);
    client_wants_write(peer->client);
}

/* Was: its input moved while its arguments pointed there, its commands ran
 * twice, and its half of a reply was sent. */
START_TEST(a_client_stands_still_while_its_call_yields)
{
    begin_long();
    in_the_middle = more_input;
    peer_say(peer, "echo 1\r\nlong word\r\necho 2\r\n");
    turn();
    peer_expect_first(
        peer, "$1\r\n1\r\n*2\r\n:1\r\n$4\r\nword\r\n$1\r\n2\r\n$6000\r\n");
    ck_assert_uint_eq(peer->size, 6000 + 2 + 9);
}
END_TEST

START_TEST(a_client_stands_still_also_when_its_input_had_waited)
{
    begin_long();
    in_the_middle = more_input;
    peer_say(peer, "wait 0 k\r\nlong word\r\necho 2\r\n");
    peer_say(second, "give k\r\n");
    turn();
    turn();
    peer_expect_first(
        peer, "$1\r\nk\r\n*2\r\n:1\r\n$4\r\nword\r\n$1\r\n2\r\n$6000\r\n");
    ck_assert_uint_eq(peer->size, 6000 + 2 + 9);
}
END_TEST

static void kill_peer(void)
{
    client_doom(peer->client, false);
}

/* Was: freed while its call was on the stack. */
START_TEST(a_client_killed_while_its_call_yields_goes_after)
{
    begin_long();
    in_the_middle = kill_peer;
    peer_say(peer, "long x\r\necho never\r\n");
    NOTED("");
    turn();
    ck_assert(peer_is_gone(peer));
}
END_TEST

START_TEST(a_nested_call_protects_its_outer_client_too)
{
    begin_long();
    in_the_middle = more_input;
    peer_say(peer, "nest long word\r\n");
    turn();
    peer_expect_first(peer, "*2\r\n:1\r\n$4\r\nword\r\n$6000\r\n");
}
END_TEST

static void run_yield_twice(struct kr_call *call)
{
    ck_assert(lifetime_yield(NULL, 100, "BUSY"));
    ck_assert(lifetime_yield(NULL, 100, "BUSY"));
    kr_reply_ok(call->reply);
}

static void run_refused_yield(struct kr_call *call)
{
    ck_assert(!lifetime_yield(NULL, 100, "BUSY"));
    kr_reply_ok(call->reply);
}

static void second_yields(void)
{
    peer_send(second, "inner\r\n", 7);
}

START_TEST(a_call_may_yield_again_but_not_within_another)
{
    begin_long();
    add("twice", run_yield_twice, 1, 0);
    add("inner", run_refused_yield, 1, KR_CMD_ALLOW_BUSY);
    peer_say(peer, "twice\r\n");
    peer_expect(peer, "+OK\r\n");
    in_the_middle = second_yields;
    peer_say(peer, "long x\r\n");
    peer_expect(second, "+OK\r\n");
}
END_TEST

static void read_unit(void *ctx, const struct kr_effect *effect)
{
    (void)ctx;
    note("%u/%u:%.*s ", effect->index, effect->count, (int)effect->argv[0].size,
         effect->argv[0].data);
}

static void run_script(struct kr_call *call)
{
    RUN("put", "a");
    ck_assert(lifetime_yield(NULL, 1000, "BUSY"));
    RUN("put", "b");
    kr_reply_ok(call->reply);
}

/* Was: whoever was served meanwhile cut the unit in two, and woke waiters. */
START_TEST(a_call_that_yields_is_one_unit)
{
    struct peer *waiter = peer_new();

    begin_long();
    add("script", run_script, 1, 0);
    journal_interface.attach(&fixture_module, KR_JOURNAL_ALL, read_unit, NULL);
    peer_say(waiter, "wait 0 k\r\n");
    peer_send(second, "urgent\r\n", 8);
    peer_send(peer, "script\r\n", 8);
    turns_for(2);
    NOTED("put(a) put(b) 0/2:put 1/2:put ");
    peer_expect(second, "+OK\r\n");
}
END_TEST

/* --- Later ----------------------------------------------------------------- */

static void run_later(void *ctx)
{
    note("later(%s:%u) ", (const char *)ctx, call_depth);
    RUN("put", ctx);
    if (strcmp(ctx, "again") == 0)
        call_interface.later(&fixture_module, run_later, "last");
}

static void run_asks(struct kr_call *call)
{
    call_interface.later(&fixture_module, run_later, "again");
    call_interface.later(&fixture_module, run_later, "b");
    RUN("put", "now");
    kr_reply_ok(call->reply);
}

START_TEST(what_is_to_run_later_is_of_the_same_unit)
{
    add("asks", run_asks, 1, 0);
    journal_interface.attach(&fixture_module, KR_JOURNAL_ALL, read_unit, NULL);
    peer_say(peer, "nest asks\r\n");
    NOTED("put(now) later(again:0) put(again) later(b:0) put(b) later(last:0) "
          "put(last) 0/4:put 1/4:put 2/4:put 3/4:put ");
}
END_TEST

START_TEST(what_a_module_wanted_later_goes_with_it)
{
    call_interface.later(&fixture_module, run_later, "never");
    call_forget(&fixture_module);
    call_interface.later(&fixture_module, run_later, "b");
    call_settle();
    NOTED("later(b:0) put(b) ");
    call_settle();
    NOTED("");
}
END_TEST

Suite *call_suite(void)
{
    Suite *suite = suite_create("call");
    TCase *tests = dispatch_case(suite, "calls");

    tcase_add_checked_fixture(tests, connect_one, NULL);
    tcase_add_loop_test(tests, what_cannot_be_run_is_refused_in_redis_words, 0,
                        KR_COUNT(refusals));
    tcase_add_test(tests, an_unknown_command_is_quoted_up_to_128_bytes);
    tcase_add_test(tests, the_longest_name_is_not_cut_in_an_error);
    tcase_add_test(tests, a_web_browser_is_cut_off);
    tcase_add_test(tests, a_command_may_be_registered_by_the_one_before_it);
    tcase_add_test(tests, a_command_may_go_by_the_one_before_it);
    tcase_add_test(tests, keys_hashed_ahead_are_found_in_any_order);
    tcase_add_test(tests, more_keys_than_a_batch_hashes_ahead_are_found_too);
    tcase_add_test(tests, calls_failures_and_refusals_are_counted);
    tcase_add_test(tests, a_slow_call_is_told_from_the_limit_on);
    tcase_add_test(tests, a_call_from_code_replies_to_its_own_sink);
    tcase_add_test(tests, a_batch_runs_in_order_each_in_its_database);
    tcase_add_test(tests, flags_of_a_run_refuse);
    tcase_add_test(tests, calls_nest_128_deep);
    tcase_add_test(tests, the_current_call_is_the_innermost);
    tcase_add_test(tests, what_may_use_memory_is_refused_when_there_is_none);
    tcase_add_test(tests, room_is_made_before_a_call_and_not_within);
    tcase_add_test(tests, a_pause_does_not_hold_what_is_under_way);
    tcase_add_test(tests, others_are_answered_while_a_call_yields);
    tcase_add_test(tests, a_client_stands_still_while_its_call_yields);
    tcase_add_test(tests, a_client_stands_still_also_when_its_input_had_waited);
    tcase_add_test(tests, a_client_killed_while_its_call_yields_goes_after);
    tcase_add_test(tests, a_nested_call_protects_its_outer_client_too);
    tcase_add_test(tests, a_call_may_yield_again_but_not_within_another);
    tcase_add_test(tests, a_call_that_yields_is_one_unit);
    tcase_add_test(tests, what_is_to_run_later_is_of_the_same_unit);
    tcase_add_test(tests, what_a_module_wanted_later_goes_with_it);
    return suite;
}
