/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters and their owners: registration, CONFIG SET, values that wait for a
 * module, upgrades.  core/config/param.c, core/config/pending.c and
 * core/config/set.c. */
#include "core/config/config.h"

#include "core/dispatch/call.h"
#include "core/net/client.h"
#include "core/rack/rack.h"
#include "core/resp/inline.h"

#include <stdio.h>

#include "tests/unit/suites.h"

/* --- Two modules with parameters ----------------------------------------- */

static struct {
    int64_t number, other;
    bool flag, guarded;
    const char *text;
    char pair_text[64]; /* of the SPECIAL that prints itself */
    int applied;
    int64_t applied_number;
    char order[256]; /* of calls to apply() */
} vars;

static bool number_apply(void *state, uint32_t argc, const struct kr_str *argv,
                         const char **error)
{
    (void)state, (void)argc, (void)argv;
    vars.applied++;
    vars.applied_number = vars.number;
    strcat(vars.order, "n");
    *error = "not today";
    return vars.number != 13;
}

static bool other_apply(void *state, uint32_t argc, const struct kr_str *argv,
                        const char **error)
{
    (void)state, (void)argc, (void)argv, (void)error;
    strcat(vars.order, "o");
    return true;
}

static bool text_check(void *state, uint32_t argc, const struct kr_str *argv,
                       const char **error)
{
    (void)state, (void)argc;
    *error = "no spaces";
    return !argv[0].size || !memchr(argv[0].data, ' ', argv[0].size);
}

static bool pair_check(void *state, uint32_t argc, const struct kr_str *argv,
                       const char **error)
{
    (void)state, (void)argv;
    *error = "it takes pairs";
    return argc % 2 == 0;
}

static bool pair_apply(void *state, uint32_t argc, const struct kr_str *argv,
                       const char **error)
{
    (void)state, (void)error;
    vars.pair_text[0] = '\0';
    for (uint32_t i = 0; i < argc; i++)
        snprintf(vars.pair_text + strlen(vars.pair_text), 16, "%s%.*s",
                 i ? " " : "", (int)argv[i].size, argv[i].data);
    strcat(vars.order, "p");
    return true;
}

static void pair_print(void *state, struct kr_reply *out)
{
    (void)state;
    out->ops->raw(out, kr_cstr(vars.pair_text));
}

static const struct kr_param rows[] = {
    {.name = "a.number",
     .alias = "a.old-number",
     .type = KR_PARAM_INT,
     .slot = &vars.number,
     .initial = "7",
     .min = 0,
     .max = 100,
     .apply = number_apply},
    {.name = "a.other",
     .type = KR_PARAM_INT,
     .slot = &vars.other,
     .initial = "1",
     .apply = other_apply},
    {.name = "a.flag",
     .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_IMMUTABLE,
     .slot = &vars.flag,
     .initial = "yes"},
    {.name = "a.guarded",
     .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_PROTECTED,
     .slot = &vars.guarded,
     .initial = "no"},
    {.name = "a.text",
     .type = KR_PARAM_STRING,
     .slot = &vars.text,
     .initial = "\"by default\"",
     .check = text_check},
    {.name = "a.pair",
     .type = KR_PARAM_SPECIAL,
     .flags = KR_PARAM_MULTI,
     .initial = "x y",
     .check = pair_check,
     .apply = pair_apply,
     .print = pair_print},
};
static const struct kr_rows table = KR_ROWS(rows);
static kr_module module = {.name = "a", .generation = 1};

static void config_add(kr_module *owner, const struct kr_rows *params)
{
    char error[1024] = "";

    ck_assert_msg(config_add_params(owner, params, error, sizeof(error)), "%s",
                  error);
}

static void config_is(const char *name, const char *value)
{
    struct buffer text = {0};

    ck_assert_msg(config_print(kr_cstr(name), &text), "no parameter %s", name);
    ck_assert_str_eq(text.data ? text.data : "", value);
    buffer_free(&text);
}

