/* SPDX-License-Identifier: BSD-3-Clause */
/* infos - a module that says all there is to say of its commands.
 *
 *     INFOS.ALL, INFOS.PLAIN, INFOS.FINDS, INFOS.BOX ADD     say what they are
 *     INFOS.WRONG      how many of the wrong things that were said were refused,
 *                      and by which errno */
#include "guest.h"

static long long refused, accepted, wrong_errno;

#define VERSION                                                                \
    (&(const RedisModuleCommandInfoVersion){                                   \
        .version = 1,                                                          \
        .sizeof_historyentry = sizeof(RedisModuleCommandHistoryEntry),         \
        .sizeof_keyspec = sizeof(RedisModuleCommandKeySpec),                   \
        .sizeof_arg = offsetof(RedisModuleCommandArg, display_text),           \
    })

/* Elements as they were in 7.0. */
struct old_arg {
    char bytes[offsetof(RedisModuleCommandArg, display_text)];
};

static void old_args(struct old_arg *to, const RedisModuleCommandArg *from,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        memcpy(to[i].bytes, &from[i], sizeof(to[i].bytes));
    memset(to[count].bytes, 0, sizeof(to[count].bytes));
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int say_all(RedisModuleCommand *command)
{
    static RedisModuleCommandHistoryEntry history[] = {
        {"1.1.0", "Learnt to count."}, {"2.0.0", "Forgot it."}, {0}};
    static RedisModuleCommandKeySpec specs[] = {
        {.notes = "first",
         .flags = REDISMODULE_CMD_KEY_RO | REDISMODULE_CMD_KEY_ACCESS,
         .begin_search_type = REDISMODULE_KSPEC_BS_INDEX,
         .bs.index.pos = 1},
        {.flags = REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_UPDATE,
         .begin_search_type = REDISMODULE_KSPEC_BS_KEYWORD,
         .bs.keyword.keyword = "STORE",
         .bs.keyword.startfrom = -2,
         .find_keys_type = REDISMODULE_KSPEC_FK_RANGE,
         .fk.range = {-1, 2, 3}},
        {.flags = REDISMODULE_CMD_KEY_OW | REDISMODULE_CMD_KEY_INSERT,
         .begin_search_type = REDISMODULE_KSPEC_BS_UNKNOWN,
         .find_keys_type = REDISMODULE_KSPEC_FK_UNKNOWN},
        {.flags = REDISMODULE_CMD_KEY_RM | REDISMODULE_CMD_KEY_DELETE,
         .begin_search_type = REDISMODULE_KSPEC_BS_INDEX,
         .bs.index.pos = 2,
         .find_keys_type = REDISMODULE_KSPEC_FK_KEYNUM,
         .fk.keynum = {0, 1, 1}},
        {0}};
    static struct old_arg inner[3], outer[5];
    const RedisModuleCommandArg parts[] = {
        {.name = "yes",
         .type = REDISMODULE_ARG_TYPE_PURE_TOKEN,
         .token = "YES",
         .since = "1.2.0"},
        {.name = "count",
         .type = REDISMODULE_ARG_TYPE_INTEGER,
         .token = "COUNT",
         .key_spec_index = -1,
         .summary = "How many."},
    };
    const RedisModuleCommandArg args[] = {
        {.name = "key", .type = REDISMODULE_ARG_TYPE_KEY, .key_spec_index = 0},
        {.name = "choice",
         .type = REDISMODULE_ARG_TYPE_ONEOF,
         .flags = REDISMODULE_CMD_ARG_OPTIONAL,
         .subargs = (RedisModuleCommandArg *)(void *)inner},
        {.name = "pattern",
         .type = REDISMODULE_ARG_TYPE_PATTERN,
         .flags =
             REDISMODULE_CMD_ARG_MULTIPLE | REDISMODULE_CMD_ARG_MULTIPLE_TOKEN,
         .token = "GET",
         .deprecated_since = "3.0.0"},
        {.name = "when", .type = REDISMODULE_ARG_TYPE_UNIX_TIME},
    };
    RedisModuleCommandInfo info = {
        .version = VERSION,
        .summary = "Says all.",
        .complexity = "O(1)",
        .since = "1.0.0",
        .history = history,
        .tips = "nondeterministic_output request_policy:all_nodes",
        .arity = -3,
        .key_specs = specs,
        .args = (RedisModuleCommandArg *)(void *)outer,
    };

    old_args(inner, parts, COUNT(parts));
    old_args(outer, args, COUNT(args));
    return RedisModule_SetCommandInfo(command, &info);
}

/* --- What is refused ------------------------------------------------------ */

static void try_info(RedisModuleCommand *command, RedisModuleCommandInfo info)
{
    errno = 0;
    if (RedisModule_SetCommandInfo(command, &info) == REDISMODULE_OK)
        accepted++;
    else
        refused++;
    wrong_errno = wrong_errno * 100 + errno;
}

static void try_spec(RedisModuleCommand *command,
                     RedisModuleCommandKeySpec spec)
{
    RedisModuleCommandKeySpec specs[] = {spec, {0}};

    try_info(command,
             (RedisModuleCommandInfo){.version = VERSION, .key_specs = specs});
}

static void try_arg(RedisModuleCommand *command, RedisModuleCommandArg arg)
{
    struct old_arg args[2];

    old_args(args, &arg, 1);
    try_info(command, (RedisModuleCommandInfo){
                          .version = VERSION,
                          .args = (RedisModuleCommandArg *)(void *)args});
}

static void say_wrong(RedisModuleCommand *command)
{
    RedisModuleCommandHistoryEntry history[] = {{"1.0.0", NULL}, {0}};

    try_info(command, (RedisModuleCommandInfo){.summary = "no version"});
    try_info(command,
             (RedisModuleCommandInfo){.version = VERSION, .history = history});
    try_spec(command, (RedisModuleCommandKeySpec){
                          .begin_search_type = REDISMODULE_KSPEC_BS_INDEX,
                          .bs.index.pos = 1});
    try_spec(command,
             (RedisModuleCommandKeySpec){
                 .flags = REDISMODULE_CMD_KEY_RO | REDISMODULE_CMD_KEY_RW,
                 .begin_search_type = REDISMODULE_KSPEC_BS_INDEX,
                 .bs.index.pos = 1});
    try_spec(command,
             (RedisModuleCommandKeySpec){
                 .flags = REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_INSERT |
                          REDISMODULE_CMD_KEY_DELETE,
                 .begin_search_type = REDISMODULE_KSPEC_BS_INDEX,
                 .bs.index.pos = 1});
    try_spec(command, (RedisModuleCommandKeySpec){
                          .flags = REDISMODULE_CMD_KEY_RO,
                          .begin_search_type = REDISMODULE_KSPEC_BS_KEYWORD});
    try_spec(command,
             (RedisModuleCommandKeySpec){.flags = REDISMODULE_CMD_KEY_RO,
                                         .begin_search_type = 4});
    try_spec(command, (RedisModuleCommandKeySpec){
                          .flags = REDISMODULE_CMD_KEY_RO,
                          .begin_search_type = REDISMODULE_KSPEC_BS_UNKNOWN,
                          .find_keys_type = 4});
    try_arg(command, (RedisModuleCommandArg){.name = "a", .type = 9});
    try_arg(command, (RedisModuleCommandArg){
                         .name = "a", .type = REDISMODULE_ARG_TYPE_PURE_TOKEN});
    try_arg(command, (RedisModuleCommandArg){.name = "a",
                                             .type = REDISMODULE_ARG_TYPE_KEY,
                                             .key_spec_index = -1});
    try_arg(command, (RedisModuleCommandArg){.name = "a", .key_spec_index = 1});
    try_arg(command, (RedisModuleCommandArg){.name = "a", .flags = 8});
    try_arg(command, (RedisModuleCommandArg){
                         .name = "a", .type = REDISMODULE_ARG_TYPE_BLOCK});
    try_info(command, (RedisModuleCommandInfo){.version = VERSION, .arity = 2});
    try_info(command,
             (RedisModuleCommandInfo){.version = VERSION, .summary = "Once."});
    try_info(command,
             (RedisModuleCommandInfo){.version = VERSION, .summary = "Twice."});
}

/* --- The commands --------------------------------------------------------- */

static int count_words(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    return RedisModule_ReplyWithLongLong(ctx, argc);
}

static int finds(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (RedisModule_IsKeysPositionRequest(ctx)) {
        RedisModule_KeyAtPosWithFlags(ctx, argc - 1, REDISMODULE_CMD_KEY_RO);
        return REDISMODULE_OK;
    }
    return count_words(ctx, argv, argc);
}

static int wrong(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, refused);
    RedisModule_ReplyWithLongLong(ctx, accepted);
    return RedisModule_ReplyWithLongLong(ctx, wrong_errno);
}

static const struct guest_row rows[] = {
    {"infos.all", count_words, "write deny-oom", 1, 1, 1},
    {"infos.plain", count_words, "readonly fast", 1, -1, 2},
    {"infos.finds", finds, "readonly getkeys-api", 0, 0, 0},
    {"infos.wrong", wrong, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    RedisModuleCommand *command;

    if (guest_commands(ctx, rows, COUNT(rows)) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    if (say_all(RedisModule_GetCommand(ctx, "infos.all")) != REDISMODULE_OK ||
        say_all(RedisModule_GetCommand(ctx, "infos.all")) != REDISMODULE_ERR ||
        errno != EEXIST)
        return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "infos.box", NULL, "", 0, 0, 0) !=
        REDISMODULE_OK)
        return REDISMODULE_ERR;
    command = RedisModule_GetCommand(ctx, "infos.box");
    if (RedisModule_CreateSubcommand(command, "add", count_words, "write", 0, 0,
                                     0) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    say_wrong(RedisModule_GetCommand(ctx, "infos.wrong"));
    return say_all(RedisModule_GetCommand(ctx, "infos.box|add"));
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    if (guest_init(ctx, "infos", 1) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    return begin(ctx);
}
