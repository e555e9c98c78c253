/* SPDX-License-Identifier: BSD-3-Clause */
/* From the socket to the dispatcher: in whatever pieces commands come, and
 * whatever happens between them, each runs once and in order. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/net/input.h"
#include "core/server/lifetime.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define BIG ((size_t)100000)

static struct peer *peer;

static void connect_one(void)
{
    peer = peer_new();
}

/* Send all, with turns where the socket is full. */
static void pour(struct peer *to, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        size_t n = peer_send(to, at, size);

        at += n;
        size -= n;
        turn();
        peer_hear(to);
    }
    /* A client reads once a turn. */
    for (int i = 0; i < 10; i++)
        turn();
}

/* --- Pieces -------------------------------------------------------------- */

START_TEST(a_command_may_be_cut_at_every_byte)
{
    static const char text[] = "*2\r\n$4\r\necho\r\n$5\r\nhello\r\n"
                               "\r\n*0\r\necho 'in line'\r\n";

    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        ck_assert_uint_eq(peer_send(peer, text, cut), cut);
        turn();
        peer_send(peer, text + cut, sizeof(text) - 1 - cut);
        turn();
        peer_expect(peer, "$5\r\nhello\r\n$7\r\nin line\r\n");
        ck_assert_uint_eq(input_memory(peer->client), 0);
    }
}
END_TEST

START_TEST(a_command_may_come_byte_by_byte)
{
    static const char text[] = "*2\r\n$4\r\necho\r\n$5\r\nhello\r\n";

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        peer_expect(peer, "");
        peer_send(peer, text + i, 1);
        turn();
    }
    peer_expect(peer, "$5\r\nhello\r\n");
}
END_TEST

START_TEST(an_idle_client_owns_no_input)
{
    peer_say(peer, "echo x\r\n");
    ck_assert_ptr_null(peer->client->input);
    ck_assert_uint_eq(input_memory(peer->client), 0);
    peer_say(peer, "echo unfin");
    ck_assert_uint_gt(input_memory(peer->client), 0);
    peer_say(peer, "ished\r\n");
    ck_assert_uint_eq(input_memory(peer->client), 0);
}
END_TEST

START_TEST(a_pipeline_longer_than_a_batch_runs_in_order)
{
    char text[4096] = "", wanted[4096] = "";

    for (int i = 0; i < 100; i++) {
        sprintf(text + strlen(text), "echo %d\r\n", i);
        sprintf(wanted + strlen(wanted), "echo(%d) ", i);
    }
    peer_say(peer, text);
    NOTED(wanted);
}
END_TEST

/* Commands of all sizes, in pieces of all sizes, for two clients by turns. */
static size_t write_echo(char *at, char *reply, size_t *replied, unsigned *seed)
{
    static const size_t most[] = {10, 100, 5000, 40000, 200000};
    size_t size = (size_t)rand_r(seed) % most[rand_r(seed) % 5];
    int n = sprintf(at, "*2\r\n$5\r\nmimic\r\n$%zu\r\n", size);
    char *bytes = at + n;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)('a' + rand_r(seed) % 26);
    *replied += (size_t)sprintf(reply, "$%zu\r\n", size);
    reply += strlen(reply);
    memcpy(reply, bytes, size);
    memcpy(reply + size, "\r\n", 2);
    memcpy(bytes + size, "\r\n", 2);
    *replied += size + 2;
    return (size_t)n + size + 2;
}

/* As echo, but without a note. */
static void run_mimic(struct kr_call *call)
{
    kr_reply_bulk(call->reply, call->argv[1]);
}

