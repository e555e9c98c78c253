/* SPDX-License-Identifier: BSD-3-Clause */
/* users - a module that asks what users may, where there is the default one.
 *
 *     USERS.NAMED name          its rules, if there is such a user
 *     USERS.MAY command ...     what the default user is told
 *     USERS.KEY key flags   USERS.CHANNEL channel flags
 *     USERS.MADE                a new user: what it has and may
 *     USERS.LOGIN name          as which the client goes on; 1: refused
 *     USERS.LOGOUTS             of how many clients it has been told
 *     USERS.AS command ...      run on behalf of the client's user
 *     USERS.AS-MADE command ... on behalf of a new user
 *     USERS.RULES               7.0 has rules for users; we say that we have not */
#include "guest.h"

static long long logouts;

static RedisModuleUser *default_user(void)
{
    RedisModuleString *name = RedisModule_CreateString(NULL, "default", 7);
    RedisModuleUser *user = RedisModule_GetModuleUserFromUserName(name);

    RedisModule_FreeString(NULL, name);
    return user;
}

static int named(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *rules;
    RedisModuleUser *user;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    user = RedisModule_GetModuleUserFromUserName(argv[1]);
    if (!user)
        return RedisModule_ReplyWithNull(ctx);
    rules = RedisModule_GetModuleUserACLString(user);
    RedisModule_ReplyWithString(ctx, rules);
    RedisModule_FreeString(ctx, rules);
    return RedisModule_FreeModuleUser(user);
}

static int reply_status(RedisModuleCtx *ctx, int status)
{
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, status);
    return RedisModule_ReplyWithLongLong(ctx,
                                         status == REDISMODULE_OK ? 0 : errno);
}

static int may(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleUser *user = default_user();

    errno = 0;
    reply_status(
        ctx, RedisModule_ACLCheckCommandPermissions(user, argv + 1, argc - 1));
    return RedisModule_FreeModuleUser(user);
}

static int key(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleUser *user = default_user();

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    reply_status(ctx, RedisModule_ACLCheckKeyPermissions(
                          user, argv[1], (int)number_of(argv[2])));
    return RedisModule_FreeModuleUser(user);
}

static int channel(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleUser *user = default_user();

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    reply_status(ctx, RedisModule_ACLCheckChannelPermissions(
                          user, argv[1], (int)number_of(argv[2])));
    return RedisModule_FreeModuleUser(user);
}

static int made(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleUser *user = RedisModule_CreateModuleUser("made");
    RedisModuleString *rules = RedisModule_GetModuleUserACLString(user);
    int ping;

    (void)argc;
    RedisModule_ReplyWithArray(ctx, 6);
    RedisModule_ReplyWithString(ctx, rules);
    ping = RedisModule_ACLCheckCommandPermissions(user, argv, 1);
    reply_status(ctx, ping);
    reply_status(ctx, RedisModule_ACLCheckKeyPermissions(
                          user, rules, (int)REDISMODULE_CMD_KEY_ACCESS));
    errno = 0;
    reply_status(ctx, RedisModule_ACLCheckChannelPermissions(
                          user, rules, REDISMODULE_CMD_CHANNEL_PUBLISH));
    reply_status(ctx, RedisModule_ACLCheckChannelPermissions(
                          user, rules, REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE));
    reply_status(ctx, RedisModule_ACLAddLogEntry(ctx, user, rules, 7));
    RedisModule_FreeString(ctx, rules);
    return RedisModule_FreeModuleUser(user);
}

static void logged_out(uint64_t client, void *data)
{
    if (client == 0 || data != &logouts)
        abort();
    logouts++;
}

static int login(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    const char *name;
    uint64_t id = 0;
    size_t size;
    int status;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    name = RedisModule_StringPtrLen(argv[1], &size);
    status = RedisModule_AuthenticateClientWithACLUser(
        ctx, name, size, logged_out, &logouts, &id);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, status);
    return RedisModule_ReplyWithBool(
        ctx,
        id == (status == REDISMODULE_OK ? RedisModule_GetClientId(ctx) : 0));
}

static int told(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, logouts);
}

static int run_as(RedisModuleCtx *ctx, RedisModuleString **argv, int argc,
                  const RedisModuleUser *user, const char *format)
{
    RedisModuleCallReply *reply;

    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_SetContextUser(ctx, user);
    reply = RedisModule_Call(ctx, text_of(argv[1]), format, argv + 2,
                             (size_t)argc - 2);
    if (!reply)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

static int as(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    return run_as(ctx, argv, argc, NULL, "ECv");
}

static int as_made(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleUser *user = RedisModule_CreateModuleUser("made");

    RedisModule_ReplyWithArray(ctx, 2);
    run_as(ctx, argv, argc, user, "ECv");
    run_as(ctx, argv, argc, user, "Cv");
    RedisModule_SetContextUser(ctx, NULL);
    return RedisModule_FreeModuleUser(user);
}

static int rules(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleUser *user = RedisModule_CreateModuleUser("made");
    RedisModuleString *error = NULL;

    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 4);
    reply_status(ctx, RedisModule_SetModuleUserACL(user, "allcommands"));
    reply_status(
        ctx, RedisModule_SetModuleUserACLString(ctx, user, "on +@all", &error));
    RedisModule_ReplyWithString(ctx, error);
    RedisModule_FreeString(ctx, error);
    reply_status(ctx, RedisModule_AuthenticateClientWithUser(ctx, user, NULL,
                                                             NULL, NULL));
    return RedisModule_FreeModuleUser(user);
}

static const struct guest_row rows[] = {
    {"users.named", named, "", 0, 0, 0},
    {"users.may", may, "", 0, 0, 0},
    {"users.key", key, "", 0, 0, 0},
    {"users.channel", channel, "", 0, 0, 0},
    {"users.made", made, "", 0, 0, 0},
    {"users.login", login, "no-auth", 0, 0, 0},
    {"users.logouts", told, "", 0, 0, 0},
    {"users.as", as, "write", 0, 0, 0},
    {"users.as-made", as_made, "write", 0, 0, 0},
    {"users.rules", rules, "", 0, 0, 0},
};

GUEST("users", rows)