/* A line of a file. */
static void config_line(unsigned line, const char *text)
{
    struct resp_args words = {0};
    struct config_origin origin = {NULL, line, kr_cstr(text)};

    ck_assert_int_eq(resp_split_line(&words, kr_cstr(text)), RESP_SPLIT_DONE);
    config_pend(&origin, words.argv[0], (uint32_t)words.argc - 1,
                words.argv + 1);
    resp_args_fini(&words);
}

/* CONFIG SET of at most two; "" is success. */
static void config_sets(const char *a, const char *x, const char *b,
                        const char *y, const char *reply)
{
    const struct kr_str names[] = {kr_cstr(a), kr_cstr(b ? b : "")};
    const struct kr_str values[] = {kr_cstr(x), kr_cstr(y ? y : "")};
    char error[1024] = "";
    kr_status status =
        config_set(b ? 2 : 1, names, values, error, sizeof(error));

    ck_assert_str_eq(status == KR_OK ? "" : error, reply);
}

static void setup(void)
{
    config_init();
}

static void teardown(void)
{
    config_fini();
}

/* --- Registration -------------------------------------------------------- */

START_TEST(registration_writes_defaults_into_the_slots)
{
    config_add(&module, &table);
    ck_assert_int_eq(vars.number, 7);
    ck_assert(vars.flag);
    ck_assert_str_eq(vars.text, "by default");
    ck_assert_str_eq(vars.pair_text, "x y");
    ck_assert_int_eq(vars.applied, 0);
    config_is("A.NUMBER", "7");
    config_is("a.old-number", "7");
}
END_TEST

START_TEST(a_line_waits_for_its_owner)
{
    struct buffer error = {0};

    config_line(1, "a.number 8");
    config_line(2, "a.old-number 9");
    config_line(3, "a.flag no");
    config_add(&module, &table);
    ck_assert_int_eq(vars.number, 9);
    ck_assert(!vars.flag);
    ck_assert(config_settle(&error));
    buffer_free(&error);
}
END_TEST

START_TEST(a_line_without_an_owner_ends_the_start)
{
    struct buffer error = {0};

    config_line(1, "a.number 8");
    config_line(3, "foo bar");
    config_add(&module, &table);
    ck_assert(!config_settle(&error));
    ck_assert_str_eq(error.data,
                     "Reading the configuration file, at line 3\n>>> 'foo bar'"
                     "\nBad directive or wrong number of arguments");
    buffer_free(&error);
}
END_TEST

START_TEST(a_bad_line_refuses_all_rows_of_its_owner)
{
    char error[1024];

    config_line(4, "a.text \"two words\"");
    ck_assert(!config_add_params(&module, &table, error, sizeof(error)));
    ck_assert_str_eq(error, "Reading the configuration file, at line 4\n>>> "
                            "'a.text \"two words\"'\nno spaces");
    ck_assert(!config_print(KR_STR("a.number"), &(struct buffer){0}));
}
END_TEST

START_TEST(lines_of_a_multi_parameter_add_up)
{
    config_line(1, "a.pair 1 2");
    config_line(2, "a.pair \"3 4\"");
    config_add(&module, &table);
    ck_assert_str_eq(vars.pair_text, "1 2 3 4");
}
END_TEST

START_TEST(the_guilty_one_of_several_lines_is_named)
{
    char error[1024];

    config_line(1, "a.pair 1 2");
    config_line(2, "a.pair 3");
    config_line(3, "a.pair 5 6");
    ck_assert(!config_add_params(&module, &table, error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "at line 2\n>>> 'a.pair 3'"));
}
END_TEST

START_TEST(a_name_has_one_owner)
{
    static int64_t slot;
    static const struct kr_param twice[] = {
        {.name = "b.first",
         .type = KR_PARAM_INT,
         .slot = &slot,
         .initial = "1"},
        {.name = "a.old-number",
         .type = KR_PARAM_INT,
         .slot = &slot,
         .initial = "1"},
    };
    const struct kr_rows bad = KR_ROWS(twice);
    kr_module other = {.name = "b"};
    char error[1024];

    config_add(&module, &table);
    ck_assert(!config_add_params(&other, &bad, error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "a.number"));
    ck_assert(!config_print(KR_STR("b.first"), &(struct buffer){0}));
    config_is("a.number", "7");
}
END_TEST

