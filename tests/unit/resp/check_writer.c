/* SPDX-License-Identifier: BSD-3-Clause */
/* The encoder, always into a plentiful memory and into scarce pieces: the bytes
 * must be the same. */

#include "core/resp/writer.h"

#include "core/text/buffer.h"
#include "tests/unit/suites.h"

/* --- A destination that gives out room by the piece ---------------------- */

struct sink {
    struct resp_out out;
    struct buffer all;  /* pieces that are full */
    size_t piece;       /* bytes given at a time */
    size_t pieces_left; /* before it says no */
    char room[8192];
};

static void sink_drain(struct sink *sink)
{
    if (sink->out.at)
        buffer_append(&sink->all,
                      kr_str(sink->room, (size_t)(sink->out.at - sink->room)));
    sink->out.at = sink->out.end = sink->room;
}

static bool sink_more(struct resp_out *out, size_t need)
{
    struct sink *sink = (struct sink *)out;

    ck_assert_uint_gt(need, (size_t)(out->end - out->at));
    sink_drain(sink);
    if (sink->pieces_left == 0)
        return false;
    sink->pieces_left--;
    out->end = out->at + sink->piece;
    return true;
}

/* --- Every reply, by protocol -------------------------------------------- */

static void write_all(struct resp_out *out)
{
    resp_ok(out);
    resp_simple(out, KR_STR("PONG"));
    resp_error(out, KR_STR("ERR no"));
    resp_error(out, KR_STR("\r\nERR a\rb\nc\r\n\n"));
    resp_error(out, KR_STR("\r\n"));
    resp_integer(out, 0);
    resp_integer(out, 9);
    resp_integer(out, 10);
    resp_integer(out, 99);
    resp_integer(out, 100);
    resp_integer(out, -1);
    resp_integer(out, INT64_MIN);
    resp_bulk(out, KR_STR(""));
    resp_bulk(out, kr_str(NULL, 0));
    resp_bulk(out, KR_STR("a\r\nb"));
    resp_bulk_integer(out, -42);
    resp_null(out);
    resp_null_array(out);
    resp_bool(out, true);
    resp_bool(out, false);
    resp_double(out, 3.5);
    resp_double(out, -1.0 / 0.0);
    resp_decimal(out, KR_STR("2.50"));
    resp_big_number(out, KR_STR("1234567999999999999999999999999999999"));
    resp_verbatim(out, "txt", KR_STR("hi"));
    resp_array(out, 3);
    resp_set(out, 2);
    resp_push(out, 1);
    resp_map(out, 12);
    if (resp_attribute(out, 1))
        resp_raw(out, KR_STR("+k\r\n:1\r\n"));
    resp_array(out, 123456);
}

#define SAME                                                                   \
    "+OK\r\n+PONG\r\n-ERR no\r\n-ERR a b c\r\n-\r\n"                           \
    ":0\r\n:9\r\n:10\r\n:99\r\n:100\r\n:-1\r\n:-9223372036854775808\r\n"       \
    "$0\r\n\r\n$0\r\n\r\n$4\r\na\r\nb\r\n$3\r\n-42\r\n"

static const char *const in_resp2 =
    SAME "$-1\r\n*-1\r\n:1\r\n:0\r\n$3\r\n3.5\r\n$4\r\n-inf\r\n"
         "$4\r\n2.50\r\n"
         "$37\r\n1234567999999999999999999999999999999\r\n$2\r\nhi\r\n"
         "*3\r\n*2\r\n*1\r\n*24\r\n*123456\r\n";

static const char *const in_resp3 =
    SAME "_\r\n_\r\n#t\r\n#f\r\n,3.5\r\n,-inf\r\n,2.50\r\n"
         "(1234567999999999999999999999999999999\r\n=6\r\ntxt:hi\r\n"
         "*3\r\n~2\r\n>1\r\n%12\r\n|1\r\n+k\r\n:1\r\n*123456\r\n";

START_TEST(replies_are_the_same_in_pieces_of_any_size)
{
    for (uint8_t protocol = 2; protocol <= 3; protocol++)
        for (size_t piece = RESP_OUT_PIECE; piece < 900; piece++) {
            struct sink sink = {
                .out = {.more = sink_more, .protocol = protocol},
                .piece = piece,
                .pieces_left = 1000};

            write_all(&sink.out);
            sink_drain(&sink);
            ck_assert_str_eq(sink.all.data,
                             protocol == 2 ? in_resp2 : in_resp3);
            buffer_free(&sink.all);
        }
}
END_TEST

START_TEST(a_large_payload_spans_pieces)
{
    struct sink sink = {
        .out = {.more = sink_more}, .piece = 1000, .pieces_left = 1000};
    static char payload[100000];

    sink.out.protocol = 3;
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (char)(i * 31);
    resp_bulk(&sink.out, kr_str(payload, sizeof(payload)));
    resp_verbatim(&sink.out, "mkd", kr_str(payload, sizeof(payload)));
    sink_drain(&sink);
    ck_assert_uint_eq(sink.all.size, 9 + 100000 + 2 + 13 + 100000 + 2);
    ck_assert_mem_eq(sink.all.data, "$100000\r\n", 9);
    ck_assert_mem_eq(sink.all.data + 9, payload, sizeof(payload));
    ck_assert_mem_eq(sink.all.data + 100009, "\r\n=100004\r\nmkd:", 15);
    ck_assert_mem_eq(sink.all.data + 100024, payload, sizeof(payload));
    buffer_free(&sink.all);
}
END_TEST

START_TEST(nothing_is_written_where_there_is_no_room)
{
    for (size_t pieces = 0; pieces < 12; pieces++) {
        struct sink sink = {.out = {.more = sink_more, .protocol = 3},
                            .piece = RESP_OUT_PIECE,
                            .pieces_left = pieces};

        write_all(&sink.out);
        sink_drain(&sink);
        ck_assert_uint_le(sink.all.size, pieces * RESP_OUT_PIECE);
        buffer_free(&sink.all);
    }
}
END_TEST

START_TEST(a_header_can_be_made_afterwards)
{
    char text[RESP_OUT_PIECE];

    ck_assert_uint_eq(resp_header(text, '*', 7), 4);
    ck_assert_mem_eq(text, "*7\r\n", 4);
    ck_assert_uint_eq(resp_header(text, '%', 1000000), 10);
    ck_assert_mem_eq(text, "%1000000\r\n", 10);
}
END_TEST

Suite *writer_suite(void)
{
    Suite *suite = suite_create("resp/writer");
    TCase *tcase = tcase_create("writer");

    tcase_add_test(tcase, replies_are_the_same_in_pieces_of_any_size);
    tcase_add_test(tcase, a_large_payload_spans_pieces);
    tcase_add_test(tcase, nothing_is_written_where_there_is_no_room);
    tcase_add_test(tcase, a_header_can_be_made_afterwards);
    suite_add_tcase(suite, tcase);
    return suite;
}
