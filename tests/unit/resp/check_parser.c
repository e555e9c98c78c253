/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser, and core/resp/args.c.  What a stream means is written as one line of text: each
 * command's arguments in brackets, "." for an empty one, "!text" for an error,
 * "..." for more to come.  It must be the same however the stream is cut. */

#include "core/resp/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory/memory.h"
#include "core/text/buffer.h"
#include "tests/unit/suites.h"

static const struct resp_limits usual = {536870912, RESP_LINE_MAX, true};
static const struct resp_limits stranger = {536870912, RESP_LINE_MAX, false};

/* --- A connection of its own --------------------------------------------- */

struct session {
    struct resp_parser parser;
    struct resp_args args;
    const struct resp_limits *limits;
    char
        *input; /* exactly as large as what is in it: ASan sees one byte more */
    size_t size;
    struct buffer meaning;
    bool over;
};

static void session_resize(struct session *s, size_t from, size_t size)
{
    char *input = memory_alloc(size ? size : 1);
    size_t keep = s->size - from < size ? s->size - from : size;

    if (keep)
        memcpy(input, s->input + from, keep);
    memory_free(s->input);
    s->input = input;
    s->size = size;
}

static void session_command(struct session *s)
{
    for (size_t i = 0; i < s->args.argc; i++) {
        buffer_append_char(&s->meaning, i ? ' ' : '[');
        buffer_append(&s->meaning, s->args.argv[i]);
    }
    buffer_append_char(&s->meaning, ']');
}

static void session_receive(struct session *s, const char *bytes, size_t size)
{
    char error[RESP_ERROR_MAX];

    session_resize(s, 0, s->size + size);
    if (size)
        memcpy(s->input + s->size - size, bytes, size);
    while (!s->over && s->size) {
        switch (
            resp_parse(&s->parser, s->limits, s->input, s->size, &s->args)) {
        case RESP_COMMAND:
            session_command(s);
            session_resize(s, s->args.consumed, s->size - s->args.consumed);
            break;
        case RESP_EMPTY:
            buffer_append_char(&s->meaning, '.');
            session_resize(s, s->args.consumed, s->size - s->args.consumed);
            break;
        case RESP_MORE:
            if (s->args.wanted < 1)
                ck_abort_msg("more, but how much?");
            return;
        case RESP_ERROR:
            buffer_append_char(&s->meaning, '!');
            buffer_append(&s->meaning, resp_parser_error(&s->parser, error));
            s->over = true;
            break;
        case RESP_NO_MEMORY:
            ck_abort_msg("no memory");
        }
    }
}

static void session_end(struct session *s)
{
    resp_parser_reset(&s->parser);
    resp_args_fini(&s->args);
    memory_free(s->input);
    buffer_free(&s->meaning);
}

/* The meaning of `bytes` that come in portions of `step`. */
static char *stream_meaning(const struct resp_limits *limits,
                            struct kr_str bytes, size_t step, size_t *size)
{
    struct session s = {.limits = limits};
    char *meaning;

    for (size_t at = 0; at < bytes.size; at += step)
        session_receive(&s, bytes.data + at,
                        bytes.size - at < step ? bytes.size - at : step);
    if (!s.over && s.size)
        buffer_append(&s.meaning, KR_STR("..."));
    meaning = buffer_steal(&s.meaning, size);
    session_end(&s);
    return meaning;
}

static void stream_expect(const struct resp_limits *limits, struct kr_str bytes,
                          struct kr_str expected)
{
    static const size_t steps[] = {1,  2,    3,     5,           7,
                                   11, 1000, 16384, SIZE_MAX / 2};

    for (size_t i = 0; i < KR_COUNT(steps); i++) {
        size_t size;
        char *meaning;

        if (bytes.size > 70000 && steps[i] < 1000)
            continue;
        meaning = stream_meaning(limits, bytes, steps[i], &size);
        ck_assert_msg(kr_str_equal(kr_str(meaning, size), expected),
                      "by %zu: '%.60s' is '%s', not '%s'", steps[i], bytes.data,
                      meaning, expected.data);
        memory_free(meaning);
    }
}

