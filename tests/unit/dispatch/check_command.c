/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands: names in any case, records that outlive the module,
 * and what follows from flags. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/dispatch/rename.h"
#include "core/event/event.h"
#include "core/memory/memory.h"

static kr_module other = {.name = "other", .active = true};

static void run_nothing(struct kr_call *call)
{
    (void)call;
}

static const struct kr_command subs[] = {
    {.name = "get", .run = run_nothing, .arity = 3},
    {.name = "Set", .run = run_nothing, .arity = -4},
};

static struct kr_cmd *add_config(void)
{
    return add_row(&(struct kr_command){
        .name = "config", .arity = -2, .subcommands = KR_ROWS(subs)});
}

static struct kr_cmd *find(const char *name)
{
    return command_find(kr_cstr(name));
}

#define MATCH(container, ...)                                                  \
    command_match(KR_COUNT(((struct kr_str[]){__VA_ARGS__})),                  \
                  (struct kr_str[]){__VA_ARGS__}, container)

static unsigned changes;

static void count_change(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    changes++;
}

/* --- By name ------------------------------------------------------------- */

START_TEST(a_command_is_found_in_any_case)
{
    struct kr_cmd *echo = find("echo");

    ck_assert_ptr_nonnull(echo);
    ck_assert_ptr_eq(find("ECHO"), echo);
    ck_assert_ptr_eq(find("eChO"), echo);
    ck_assert_ptr_null(find("echoo"));
    ck_assert_ptr_null(find("ech"));
    ck_assert_ptr_null(find(""));
    ck_assert_ptr_null(command_find(kr_str("echo\0", 5)));
}
END_TEST

START_TEST(a_name_longer_than_any_command_is_not_found)
{
    char *name = memory_alloc(70000);

    memset(name, 'e', 70000);
    ck_assert_ptr_null(command_find(kr_str(name, 70000)));
    memory_free(name);
}
END_TEST

START_TEST(only_ascii_letters_have_a_case)
{
    struct kr_cmd *command = add("a[b", run_nothing, 1, 0);

    ck_assert_ptr_eq(find("A[B"), command);
    ck_assert_ptr_null(find("a{b")); /* '[' | 0x20 */
}
END_TEST

START_TEST(a_name_is_kept_in_lower_case)
{
    ck_assert_str_eq(add("FooBar", run_nothing, 1, 0)->full_name, "foobar");
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    struct kr_command row = {.name = "ECHO", .run = run_nothing, .arity = 1};
    uint32_t before = command_interface.count();

    ck_assert_int_eq(command_add(&other, &row), KR_EEXIST);
    ck_assert_ptr_eq(find("echo")->module, &fixture_module);
    ck_assert_uint_eq(command_interface.count(), before);
}
END_TEST

START_TEST(a_name_that_is_none_is_refused)
{
    char name[257];
    struct kr_command row = {.run = run_nothing, .arity = 1};

    ck_assert_int_eq(command_add(&other, &row), KR_EINVAL);
    row.name = "";
    ck_assert_int_eq(command_add(&other, &row), KR_EINVAL);
    memset(name, 'a', 256);
    name[256] = '\0';
    row.name = name;
    ck_assert_int_eq(command_add(&other, &row), KR_EINVAL);
    row.name = name + 1;
    ck_assert_int_eq(command_add(&other, &row), KR_OK);
    ck_assert_ptr_nonnull(find(name + 1));
    command_forget(&other);
}
END_TEST

START_TEST(past_256_commands_all_are_still_found)
{
    struct kr_cmd *commands[1000];
    char name[32];

    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "grown.%d", i);
        commands[i] = add(name, run_nothing, 1, 0);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "GROWN.%d", i);
        ck_assert_ptr_eq(find(name), commands[i]);
        ck_assert_uint_lt(commands[i ? i - 1 : 0]->id, commands[i]->id + !i);
    }
    ck_assert_ptr_nonnull(find("echo"));
    ck_assert_ptr_null(find("grown.1000"));
}
END_TEST

/* --- Subcommands --------------------------------------------------------- */

