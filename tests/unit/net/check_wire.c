/* SPDX-License-Identifier: BSD-3-Clause */
/* A client behind functions of a module, without a socket; and calls of such a
 * client that may be parked although they run within another (KR_RUN_MAY_BLOCK),
 * which is what it is made for.
 *
 *   pipe_say() --> pipe.in --read()--> dispatch --write()--> pipe.out */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/net/wire.h"

#include <errno.h>

static struct pipe {
    char in[1024], out[1024];
    size_t in_size, out_size;
    size_t room;  /* how much write() takes before it answers -EAGAIN */
    int64_t fate; /* what read() answers when there is nothing */
    bool tells;   /* that more is there: pending() */
    kr_client *client;
} pipe_;

static int64_t pipe_read(void *ctx, void *bytes, size_t room)
{
    struct pipe *pipe = ctx;
    size_t n = pipe->in_size < room ? pipe->in_size : room;

    if (pipe->tells && n > 7)
        n = 7;
    if (n == 0)
        return pipe->fate;
    memcpy(bytes, pipe->in, n);
    pipe->in_size -= n;
    memmove(pipe->in, pipe->in + n, pipe->in_size);
    return (int64_t)n;
}

static int64_t pipe_write(void *ctx, const struct kr_str *pieces,
                          uint32_t count)
{
    struct pipe *pipe = ctx;
    size_t done = 0;

    for (uint32_t i = 0; i < count && pipe->room > 0; i++) {
        size_t n = pieces[i].size < pipe->room ? pieces[i].size : pipe->room;

        memcpy(pipe->out + pipe->out_size, pieces[i].data, n);
        pipe->out_size += n;
        pipe->room -= n;
        done += n;
    }
    return done ? (int64_t)done : -EAGAIN;
}

static bool pipe_pending(void *ctx)
{
    struct pipe *pipe = ctx;

    return pipe->tells && pipe->in_size > 0;
}

static size_t pipe_address(void *ctx, bool local, char *text, size_t room)
{
    (void)ctx;
    return (size_t)snprintf(text, room, local ? "here" : "there");
}

static void pipe_close(void *ctx)
{
    ((struct pipe *)ctx)->client = NULL;
    note("closed ");
}

static const struct kr_transport_ops ops = {.size = sizeof(ops),
                                            .read = pipe_read,
                                            .write = pipe_write,
                                            .pending = pipe_pending,
                                            .address = pipe_address,
                                            .close = pipe_close};

static void pipe_begin(void)
{
    pipe_ = (struct pipe){.room = SIZE_MAX, .fate = -EAGAIN};
    pipe_.client = transport_interface.adopt(&fixture_module, -1,
                                             KR_CLIENT_LOCAL, &ops, &pipe_);
    ck_assert_ptr_nonnull(pipe_.client);
}

static void pipe_say(const char *text)
{
    size_t size = strlen(text);

    memcpy(pipe_.in + pipe_.in_size, text, size);
    pipe_.in_size += size;
    transport_interface.ready(pipe_.client, KR_READABLE);
    turn();
}

static void pipe_expect(const char *text)
{
    pipe_.out[pipe_.out_size] = '\0';
    ck_assert_str_eq(pipe_.out, text);
    pipe_.out_size = 0;
}

/* --- Bytes --------------------------------------------------------------- */

START_TEST(it_is_a_client_like_any_other)
{
    struct kr_client_info info = {.size = sizeof(info)};

    pipe_say("echo a\r\n");
    pipe_expect("$1\r\na\r\n");
    client_interface.info(pipe_.client, &info);
    ck_assert_str_eq(info.address, "there");
    ck_assert_str_eq(info.local_address, "here");
    ck_assert_int_eq(info.fd, -1);
    ck_assert(info.flags & KR_CLIENT_LOCAL);
    ck_assert_uint_eq(client_count(), 1);
    NOTED("echo(a) ");
}
END_TEST

START_TEST(its_module_is_held_until_it_is_closed)
{
    ck_assert_uint_eq(fixture_module.held, 1);
    client_interface.close(pipe_.client, false);
    turn();
    NOTED("closed ");
    ck_assert_uint_eq(fixture_module.held, 0);
}
END_TEST

START_TEST(what_is_written_waits_until_the_transport_takes_it)
{
    pipe_.room = 3;
    pipe_say("echo abc\r\n");
    pipe_expect("$3\r");
    turn();
    pipe_expect("");
    pipe_.room = SIZE_MAX;
    transport_interface.ready(pipe_.client, KR_WRITABLE);
    turn();
    pipe_expect("\nabc\r\n");
}
END_TEST