/* --- Whole commands ------------------------------------------------------ */

static const struct {
    struct kr_str bytes, meaning;
} streams[] = {
#define ROW(bytes, meaning)                                                    \
    {                                                                          \
        {bytes, sizeof(bytes) - 1},                                            \
        {                                                                      \
            meaning, sizeof(meaning) - 1                                       \
        }                                                                      \
    }
    /* commands */
    ROW("*1\r\n$4\r\nPING\r\n", "[PING]"),
    ROW("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", "[SET k ]"),
    ROW("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n", "[PING][PING]"),
    ROW("*2\r\n$3\r\na\0b\r\n$2\r\n\r\n\r\n", "[a\0b \r\n]"),
    ROW("*2\r\n$10\r\n0123456789\r\n$1\r\nx\r\n", "[0123456789 x]"),
    ROW("*12\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf"
        "\r\n$1\r\ng\r\n$1\r\nh\r\n$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n$"
        "1\r\nl\r\n",
        "[a b c d e f g h i j k l]"),
    ROW("PING\r\n", "[PING]"),
    ROW("PING\nPING\r\r\n", "[PING][PING]"),
    ROW("SET k \"a b\"\r\n*1\r\n$4\r\nPING\r\n", "[SET k a b][PING]"),
    /* nothing */
    ROW("*0\r\n*-1\r\n*-99999999999\r\n\r\n\n  \r\nPING\n", "......[PING]"),
    /* only the CR of a line end counts */
    ROW("*1\rX$4\rXPINGab*1\r\n$4\r\nPING\r\n", "[PING][PING]"),
    /* not whole */
    ROW("*", "..."),
    ROW("*1\r", "..."),
    ROW("*1\r\nx", "..."),
    ROW("*2147483647\r\n", "..."),
    ROW("*1\r\n$536870912\r\n", "..."),
    ROW("*1\r\n$4\r\nPING\r", "..."),
    ROW("PING", "..."),
    /* a NUL hides the end of its line */
    ROW("*1\0\r\n$4\r\nPING\r\n", "..."),
    ROW("*1\r\n\0\r\n", "..."),
    ROW("PING\0\r\nPING\r\n", "..."),
    /* wrong */
    ROW("*\r\n", "!Protocol error: invalid multibulk length"),
    ROW("*x\r\n", "!Protocol error: invalid multibulk length"),
    ROW("*+1\r\n", "!Protocol error: invalid multibulk length"),
    ROW("*01\r\n", "!Protocol error: invalid multibulk length"),
    ROW("* 1\r\n", "!Protocol error: invalid multibulk length"),
    ROW("*1 \r\n", "!Protocol error: invalid multibulk length"),
    ROW("*-0\r\n", "!Protocol error: invalid multibulk length"),
    ROW("*2147483648\r\n", "!Protocol error: invalid multibulk length"),
    ROW("*1\r\nx\r\n", "!Protocol error: expected '$', got 'x'"),
    ROW("*1\r\n\r\n", "!Protocol error: expected '$', got '\r'"),
    ROW("*1\r\n\n\r\n", "!Protocol error: expected '$', got '\n'"),
    ROW("*1\r\n\xff\r\n", "!Protocol error: expected '$', got '\xff'"),
    ROW("*1\r\n$\r\n", "!Protocol error: invalid bulk length"),
    ROW("*1\r\n$-1\r\n", "!Protocol error: invalid bulk length"),
    ROW("*1\r\n$04\r\nPING\r\n", "!Protocol error: invalid bulk length"),
    ROW("*1\r\n$4x\r\nPING\r\n", "!Protocol error: invalid bulk length"),
    ROW("*1\r\n$536870913\r\n", "!Protocol error: invalid bulk length"),
    ROW("*1\r\n$99999999999999999999\r\n",
        "!Protocol error: invalid bulk length"),
    ROW("*1\r\n$18446744073709551615\r\n",
        "!Protocol error: invalid bulk length"),
    ROW("PING \"a\r\n", "!Protocol error: unbalanced quotes in request"),
    ROW("PING 'a'b\r\n", "!Protocol error: unbalanced quotes in request"),
    /* Once, a line's search began where that of the line before had stopped,
     * if its argument was whole by then: by 7, the CR here was not seen. */
    ROW("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$\r\n",
        "!Protocol error: invalid bulk length"),
    /* what came before an error is run */
    ROW("*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n",
        "[PING]!Protocol error: invalid multibulk length"),
#undef ROW
};

