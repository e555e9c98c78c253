/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink of connections: what is written comes out, whatever chunks it went
 * through, and in whatever pieces it is sent. */
#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/net/output.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct output output;

static void set_up(void)
{
    output_init(&output, 2, NULL);
}

static void tear_down(void)
{
    output_fini(&output);
}

static void expect(const char *text)
{
    struct kr_str got = output_flatten(&output);

    ck_assert_uint_eq(got.size, strlen(text));
    ck_assert_mem_eq(got.data, text, got.size);
    ck_assert_uint_eq(output_size(&output), got.size);
}

START_TEST(an_output_with_nothing_to_send_owns_nothing)
{
    ck_assert(output_is_empty(&output));
    ck_assert_uint_eq(output_memory(&output), 0);
    kr_reply_ok(&output.reply);
    ck_assert_uint_gt(output_memory(&output), 0);
    output_advance(&output, 5);
    ck_assert(output_is_empty(&output));
    ck_assert_uint_eq(output_memory(&output), 0);
}
END_TEST

START_TEST(a_deferred_header_stands_before_its_elements)
{
    uint64_t token = output.reply.ops->defer(&output.reply);

    kr_reply_int64(&output.reply, 1);
    kr_reply_int64(&output.reply, 2);
    output.reply.ops->close(&output.reply, token, KR_ARRAY, 2);
    kr_reply_ok(&output.reply);
    expect("*2\r\n:1\r\n:2\r\n+OK\r\n");
}
END_TEST

START_TEST(deferred_headers_nest)
{
    uint64_t outer = output.reply.ops->defer(&output.reply);
    uint64_t inner = output.reply.ops->defer(&output.reply);

    kr_reply_int64(&output.reply, 7);
    output.reply.ops->close(&output.reply, inner, KR_SET, 1);
    kr_reply_null(&output.reply);
    output.reply.ops->close(&output.reply, outer, KR_MAP, 1);
    expect("*2\r\n*1\r\n:7\r\n$-1\r\n");
}
END_TEST

START_TEST(kinds_have_their_marks_in_resp3)
{
    static const char *const heads[] = {"*1\r\n", "%1\r\n", "~1\r\n", ">1\r\n"};
    uint64_t token;

    output_set_protocol(&output, 3);
    token = output.reply.ops->defer(&output.reply);
    output.reply.ops->close(&output.reply, token, (uint32_t)_i, 1);
    expect(heads[_i]);
}
END_TEST

START_TEST(a_blob_is_sent_from_where_it_is)
{
    struct kr_blob *blob = blob_new(100000, 0);
    struct iovec pieces[8];
    int count;

    memset(blob->data, 'x', blob->size);
    output.reply.ops->blob(&output.reply, blob, 10, 50000);
    count = output_gather(&output, pieces, 8);
    ck_assert_int_eq(count, 3);
    ck_assert_ptr_eq(pieces[1].iov_base, blob->data + 10);
    ck_assert_uint_eq(pieces[1].iov_len, 50000);
    blob_release(blob); /* the output still holds it */
    ck_assert_int_eq(((char *)pieces[1].iov_base)[49999], 'x');
    ck_assert_uint_eq(output_size(&output), 8 + 50000 + 2);
}
END_TEST

START_TEST(nothing_is_written_while_muted)
{
    kr_reply_int64(&output.reply, 1);
    output_mute(&output, true);
    kr_reply_int64(&output.reply, 2);
    output_mute(&output, false);
    kr_reply_int64(&output.reply, 3);
    expect(":1\r\n:3\r\n");
}
END_TEST

static bool allow_nothing(struct output *o)
{
    (void)o;
    return false;
}

START_TEST(an_overrun_ends_all_writing)
{
    output.allow = allow_nothing;
    for (int i = 0; i < 100000; i++)
        kr_reply_int64(&output.reply, i);
    ck_assert(output.overrun);
    ck_assert_uint_le(output_size(&output), OUTPUT_CHUNK);
}
END_TEST

/* A message that comes while a reply is being made. */
static void push(struct output_list *late, const char *text, size_t times)
{
    output_exchange(&output, late);
    output_mute(&output, false);
    for (size_t i = 0; i < times; i++)
        kr_reply_bulk(&output.reply, kr_cstr(text));
    output_exchange(&output, late);
}

START_TEST(what_is_set_aside_comes_behind)
{
    struct output_list late = {.head = NULL};
    uint64_t token = output.reply.ops->defer(&output.reply);

    kr_reply_int64(&output.reply, 1);
    push(&late, "a", 1);
    kr_reply_int64(&output.reply, 2);
    push(&late, "b", 1);
    output.reply.ops->close(&output.reply, token, KR_ARRAY, 2);
    output_join(&output, &late);
    ck_assert_ptr_null(late.head);
    output_join(&output, &late);
    kr_reply_ok(&output.reply);
    expect("*2\r\n:1\r\n:2\r\n$1\r\na\r\n$1\r\nb\r\n+OK\r\n");
}
END_TEST

START_TEST(what_is_set_aside_may_be_all)
{
    struct output_list late = {.head = NULL};

    push(&late, "a", 1);
    ck_assert(output_is_empty(&output));
    output_join(&output, &late);
    expect("$1\r\na\r\n");
}
END_TEST