START_TEST(random_commands_in_random_pieces_are_all_answered)
{
    unsigned seed = (unsigned)time(NULL) + (unsigned)_i;
    struct peer *peers[2] = {peer, peer_new()};
    char *text[2], *wanted[2];
    size_t size[2] = {0}, replied[2] = {0}, sent[2] = {0};

    printf("input: seed %u\n", seed);
    add("mimic", run_mimic, 2, 0);
    for (int p = 0; p < 2; p++) {
        text[p] = memory_alloc(16 << 20);
        wanted[p] = memory_alloc(16 << 20);
        for (int i = 0; i < 60; i++)
            size[p] += write_echo(text[p] + size[p], wanted[p] + replied[p],
                                  &replied[p], &seed);
    }
    while (sent[0] < size[0] || sent[1] < size[1]) {
        int p = rand_r(&seed) % 2;
        size_t piece = 1 + (size_t)rand_r(&seed) % 70000;

        if (piece > size[p] - sent[p])
            piece = size[p] - sent[p];
        if (piece > 0)
            sent[p] += peer_send(peers[p], text[p] + sent[p], piece);
        if (rand_r(&seed) % 3 > 0)
            turn();
        peer_hear(peers[p]);
    }
    for (int i = 0; i < 200; i++) {
        turn();
        peer_hear(peers[0]);
        peer_hear(peers[1]);
    }
    for (int p = 0; p < 2; p++) {
        ck_assert_uint_eq(peers[p]->size, replied[p]);
        ck_assert(memcmp(peers[p]->got, wanted[p], replied[p]) == 0);
        ck_assert_uint_eq(input_memory(peers[p]->client), 0);
        memory_free(text[p]);
        memory_free(wanted[p]);
    }
}
END_TEST

/* --- Large arguments ----------------------------------------------------- */

static struct kr_blob *taken[3];
static bool in_place[3];

static void run_keep(struct kr_call *call)
{
    for (uint32_t i = 1; i < call->argc && i <= 3; i++) {
        taken[i - 1] = call_interface.take(call, i);
        in_place[i - 1] = taken[i - 1]->data == call->argv[i].data;
    }
    note("keep ");
    kr_reply_ok(call->reply);
}

static char *big_words(size_t *size, unsigned count)
{
    char *text = memory_alloc(count * (BIG + 100) + 200);
    char *at = text + sprintf(text, "*%u\r\n$4\r\nkeep\r\n", count + 1);

    for (unsigned i = 0; i < count; i++) {
        at += sprintf(at, "$%zu\r\n", BIG + i);
        memset(at, 'A' + (int)i, BIG + i);
        at += BIG + i;
        at += sprintf(at, "\r\n");
    }
    *size = (size_t)(at - text);
    return text;
}

static void check_taken(unsigned count, bool wants_in_place)
{
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(taken[i]->size, BIG + i);
        for (size_t at = 0; at < BIG + i; at++)
            ck_assert_int_eq(taken[i]->data[at], 'A' + (int)i);
        ck_assert(in_place[i] == wants_in_place);
        blob_release(taken[i]);
    }
}

START_TEST(large_arguments_are_received_where_they_stay)
{
    unsigned count = (unsigned)_i;
    size_t size;
    char *text = big_words(&size, count);

    add("keep", run_keep, -2, 0);
    pour(peer, text, size);
    peer_expect(peer, "+OK\r\n");
    ck_assert_uint_eq(input_memory(peer->client), 0);
    check_taken(count, true);
    memory_free(text);
}
END_TEST

START_TEST(a_small_argument_is_taken_as_a_copy)
{
    add("keep", run_keep, -2, 0);
    peer_say(peer, "keep tiny\r\n");
    ck_assert(!in_place[0]);
    ck_assert_uint_eq(taken[0]->size, 4);
    ck_assert_mem_eq(taken[0]->data, "tiny", 4);
    blob_release(taken[0]);
}
END_TEST

START_TEST(a_large_argument_may_be_cut_anywhere)
{
    size_t size;
    char *text = big_words(&size, 2);
    static const size_t cuts[] = {1,      13,     20,     23,     24,
                                  25,     26,     60000,  100024, 100025,
                                  100026, 100027, 100034, 100036};

    add("keep", run_keep, -2, 0);
    for (size_t i = 0; i < KR_COUNT(cuts); i++) {
        pour(peer, text, cuts[i]);
        peer_expect(peer, "");
        pour(peer, text + cuts[i], size - cuts[i]);
        peer_expect(peer, "+OK\r\n");
        check_taken(2, true);
    }
    memory_free(text);
}
END_TEST

START_TEST(commands_around_a_large_argument_keep_their_order)
{
    size_t size;
    char *big = big_words(&size, 1);
    char *text = memory_alloc(size + 100);

    add("keep", run_keep, -2, 0);
    memcpy(text, "echo 1\r\n", 8);
    memcpy(text + 8, big, size);
    memcpy(text + 8 + size, "echo 2\r\necho 3\r\n", 16);
    pour(peer, text, size + 24);
    NOTED("echo(1) keep echo(2) echo(3) ");
    peer_expect(peer, "$1\r\n1\r\n+OK\r\n$1\r\n2\r\n$1\r\n3\r\n");
    check_taken(1, in_place[0]);
    memory_free(text);
    memory_free(big);
}
END_TEST