START_TEST(a_stream_means_the_same_however_it_is_cut)
{
    stream_expect(&usual, streams[_i].bytes, streams[_i].meaning);
}
END_TEST

/* A line of `size` bytes, its end not counted. */
static void line_expect(const char *before, char fill, size_t size,
                        const char *after, const char *expected)
{
    struct buffer b = {0};

    buffer_append(&b, kr_cstr(before));
    while (size--)
        buffer_append_char(&b, fill);
    buffer_append(&b, kr_cstr(after));
    stream_expect(&usual, buffer_str(&b), kr_cstr(expected));
    buffer_free(&b);
}

START_TEST(lines_end_within_64_kib)
{
    line_expect("", 'x', 65536, "", "...");
    line_expect("", 'x', 65537, "", "!Protocol error: too big inline request");
    line_expect("", 'x', 65537, "\r\n",
                "!Protocol error: too big inline request");
    line_expect("PING", ' ', 65531, "\r\n", "[PING]");
    line_expect("*", '1', 65535, "", "...");
    line_expect("*", '1', 65535, "\r\n",
                "!Protocol error: invalid multibulk length");
    line_expect("*", '1', 65536, "",
                "!Protocol error: too big mbulk count string");
    line_expect("*1\r\n$", '1', 65535, "", "...");
    line_expect("*1\r\n$", '1', 65536, "",
                "!Protocol error: too big bulk count string");
    line_expect("*1\r\n", 'q', 65537, "",
                "!Protocol error: too big bulk count string");
}
END_TEST

START_TEST(strangers_get_ten_small_arguments)
{
    struct buffer b = {0};

    stream_expect(&stranger, KR_STR("*11\r\n"),
                  KR_STR("!Protocol error: unauthenticated multibulk length"));
    stream_expect(&usual, KR_STR("*11\r\n"), KR_STR("..."));
    stream_expect(&stranger, KR_STR("*10\r\n$16384\r\n"), KR_STR("..."));
    stream_expect(&stranger, KR_STR("*10\r\n$16385\r\n"),
                  KR_STR("!Protocol error: unauthenticated bulk length"));
    /* also when it has come already */
    buffer_append(&b, KR_STR("*1\r\n$16385\r\n"));
    buffer_printf(&b, "%16385s\r\n", "x");
    stream_expect(&stranger, buffer_str(&b),
                  KR_STR("!Protocol error: unauthenticated bulk length"));
    buffer_free(&b);
}
END_TEST

START_TEST(the_bulk_limit_is_the_callers)
{
    const struct resp_limits small = {8, RESP_LINE_MAX, true};
    const struct resp_limits smaller = {8, RESP_LINE_MAX, false};

    stream_expect(&small, KR_STR("*1\r\n$8\r\n12345678\r\n"),
                  KR_STR("[12345678]"));
    stream_expect(&small, KR_STR("*1\r\n$9\r\n123456789\r\n"),
                  KR_STR("!Protocol error: invalid bulk length"));
    stream_expect(&smaller, KR_STR("*1\r\n$9\r\n123456789\r\n"),
                  KR_STR("!Protocol error: invalid bulk length"));
}
END_TEST