/* 7 bytes each, so that it takes chunks. */
START_TEST(what_is_set_aside_may_be_long)
{
    struct output_list late = {.head = NULL};
    size_t sent = 0;

    kr_reply_int64(&output.reply, 1);
    push(&late, "a", 10000);
    push(&late, "b", 10000);
    kr_reply_int64(&output.reply, 2);
    output_advance(&output, 3);
    output_join(&output, &late);
    ck_assert_uint_eq(output_size(&output), 5 + 140000);
    kr_reply_ok(&output.reply);
    while (output_size(&output) > 5) {
        size_t some = output_size(&output) - 5;

        output_advance(&output, some < 10007 ? some : 10007);
        sent += some < 10007 ? some : 10007;
    }
    ck_assert_uint_eq(sent, 5 + 140000);
    expect("+OK\r\n");
}
END_TEST

START_TEST(what_is_set_aside_goes_with_an_abandoned_output)
{
    struct output_list late = {.head = NULL};

    push(&late, "a", 10000);
    output_abandon(&output);
    output_join(&output, &late);
    ck_assert(output_is_empty(&output));
    kr_reply_ok(&output.reply);
    ck_assert(output_is_empty(&output));
}
END_TEST

/* A random sequence of writes, defers, sends and flattenings against a plain
 * string. */
struct model {
    char *bytes;
    size_t size, sent;
};

static void model_insert(struct model *m, size_t at, const char *text)
{
    size_t n = strlen(text);

    memmove(m->bytes + at + n, m->bytes + at, m->size - at);
    memcpy(m->bytes + at, text, n);
    m->size += n;
}

static void random_values(struct model *m, unsigned depth, unsigned *seed)
{
    unsigned count = (unsigned)rand_r(seed) % 40;
    size_t at = m->size;
    uint64_t token = output.reply.ops->defer(&output.reply);
    char text[4096];

    for (unsigned i = 0; i < count; i++) {
        unsigned kind = (unsigned)rand_r(seed) % 24;

        if (kind == 0 && depth < 6) {
            random_values(m, depth + 1, seed);
        } else if (kind < 4) {
            size_t n = (size_t)rand_r(seed) % 3000;
            char bulk[3000];

            memset(bulk, 'a' + (int)(i % 26), n);
            kr_reply_bulk(&output.reply, kr_str(bulk, n));
            snprintf(text, sizeof(text), "$%zu\r\n%.*s\r\n", n, (int)n, bulk);
            model_insert(m, m->size, text);
        } else {
            kr_reply_int64(&output.reply, i);
            snprintf(text, sizeof(text), ":%u\r\n", i);
            model_insert(m, m->size, text);
        }
    }
    output.reply.ops->close(&output.reply, token, KR_ARRAY, count);
    snprintf(text, sizeof(text), "*%u\r\n", count);
    model_insert(m, at, text);
}

START_TEST(random_nested_replies_come_out_as_written)
{
    unsigned seed = (unsigned)time(NULL) + (unsigned)_i;
    struct model m = {.bytes = memory_alloc(64 << 20)};
    char *got;
    size_t size = 0;

    printf("output: seed %u\n", seed);
    random_values(&m, 0, &seed);
    ck_assert_uint_eq(output_size(&output), m.size);
    got = memory_alloc(m.size + 1);
    while (!output_is_empty(&output)) {
        struct iovec pieces[3];
        int count = output_gather(&output, pieces, 3);
        size_t sent = 0, all = 0;

        for (int i = 0; i < count; i++)
            all += pieces[i].iov_len;
        sent = 1 + (size_t)rand_r(&seed) % all;
        for (size_t i = 0, left = sent; left > 0; i++) {
            size_t n = pieces[i].iov_len < left ? pieces[i].iov_len : left;

            memcpy(got + size, pieces[i].iov_base, n);
            size += n;
            left -= n;
        }
        output_advance(&output, sent);
    }
    ck_assert_uint_eq(size, m.size);
    ck_assert(memcmp(got, m.bytes, size) == 0);
    memory_free(got);
    memory_free(m.bytes);
}
END_TEST

Suite *output_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tests = tcase_create("sink");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_output_with_nothing_to_send_owns_nothing);
    tcase_add_test(tests, a_deferred_header_stands_before_its_elements);
    tcase_add_test(tests, deferred_headers_nest);
    tcase_add_loop_test(tests, kinds_have_their_marks_in_resp3, 0, 4);
    tcase_add_test(tests, a_blob_is_sent_from_where_it_is);
    tcase_add_test(tests, nothing_is_written_while_muted);
    tcase_add_test(tests, an_overrun_ends_all_writing);
    tcase_add_test(tests, what_is_set_aside_comes_behind);
    tcase_add_test(tests, what_is_set_aside_may_be_all);
    tcase_add_test(tests, what_is_set_aside_may_be_long);
    tcase_add_test(tests, what_is_set_aside_goes_with_an_abandoned_output);
    tcase_add_loop_test(tests, random_nested_replies_come_out_as_written, 0,
                        10);
    suite_add_tcase(suite, tests);
    return suite;
}