START_TEST(rows_of_an_older_module_are_shorter)
{
    struct kr_rows shorter = table;
    /* Bytes behind a row's end must not be read. */
    char packed[2 * offsetof(struct kr_param, check)];

    for (size_t i = 0; i < 2; i++)
        memcpy(packed + i * offsetof(struct kr_param, check), &rows[i],
               offsetof(struct kr_param, check));
    shorter.rows = packed;
    shorter.count = 2;
    shorter.stride = offsetof(struct kr_param, check);
    config_add(&module, &shorter);
    config_sets("a.number", "13", NULL, NULL, ""); /* no apply() to refuse */
    config_is("a.other", "1");
}
END_TEST

/* --- CONFIG SET ---------------------------------------------------------- */

START_TEST(set_stores_all_then_applies_in_order)
{
    config_add(&module, &table);
    vars.order[0] = '\0';
    config_sets("a.other", "5", "A.Number", "6", "");
    ck_assert_str_eq(vars.order, "on");
    ck_assert_int_eq(vars.applied_number, 6);
    config_sets("a.pair", "k v", "a.text", "t", "");
    ck_assert_str_eq(vars.pair_text, "k v");
    ck_assert_str_eq(vars.text, "t");
}
END_TEST

#define FAILED(name)                                                           \
    "ERR CONFIG SET failed (possibly related to argument '" name "') - "

START_TEST(set_refuses_with_redis_words_and_changes_nothing)
{
    config_add(&module, &table);
    config_sets("a.other", "5", "nosuch", "1",
                "ERR Unknown option or number of arguments for CONFIG SET - "
                "'nosuch'");
    config_sets("a.other", "5", "a.NUMBER", "x",
                FAILED("a.NUMBER") "argument couldn't be parsed into an "
                                   "integer");
    config_sets("a.other", "5", "a.number", "101",
                FAILED("a.number") "argument must be between 0 and 100 "
                                   "inclusive");
    config_sets("a.other", "5", "a.flag", "no",
                FAILED("a.flag") "can't set immutable config");
    config_sets("a.other", "5", "a.OTHER", "6",
                FAILED("a.OTHER") "duplicate parameter");
    config_sets("a.other", "5", "a.text", "a b", FAILED("a.text") "no spaces");
    config_sets("a.other", "5", "a.pair", "1",
                FAILED("a.pair") "it takes "
                                 "pairs");
    /* Names are looked at before any value. */
    config_sets("a.number", "x", "nosuch", "1",
                "ERR Unknown option or number of arguments for CONFIG SET - "
                "'nosuch'");
    ck_assert_int_eq(vars.other, 1);
    ck_assert_int_eq(vars.number, 7);
    ck_assert_str_eq(vars.order, "p"); /* of the registration */
}
END_TEST

START_TEST(a_refused_apply_restores_and_applies_the_old_values)
{
    config_add(&module, &table);
    vars.order[0] = '\0';
    config_sets("a.other", "5", "a.number", "13",
                FAILED("a.number") "not today");
    ck_assert_int_eq(vars.other, 1);
    ck_assert_int_eq(vars.number, 7);
    ck_assert_int_eq(vars.applied_number, 7);
    ck_assert_str_eq(vars.order, "onno");

    vars.order[0] = '\0';
    config_sets("a.pair", "k v", "a.number", "13",
                FAILED("a.number") "not today");
    ck_assert_str_eq(vars.pair_text, "x y");
}
END_TEST

START_TEST(a_name_and_its_alias_are_undone_in_the_opposite_order)
{
    config_add(&module, &table);
    config_sets("a.number", "8", "a.old-number", "13",
                FAILED("a.number") "not today");
    ck_assert_int_eq(vars.number, 7);
}
END_TEST