START_TEST(arguments_are_slices_of_the_buffer)
{
    const char input[] = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\nrest";
    struct resp_parser parser = {0};
    struct resp_parser zero = {0};
    struct resp_args args = {0};

    ck_assert_int_eq(
        resp_parse(&parser, &usual, input, sizeof(input) - 1, &args),
        RESP_COMMAND);
    ck_assert_uint_eq(args.argc, 2);
    ck_assert_ptr_eq(args.argv[0].data, input + 8);
    ck_assert_ptr_eq(args.argv[1].data, input + 17);
    ck_assert_uint_eq(args.consumed, 20);
    ck_assert_mem_eq(&parser, &zero, sizeof(zero));
    resp_args_fini(&args);
}
END_TEST

START_TEST(wanted_is_what_an_argument_lacks)
{
    struct resp_parser parser = {0};
    struct resp_args args = {0};

    ck_assert_int_eq(
        resp_parse(&parser, &usual, "*1\r\n$100\r\nabc", 13, &args), RESP_MORE);
    ck_assert_uint_eq(args.wanted, 99);
    ck_assert_uint_eq(args.big.size, 0);
    resp_parser_reset(&parser);
    resp_args_fini(&args);
}
END_TEST

START_TEST(an_error_stays)
{
    struct resp_parser parser = {0};
    struct resp_args args = {0};

    ck_assert_int_eq(resp_parse(&parser, &usual, "*x\r\n", 4, &args),
                     RESP_ERROR);
    ck_assert_int_eq(resp_parse(&parser, &usual, "PING\r\n", 6, &args),
                     RESP_ERROR);
    resp_args_fini(&args);
}
END_TEST

/* --- Big arguments ------------------------------------------------------- */

/* MSET a <big> b <big> c x, the first `first` bytes at once; then each big
 * argument is lent memory, and the rest comes by `step`. */
static void lend_expect(size_t first, size_t step)
{
    enum { BIG = RESP_BIG + 5 };
    static char blocks[2][BIG];
    struct buffer wire = {0};
    struct session s = {.limits = &usual};
    size_t at, lent = 0;

    buffer_append(&wire, KR_STR("*7\r\n$4\r\nMSET\r\n"));
    for (int i = 0; i < 2; i++) {
        buffer_printf(&wire, "$1\r\n%c\r\n$%d\r\n", 'a' + i, BIG);
        memset(buffer_reserve(&wire, BIG), 'A' + i, BIG);
        wire.size += BIG;
        buffer_append(&wire, KR_STR("\r\n"));
    }
    buffer_append(&wire, KR_STR("$1\r\nc\r\n$1\r\nx\r\nPING\r\n"));
    at = first < wire.size ? first : wire.size;
    session_receive(&s, wire.data, at);
    while (at < wire.size) {
        size_t part = wire.size - at < step ? wire.size - at : step;

        ck_assert_uint_eq(s.meaning.size, 0);
        if (s.args.big.size) {
            char *block = blocks[s.args.big.index == 4];
            size_t have = s.size - s.args.big.at;

            ck_assert_uint_eq(s.args.big.size, BIG);
            ck_assert(s.args.big.index == 2 || s.args.big.index == 4);
            memcpy(block, s.input + s.args.big.at, have);
            memcpy(block + have, wire.data + at, BIG - have);
            at += BIG - have;
            session_resize(&s, 0, s.args.big.at);
            ck_assert(resp_parser_lend(&s.parser, block));
            ck_assert_uint_gt(resp_parser_memory(&s.parser), 0);
            s.args.big.size = 0;
            lent++;
            continue;
        }
        session_receive(&s, wire.data + at, part);
        at += part;
        if (s.meaning.size) /* the command is whole; the rest is inline */
            break;
    }
    session_receive(&s, wire.data + at, wire.size - at);
    ck_assert_uint_eq(s.meaning.size,
                      1 + 4 + 2 + 1 + BIG + 2 + 1 + BIG + 2 + 2 + 1 + 6);
    ck_assert_mem_eq(s.meaning.data + s.meaning.size - 12, "B c x][PING]", 12);
    ck_assert_mem_eq(s.meaning.data, "[MSET a AAA", 11);
    ck_assert_uint_le(lent, 2);
    ck_assert_uint_eq(resp_parser_memory(&s.parser), 0);
    session_end(&s);
    buffer_free(&wire);
}