START_TEST(words_name_a_subcommand)
{
    struct kr_cmd *container, *config = add_config();
    struct kr_cmd *get = MATCH(&container, KR_STR("CONFIG"), KR_STR("GET"));

    ck_assert_str_eq(get->full_name, "config|get");
    ck_assert_ptr_eq(get->parent, config);
    ck_assert_ptr_null(container);
    ck_assert_str_eq(MATCH(NULL, KR_STR("config"), KR_STR("sET"))->full_name,
                     "config|set");
}
END_TEST

START_TEST(an_unknown_subcommand_names_its_container)
{
    struct kr_cmd *container, *config = add_config();

    ck_assert_ptr_null(
        MATCH(&container, KR_STR("config"), KR_STR("resetstat")));
    ck_assert_ptr_eq(container, config);
    ck_assert_ptr_null(MATCH(&container, KR_STR("nothing"), KR_STR("get")));
    ck_assert_ptr_null(container);
}
END_TEST

START_TEST(a_container_alone_is_itself)
{
    struct kr_cmd *container, *config = add_config();

    ck_assert_ptr_eq(MATCH(&container, KR_STR("config")), config);
    ck_assert_ptr_null(container);
}
END_TEST

START_TEST(the_interface_finds_subcommands_by_full_name)
{
    struct kr_cmd *config = add_config();
    const kr_cmd *get = command_interface.find(KR_STR("Config|Get"));

    ck_assert_ptr_nonnull(get);
    ck_assert_ptr_eq(command_interface.parent(get), config);
    ck_assert_str_eq(command_interface.full_name(get), "config|get");
    ck_assert_ptr_null(command_interface.find(KR_STR("config|")));
    ck_assert_ptr_null(command_interface.find(KR_STR("|get")));
    ck_assert_ptr_null(command_interface.find(KR_STR("config|get|x")));
    ck_assert_ptr_null(command_interface.find(KR_STR("echo|get")));
}
END_TEST

/* Was: the first bytes of the next row were taken for what the row lacks. */
START_TEST(rows_of_an_older_header_are_shorter)
{
    enum { OLD = offsetof(struct kr_command, refused) };
    struct kr_command sub = {.name = "one", .run = run_nothing, .arity = 2};
    char rows[3 * OLD];
    struct kr_command container = {.name = "old", .arity = -2};
    struct kr_cmd *command;

    memcpy(rows, &sub, OLD);
    sub.name = "two";
    memcpy(rows + OLD, &sub, OLD);
    memset(rows + 2 * OLD, 0x5a, OLD);
    container.subcommands = (struct kr_rows){rows, 2, OLD};
    ck_assert_int_eq(command_add(NULL, &container), KR_OK);
    command = command_find(KR_STR("old"));
    for (command = command->subcommands; command; command = command->next) {
        ck_assert_ptr_eq(command->run, run_nothing);
        ck_assert_ptr_null(command->row.refused);
    }
}
END_TEST

/* The end of an older row, and then memory that is not ours to read. */
START_TEST(a_row_is_read_no_further_than_it_is_long)
{
    const uint32_t first = offsetof(struct kr_command, refused);
    struct kr_command row = {.name = "short", .run = run_nothing, .arity = 1};
    struct kr_command sub = {.name = "sub", .run = run_nothing, .arity = 2};
    char *old = memory_alloc(first);
    struct {
        struct kr_command row;
        char later[64];
    } longer = {.row = {.name = "longer", .run = run_nothing, .arity = 1}};

    memset(&row.refused, 0x55, sizeof(row) - first);
    memset(&sub.refused, 0x55, sizeof(sub) - first);
    memset(longer.later, 0x55, sizeof(longer.later));
    memcpy(old, &row, first);
    ck_assert_int_eq(command_interface.add_sized(
                         &other, (const struct kr_command *)(void *)old, first),
                     KR_OK);
    ck_assert_ptr_null(find("short")->row.refused);
    ck_assert_ptr_null(find("short")->row.ahead);
    add_config();
    ck_assert_int_eq(
        command_interface.add_subcommand_sized(&other, "config", &sub, first),
        KR_OK);
    ck_assert_ptr_null(
        MATCH(NULL, KR_STR("config"), KR_STR("sub"))->row.refused);
    ck_assert_int_eq(
        command_interface.add_sized(&other, &longer.row, sizeof(longer)),
        KR_OK);
    ck_assert_ptr_nonnull(find("longer"));
    row.name = "shorter";
    ck_assert_int_eq(command_interface.add_sized(&other, &row, first - 1),
                     KR_EINVAL);
    ck_assert_int_eq(command_interface.add_sized(&other, NULL, first),
                     KR_EINVAL);
    ck_assert_ptr_null(find("shorter"));
    memory_free(old);
}
END_TEST

