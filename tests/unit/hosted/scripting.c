/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/hosted/scripting.h"

#include "modules/lua/run.h"

#include <kr/command.h>

#include <stdio.h>
#include <stdlib.h>

const struct kr_test *host;

/* --- What came ------------------------------------------------------------ */

void gets_reply(const char *expected, struct kr_str got, int line)
{
    ck_assert_msg(kr_str_equal(got, kr_cstr(expected)),
                  "line %d: expected %s, got %.*s", line, expected,
                  (int)got.size, got.data);
}

void gets_part(const char *part, struct kr_str got, int line)
{
    ck_assert_msg(memmem(got.data, got.size, part, strlen(part)) != NULL,
                  "line %d: '%s' is not in %.*s", line, part, (int)got.size,
                  got.data);
}

long long info(const char *name)
{
    struct kr_str text = KR_TEST_RUN(host, 0, "INFO", "everything");
    char field[64];
    const char *at;

    snprintf(field, sizeof(field), "\n%s:", name);
    at = memmem(text.data, text.size, field, strlen(field));
    ck_assert_msg(at != NULL, "INFO has no %s", name);
    return strtoll(at + strlen(field), NULL, 10);
}

/* --- TEST ----------------------------------------------------------------- */

static char words_seen[4096];

const char *seen(void)
{
    static char told[sizeof(words_seen)];

    memcpy(told, words_seen, sizeof(told));
    words_seen[0] = '\0';
    return told;
}

static void test_words(struct kr_call *call)
{
    size_t used = strlen(words_seen);

    for (uint32_t i = 2; i < call->argc && used < sizeof(words_seen); i++)
        used += (size_t)snprintf(words_seen + used, sizeof(words_seen) - used,
                                 "%s%.*s", i == 2 ? "[" : "|",
                                 (int)call->argv[i].size, call->argv[i].data);
    if (used < sizeof(words_seen))
        snprintf(words_seen + used, sizeof(words_seen) - used, "] ");
    kr_reply_ok(call->reply);
}

static void say_map(struct kr_reply *r)
{
    kr_reply_map(r, 1);
    kr_reply_bulk(r, KR_STR("key"));
    kr_reply_int64(r, 1);
}

static void say_set(struct kr_reply *r)
{
    r->ops->open(r, KR_SET, 1);
    kr_reply_bulk(r, KR_STR("member"));
}

static void say_nested(struct kr_reply *r)
{
    kr_reply_array(r, 2);
    kr_reply_array(r, 1);
    kr_reply_null(r);
    kr_reply_int64(r, 2);
}

static void test_reply(struct kr_call *call)
{
    struct kr_reply *r = call->reply;
    struct kr_str kind = call->argv[2];

    if (kr_str_equal(kind, KR_STR("integer")))
        kr_reply_int64(r, -7);
    else if (kr_str_equal(kind, KR_STR("bulk")))
        kr_reply_bulk(r, kr_str("a\0b", 3));
    else if (kr_str_equal(kind, KR_STR("status")))
        kr_reply_status(r, "FINE");
    else if (kr_str_equal(kind, KR_STR("null")))
        kr_reply_null(r);
    else if (kr_str_equal(kind, KR_STR("null array")))
        r->ops->null_array(r);
    else if (kr_str_equal(kind, KR_STR("double")))
        r->ops->number(r, 1.5);
    else if (kr_str_equal(kind, KR_STR("decimal")))
        kr_reply_decimal(r, KR_STR("2.50"));
    else if (kr_str_equal(kind, KR_STR("true")))
        r->ops->boolean(r, true);
    else if (kr_str_equal(kind, KR_STR("big number")))
        r->ops->big_number(r, KR_STR("12345678901234567890"));
    else if (kr_str_equal(kind, KR_STR("verbatim")))
        r->ops->verbatim(r, "txt", KR_STR("said"));
    else if (kr_str_equal(kind, KR_STR("empty")))
        kr_reply_array(r, 0);
    else if (kr_str_equal(kind, KR_STR("nested")))
        say_nested(r);
    else if (kr_str_equal(kind, KR_STR("map")))
        say_map(r);
    else if (kr_str_equal(kind, KR_STR("set")))
        say_set(r);
    else
        kr_reply_error(r, "MINE it went wrong\r\n");
}

static void run_test(struct kr_call *call)
{
    struct run *running = state()->owner.running;

    if (kr_str_equal(call->argv[1], KR_STR("words"))) {
        test_words(call);
    } else if (kr_str_equal(call->argv[1], KR_STR("reply")) && call->argc > 2) {
        test_reply(call);
    } else if (kr_str_equal(call->argv[1], KR_STR("kill")) && running) {
        run_kill_all(running);
        kr_reply_ok(call->reply);
    } else {
        kr_reply_error(call->reply, "ERR no such test");
    }
}

static void add_test(void)
{
    struct kr_command row = {
        .name = "test", .run = run_test, .arity = -2, .flags = KR_CMD_READONLY};

    if (kr_commands->add(host->self, &row) != KR_OK)
        abort();
}

/* --- All of it ------------------------------------------------------------ */

KR_TEST_MAIN(test)
{
    SRunner *runner = srunner_create(NULL);
    int failed;

    host = test;
    add_test();
    srunner_add_suite(runner, scripts_suite());
    srunner_add_suite(runner, call_suite());
    srunner_add_suite(runner, eval_suite());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    (void)kr_commands->remove(host->self, "test");
    return failed == 0 ? 0 : 1;
}
