/* SPDX-License-Identifier: BSD-3-Clause */
/* MODULE: replies and error texts as clients of Redis know them. */
#include "core/config/config.h"
#include "core/module/memory_interface.h"
#include "core/rack/directory.h"
#include "core/rack/module_rows.h"
#include "core/rack/rack.h"
#include "tests/unit/rack/modules.h"
#include "tests/unit/suites.h"

#include <kr/config.h>

#include <inttypes.h>

/* --- A sink that writes a line of text ----------------------------------- */

static char said[8192];

static void add(struct kr_str text)
{
    size_t used = strlen(said);

    ck_assert_uint_lt(used + text.size + 1, sizeof(said));
    memcpy(said + used, text.data, text.size);
    memcpy(said + used + text.size, " ", 2);
}

static void say_int64(struct kr_reply *reply, int64_t value)
{
    char text[24];

    (void)reply;
    snprintf(text, sizeof(text), ":%" PRId64, value);
    add(kr_cstr(text));
}

static void say_status(struct kr_reply *reply, struct kr_str text)
{
    (void)reply;
    strcat(said, "+");
    add(text);
}

static void say_error(struct kr_reply *reply, struct kr_str text)
{
    reply->errors++;
    strcat(said, "-");
    add(text);
}

static void say_bulk(struct kr_reply *reply, struct kr_str bytes)
{
    (void)reply;
    add(bytes);
}

static void say_open(struct kr_reply *reply, uint32_t kind, uint64_t count)
{
    char text[32];

    (void)reply;
    snprintf(text, sizeof(text), "%c%" PRIu64, kind == KR_MAP ? '%' : '*',
             count);
    add(kr_cstr(text));
}

static uint64_t say_defer(struct kr_reply *reply)
{
    (void)reply;
    strcat(said, "(");
    return 1;
}

static void say_close(struct kr_reply *reply, uint64_t token, uint32_t kind,
                      uint64_t count)
{
    (void)token;
    strcat(said, ")");
    say_open(reply, kind, count);
}

static const struct kr_reply_ops ops = {.size = sizeof(ops),
                                        .int64 = say_int64,
                                        .status = say_status,
                                        .error = say_error,
                                        .bulk = say_bulk,
                                        .open = say_open,
                                        .defer = say_defer,
                                        .close = say_close};

static const char *run(void (*handler)(struct kr_call *call), uint32_t argc,
                       const char *const *words)
{
    struct kr_reply reply = {.ops = &ops, .protocol = 3};
    struct kr_str argv[16];
    struct kr_call call = {.argv = argv, .argc = argc, .reply = &reply};

    for (uint32_t i = 0; i < argc; i++)
        argv[i] = kr_cstr(words[i]);
    said[0] = '\0';
    handler(&call);
    return said;
}
#define RUN(handler, ...)                                                      \
    run(handler, KR_COUNT(((const char *[]){"module", "x", __VA_ARGS__})),     \
        (const char *[]){"module", "x", __VA_ARGS__})

static bool yes(const struct kr_call *call)
{
    return call->argc > 0;
}

static void setup(void)
{
    rack_offer("kr.memory/1", &memory_interface);
    rack_offer("kr.modules/1", &rack_interface);
    rack_command_allowed = yes;
}

static void begins(const char *text)
{
    ck_assert_msg(strncmp(said, text, strlen(text)) == 0, "%s", said);
}

/* --- Cases --------------------------------------------------------------- */

START_TEST(only_who_is_allowed_may_load)
{
    static const char denied[] =
        "-ERR MODULE command not allowed. If the enable-module-command option "
        "is set to \"local\", you can run it from a local connection, "
        "otherwise "
        "you need to set this option in the configuration file, and then "
        "restart the server. ";

    rack_command_allowed = NULL;
    ck_assert_str_eq(RUN(module_load, module_path("plain")), denied);
    ck_assert_str_eq(RUN(module_loadex, module_path("plain")), denied);
    ck_assert_str_eq(RUN(module_unload, "plain"), denied);
    ck_assert_str_eq(run(module_list, 2, (const char *[]){"module", "list"}),
                     "*0 ");
}
END_TEST

START_TEST(load_and_unload_answer_as_redis_does)
{
    char wanted[4400];

    ck_assert_str_eq(RUN(module_load, module_path("plain"), "a", "b"), "+OK ");
    snprintf(wanted, sizeof(wanted),
             "*1 %%4 name plain ver :10203 path %s args *2 a b ",
             module_path("plain"));
    ck_assert_str_eq(run(module_list, 2, (const char *[]){"module", "list"}),
                     wanted);
    ck_assert_str_eq(RUN(module_unload, "plain"), "+OK ");
    ck_assert_str_eq(RUN(module_unload, "plain"),
                     "-ERR Error unloading module: no such module with that "
                     "name ");
}
END_TEST

START_TEST(a_failed_load_says_why)
{
    RUN(module_load, "/nonexistent.so");
    begins("-ERR Error loading the extension. /nonexistent.so: No such file");
    RUN(module_load, module_path("plain"), "refuse");
    begins("-ERR Error loading the extension. module 'plain'");
    ck_assert_ptr_nonnull(strstr(said, "told to?refuse"));
    RUN(module_load, "");
    begins("-ERR Error loading the extension. ");
}
END_TEST

static bool has_value(const char *name, const char *value)
{
    struct buffer text = {0};
    bool same = config_print(kr_cstr(name), &text) &&
                kr_str_equal(buffer_str(&text), kr_cstr(value));

    buffer_free(&text);
    return same;
}