START_TEST(protected_parameters_ask_who_calls)
{
    static int32_t who;
    static const struct kr_word words[] = {{"no", 0}, {"yes", 1}, {"local", 2}};
    static const struct kr_param guard[] = {{.name = "enable-protected-configs",
                                             .type = KR_PARAM_ENUM,
                                             .slot = &who,
                                             .initial = "no",
                                             .words = KR_ROWS(words)}};
    const struct kr_rows guards = KR_ROWS(guard);
    static struct kr_client client;
    struct call call = {.pub = {.client = &client}};
    const char *no = FAILED("a.guarded") "can't set protected config";

    config_add(NULL, &guards);
    config_add(&module, &table);
    config_sets("a.guarded", "yes", NULL, NULL, ""); /* the server itself */
    call_current = &call;
    config_sets("a.guarded", "no", NULL, NULL, no);
    who = 2;
    config_sets("a.guarded", "no", NULL, NULL, no);
    client.flags = KR_CLIENT_LOCAL;
    config_sets("a.guarded", "no", NULL, NULL, "");
    client.flags = 0;
    who = 1;
    config_sets("a.guarded", "yes", NULL, NULL, "");
    call_current = NULL;
}
END_TEST

/* --- Coming and going ---------------------------------------------------- */

START_TEST(a_module_finds_its_settings_when_it_comes_back)
{
    struct buffer none = {0};

    config_add(&module, &table);
    config_sets("a.number", "42", "a.pair", "k v", "");
    config_sets("a.text", "kept", NULL, NULL, "");
    config_forget(&module);
    ck_assert(!config_print(KR_STR("a.number"), &none));
    memset(&vars, 0, sizeof(vars));
    config_add(&module, &table);
    ck_assert_int_eq(vars.number, 42);
    ck_assert_str_eq(vars.pair_text, "k v");
    ck_assert_str_eq(vars.text, "kept");
    ck_assert(config_settle(&none));
}
END_TEST

static int64_t kept, unkept, unkept_newer;
static const struct kr_param both_rows[] = {
    {.name = "a.kept", .type = KR_PARAM_INT, .slot = &kept, .initial = "1"},
    {.name = "a.unkept",
     .type = KR_PARAM_INT,
     .flags = KR_PARAM_UNKEPT,
     .slot = &unkept,
     .initial = "1"}};
static const struct kr_rows both = KR_ROWS(both_rows);
static const struct kr_param unkept_rows[] = {{.name = "a.unkept",
                                               .type = KR_PARAM_INT,
                                               .flags = KR_PARAM_UNKEPT,
                                               .slot = &unkept_newer,
                                               .initial = "1"}};
static const struct kr_rows unkept_only = KR_ROWS(unkept_rows);

START_TEST(what_is_not_kept_goes_with_its_module)
{
    config_line(1, "a.unkept 2");
    config_add(&module, &both);
    ck_assert_int_eq(unkept, 2);
    config_sets("a.kept", "3", "a.unkept", "4", "");
    config_forget(&module);
    config_add(&module, &both);
    ck_assert_int_eq(kept, 3);
    ck_assert_int_eq(unkept, 1);
}
END_TEST

START_TEST(an_upgrade_keeps_what_is_not_kept)
{
    config_add(&module, &both);
    config_sets("a.unkept", "5", NULL, NULL, "");
    module.staging = true;
    config_add(&module, &unkept_only);
    module.staging = false;
    config_settle_upgrade(&module, true);
    module.generation++;
    ck_assert_int_eq(unkept_newer, 5);
    config_is("a.unkept", "5");
}
END_TEST

/* The name `a.number`, but it means nothing yet, and 50 cannot be had. */
static bool inert_check(void *state, uint32_t argc, const struct kr_str *argv,
                        const char **error)
{
    (void)state, (void)argc;
    *error = "load the module";
    return !kr_str_equal(argv[0], KR_STR("50"));
}

static const struct kr_param inert_rows[] = {{.name = "a.number",
                                              .type = KR_PARAM_INT,
                                              .flags = KR_PARAM_INERT,
                                              .initial = "7",
                                              .check = inert_check}};
static const struct kr_rows inert = KR_ROWS(inert_rows);
static kr_module holder = {.name = "holder"};

START_TEST(an_owner_takes_over_what_an_inert_row_kept)
{
    config_line(1, "a.number 20");
    config_add(&holder, &inert);
    config_is("a.number", "20");
    config_add(&module, &table);
    ck_assert_int_eq(vars.number, 20);
    config_sets("a.number", "21", NULL, NULL, "");
    config_forget(&module);
    config_is("a.number", "21");
}
END_TEST

