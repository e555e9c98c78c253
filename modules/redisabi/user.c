/* SPDX-License-Identifier: BSD-3-Clause */
/* user - users, as they are where there is only the default one.
 *
 * That one may do everything.  A guest may make users of its own: they begin, as
 * in Redis, with no right at all, and as long as the server has no rules for
 * users they can be given none; who tries is told so. */
#include "user.h"

#include "text.h"

#include <errno.h>

#define USER_NO_RULES                                                          \
    "this server has no rules for users: only the default user can log in"

/* --- Handles -------------------------------------------------------------- */

static RedisModuleUser *user_new(struct kr_str name, bool own)
{
    RedisModuleUser *user =
        kr_memory->calloc(redisabi_self, 1, sizeof(*user) + name.size + 1);

    user->own = own;
    if (name.size > 0)
        memcpy(user->name, name.data, name.size);
    return user;
}

RedisModuleUser *rm_CreateModuleUser(const char *name)
{
    return user_new(kr_cstr(name), true);
}

/* NULL: nobody of that name may log in. */
RedisModuleUser *rm_GetModuleUserFromUserName(RedisModuleString *name)
{
    return kr_str_equal(text_view(name), KR_STR(USER_DEFAULT))
               ? user_new(text_view(name), false)
               : NULL;
}

int rm_FreeModuleUser(RedisModuleUser *user)
{
    kr_memory->free(redisabi_self, user);
    return REDISMODULE_OK;
}

void rm_SetContextUser(RedisModuleCtx *ctx, const RedisModuleUser *user)
{
    ctx->user = user;
}

/* --- Rules ---------------------------------------------------------------- */

int rm_SetModuleUserACL(RedisModuleUser *user, const char *rule)
{
    (void)rule;
    kr_logf(redisabi_self, KR_LOG_WARNING, "user '%s': " USER_NO_RULES,
            user->name);
    errno = ENOTSUP;
    return REDISMODULE_ERR;
}

int rm_SetModuleUserACLString(RedisModuleCtx *ctx, RedisModuleUser *user,
                              const char *rules, RedisModuleString **error)
{
    if (error)
        *error = rm_CreateStringPrintf(ctx, "%s", USER_NO_RULES);
    return rm_SetModuleUserACL(user, rules);
}

static bool user_has_password(void)
{
    struct kr_reply *sink = kr_calls->new_sink(2);
    bool has = kr_config->get(KR_STR("requirepass"), sink) == KR_OK &&
               kr_calls->sink_bytes(sink).size > 0;

    kr_calls->free_sink(sink);
    return has;
}

/* A password is not shown, not even as its hash. */
RedisModuleString *rm_GetModuleUserACLString(RedisModuleUser *user)
{
    const char *text = "on nopass ~* &* +@all";

    if (user->own)
        text = "off resetchannels -@all";
    else if (user_has_password())
        text = "on ~* &* +@all";
    return text_new(kr_cstr(text));
}

/* --- May it? -------------------------------------------------------------- */

static int user_answer(const RedisModuleUser *user)
{
    if (user_may(user))
        return REDISMODULE_OK;
    errno = EACCES;
    return REDISMODULE_ERR;
}

int rm_ACLCheckCommandPermissions(RedisModuleUser *user,
                                  RedisModuleString **argv, int argc)
{
    struct kr_str words[2];
    uint32_t count = argc < 2 ? (uint32_t)argc : 2;

    for (uint32_t i = 0; i < count; i++)
        words[i] = text_view(argv[i]);
    if (count == 0 || !kr_commands->match(count, words)) {
        errno = ENOENT;
        return REDISMODULE_ERR;
    }
    return user_answer(user);
}

int rm_ACLCheckKeyPermissions(RedisModuleUser *user, RedisModuleString *key,
                              int flags)
{
    const uint64_t all =
        REDISMODULE_CMD_KEY_ACCESS | REDISMODULE_CMD_KEY_INSERT |
        REDISMODULE_CMD_KEY_DELETE | REDISMODULE_CMD_KEY_UPDATE;

    (void)key;
    if ((uint64_t)flags & ~all) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    return user_answer(user);
}

/* Everybody may unsubscribe. */
int rm_ACLCheckChannelPermissions(RedisModuleUser *user,
                                  RedisModuleString *channel, int flags)
{
    const int all =
        REDISMODULE_CMD_CHANNEL_PUBLISH | REDISMODULE_CMD_CHANNEL_SUBSCRIBE |
        REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE | REDISMODULE_CMD_CHANNEL_PATTERN;

    (void)channel;
    if (flags & ~all) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    if (flags & REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE)
        return REDISMODULE_OK;
    return user_may(user) ? REDISMODULE_OK : REDISMODULE_ERR;
}

/* There is no log of denials, so it stands in the server's. */
static int user_log(RedisModuleCtx *ctx, struct kr_str name,
                    RedisModuleString *what, int reason)
{
    static const char *const reasons[] = {"login", "command", "key", "channel"};

    if (reason < 0 || (size_t)reason >= KR_COUNT(reasons))
        return REDISMODULE_ERR;
    kr_logf(ctx->guest ? ctx->guest->self : redisabi_self, KR_LOG_NOTICE,
            "user '%.*s' was denied a %s: %.*s", (int)name.size, name.data,
            reasons[reason], (int)text_view(what).size, text_view(what).data);
    return REDISMODULE_OK;
}

int rm_ACLAddLogEntry(RedisModuleCtx *ctx, RedisModuleUser *user,
                      RedisModuleString *what, int reason)
{
    return user_log(ctx, kr_cstr(user->name), what, reason);
}

int rm_ACLAddLogEntryByUserName(RedisModuleCtx *ctx, RedisModuleString *name,
                                RedisModuleString *what, int reason)
{
    return user_log(ctx, text_view(name), what, reason);
}