START_TEST(bytes_that_no_descriptor_tells_of_are_read_on)
{
    pipe_.tells = true; /* and gives seven at a time */
    pipe_say("echo a\r\necho b\r\necho c\r\n");
    pipe_expect("$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
}
END_TEST

static const int64_t fates[] = {0, -ECONNRESET};

START_TEST(an_end_or_an_error_closes_it)
{
    pipe_.fate = fates[_i];
    pipe_say("");
    NOTED("closed ");
    ck_assert_uint_eq(client_count(), 0);
}
END_TEST

START_TEST(one_too_many_is_refused_and_not_closed)
{
    client_settings.maxclients = 1;
    ck_assert_ptr_null(
        transport_interface.adopt(&fixture_module, -1, 0, &ops, &pipe_));
    ck_assert_uint_eq(fixture_module.held, 1);
    NOTED("");
}
END_TEST

/* --- KR_RUN_MAY_BLOCK ------------------------------------------------------ */

static uint32_t run_flags;
static kr_status ran;

/* Runs the words as the client of the pipe, and says what the sink has got. */
static void run_lend(struct kr_call *call)
{
    struct kr_reply *sink = call_interface.new_sink(2);
    struct kr_run run = {.size = sizeof(run),
                         .argc = call->argc - 1,
                         .argv = call->argv + 1,
                         .reply = sink,
                         .client = pipe_.client,
                         .flags = run_flags};

    ran = call_interface.run(&run);
    kr_reply_bulk(call->reply, call_interface.sink_bytes(sink));
    call_interface.free_sink(sink);
}

static struct peer *asks;

static void lend_begin(void)
{
    pipe_begin();
    asks = peer_new();
    run_flags = KR_RUN_MAY_BLOCK;
    add("lend", run_lend, -2, 0);
}

static bool pipe_is_blocked(void)
{
    return client_interface.flags(pipe_.client) & KR_CLIENT_BLOCKED;
}

START_TEST(a_nested_call_that_may_block_is_parked_and_answers_its_client)
{
    peer_say(asks, "lend wait 0 k\r\n");
    ck_assert_int_eq(ran, KR_OK);
    peer_expect(asks, "$0\r\n\r\n"); /* nothing for the sink */
    ck_assert(pipe_is_blocked());
    ck_assert_uint_eq(block_interface.count(), 1);
    peer_say(asks, "give k\r\n");
    peer_expect(asks, "+OK\r\n");
    pipe_expect("$1\r\nk\r\n");
    ck_assert(!pipe_is_blocked());
}
END_TEST

START_TEST(without_the_flag_it_answers_as_if_time_were_over)
{
    run_flags = 0;
    peer_say(asks, "lend wait 0 k\r\n");
    peer_expect(asks, "$5\r\n$-1\r\n\r\n");
    ck_assert(!pipe_is_blocked());
    pipe_expect("");
}
END_TEST

START_TEST(one_that_need_not_wait_answers_the_sink)
{
    peer_say(asks, "lend echo now\r\n");
    peer_expect(asks, "$9\r\n$3\r\nnow\r\n\r\n");
    give("k");
    peer_say(asks, "lend wait 0 k\r\n");
    peer_expect(asks, "$7\r\n$1\r\nk\r\n\r\n");
    ck_assert(!pipe_is_blocked());
    pipe_expect("");
}
END_TEST

START_TEST(its_time_can_be_over)
{
    peer_say(asks, "lend wait 1 k\r\n");
    peer_expect(asks, "$0\r\n\r\n");
    while (block_interface.count() > 0)
        turn();
    turn();
    pipe_expect("$-1\r\n");
}
END_TEST

START_TEST(closing_the_client_ends_the_wait)
{
    peer_say(asks, "lend wait 0 k\r\n");
    ck_assert(pipe_is_blocked());
    client_interface.close(pipe_.client, false);
    turn();
    NOTED("gone closed ");
    ck_assert_uint_eq(block_interface.count(), 0);
    peer_say(asks, "give k\r\n"); /* nobody takes it */
    ck_assert_uint_eq(given("k"), 1);
}
END_TEST

/* The flag lifts one rule, that of nesting. */
START_TEST(a_client_that_waits_is_not_parked_twice)
{
    peer_say(asks, "lend wait 0 k\r\n");
    peer_say(asks, "lend wait 0 other\r\n");
    ck_assert_uint_eq(block_interface.count(), 1);
    peer_expect(asks, "$0\r\n\r\n$5\r\n$-1\r\n\r\n");
    peer_say(asks, "give k\r\n");
    pipe_expect("$1\r\nk\r\n");
}
END_TEST

START_TEST(one_that_is_told_not_to_block_does_not)
{
    struct kr_run run = {.reply = NULL,
                         .client = pipe_.client,
                         .flags = KR_RUN_MAY_BLOCK,
                         .call_flags = KR_CALL_NO_BLOCK};

    ck_assert_int_eq(RUN_WITH(&run, "wait", "0", "k"), KR_OK);
    ck_assert(!pipe_is_blocked());
}
END_TEST

Suite *wire_suite(void)
{
    Suite *suite = suite_create("wire");
    TCase *bytes = dispatch_case(suite, "bytes");
    TCase *lent = dispatch_case(suite, "may block");

    tcase_add_checked_fixture(bytes, pipe_begin, NULL);
    tcase_add_test(bytes, it_is_a_client_like_any_other);
    tcase_add_test(bytes, its_module_is_held_until_it_is_closed);
    tcase_add_test(bytes, what_is_written_waits_until_the_transport_takes_it);
    tcase_add_test(bytes, bytes_that_no_descriptor_tells_of_are_read_on);
    tcase_add_loop_test(bytes, an_end_or_an_error_closes_it, 0,
                        (int)KR_COUNT(fates));
    tcase_add_test(bytes, one_too_many_is_refused_and_not_closed);
    tcase_add_checked_fixture(lent, lend_begin, NULL);
    tcase_add_test(
        lent, a_nested_call_that_may_block_is_parked_and_answers_its_client);
    tcase_add_test(lent, without_the_flag_it_answers_as_if_time_were_over);
    tcase_add_test(lent, one_that_need_not_wait_answers_the_sink);
    tcase_add_test(lent, its_time_can_be_over);
    tcase_add_test(lent, closing_the_client_ends_the_wait);
    tcase_add_test(lent, a_client_that_waits_is_not_parked_twice);
    tcase_add_test(lent, one_that_is_told_not_to_block_does_not);
    return suite;
}