START_TEST(an_inert_row_that_comes_later_goes_below)
{
    config_line(1, "a.number 20");
    config_add(&module, &table);
    config_add(&holder, &inert);
    config_sets("a.number", "13", NULL, NULL, FAILED("a.number") "not today");
    config_forget(&holder);
    config_is("a.number", "20");
}
END_TEST

START_TEST(what_an_inert_row_refuses_waits_for_the_owner)
{
    struct buffer error = {0};

    config_line(1, "a.number 50");
    config_add(&holder, &inert);
    ck_assert(!config_settle(&error));
    ck_assert_str_eq(error.data, "Reading the configuration file, at line 1\n"
                                 ">>> 'a.number 50'\nload the module");
    buffer_clear(&error);
    config_add(&module, &table);
    ck_assert(config_settle(&error));
    ck_assert_int_eq(vars.number, 50);
    /* And again, when the owner goes and the inert row cannot hold it. */
    config_forget(&module);
    config_is("a.number", "7");
    config_add(&module, &table);
    ck_assert_int_eq(vars.number, 50);
    buffer_free(&error);
}
END_TEST

static int64_t newer_number;
static const struct kr_param newer_rows[] = {{.name = "a.number",
                                              .type = KR_PARAM_INT,
                                              .slot = &newer_number,
                                              .initial = "1",
                                              .min = 0,
                                              .max = 30}};
static const struct kr_rows newer = KR_ROWS(newer_rows);

START_TEST(an_upgrade_hands_values_over)
{
    config_add(&module, &table);
    config_sets("a.number", "25", NULL, NULL, "");
    module.staging = true;
    config_add(&module, &newer);
    ck_assert_int_eq(newer_number, 25);
    module.staging = false;
    config_settle_upgrade(&module, true);
    module.generation++;
    config_sets("a.number", "26", NULL, NULL, "");
    ck_assert_int_eq(newer_number, 26);
    ck_assert_int_eq(vars.number, 25);
    ck_assert(!config_print(KR_STR("a.other"), &(struct buffer){0}));
}
END_TEST

START_TEST(a_failed_upgrade_leaves_the_old_version_its_values)
{
    char error[1024];

    config_add(&module, &table);
    config_sets("a.number", "25", NULL, NULL, "");
    module.staging = true;
    config_add(&module, &newer);
    config_settle_upgrade(&module, false);
    config_is("a.number", "25");
    config_sets("a.number", "40", NULL, NULL, "");
    ck_assert(!config_add_params(&module, &newer, error, sizeof(error)));
    module.staging = false;
    ck_assert_ptr_nonnull(strstr(error, "between 0 and 30"));
    config_is("a.number", "40");
    ck_assert_int_eq(vars.number, 40);
}
END_TEST

static int64_t added_number;
static const struct kr_param added_rows[] = {{.name = "a.added",
                                              .type = KR_PARAM_INT,
                                              .slot = &added_number,
                                              .initial = "3"}};
static const struct kr_rows added = KR_ROWS(added_rows);

/* A new version that is made ready and has to wait: the old one serves. */
static void suspend_newer(void)
{
    config_add(&module, &table);
    config_sets("a.number", "25", NULL, NULL, "");
    module.staging = true;
    config_add(&module, &newer);
    config_add(&module, &added);
    module.staging = false;
    config_suspend(&module);
}

START_TEST(a_version_that_waits_has_no_parameters)
{
    suspend_newer();
    ck_assert(!config_print(KR_STR("a.added"), &(struct buffer){0}));
    config_sets("a.added", "4", NULL, NULL,
                "ERR Unknown option or number of arguments for CONFIG SET - "
                "'a.added'");
    config_sets("a.number", "28", NULL, NULL, "");
    ck_assert_int_eq(vars.number, 28);
    ck_assert_int_eq(newer_number, 25);
    config_settle_upgrade(&module, false);
    config_is("a.number", "28");
}
END_TEST

