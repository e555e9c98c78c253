/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections: limits, ends, sums, and what modules see of them
 * (core/dispatch/client_interface.c, core/net/address.c). */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/event/event.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS (&client_interface)

static struct peer *peer;

static void connect_one(void)
{
    peer = peer_new();
}

static void run_flood(struct kr_call *call)
{
    static const char bytes[10000];
    int64_t times = atoi(call->argv[1].data);

    kr_reply_array(call->reply, (uint64_t)times);
    for (int64_t i = 0; i < times; i++)
        kr_reply_bulk(call->reply, kr_str(bytes, sizeof(bytes)));
}

/* --- Coming -------------------------------------------------------------- */

START_TEST(ids_ascend_and_are_found)
{
    struct peer *peers[5];

    for (int i = 0; i < 5; i++)
        peers[i] = peer_new();
    for (int i = 0; i < 5; i++)
        ck_assert_ptr_eq(client_find(peers[i]->id), peers[i]->client);
    ck_assert_uint_lt(peers[0]->id, peers[4]->id);
    peer_close(peers[2]);
    turn();
    ck_assert_ptr_null(client_find(peers[2]->id));
    ck_assert_ptr_eq(client_find(peers[1]->id), peers[1]->client);
    ck_assert_ptr_null(client_find(peers[4]->id + 1));
    ck_assert_ptr_null(client_find(0));
    ck_assert_uint_eq(client_count(), 5);
}
END_TEST

START_TEST(one_too_many_is_told_so)
{
    char text[64] = "";
    int fds[2];

    client_settings.maxclients = 1;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_ptr_null(client_new(fds[0], 0));
    ck_assert_int_eq(recv(fds[1], text, sizeof(text) - 1, 0), 36);
    ck_assert_str_eq(text, "-ERR max number of clients reached\r\n");
    ck_assert_int_eq(recv(fds[1], text, 1, 0), 0);
    ck_assert_uint_eq(client_stats.rejected, 1);
    close(fds[1]);
}
END_TEST

/* --- Going --------------------------------------------------------------- */

static struct peer *mourner;

static void mourn(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;

    (void)ctx;
    note("gone%llu ", (unsigned long long)(event->client->id - peer->id));
    if (mourner && mourner->client != event->client)
        kr_reply_status(CLIENTS->sink(mourner->client), "alas");
}

/* Was: it left with the next turn, which nothing was there to begin. */
START_TEST(what_is_written_because_a_client_went_leaves_in_the_same_turn)
{
    mourner = peer_new();
    event_listen(EVENT_CLIENT_GONE, mourn, NULL);
    client_doom(peer->client, false);
    turn();
    NOTED("gone0 ");
    peer_expect(mourner, "+alas\r\n");
    mourner = NULL;
}
END_TEST

START_TEST(a_client_goes_once_however_often_it_is_told_to)
{
    event_listen(EVENT_CLIENT_GONE, mourn, NULL);
    kr_reply_ok(CLIENTS->sink(peer->client));
    client_doom(peer->client, true);
    client_doom(peer->client, true);
    client_doom(peer->client, false);
    client_doom(peer->client, false);
    client_resume(peer->client);
    client_wants_write(peer->client);
    turn();
    NOTED("gone0 ");
    ck_assert(peer_is_gone(peer));
    ck_assert_uint_eq(client_count(), 0);
}
END_TEST

START_TEST(close_after_reply_sends_all_of_it_first)
{
    size_t size = 0;

    add("flood", run_flood, 2, 0);
    peer_say(peer, "flood 200\r\n");
    client_doom(peer->client, true);
    for (int i = 0; i < 500 && client_find(peer->id); i++) {
        turn();
        peer_hear(peer);
    }
    ck_assert(peer_is_gone(peer));
    size = peer->size;
    ck_assert_uint_eq(size, 6 + 200 * (8 + 10000 + 2));
}
END_TEST