static const struct kr_key_spec amended_keys[] = {KR_KEY(KR_KEY_RO, 1, 0, 1),
                                                  KR_KEY(KR_KEY_RW, 3, 0, 1)};

START_TEST(a_row_may_be_amended)
{
    struct kr_command row = {.name = "other",
                             .arity = 4,
                             .flags = KR_CMD_READONLY,
                             .summary = "Echoes",
                             .keys = KR_ROWS(amended_keys)};
    const uint32_t size = KR_SIZED(&row);
    struct kr_cmd *echo = find("echo");
    void (*run)(struct kr_call * call) = echo->run;

    changes = 0;
    event_listen(EVENT_COMMAND_CHANGED, count_change, NULL);
    ck_assert_int_eq(
        command_interface.amend(&fixture_module, "Echo", &row, size), KR_OK);
    ck_assert_uint_eq(changes, 1);
    ck_assert_ptr_eq(find("echo"), echo);
    ck_assert_ptr_null(find("other"));
    ck_assert_ptr_eq(echo->run, run);
    ck_assert_ptr_eq(echo->row.run, run);
    ck_assert_str_eq(echo->row.name, "echo");
    ck_assert_str_eq(echo->row.summary, "Echoes");
    ck_assert_int_eq(echo->arity, 4);
    /* The ranges do not follow one another. */
    ck_assert_uint_eq(echo->flags, KR_CMD_READONLY | KR_CMD_MOVABLEKEYS);
    ck_assert_uint_eq(echo->row.categories, KR_CAT_READ | KR_CAT_SLOW);
    ck_assert_int_eq(command_interface.amend(&other, "echo", &row, size),
                     KR_ENOENT);
    ck_assert_int_eq(
        command_interface.amend(&fixture_module, "echo|x", &row, size),
        KR_ENOENT);
    ck_assert_int_eq(
        command_interface.amend(&fixture_module, "nosuch", &row, size),
        KR_ENOENT);
    ck_assert_int_eq(
        command_interface.amend(&fixture_module, "echo", &row,
                                offsetof(struct kr_command, refused) - 1),
        KR_EINVAL);
}
END_TEST

START_TEST(a_subcommand_is_amended_by_its_full_name)
{
    struct kr_command sub = {.name = "extra", .run = run_nothing, .arity = 2};
    struct kr_cmd *command;

    add_config();
    ck_assert_int_eq(command_add_sub(&other, "config", &sub), KR_OK);
    sub.summary = "More";
    sub.run = NULL;
    ck_assert_int_eq(
        command_interface.amend(&other, "config|extra", &sub, KR_SIZED(&sub)),
        KR_OK);
    command = MATCH(NULL, KR_STR("config"), KR_STR("extra"));
    ck_assert_str_eq(command->row.summary, "More");
    ck_assert_ptr_eq(command->run, run_nothing);
    ck_assert_str_eq(command->row.name, "config|extra");
    command_forget(&other);
}
END_TEST

/* What the next version says is seen once it is there, and not if it fails. */
START_TEST(a_row_of_the_next_version_is_amended)
{
    struct kr_command row = {.name = "echo", .run = run_nothing, .arity = 2};
    struct kr_cmd *echo = find("echo");
    int32_t arity = echo->arity;

    for (int good = 0; good < 2; good++) {
        fixture_module.staging = true;
        ck_assert_int_eq(command_interface.amend(&fixture_module, "echo", &row,
                                                 KR_SIZED(&row)),
                         KR_ENOENT);
        ck_assert_int_eq(command_add(&fixture_module, &row), KR_OK);
        row.arity = 7;
        ck_assert_int_eq(command_interface.amend(&fixture_module, "echo", &row,
                                                 KR_SIZED(&row)),
                         KR_OK);
        ck_assert_int_eq(echo->arity, arity);
        fixture_module.staging = false;
        command_settle(&fixture_module, good);
        ck_assert_int_eq(echo->arity, good ? 7 : arity);
    }
}
END_TEST