START_TEST(who_hangs_up_in_the_middle_leaves_nothing)
{
    size_t size;
    char *text = big_words(&size, 2);

    pour(peer, text, BIG + 5000);
    ck_assert_uint_gt(input_memory(peer->client), BIG);
    peer_close(peer);
    turn();
    turn();
    ck_assert_ptr_null(client_find(peer->id));
    ck_assert_uint_eq(client_total_memory(), 0);
    memory_free(text);
}
END_TEST

/* --- Waiting in the middle ----------------------------------------------- */

static int32_t hold_keep(struct kr_call *call, const struct kr_outcome *outcome,
                         void *ctx)
{
    (void)outcome;
    return *(bool *)ctx && kr_str_equal(call->argv[0], KR_STR("keep"))
               ? KR_GATE_HOLD
               : KR_GATE_PASS;
}

START_TEST(a_held_command_keeps_its_large_argument)
{
    static bool holding = true;
    kr_gate *gate = gate_interface.add(&fixture_module, "hold", KR_STAGE_ADMIT,
                                       1, hold_keep, &holding);
    size_t size;
    char *text = big_words(&size, 1);

    add("keep", run_keep, -2, 0);
    gate_interface.arm(gate, NULL);
    pour(peer, text, size);
    peer_say(peer, "echo behind\r\n");
    NOTED("");
    /* More of the same arrives while it waits. */
    pour(peer, text, size / 2);
    holding = false;
    gate_interface.release(peer->client);
    turn();
    NOTED("keep echo(behind) ");
    check_taken(1, true);
    pour(peer, text + size / 2, size - size / 2);
    NOTED("keep ");
    check_taken(1, in_place[0]);
    memory_free(text);
}
END_TEST

START_TEST(a_large_argument_may_come_while_its_client_is_parked)
{
    size_t size;
    char *text = big_words(&size, 1);
    struct peer *giver = peer_new();

    add("keep", run_keep, -2, 0);
    peer_say(peer, "wait 0 k\r\n");
    pour(peer, text, size);
    NOTED("");
    peer_say(giver, "give k\r\n");
    turn();
    NOTED("keep ");
    check_taken(1, in_place[0]);
    memory_free(text);
}
END_TEST

START_TEST(a_client_parked_in_the_middle_of_a_batch_goes_on_behind_it)
{
    struct peer *giver = peer_new();

    peer_say(peer, "echo 1\r\nwait 0 k\r\necho 2\r\nwait 0 k\r\necho 3\r\nec");
    NOTED("echo(1) ");
    peer_say(giver, "give k\r\n");
    turn();
    NOTED("echo(2) ");
    peer_say(peer, "ho 4\r\n");
    NOTED("");
    peer_say(giver, "give k\r\n");
    turn();
    NOTED("echo(3) echo(4) ");
}
END_TEST

static void release_all(void *ctx)
{
    *(bool *)ctx = false;
    gate_interface.release(NULL);
}

/* Was: what came in the same turn as the release ran before it. */
START_TEST(what_was_held_runs_before_what_comes_with_its_release)
{
    static bool holding = true;
    kr_gate *gate = gate_interface.add(&fixture_module, "hold", KR_STAGE_ADMIT,
                                       1, hold_keep, &holding);

    add("keep", run_keep, -1, 0);
    gate_interface.arm(gate, NULL);
    peer_say(peer, "keep\r\n");
    peer_send(peer, "echo x\r\n", 8);
    release_all(&holding);
    input_receive(peer->client); /* its socket is told of first */
    turn();
    NOTED("keep echo(x) ");
}
END_TEST

/* --- CLIENT REPLY -------------------------------------------------------- */

static void run_reply(struct kr_call *call)
{
    if (kr_str_equal(call->argv[1], KR_STR("off"))) {
        client_interface.set_flags(call->client, KR_CLIENT_REPLY_OFF, 0);
    } else if (kr_str_equal(call->argv[1], KR_STR("skip"))) {
        client_interface.set_flags(call->client, KR_CLIENT_REPLY_SKIP, 0);
    } else {
        client_interface.set_flags(call->client, 0, KR_CLIENT_REPLY_OFF);
        kr_reply_ok(call->reply);
    }
}