START_TEST(a_version_that_has_waited_gets_what_was_set_meanwhile)
{
    char error[256] = "";

    suspend_newer();
    config_sets("a.number", "28", NULL, NULL, "");
    module.staging = true;
    ck_assert_msg(config_resume(error, sizeof(error)), "%s", error);
    module.staging = false;
    ck_assert_int_eq(newer_number, 28);
    config_is("a.added", "3");
    config_settle_upgrade(&module, true);
    module.generation++;
    config_sets("a.number", "29", "a.added", "5", "");
    ck_assert_int_eq(newer_number, 29);
    ck_assert_int_eq(added_number, 5);
    ck_assert_int_eq(vars.number, 28);
}
END_TEST

/* Its range is narrower than that of the old one. */
START_TEST(what_was_set_meanwhile_may_end_the_upgrade)
{
    char error[256] = "";

    suspend_newer();
    config_sets("a.number", "40", NULL, NULL, "");
    module.staging = true;
    ck_assert(!config_resume(error, sizeof(error)));
    module.staging = false;
    ck_assert_ptr_nonnull(strstr(error, "'a.number'"));
    ck_assert_ptr_nonnull(strstr(error, "between 0 and 30"));
    config_settle_upgrade(&module, false);
    config_is("a.number", "40");
    ck_assert_int_eq(vars.number, 40);
    ck_assert(!config_print(KR_STR("a.added"), &(struct buffer){0}));
    config_sets("a.number", "41", NULL, NULL, "");
    ck_assert_int_eq(vars.number, 41);
}
END_TEST

static bool name_follows(const struct kr_param *row, void *ctx)
{
    const char **last = ctx;

    ck_assert_str_lt(*last, row->name);
    *last = row->name;
    return true;
}

START_TEST(each_goes_in_the_order_of_the_alphabet)
{
    const char *last = "";

    config_add(&module, &table);
    config_interface.each(name_follows, &last);
    ck_assert_str_eq(last, "a.text");
}
END_TEST

Suite *config_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, registration_writes_defaults_into_the_slots);
    tcase_add_test(tcase, a_line_waits_for_its_owner);
    tcase_add_test(tcase, a_line_without_an_owner_ends_the_start);
    tcase_add_test(tcase, a_bad_line_refuses_all_rows_of_its_owner);
    tcase_add_test(tcase, lines_of_a_multi_parameter_add_up);
    tcase_add_test(tcase, the_guilty_one_of_several_lines_is_named);
    tcase_add_test(tcase, a_name_has_one_owner);
    tcase_add_test(tcase, rows_of_an_older_module_are_shorter);
    tcase_add_test(tcase, set_stores_all_then_applies_in_order);
    tcase_add_test(tcase, set_refuses_with_redis_words_and_changes_nothing);
    tcase_add_test(tcase, a_refused_apply_restores_and_applies_the_old_values);
    tcase_add_test(tcase,
                   a_name_and_its_alias_are_undone_in_the_opposite_order);
    tcase_add_test(tcase, protected_parameters_ask_who_calls);
    tcase_add_test(tcase, a_module_finds_its_settings_when_it_comes_back);
    tcase_add_test(tcase, what_is_not_kept_goes_with_its_module);
    tcase_add_test(tcase, an_upgrade_keeps_what_is_not_kept);
    tcase_add_test(tcase, an_owner_takes_over_what_an_inert_row_kept);
    tcase_add_test(tcase, an_inert_row_that_comes_later_goes_below);
    tcase_add_test(tcase, what_an_inert_row_refuses_waits_for_the_owner);
    tcase_add_test(tcase, an_upgrade_hands_values_over);
    tcase_add_test(tcase, a_failed_upgrade_leaves_the_old_version_its_values);
    tcase_add_test(tcase, a_version_that_waits_has_no_parameters);
    tcase_add_test(tcase,
                   a_version_that_has_waited_gets_what_was_set_meanwhile);
    tcase_add_test(tcase, what_was_set_meanwhile_may_end_the_upgrade);
    tcase_add_test(tcase, each_goes_in_the_order_of_the_alphabet);
    suite_add_tcase(suite, tcase);
    return suite;
}
