/* SPDX-License-Identifier: BSD-3-Clause */
/* porters - a module that decides who is let in, as 7.2 lets it.
 *
 * What the password says is done: "admit", "deny", "error", "code" (an error with
 * a code of its own), "pass"; "wait-" before it: in a while.  "nobody" tries to
 * log somebody in whom there is not, "abort" gives up.
 *
 *     PORTERS.LOG     who has been asked since the last time
 *     PORTERS.BLOCK   a client waits for a login that is none */
#include "guest.h"

static char told[4096];

static void note(const char *who, RedisModuleString *user,
                 RedisModuleString *password)
{
    size_t used = strlen(told);

    snprintf(told + used, sizeof(told) - used, "%s:%s:%s ", who, text_of(user),
             text_of(password));
}

static int decide(RedisModuleCtx *ctx, const char *what,
                  RedisModuleString **error)
{
    uint64_t id = 0;

    if (strcmp(what, "admit") == 0) {
        if (RedisModule_AuthenticateClientWithACLUser(
                ctx, "default", 7, NULL, NULL, &id) != REDISMODULE_OK ||
            id != RedisModule_GetClientId(ctx))
            return REDISMODULE_AUTH_NOT_HANDLED;
        return REDISMODULE_AUTH_HANDLED;
    }
    if (strcmp(what, "nobody") == 0)
        (void)RedisModule_AuthenticateClientWithACLUser(ctx, "nosuch", 6, NULL,
                                                        NULL, NULL);
    if (strcmp(what, "error") == 0)
        *error = RedisModule_CreateString(NULL, "no guests today", 15);
    if (strcmp(what, "code") == 0)
        *error = RedisModule_CreateString(NULL, "-CLOSED today", 13);
    return strcmp(what, "pass") == 0 ? REDISMODULE_AUTH_NOT_HANDLED
                                     : REDISMODULE_AUTH_HANDLED;
}

static int later(RedisModuleCtx *ctx, RedisModuleString *user,
                 RedisModuleString *password, RedisModuleString **error)
{
    const char *what = RedisModule_GetBlockedClientPrivateData(ctx);

    note("later", user, password);
    if (!RedisModule_IsBlockedReplyRequest(ctx))
        return REDISMODULE_AUTH_HANDLED;
    return decide(ctx, what, error);
}

struct waiting {
    RedisModuleBlockedClient *blocked;
    char what[16];
};

static void over(RedisModuleCtx *ctx, void *given)
{
    struct waiting *waiting = given;

    (void)ctx;
    if (strcmp(waiting->what, "abort") == 0)
        RedisModule_AbortBlock(waiting->blocked);
    else
        RedisModule_UnblockClient(waiting->blocked,
                                  RedisModule_Strdup(waiting->what));
    RedisModule_Free(waiting);
}

static void free_data(RedisModuleCtx *ctx, void *data)
{
    (void)ctx;
    RedisModule_Free(data);
}

static int first(RedisModuleCtx *ctx, RedisModuleString *user,
                 RedisModuleString *password, RedisModuleString **error)
{
    const char *what = text_of(password);
    struct waiting *waiting;

    note("first", user, password);
    if (strncmp(what, "wait-", 5) != 0)
        return decide(ctx, what, error);
    waiting = RedisModule_Calloc(1, sizeof(*waiting));
    waiting->blocked = RedisModule_BlockClientOnAuth(ctx, later, free_data);
    snprintf(waiting->what, sizeof(waiting->what), "%s", what + 5);
    RedisModule_CreateTimer(ctx, 10, over, waiting);
    return REDISMODULE_AUTH_HANDLED;
}

/* Asked before the first, as it came after it. */
static int second(RedisModuleCtx *ctx, RedisModuleString *user,
                  RedisModuleString *password, RedisModuleString **error)
{
    const char *what = text_of(password);

    note("second", user, password);
    if (strcmp(text_of(user), "twice") == 0)
        return first(ctx, user, password, error);
    return strcmp(what, "second") == 0 ? decide(ctx, "admit", error)
                                       : REDISMODULE_AUTH_NOT_HANDLED;
}

static int log_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithCString(ctx, told);
    told[0] = '\0';
    return REDISMODULE_OK;
}

static int block(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    (void)RedisModule_BlockClientOnAuth(ctx, later, free_data);
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"porters.log", log_of, "", 0, 0, 0},
    {"porters.block", block, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    RedisModule_RegisterAuthCallback(ctx, first);
    RedisModule_RegisterAuthCallback(ctx, second);
    return REDISMODULE_OK;
}

GUEST_WITH("porters", rows, begin)