static const struct {
    const char *says, *hears;
} modes[] = {
    {"reply off\r\necho 1\r\nfail\r\nnothing\r\n", ""},
    {"reply off\r\necho 1\r\nreply on\r\necho 2\r\n", "+OK\r\n$1\r\n2\r\n"},
    {"reply skip\r\necho 1\r\necho 2\r\n", "$1\r\n2\r\n"},
    {"reply skip\r\nnothing\r\necho 2\r\n", "$1\r\n2\r\n"},
    {"reply skip\r\nreply on\r\necho 2\r\n", "+OK\r\n$1\r\n2\r\n"},
    {"reply skip\r\nreply skip\r\necho 1\r\necho 2\r\n", "$1\r\n2\r\n"},
    {"reply off\r\nreply skip\r\necho 1\r\necho 2\r\n", ""},
};

START_TEST(replies_are_dropped_as_the_client_wishes)
{
    add("reply", run_reply, 2, 0);
    peer_say(peer, modes[_i].says);
    peer_expect(peer, modes[_i].hears);
}
END_TEST

/* --- Ends ---------------------------------------------------------------- */

START_TEST(what_is_not_the_protocol_is_answered_and_ended)
{
    peer_say(peer, "echo 1\r\n*1\r\n@4\r\necho 2\r\n");
    turn();
    peer_expect(peer,
                "$1\r\n1\r\n-ERR Protocol error: expected '$', got '@'\r\n");
    ck_assert(peer_is_gone(peer));
    NOTED("echo(1) ");
}
END_TEST

static void run_quit(struct kr_call *call)
{
    kr_reply_ok(call->reply);
    client_interface.close(call->client, true);
}

static void run_abort(struct kr_call *call)
{
    kr_reply_ok(call->reply);
    client_interface.close(call->client, false);
}

START_TEST(who_quits_runs_nothing_further_and_gets_its_replies)
{
    add("quit", run_quit, 1, 0);
    peer_say(peer, "echo 1\r\nquit\r\necho 2\r\n");
    turn();
    peer_expect(peer, "$1\r\n1\r\n+OK\r\n");
    ck_assert(peer_is_gone(peer));
    NOTED("echo(1) ");
}
END_TEST

START_TEST(who_is_cut_off_runs_nothing_further)
{
    add("abort", run_abort, 1, 0);
    peer_say(peer, "echo 1\r\nabort\r\necho 2\r\n");
    ck_assert(peer_is_gone(peer));
    NOTED("echo(1) ");
}
END_TEST

START_TEST(too_much_unread_input_ends_the_client)
{
    char bytes[2000];

    memset(bytes, 'x', sizeof(bytes));
    client_settings.input_max = 5000;
    peer_say(peer, "wait 0 k\r\n");
    for (int i = 0; i < 4 && client_find(peer->id); i++) {
        peer_send(peer, bytes, sizeof(bytes));
        turn();
    }
    ck_assert_ptr_null(client_find(peer->id));
    ck_assert_uint_eq(client_stats.input_limit_hits, 1);
}
END_TEST

START_TEST(a_large_argument_counts_as_input)
{
    size_t size;
    char *text = big_words(&size, 1);

    client_settings.input_max = 50000;
    peer_send(peer, text, 40000);
    turn();
    ck_assert_ptr_nonnull(client_find(peer->id));
    peer_send(peer, text + 40000, 20000);
    turn();
    ck_assert_ptr_null(client_find(peer->id));
    memory_free(text);
}
END_TEST

START_TEST(the_last_commands_of_who_hangs_up_are_run)
{
    peer_send(peer, "echo 1\r\necho 2\r\n", 16);
    shutdown(peer->fd, SHUT_WR);
    turn();
    turn();
    NOTED("echo(1) echo(2) ");
    peer_expect(peer, "$1\r\n1\r\n$1\r\n2\r\n");
    ck_assert(peer_is_gone(peer));
}
END_TEST

static void run_login(struct kr_call *call)
{
    client_interface.set_flags(call->client, KR_CLIENT_AUTHENTICATED, 0);
    kr_reply_ok(call->reply);
}