START_TEST(a_foreign_command_has_the_categories_that_it_states)
{
    struct kr_command row = {.name = "foreign",
                             .run = run_nothing,
                             .flags = KR_CMD_WRITE | KR_CMD_MODULE,
                             .categories = KR_CAT_HASH};

    ck_assert_int_eq(command_add(&other, &row), KR_OK);
    ck_assert_uint_eq(find("foreign")->row.categories, KR_CAT_HASH);
    command_forget(&other);
}
END_TEST

START_TEST(another_module_may_add_a_subcommand)
{
    struct kr_command row = {.name = "extra", .run = run_nothing, .arity = 2};

    add_config();
    ck_assert_int_eq(command_add_sub(&other, "CONFIG", &row), KR_OK);
    ck_assert_int_eq(command_add_sub(&other, "config", &row), KR_EEXIST);
    ck_assert_int_eq(command_add_sub(&other, "nothing", &row), KR_ENOENT);
    ck_assert_ptr_nonnull(MATCH(NULL, KR_STR("config"), KR_STR("extra")));
    command_forget(&other);
    ck_assert_ptr_null(MATCH(NULL, KR_STR("config"), KR_STR("extra")));
    ck_assert_ptr_nonnull(MATCH(NULL, KR_STR("config"), KR_STR("get")));
}
END_TEST

START_TEST(a_subcommand_without_a_name_is_refused)
{
    struct kr_command row = {.run = run_nothing, .arity = 2};

    add_config();
    ck_assert_int_eq(command_add_sub(&other, "config", &row), KR_EINVAL);
    row.name = "";
    ck_assert_int_eq(command_add_sub(&other, "config", &row), KR_EINVAL);
}
END_TEST

/* --- Coming and going ---------------------------------------------------- */

START_TEST(a_command_that_went_comes_back_as_the_same_record)
{
    struct kr_command row = {.name = "Brief", .run = run_nothing, .arity = 1};
    struct kr_cmd *brief;
    uint32_t id, count = command_interface.count();

    ck_assert_int_eq(command_add(&other, &row), KR_OK);
    brief = find("brief");
    id = brief->id;
    command_forget(&other);
    ck_assert_ptr_null(find("brief"));
    ck_assert(brief->gone);
    ck_assert_ptr_null(brief->run);
    ck_assert_ptr_null(brief->module);
    ck_assert_uint_eq(command_interface.count(), count);
    row.arity = 5;
    ck_assert_int_eq(command_add(&fixture_module, &row), KR_OK);
    ck_assert_ptr_eq(find("brief"), brief);
    ck_assert(!brief->gone);
    ck_assert_int_eq(brief->arity, 5);
    ck_assert_uint_eq(brief->id, id);
    ck_assert_ptr_eq(brief->module, &fixture_module);
}
END_TEST

START_TEST(a_subcommand_comes_back_as_the_same_record)
{
    struct kr_cmd *get;

    add_config();
    get = MATCH(NULL, KR_STR("config"), KR_STR("get"));
    command_forget(&fixture_module);
    ck_assert(get->gone);
    add_config();
    ck_assert_ptr_eq(MATCH(NULL, KR_STR("config"), KR_STR("get")), get);
    ck_assert(!get->gone);
}
END_TEST

START_TEST(a_gone_record_points_to_nothing_of_the_module)
{
    struct kr_cmd *config = add_config();

    command_forget(&fixture_module);
    ck_assert_str_eq(config->row.name, "config");
    ck_assert_ptr_null(config->row.summary);
    ck_assert_uint_eq(config->row.subcommands.count, 0);
    ck_assert_uint_eq(config->keys.first, 0);
}
END_TEST