START_TEST(a_big_argument_can_be_received_elsewhere)
{
    for (size_t first = 1; first < 60; first++)
        lend_expect(first, 7);
    for (size_t first = 32700; first < 32900; first++)
        lend_expect(first, 11);
    lend_expect(40000, 1);
    lend_expect(1, 100000);
}
END_TEST

START_TEST(a_lent_argument_keeps_its_address)
{
    static char block[RESP_BIG];
    struct resp_parser parser = {0};
    struct resp_args args = {0};
    char head[] = "*2\r\n$3\r\nGET\r\n$32768\r\n";
    char whole[] = "*2\r\n$3\r\nGET\r\n$32768\r\n\r\nrest";

    ck_assert_int_eq(resp_parse(&parser, &usual, head, sizeof(head) - 1, &args),
                     RESP_MORE);
    ck_assert_uint_eq(args.big.at, sizeof(head) - 1);
    ck_assert_uint_eq(args.big.index, 1);
    ck_assert(resp_parser_lend(&parser, block));
    ck_assert_int_eq(resp_parse(&parser, &usual, whole, sizeof(head), &args),
                     RESP_MORE);
    ck_assert_uint_eq(args.wanted, 1);
    ck_assert_int_eq(
        resp_parse(&parser, &usual, whole, sizeof(whole) - 1, &args),
        RESP_COMMAND);
    ck_assert_ptr_eq(args.argv[0].data, whole + 8);
    ck_assert_ptr_eq(args.argv[1].data, block);
    ck_assert_uint_eq(args.argv[1].size, RESP_BIG);
    ck_assert_uint_eq(args.consumed, sizeof(whole) - 1 - 4);
    resp_args_fini(&args);
}
END_TEST

START_TEST(arguments_below_32_kib_are_not_big)
{
    struct resp_parser parser = {0};
    struct resp_args args = {0};

    ck_assert_int_eq(resp_parse(&parser, &usual, "*1\r\n$32767\r\n", 12, &args),
                     RESP_MORE);
    ck_assert_uint_eq(args.big.size, 0);
    ck_assert_uint_eq(args.wanted, 32769);
    resp_parser_reset(&parser);
    resp_args_fini(&args);
}
END_TEST

/* --- Size and cost ------------------------------------------------------- */

START_TEST(a_million_arguments_a_few_bytes_at_a_time)
{
    enum { ARGC = 1000000 };
    struct resp_parser parser = {0};
    struct resp_args args = {0};
    struct buffer wire = {0};
    clock_t begin;
    size_t size = 0;
    enum resp_result result = RESP_MORE;

    buffer_printf(&wire, "*%d\r\n", ARGC);
    for (int i = 0; i < ARGC; i++)
        buffer_printf(&wire, "$%d\r\n%0*d\r\n", 1 + i % 7, 1 + i % 7, i % 10);
    begin = clock();
    while (size < wire.size) {
        if (result != RESP_MORE)
            ck_abort_msg("whole at %zu", size);
        size = size + 5 < wire.size ? size + 5 : wire.size;
        result = resp_parse(&parser, &usual, wire.data, size, &args);
    }
    /* Looking at everything again each time would take hours. */
    ck_assert(clock() - begin < 5 * CLOCKS_PER_SEC);
    ck_assert_int_eq(result, RESP_COMMAND);
    ck_assert_uint_eq(args.argc, ARGC);
    for (size_t i = 0; i < ARGC; i++)
        if (args.argv[i].size != 1 + i % 7 ||
            args.argv[i].data[i % 7] != (char)('0' + i % 10))
            ck_abort_msg("argument %zu", i);
    ck_assert_uint_eq(resp_parser_memory(&parser), 0);
    resp_args_fini(&args);
    buffer_free(&wire);
}
END_TEST