START_TEST(a_reader_that_is_slow_gets_everything)
{
    size_t wanted = 6 + 500 * (8 + 10000 + 2) + 7;

    add("flood", run_flood, 2, 0);
    peer_say(peer, "flood 500\r\necho x\r\n");
    ck_assert_ptr_nonnull(peer->client->writable);
    for (int i = 0; i < 1000 && peer->size < wanted; i++) {
        turn();
        peer_hear(peer);
    }
    ck_assert_uint_eq(peer->size, wanted);
    ck_assert_ptr_null(peer->client->writable);
    ck_assert_uint_eq(output_memory(&peer->client->output), 0);
}
END_TEST

START_TEST(more_output_than_the_hard_limit_ends_the_client)
{
    add("flood", run_flood, 2, 0);
    client_settings.limits[CLASS_NORMAL].hard = 1000000;
    peer_say(peer, "flood 400\r\n");
    turn();
    ck_assert_ptr_null(client_find(peer->id));
    ck_assert_uint_eq(client_stats.output_limit_hits, 1);
}
END_TEST

START_TEST(more_output_than_the_soft_limit_ends_the_client_after_a_while)
{
    add("flood", run_flood, 2, 0);
    client_settings.limits[CLASS_NORMAL].soft = 500000;
    client_settings.limits[CLASS_NORMAL].soft_seconds = 5;
    peer_say(peer, "flood 400\r\n");
    turn();
    ck_assert_ptr_nonnull(client_find(peer->id));
    clock_turn_ms += 4000;
    client_tick(clock_turn_ms, 10);
    ck_assert(!peer->client->doomed);
    clock_turn_ms += 2000;
    client_tick(clock_turn_ms, 10);
    ck_assert(peer->client->doomed);
}
END_TEST

START_TEST(who_is_idle_for_too_long_is_closed)
{
    struct peer *blocked = peer_new();

    peer_say(peer, "echo x\r\n");
    peer_say(blocked, "wait 0 k\r\n");
    client_settings.timeout = 10;
    client_tick(peer->client->active_ms + 10000, 10);
    ck_assert(!peer->client->doomed);
    client_tick(peer->client->active_ms + 10001, 10);
    ck_assert(peer->client->doomed);
    ck_assert(!blocked->client->doomed);
}
END_TEST

START_TEST(all_are_looked_at_within_a_second)
{
    struct peer *peers[40];

    for (int i = 0; i < 40; i++)
        peers[i] = peer_new();
    client_settings.timeout = 1;
    for (int i = 0; i < 10; i++)
        client_tick(clock_turn_ms + 5000, 10);
    for (int i = 0; i < 40; i++)
        ck_assert(peers[i]->client->doomed);
}
END_TEST

START_TEST(the_biggest_go_when_all_use_too_much)
{
    struct peer *small = peer_new(), *spared = peer_new();

    add("flood", run_flood, 2, 0);
    CLIENTS->set_flags(spared->client, KR_CLIENT_NO_EVICT, 0);
    peer_say(peer, "flood 200\r\n");
    peer_say(spared, "flood 300\r\n");
    turn();
    client_settings.maxmemory_clients = 100000;
    client_tick(clock_turn_ms, 1);
    turn();
    ck_assert_ptr_null(client_find(peer->id));
    ck_assert_ptr_nonnull(client_find(spared->id));
    ck_assert_uint_ge(client_stats.evicted, 1);
    (void)small;
}
END_TEST

/* --- Sums ---------------------------------------------------------------- */