START_TEST(who_is_unknown_may_send_little_until_it_has_said_who_it_is)
{
    static const char many[] = "*12\r\n$3\r\nput\r\n";

    add("login", run_login, 1, 0);
    client_interface.set_flags(peer->client, 0, KR_CLIENT_AUTHENTICATED);
    peer_say(peer, "login\r\n*12\r\n$3\r\nput\r\n$1\r\nk\r\n$1\r\nk\r\n$1\r\nk"
                   "\r\n$1\r\nk\r\n$1\r\nk\r\n$1\r\nk\r\n$1\r\nk\r\n$1\r\nk\r\n"
                   "$1\r\nk\r\n$1\r\nk\r\n$1\r\nk\r\n");
    peer_expect(peer, "+OK\r\n+OK\r\n");
    client_interface.set_flags(peer->client, 0, KR_CLIENT_AUTHENTICATED);
    peer_say(peer, many);
    turn();
    peer_expect(peer, "-ERR Protocol error: unauthenticated multibulk "
                      "length\r\n");
    ck_assert(peer_is_gone(peer));
}
END_TEST

/* --- The loop within a call ---------------------------------------------- */

static struct peer *second;

static void run_yield(struct kr_call *call)
{
    static const char text[] = "urgent 1\r\nurgent 2\r\nurg";

    peer_send(second, text, sizeof(text) - 1);
    ck_assert(lifetime_yield(NULL, 2000, "BUSY"));
    note("words:%.*s ", (int)call->argv[1].size, call->argv[1].data);
    kr_reply_ok(call->reply);
}

static void run_urgent(struct kr_call *call)
{
    note("urgent(%.*s) ", (int)call->argv[1].size, call->argv[1].data);
    kr_reply_ok(call->reply);
}

/* The buffer that all clients share holds the arguments of the call that lets
 * the loop run. */
START_TEST(who_is_served_within_a_call_reads_into_its_own_memory)
{
    second = peer_new();
    add("yield", run_yield, 2, 0);
    add("urgent", run_urgent, 2, KR_CMD_ALLOW_BUSY);
    peer_say(peer, "echo 1\r\nyield unharmed\r\necho 2\r\n");
    NOTED("echo(1) urgent(1) urgent(2) words:unharmed echo(2) ");
    peer_say(second, "ent 3\r\n");
    NOTED("urgent(3) ");
    peer_expect(second, "+OK\r\n+OK\r\n+OK\r\n");
}
END_TEST

Suite *input_suite(void)
{
    Suite *suite = suite_create("input");
    TCase *tests = dispatch_case(suite, "input");

    tcase_add_checked_fixture(tests, connect_one, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_command_may_be_cut_at_every_byte);
    tcase_add_test(tests, a_command_may_come_byte_by_byte);
    tcase_add_test(tests, an_idle_client_owns_no_input);
    tcase_add_test(tests, a_pipeline_longer_than_a_batch_runs_in_order);
    tcase_add_loop_test(
        tests, random_commands_in_random_pieces_are_all_answered, 0, 4);
    tcase_add_loop_test(tests, large_arguments_are_received_where_they_stay, 1,
                        4);
    tcase_add_test(tests, a_small_argument_is_taken_as_a_copy);
    tcase_add_test(tests, a_large_argument_may_be_cut_anywhere);
    tcase_add_test(tests, commands_around_a_large_argument_keep_their_order);
    tcase_add_test(tests, who_hangs_up_in_the_middle_leaves_nothing);
    tcase_add_test(tests, a_held_command_keeps_its_large_argument);
    tcase_add_test(tests, a_large_argument_may_come_while_its_client_is_parked);
    tcase_add_test(tests,
                   a_client_parked_in_the_middle_of_a_batch_goes_on_behind_it);
    tcase_add_test(tests,
                   what_was_held_runs_before_what_comes_with_its_release);
    tcase_add_loop_test(tests, replies_are_dropped_as_the_client_wishes, 0,
                        KR_COUNT(modes));
    tcase_add_test(tests, what_is_not_the_protocol_is_answered_and_ended);
    tcase_add_test(tests, who_quits_runs_nothing_further_and_gets_its_replies);
    tcase_add_test(tests, who_is_cut_off_runs_nothing_further);
    tcase_add_test(tests, too_much_unread_input_ends_the_client);
    tcase_add_test(tests, a_large_argument_counts_as_input);
    tcase_add_test(tests, the_last_commands_of_who_hangs_up_are_run);
    tcase_add_test(tests,
                   who_is_unknown_may_send_little_until_it_has_said_who_it_is);
    tcase_add_test(tests,
                   who_is_served_within_a_call_reads_into_its_own_memory);
    return suite;
}
