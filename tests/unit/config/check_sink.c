/* SPDX-License-Identifier: BSD-3-Clause */
/* What a parameter prints of itself is one flat text. */
#include "core/config/sink.h"
#include "core/memory/blob.h"
#include "tests/unit/suites.h"

static struct sink sink;

static void setup(void)
{
    sink_init(&sink);
}

static void teardown(void)
{
    sink_fini(&sink);
}

static void printed(const char *text)
{
    ck_assert(kr_str_equal(buffer_str(&sink.text), kr_cstr(text)));
}

START_TEST(each_kind_is_text)
{
    const struct kr_reply_ops *ops = sink.reply.ops;

    ops->bulk(&sink.reply, KR_STR("a "));
    ops->int64(&sink.reply, -1);
    ops->bulk_int64(&sink.reply, 2);
    ops->raw(&sink.reply, KR_STR(" "));
    ops->number(&sink.reply, 0.5);
    ops->boolean(&sink.reply, true);
    ops->boolean(&sink.reply, false);
    ops->big_number(&sink.reply, KR_STR("9"));
    ops->verbatim(&sink.reply, "txt", KR_STR("v"));
    ops->decimal(&sink.reply, KR_STR("1.5"));
    printed("a -12 0.5yesno9v1.5");
}
END_TEST

START_TEST(a_status_is_a_line)
{
    sink.reply.ops->status(&sink.reply, KR_STR("one"));
    sink.reply.ops->status(&sink.reply, KR_STR("two"));
    printed("one\ntwo\n");
}
END_TEST

START_TEST(containers_and_nothing_leave_no_trace)
{
    const struct kr_reply_ops *ops = sink.reply.ops;
    uint64_t token;

    ops->open(&sink.reply, 0, 2);
    ops->null(&sink.reply);
    ops->null_array(&sink.reply);
    token = ops->defer(&sink.reply);
    ops->close(&sink.reply, token, 0, 1);
    ck_assert_uint_eq(sink.text.size, 0);
}
END_TEST

START_TEST(a_part_of_a_blob_is_copied)
{
    struct kr_blob *blob = blob_new(10, 10);

    memcpy(blob->data, "0123456789", 10);
    sink.reply.ops->blob(&sink.reply, blob, 2, 3);
    blob_release(blob);
    printed("234");
}
END_TEST

START_TEST(an_error_shows_nothing_and_is_counted)
{
    sink.reply.ops->error(&sink.reply, KR_STR("ERR no"));
    ck_assert_uint_eq(sink.reply.errors, 1);
    ck_assert_uint_eq(sink.text.size, 0);
}
END_TEST

Suite *config_sink_suite(void)
{
    Suite *suite = suite_create("config_sink");
    TCase *tcase = tcase_create("config_sink");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_kind_is_text);
    tcase_add_test(tcase, a_status_is_a_line);
    tcase_add_test(tcase, containers_and_nothing_leave_no_trace);
    tcase_add_test(tcase, a_part_of_a_blob_is_copied);
    tcase_add_test(tcase, an_error_shows_nothing_and_is_counted);
    suite_add_tcase(suite, tcase);
    return suite;
}