START_TEST(memory_of_clients_is_the_sum_over_all)
{
    unsigned seed = (unsigned)time(NULL);
    struct peer *peers[8];

    printf("client: seed %u\n", seed);
    add("flood", run_flood, 2, 0);
    for (int i = 0; i < 8; i++)
        peers[i] = peer_new();
    for (int step = 0; step < 200; step++) {
        struct peer *one = peers[rand_r(&seed) % 8];
        size_t sum = peer->client->accounted;

        switch (one->fd < 0 ? 9 : rand_r(&seed) % 8) {
        case 0:
            CLIENTS->set_flags(one->client, KR_CLIENT_PUBSUB, 0);
            break;
        case 1:
            CLIENTS->set_flags(one->client, KR_CLIENT_REPLICA,
                               KR_CLIENT_PUBSUB);
            break;
        case 2:
            CLIENTS->set_flags(one->client, 0, KR_CLIENT_REPLICA);
            break;
        case 3:
            if (rand_r(&seed) % 8 == 0)
                peer_close(one);
            break;
        case 4:
            peer_say(one, "flood 3\r\n");
            break;
        case 5:
            peer_say(one, "echo unfinis");
            peer_say(one, "hed\r\n");
            break;
        default:
            if (one->fd >= 0)
                peer_hear(one);
        }
        turn();
        for (int i = 0; i < 8; i++)
            if (client_find(peers[i]->id))
                sum += peers[i]->client->accounted;
        ck_assert_uint_eq(client_total_memory(), sum);
        notes_clear();
    }
}
END_TEST

/* --- What modules see ---------------------------------------------------- */

static bool close_each(kr_client *client, void *ctx)
{
    CLIENTS->close(client, false);
    return --*(int *)ctx > 0;
}

START_TEST(clients_may_be_closed_while_they_are_listed)
{
    int most = 2;

    peer_new();
    peer_new();
    CLIENTS->each(close_each, &most);
    turn();
    ck_assert_uint_eq(client_count(), 1);
}
END_TEST

START_TEST(texts_are_kept_and_removed)
{
    ck_assert_uint_eq(CLIENTS->text(peer->client, "name").size, 0);
    CLIENTS->set_text(peer->client, "name", KR_STR("bob"));
    CLIENTS->set_text(peer->client, "lib-name", KR_STR("lib"));
    CLIENTS->set_text(peer->client, "lib-ver", KR_STR("1.0"));
    CLIENTS->set_text(peer->client, "no such", KR_STR("x"));
    ck_assert(kr_str_equal(CLIENTS->text(peer->client, "name"), KR_STR("bob")));
    ck_assert(
        kr_str_equal(CLIENTS->text(peer->client, "lib-ver"), KR_STR("1.0")));
    CLIENTS->set_text(peer->client, "name", kr_str(NULL, 0));
    ck_assert_uint_eq(CLIENTS->text(peer->client, "name").size, 0);
    ck_assert_uint_eq(CLIENTS->text(peer->client, "no such").size, 0);
}
END_TEST

START_TEST(reset_makes_a_client_new)
{
    CLIENTS->set_text(peer->client, "name", KR_STR("bob"));
    CLIENTS->set_flags(
        peer->client,
        KR_CLIENT_REPLY_OFF | KR_CLIENT_NO_TOUCH | KR_CLIENT_NO_EVICT, 0);
    CLIENTS->select(peer->client, keyspace_interface.db(3));
    CLIENTS->set_protocol(peer->client, 3);
    CLIENTS->reset(peer->client);
    ck_assert_uint_eq(CLIENTS->flags(peer->client),
                      KR_CLIENT_AUTHENTICATED | KR_CLIENT_LOCAL);
    ck_assert_ptr_eq(CLIENTS->db(peer->client), db0());
    ck_assert_uint_eq(peer->client->output.reply.protocol, 2);
    ck_assert_uint_eq(CLIENTS->text(peer->client, "name").size, 0);
    peer_say(peer, "echo x\r\n");
    peer_expect(peer, "$1\r\nx\r\n");
}
END_TEST

START_TEST(only_flags_of_modules_can_be_set_by_them)
{
    CLIENTS->set_flags(peer->client, KR_CLIENT_BLOCKED | KR_CLIENT_UNIX,
                       KR_CLIENT_LOCAL);
    ck_assert_uint_eq(CLIENTS->flags(peer->client),
                      KR_CLIENT_AUTHENTICATED | KR_CLIENT_LOCAL);
}
END_TEST