START_TEST(statistics_survive_a_reload)
{
    struct kr_cmd *echo = find("echo");
    struct kr_command row = {.name = "echo", .run = run_nothing, .arity = 2};

    RUN("echo", "x");
    ck_assert_uint_eq(echo->calls, 1);
    command_forget(&fixture_module);
    ck_assert_int_eq(command_add(&other, &row), KR_OK);
    RUN("echo", "x");
    ck_assert_uint_eq(find("echo")->calls, 2);
    command_forget(&other);
}
END_TEST

START_TEST(only_its_module_removes_a_command)
{
    ck_assert_int_eq(command_interface.remove(&other, "echo"), KR_ENOENT);
    ck_assert_ptr_nonnull(find("echo"));
    ck_assert_int_eq(command_interface.remove(&fixture_module, "ECHO"), KR_OK);
    ck_assert_ptr_null(find("echo"));
    ck_assert_int_eq(command_interface.remove(&fixture_module, "echo"),
                     KR_ENOENT);
}
END_TEST

/* Was: the container and the subcommands before the clash stayed. */
START_TEST(a_command_whose_subcommand_is_taken_leaves_no_trace)
{
    static const struct kr_command row = {
        .name = "config", .arity = -2, .subcommands = KR_ROWS(subs)};
    struct kr_command foreign = {.name = "set", .run = run_nothing, .arity = 2};
    uint32_t count = command_interface.count();

    ck_assert_int_eq(command_add(&fixture_module, &row), KR_OK);
    ck_assert_int_eq(command_interface.remove(&fixture_module, "config"),
                     KR_OK);
    ck_assert_int_eq(
        command_add(&fixture_module, &(struct kr_command){.name = "config"}),
        KR_OK);
    ck_assert_int_eq(command_add_sub(&other, "config", &foreign), KR_OK);
    command_interface.remove(&fixture_module, "echo");
    command_forget(&fixture_module); /* `other` keeps config|set */
    count = command_interface.count();
    ck_assert_int_eq(command_add(&fixture_module, &row), KR_EEXIST);
    ck_assert_ptr_null(find("config"));
    ck_assert_uint_eq(command_interface.count(), count);
    command_forget(&other);
    ck_assert_int_eq(command_add(&fixture_module, &row), KR_OK);
}
END_TEST

/* Was: remove() and add_subcommand() told nobody. */
START_TEST(every_change_of_the_table_is_told)
{
    struct kr_command row = {.name = "extra", .run = run_nothing, .arity = 2};

    event_listen(EVENT_COMMAND_CHANGED, count_change, NULL);
    add_config();
    ck_assert_uint_eq(changes, 1);
    command_add_sub(&other, "config", &row);
    ck_assert_uint_eq(changes, 2);
    command_interface.remove(&fixture_module, "echo");
    ck_assert_uint_eq(changes, 3);
    /* Of a module that goes the rack tells, once all of it has gone. */
    ck_assert(command_forget(&other));
    ck_assert_uint_eq(changes, 3);
    ck_assert(!command_forget(&other)); /* nothing is left of it */
}
END_TEST

static bool each_name(const kr_cmd *command, void *ctx)
{
    note("%s ", command_interface.full_name(command));
    return --*(int *)ctx > 0;
}

START_TEST(commands_are_listed_in_the_order_of_registration)
{
    int most = 100;

    command_forget(&fixture_module);
    add_config();
    add("echo", run_nothing, 1, 0); /* an old record, in its old place */
    add("alpha", run_nothing, 1, 0);
    command_interface.each(NULL, each_name, &most);
    NOTED("echo config alpha ");
    command_interface.each(find("config"), each_name, &most);
    NOTED("config|get config|set ");
    most = 2;
    command_interface.each(NULL, each_name, &most);
    NOTED("echo config ");
}
END_TEST

/* --- What follows from flags --------------------------------------------- */