START_TEST(loadex_takes_parameters_and_arguments)
{
    ck_assert_str_eq(RUN(module_loadex, module_path("typed"), "config",
                         "TYPED.limit", "8", "CONFIG", "typed.fixed", "no",
                         "CONFIG", "typed.limit", "9", "args", "x", "CONFIG"),
                     "+OK ");
    ck_assert(has_value("typed.limit", "9"));
    ck_assert_ptr_nonnull(
        strstr(run(module_list, 2, (const char *[]){"module", "list"}),
               "args *2 x CONFIG "));
    RUN(module_unload, "typed");
    ck_assert_str_eq(RUN(module_loadex, module_path("plain"), "ARGS"), "+OK ");
}
END_TEST

/* typed.fixed is immutable: only the load itself may bring it. */
START_TEST(loadex_sets_immutable_parameters)
{
    ck_assert_str_eq(RUN(module_loadex, module_path("typed"), "CONFIG",
                         "typed.fixed", "yes"),
                     "+OK ");
    ck_assert(has_value("typed.fixed", "yes"));
    ck_assert(has_value("typed.limit", "7"));
}
END_TEST

START_TEST(loadex_with_a_value_that_is_refused_says_which)
{
    RUN(module_loadex, module_path("typed"), "CONFIG", "typed.limit", "many");
    begins("-ERR Error loading the extension. module 'typed'");
    ck_assert_ptr_nonnull(
        strstr(said, "parameter 'typed.limit': argument couldn't be parsed "
                     "into an integer"));
    RUN(module_loadex, module_path("typed"), "CONFIG", "typed.none", "1");
    ck_assert_ptr_nonnull(
        strstr(said, "CONFIG: parameter 'typed.none': there is none of that "
                     "name"));
    ck_assert_ptr_null(rack_find(KR_STR("typed")));
}
END_TEST

/* What a failed load asked for must not come back with the next one; what a
 * former load has left must. */
START_TEST(loadex_that_fails_leaves_no_value_behind)
{
    RUN(module_loadex, module_path("typed"), "CONFIG", "typed.limit", "8");
    RUN(module_unload, "typed");
    RUN(module_loadex, module_path("typed"), "CONFIG", "typed.limit", "9",
        "CONFIG", "typed.none", "1");
    begins("-ERR Error loading the extension. ");
    ck_assert_str_eq(RUN(module_load, module_path("typed")), "+OK ");
    ck_assert(has_value("typed.limit", "8"));
    RUN(module_unload, "typed");
    ck_assert_str_eq(
        RUN(module_loadex, module_path("typed"), "CONFIG", "typed.limit", "10"),
        "+OK ");
    ck_assert(has_value("typed.limit", "10"));
    RUN(module_unload, "typed");
    ck_assert_str_eq(RUN(module_load, module_path("typed")), "+OK ");
    ck_assert(has_value("typed.limit", "10"));
}
END_TEST

START_TEST(loadex_without_its_words_is_refused)
{
    RUN(module_loadex, module_path("plain"), "FOO");
    begins("-ERR Error loading the extension. Expected CONFIG");
    RUN(module_loadex, module_path("plain"), "CONFIG", "a");
    begins("-ERR Error loading the extension. Expected CONFIG");
    RUN(module_loadex, module_path("plain"), "CONFIG");
    begins("-ERR Error loading the extension. Expected CONFIG");
    ck_assert_ptr_null(rack_find(KR_STR("plain")));
}
END_TEST

START_TEST(info_tells_everything)
{
    ck_assert_str_eq(RUN(module_info, "plain"),
                     "-ERR no such module with that name ");
    RUN(module_load, module_path("plain"));
    RUN(module_info, "plain");
    begins("%31 name plain ver :10203 version 1.2.3 generation :1 upgrades "
           ":0 upgrade-usec :0 upgrade-cpu-usec :0 path ");
    ck_assert_ptr_nonnull(strstr(said, "can-upgrade no "));
    ck_assert_ptr_nonnull(strstr(said, "imports *1 kr.memory/1 denied ()*0 "));
    ck_assert_ptr_nonnull(strstr(said, "offers *1 test.plain/1 "));
    ck_assert_ptr_nonnull(strstr(said, "can-unload yes "));
    ck_assert_ptr_nonnull(
        strstr(said, "held :0 jobs :0 timers :0 waiting :0 "));
    ck_assert_ptr_nonnull(strstr(said, "lacks ()*0 "));
}
END_TEST

START_TEST(help_is_what_redis_says)
{
    run(module_help, 2, (const char *[]){"module", "help"});
    begins("*11 +MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands "
           "are: +LIST +    Return a list of loaded modules. ");
}
END_TEST

Suite *module_command_suite(void)
{
    Suite *suite = suite_create("module_command");
    TCase *tcase = tcase_create("module_command");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, only_who_is_allowed_may_load);
    tcase_add_test(tcase, load_and_unload_answer_as_redis_does);
    tcase_add_test(tcase, a_failed_load_says_why);
    tcase_add_test(tcase, loadex_takes_parameters_and_arguments);
    tcase_add_test(tcase, loadex_sets_immutable_parameters);
    tcase_add_test(tcase, loadex_with_a_value_that_is_refused_says_which);
    tcase_add_test(tcase, loadex_that_fails_leaves_no_value_behind);
    tcase_add_test(tcase, loadex_without_its_words_is_refused);
    tcase_add_test(tcase, info_tells_everything);
    tcase_add_test(tcase, help_is_what_redis_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