START_TEST(an_older_module_gets_as_much_as_it_knows)
{
    struct kr_client_info info;

    memset(&info, 'x', sizeof(info));
    info.size = offsetof(struct kr_client_info, flags);
    CLIENTS->info(peer->client, &info);
    ck_assert_uint_eq(info.id, peer->id);
    ck_assert_uint_eq(info.flags, 0x78787878);
}
END_TEST

/* Was: the path of an address without one came from the stack. */
START_TEST(a_socket_without_a_name_has_an_empty_one)
{
    char text[128], dirt[512];

    memset(dirt, 'D', sizeof(dirt));
    client_address(peer->client, false, text, sizeof(text));
    ck_assert_str_eq(text, ":0");
    ck_assert_int_eq(dirt[100], 'D');
}
END_TEST

static size_t field_of(kr_client *client, char *text, size_t room)
{
    (void)client;
    return (size_t)snprintf(text, room, "7");
}

START_TEST(a_line_describes_a_client_in_redis_words)
{
    static const char *const words[] = {
        "id=",        " addr=",     " laddr=",     " fd=",
        " name=bob ", " age=0",     " idle=0",     " flags=N ",
        " db=0 ",     " sub=7 ",    " psub=0 ",    " multi=-1 ",
        " qbuf=",     " events=r ", " cmd=echo ",  " user=default ",
        " redir=-1 ", " resp=2 ",   " lib-name= ", " lib-ver="};
    struct kr_reply *sink = call_interface.new_sink(2);
    struct kr_str line;
    const char *at;

    peer_say(peer, "echo x\r\n");
    CLIENTS->set_text(peer->client, "name", KR_STR("bob"));
    CLIENTS->add_field(&fixture_module, "sub", field_of);
    CLIENTS->describe(peer->client, sink);
    line = call_interface.sink_bytes(sink);
    at = line.data;
    for (size_t i = 0; i < KR_COUNT(words); i++) {
        const char *found = memmem(at, line.size - (size_t)(at - line.data),
                                   words[i], strlen(words[i]));

        ck_assert_msg(found != NULL, "'%s' is not in its place in: %.*s",
                      words[i], (int)line.size, line.data);
        at = found + 1;
    }
    client_forget(&fixture_module);
    call_interface.free_sink(sink);
}
END_TEST

Suite *client_suite(void)
{
    Suite *suite = suite_create("client");
    TCase *tests = dispatch_case(suite, "clients");

    tcase_add_checked_fixture(tests, connect_one, NULL);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, ids_ascend_and_are_found);
    tcase_add_test(tests, one_too_many_is_told_so);
    tcase_add_test(
        tests, what_is_written_because_a_client_went_leaves_in_the_same_turn);
    tcase_add_test(tests, a_client_goes_once_however_often_it_is_told_to);
    tcase_add_test(tests, close_after_reply_sends_all_of_it_first);
    tcase_add_test(tests, a_reader_that_is_slow_gets_everything);
    tcase_add_test(tests, more_output_than_the_hard_limit_ends_the_client);
    tcase_add_test(
        tests, more_output_than_the_soft_limit_ends_the_client_after_a_while);
    tcase_add_test(tests, who_is_idle_for_too_long_is_closed);
    tcase_add_test(tests, all_are_looked_at_within_a_second);
    tcase_add_test(tests, the_biggest_go_when_all_use_too_much);
    tcase_add_test(tests, memory_of_clients_is_the_sum_over_all);
    tcase_add_test(tests, clients_may_be_closed_while_they_are_listed);
    tcase_add_test(tests, texts_are_kept_and_removed);
    tcase_add_test(tests, reset_makes_a_client_new);
    tcase_add_test(tests, only_flags_of_modules_can_be_set_by_them);
    tcase_add_test(tests, an_older_module_gets_as_much_as_it_knows);
    tcase_add_test(tests, a_socket_without_a_name_has_an_empty_one);
    tcase_add_test(tests, a_line_describes_a_client_in_redis_words);
    return suite;
}