START_TEST(an_announcement_alone_costs_nothing)
{
    struct resp_parser parser = {0};
    struct resp_args args = {0};
    const char input[] = "*2147483647\r\n$536870912\r\n";

    ck_assert_int_eq(
        resp_parse(&parser, &usual, input, sizeof(input) - 1, &args),
        RESP_MORE);
    ck_assert_uint_eq(resp_parser_memory(&parser), 0);
    ck_assert_uint_le(args.capacity, 16);
    resp_parser_reset(&parser);
    resp_args_fini(&args);
}
END_TEST

START_TEST(random_streams_mean_the_same_in_random_portions)
{
    unsigned seed = (unsigned)time(NULL);

    printf("parser: seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 3000; round++) {
        struct session s = {.limits = rand() % 4 ? &usual : &stranger};
        struct buffer wire = {0};
        size_t size, at = 0;
        char *whole;

        for (int i = rand() % 5; i >= 0; i--) {
            int argc = rand() % 40;

            buffer_printf(&wire, "*%d\r\n", argc);
            while (argc--) {
                int length = rand() % 3 ? rand() % 30 : rand() % 3000;

                buffer_printf(&wire, "$%d\r\n%*s\r\n", length, length, "");
            }
            if (rand() % 3 == 0)
                buffer_append(&wire, KR_STR("SET \"k\" 'v'\r\n\r\n"));
        }
        for (int i = rand() % 3; i > 0; i--)
            wire.data[(size_t)rand() % wire.size] =
                "\r\n$*0\0 x9-"[rand() % 10];
        whole =
            stream_meaning(s.limits, buffer_str(&wire), SIZE_MAX / 2, &size);
        while (at < wire.size) {
            size_t part = 1 + (size_t)(rand() % 2 ? rand() % 9 : rand() % 4000);

            part = part < wire.size - at ? part : wire.size - at;
            session_receive(&s, wire.data + at, part);
            at += part;
        }
        if (!s.over && s.size)
            buffer_append(&s.meaning, KR_STR("..."));
        ck_assert(kr_str_equal(buffer_str(&s.meaning), kr_str(whole, size)));
        memory_free(whole);
        session_end(&s);
        buffer_free(&wire);
    }
}
END_TEST

Suite *parser_suite(void)
{
    Suite *suite = suite_create("resp/parser");
    TCase *tcase = tcase_create("parser");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_stream_means_the_same_however_it_is_cut, 0,
                        (int)KR_COUNT(streams));
    tcase_add_test(tcase, lines_end_within_64_kib);
    tcase_add_test(tcase, strangers_get_ten_small_arguments);
    tcase_add_test(tcase, the_bulk_limit_is_the_callers);
    tcase_add_test(tcase, arguments_are_slices_of_the_buffer);
    tcase_add_test(tcase, wanted_is_what_an_argument_lacks);
    tcase_add_test(tcase, an_error_stays);
    tcase_add_test(tcase, a_big_argument_can_be_received_elsewhere);
    tcase_add_test(tcase, a_lent_argument_keeps_its_address);
    tcase_add_test(tcase, arguments_below_32_kib_are_not_big);
    tcase_add_test(tcase, a_million_arguments_a_few_bytes_at_a_time);
    tcase_add_test(tcase, an_announcement_alone_costs_nothing);
    tcase_add_test(tcase, random_streams_mean_the_same_in_random_portions);
    suite_add_tcase(suite, tcase);
    return suite;
}