static const struct {
    uint64_t flags, categories, wanted;
} categories[] = {
    {0, 0, KR_CAT_SLOW},
    {KR_CMD_FAST, 0, KR_CAT_FAST},
    {KR_CMD_WRITE, KR_CAT_STRING, KR_CAT_STRING | KR_CAT_WRITE | KR_CAT_SLOW},
    {KR_CMD_READONLY | KR_CMD_FAST, KR_CAT_HASH,
     KR_CAT_HASH | KR_CAT_READ | KR_CAT_FAST},
    {KR_CMD_READONLY, KR_CAT_SCRIPTING, KR_CAT_SCRIPTING | KR_CAT_SLOW},
    {KR_CMD_ADMIN, 0, KR_CAT_ADMIN | KR_CAT_DANGEROUS | KR_CAT_SLOW},
    {KR_CMD_PUBSUB, 0, KR_CAT_PUBSUB | KR_CAT_SLOW},
    {KR_CMD_BLOCKING | KR_CMD_WRITE, 0,
     KR_CAT_BLOCKING | KR_CAT_WRITE | KR_CAT_SLOW},
};

START_TEST(categories_follow_from_flags)
{
    struct kr_cmd *command =
        add_row(&(struct kr_command){.name = "categorised",
                                     .run = run_nothing,
                                     .arity = 1,
                                     .flags = categories[_i].flags,
                                     .categories = categories[_i].categories});

    ck_assert_uint_eq(command_interface.row(command)->categories,
                      categories[_i].wanted);
    ck_assert_uint_eq(command->flags, categories[_i].flags);
}
END_TEST

START_TEST(arity_counts_the_name)
{
    struct kr_cmd *exact = add("exact", run_nothing, 2, 0);
    struct kr_cmd *least = add("least", run_nothing, -2, 0);
    struct kr_reply *sink = call_interface.new_sink(2);

    for (uint32_t argc = 1; argc < 5; argc++) {
        ck_assert(command_interface.check_arity(exact, argc, NULL) ==
                  (argc == 2));
        ck_assert(command_interface.check_arity(least, argc, NULL) ==
                  (argc >= 2));
    }
    ck_assert(!command_interface.check_arity(exact, 1, sink));
    ck_assert(kr_str_equal(
        call_interface.sink_bytes(sink),
        KR_STR("-ERR wrong number of arguments for 'exact' command\r\n")));
    call_interface.free_sink(sink);
}
END_TEST

START_TEST(statistics_are_reset_one_by_one_or_together)
{
    struct kr_cmd *echo = find("echo"), *put = find("put");
    struct kr_command_stats stats = {.size = sizeof(stats)};

    RUN("echo", "x");
    RUN("put", "k");
    RUN("echo");
    command_interface.stats(echo, &stats);
    ck_assert_uint_eq(stats.calls, 1);
    ck_assert_uint_eq(stats.rejected, 1);
    command_interface.reset_stats(echo);
    command_interface.stats(echo, &stats);
    ck_assert_uint_eq(stats.calls, 0);
    ck_assert_uint_eq(stats.rejected, 0);
    ck_assert_uint_eq(put->calls, 1);
    command_interface.reset_stats(NULL);
    ck_assert_uint_eq(put->calls, 0);
}
END_TEST

/* --- By another name ------------------------------------------------------ */

static bool names_one(const kr_cmd *command, void *ctx)
{
    *(unsigned *)ctx +=
        strcmp(command_interface.full_name(command), "echo") == 0;
    return true;
}

START_TEST(a_renamed_command_answers_to_its_new_name_only)
{
    struct kr_cmd *echo = find("echo");
    unsigned shown = 0;
    uint32_t count = command_interface.count();

    ck_assert_ptr_null(
        rename_add(KR_STR("ECHO"), KR_STR("a-much-longer-name")));
    ck_assert_ptr_null(find("echo"));
    ck_assert_ptr_eq(find("A-much-longer-NAME"), echo);
    ck_assert_str_eq(echo->full_name, "echo");
    ck_assert_uint_eq(command_interface.count(), count);
    command_interface.each(NULL, names_one, &shown);
    ck_assert_uint_eq(shown, 1);
    ck_assert_int_eq(command_add(&other, &(struct kr_command){.name = "echo"}),
                     KR_EEXIST);
}
END_TEST

START_TEST(a_command_without_a_name_is_not_shown)
{
    unsigned shown = 0;
    uint32_t count = command_interface.count();

    ck_assert_ptr_null(rename_add(KR_STR("echo"), KR_STR("")));
    ck_assert_ptr_null(find("echo"));
    ck_assert_ptr_null(find(""));
    ck_assert_uint_eq(command_interface.count(), count - 1);
    command_interface.each(NULL, names_one, &shown);
    ck_assert_uint_eq(shown, 0);
}
END_TEST

