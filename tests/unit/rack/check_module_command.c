/* SPDX-License-Identifier: BSD-3-Clause */
/* MODULE: replies and error texts as clients of Redis know them. */
#include "core/memory/memory_interface.h"
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

static const struct kr_reply_ops ops = {.size = sizeof(ops),
                                        .int64 = say_int64,
                                        .status = say_status,
                                        .error = say_error,
                                        .bulk = say_bulk,
                                        .open = say_open};

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

static struct kr_str set_names[4], set_values[4];
static uint32_t set_count;
static kr_status set_answer;

static kr_status set(uint32_t pairs, const struct kr_str *names,
                     const struct kr_str *values, char *error,
                     size_t error_size)
{
    for (set_count = 0; set_count < pairs; set_count++) {
        set_names[set_count] = names[set_count];
        set_values[set_count] = values[set_count];
    }
    snprintf(error, error_size, "no such parameter");
    return set_answer;
}

START_TEST(loadex_takes_parameters_and_arguments)
{
    static const struct kr_config config = {.size = sizeof(config), .set = set};

    rack_offer("kr.config/1", &config);
    ck_assert_str_eq(RUN(module_loadex, module_path("plain"), "config", "a",
                         "1", "CONFIG", "b", "2", "args", "x", "CONFIG"),
                     "+OK ");
    ck_assert_uint_eq(set_count, 2);
    ck_assert(kr_str_equal(set_names[1], KR_STR("b")));
    ck_assert(kr_str_equal(set_values[1], KR_STR("2")));
    ck_assert_ptr_nonnull(
        strstr(run(module_list, 2, (const char *[]){"module", "list"}),
               "args *2 x CONFIG "));
    RUN(module_unload, "plain");
    ck_assert_str_eq(RUN(module_loadex, module_path("plain"), "ARGS"), "+OK ");
    RUN(module_unload, "plain");
    set_answer = KR_ENOENT;
    RUN(module_loadex, module_path("plain"), "CONFIG", "a", "1");
    begins("-ERR Error loading the extension. module 'plain'");
    ck_assert_ptr_nonnull(strstr(said, "CONFIG: no such parameter"));
    ck_assert_ptr_null(rack_find(KR_STR("plain")));
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
    begins("%19 name plain ver :10203 version 1.2.3 generation :1 path ");
    ck_assert_ptr_nonnull(strstr(said, "imports *1 kr.memory/1 "));
    ck_assert_ptr_nonnull(strstr(said, "offers *1 test.plain/1 "));
    ck_assert_ptr_nonnull(strstr(said, "can-unload yes "));
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
    tcase_add_test(tcase, loadex_without_its_words_is_refused);
    tcase_add_test(tcase, info_tells_everything);
    tcase_add_test(tcase, help_is_what_redis_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