START_TEST(a_container_is_renamed_with_its_subcommands)
{
    struct kr_cmd *config = add_config();

    ck_assert_ptr_null(rename_add(KR_STR("config"), KR_STR("cfg")));
    ck_assert_ptr_eq(MATCH(NULL, KR_STR("CFG"), KR_STR("GET")),
                     config->subcommands);
    ck_assert_ptr_null(MATCH(NULL, KR_STR("CONFIG"), KR_STR("GET")));
    ck_assert_ptr_eq(command_interface.find(KR_STR("cfg|get")),
                     config->subcommands);
    ck_assert_int_eq(
        command_add_sub(&other, "config",
                        &(struct kr_command){.name = "more", .arity = 2}),
        KR_OK);
}
END_TEST

START_TEST(the_name_of_another_command_is_refused)
{
    char error[128] = "";

    ck_assert_ptr_null(rename_add(KR_STR("echo"), KR_STR("put")));
    ck_assert(!command_settle_renames(error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "already exists"));
    ck_assert_ptr_null(rename_add(KR_STR("put"), KR_STR("echo")));
    ck_assert(command_settle_renames(error, sizeof(error)));
    ck_assert_str_eq(find("put")->full_name, "echo");
}
END_TEST

Suite *command_suite(void)
{
    Suite *suite = suite_create("command");
    TCase *tests = dispatch_case(suite, "table");

    tcase_add_test(tests, a_command_is_found_in_any_case);
    tcase_add_test(tests, a_name_longer_than_any_command_is_not_found);
    tcase_add_test(tests, only_ascii_letters_have_a_case);
    tcase_add_test(tests, a_name_is_kept_in_lower_case);
    tcase_add_test(tests, a_name_is_taken_once);
    tcase_add_test(tests, a_name_that_is_none_is_refused);
    tcase_add_test(tests, past_256_commands_all_are_still_found);
    tcase_add_test(tests, words_name_a_subcommand);
    tcase_add_test(tests, an_unknown_subcommand_names_its_container);
    tcase_add_test(tests, a_container_alone_is_itself);
    tcase_add_test(tests, rows_of_an_older_header_are_shorter);
    tcase_add_test(tests, a_row_is_read_no_further_than_it_is_long);
    tcase_add_test(tests, the_interface_finds_subcommands_by_full_name);
    tcase_add_test(tests, a_row_may_be_amended);
    tcase_add_test(tests, a_subcommand_is_amended_by_its_full_name);
    tcase_add_test(tests, a_row_of_the_next_version_is_amended);
    tcase_add_test(tests, a_foreign_command_has_the_categories_that_it_states);
    tcase_add_test(tests, another_module_may_add_a_subcommand);
    tcase_add_test(tests, a_subcommand_without_a_name_is_refused);
    tcase_add_test(tests, a_command_that_went_comes_back_as_the_same_record);
    tcase_add_test(tests, a_subcommand_comes_back_as_the_same_record);
    tcase_add_test(tests, a_gone_record_points_to_nothing_of_the_module);
    tcase_add_test(tests, statistics_survive_a_reload);
    tcase_add_test(tests, only_its_module_removes_a_command);
    tcase_add_test(tests, a_command_whose_subcommand_is_taken_leaves_no_trace);
    tcase_add_test(tests, every_change_of_the_table_is_told);
    tcase_add_test(tests, commands_are_listed_in_the_order_of_registration);
    tcase_add_loop_test(tests, categories_follow_from_flags, 0,
                        KR_COUNT(categories));
    tcase_add_test(tests, arity_counts_the_name);
    tcase_add_test(tests, statistics_are_reset_one_by_one_or_together);

    tests = dispatch_case(suite, "names");
    tcase_add_test(tests, a_renamed_command_answers_to_its_new_name_only);
    tcase_add_test(tests, a_command_without_a_name_is_not_shown);
    tcase_add_test(tests, a_container_is_renamed_with_its_subcommands);
    tcase_add_test(tests, the_name_of_another_command_is_refused);
    return suite;
}
