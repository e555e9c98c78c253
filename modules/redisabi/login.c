/* SPDX-License-Identifier: BSD-3-Clause */
/* login - guests that say who a client is.
 *
 *   AUTH, HELLO --> "connection.login" --> porter, porter ... --> the password
 *                         ^                   `--BlockClientOnAuth--> parked
 *                         |                                             |
 *                         `--- the same words again, from there on <--UnblockClient
 *
 * Porters are asked in turn, the last that came first: each admits the client
 * (AuthenticateClient...), refuses it, passes, or makes it wait, in which case
 * another function of it says the same later.
 *
 * Who has logged a client in wants to be told once, when it is no longer that
 * user's:
 *
 *   AuthenticateClient... --> login --client gone, reset, other user--> told */
#include "login.h"

#include "blocked.h"
#include "text.h"
#include "user.h"

#include <kr/login.h>

/* --- Asking --------------------------------------------------------------- */

struct porter {
    struct porter *next;
    struct guest *guest;
    RedisModuleAuthCallback run;
};

/* An attempt to log in, while porters are asked about it. */
struct attempt {
    struct kr_call *call; /* what may be parked */
    struct kr_reply *reply;
    RedisModuleString *user, *password;
};

static void attempt_refuse(const struct attempt *attempt,
                           const RedisModuleString *error)
{
    struct kr_str text = error ? text_view(error) : kr_str("", 0);

    if (!error)
        kr_reply_error(attempt->reply, "WRONGPASS invalid username-password "
                                       "pair or user is disabled.");
    else if (text.size > 0 && text.data[0] == '-')
        kr_reply_errorf(attempt->reply, "%.*s", (int)text.size - 1,
                        text.data + 1);
    else
        kr_reply_errorf(attempt->reply, "ERR %.*s", (int)text.size, text.data);
}

/* KR_LOGIN_; `blocked`: it has waited and says it now. */
static uint32_t attempt_ask(const struct attempt *attempt, struct guest *guest,
                            RedisModuleAuthCallback run,
                            const struct porter *porter,
                            RedisModuleBlockedClient *blocked)
{
    struct context_login login = {.porter = porter};
    uint32_t answer = KR_LOGIN_PASS;
    RedisModuleString *error = NULL;
    RedisModuleCtx ctx;

    context_begin(&ctx, guest, attempt->call);
    ctx.reply = attempt->reply;
    ctx.login = &login;
    ctx.blocked = blocked;
    ctx.why = blocked ? CONTEXT_REPLY : 0;
    if (run(&ctx, attempt->user, attempt->password, &error) ==
        REDISMODULE_AUTH_HANDLED)
        answer = login.admitted ? KR_LOGIN_ADMIT : KR_LOGIN_TAKEN;
    if (answer == KR_LOGIN_TAKEN && !login.waits)
        attempt_refuse(attempt, error);
    if (error)
        (void)context_disown(&ctx, OWNED_STRING, error);
    context_end(&ctx);
    text_release(error);
    return answer;
}

/* Those from `porter` on. */
static uint32_t attempt_go_on(const struct attempt *attempt,
                              const struct porter *porter)
{
    uint32_t answer = KR_LOGIN_PASS;

    while (porter && answer == KR_LOGIN_PASS) {
        const struct porter *next = porter->next;

        if (porter->guest->serves && !porter->guest->replaced)
            answer =
                attempt_ask(attempt, porter->guest, porter->run, porter, NULL);
        porter = next;
    }
    return answer;
}

/* The one behind it; NULL: it is gone itself. */
static const struct porter *porter_behind(const struct porter *porter)
{
    const struct porter *at = house()->porters;

    while (at && at != porter)
        at = at->next;
    return at ? at->next : NULL;
}

static void login_ask(void *given, const void *payload)
{
    struct house *all = given;
    const struct kr_login_event *event = payload;
    RedisModuleBlockedClient *blocked = all->let_in.blocked;
    const struct porter *porter = all->porters;
    struct attempt attempt = {.call = event->call, .reply = event->call->reply};

    if (*event->answer != KR_LOGIN_PASS)
        return;
    attempt.user = text_new(event->user);
    attempt.password = text_new(event->password);
    all->let_in.blocked = NULL;
    if (blocked) {
        porter = porter_behind(blocked->porter);
        attempt.call = all->let_in.call;
        if (!blocked->aborted)
            *event->answer =
                attempt_ask(&attempt, blocked->guest, blocked->login,
                            blocked->porter, blocked);
    }
    if (*event->answer == KR_LOGIN_PASS)
        *event->answer = attempt_go_on(&attempt, porter);
    text_release(attempt.user);
    text_release(attempt.password);
}

void login_resume(RedisModuleBlockedClient *blocked, struct kr_call *call)
{
    struct house *all = house();
    struct kr_run run = {.size = sizeof(run),
                         .argc = call->argc,
                         .argv = call->argv,
                         .reply = call->reply,
                         .client = call->client,
                         .db = call->db,
                         .flags = KR_RUN_NO_GATES | KR_RUN_NO_JOURNAL |
                                  KR_RUN_NO_STATS | KR_RUN_NO_FILTER};

    all->let_in.blocked = blocked;
    all->let_in.call = call;
    (void)kr_calls->run(&run);
    all->let_in.blocked = NULL;
}

void rm_RegisterAuthCallback(RedisModuleCtx *ctx, RedisModuleAuthCallback run)
{
    struct house *all = house();
    struct porter *porter = kr_memory->alloc(redisabi_self, sizeof(*porter));

    if (!all->porters_asked)
        (void)kr_events->await(all->self, KR_EVENT_LOGIN, login_ask, all);
    all->porters_asked = true;
    *porter = (struct porter){all->porters, ctx->guest, run};
    all->porters = porter;
}

/* --- Told when it is over ------------------------------------------------- */

struct login {
    struct login *next;
    struct guest *guest;
    uint64_t client;
    RedisModuleUserChangedFunc changed;
    void *data;
};

/* Whose client it was learns it, and has to be told no more. */
static void login_end(uint64_t client)
{
    struct login **at = &house()->logins;

    while (*at) {
        struct login login, *gone = *at;

        if (gone->client != client) {
            at = &gone->next;
            continue;
        }
        *at = gone->next;
        login = *gone;
        kr_memory->free(redisabi_self, gone);
        login.changed(login.client, login.data);
        at = &house()->logins; /* it may have done anything */
    }
}

static void login_on_change(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;

    (void)ctx;
    login_end(kr_clients->id(event->client));
}

static void login_listen(void)
{
    static const char *const when[] = {
        KR_EVENT_CLIENT_GONE, KR_EVENT_CLIENT_RESET, KR_EVENT_CLIENT_USER};
    struct house *all = house();

    for (size_t i = 0; i < KR_COUNT(when) && !all->login_heard; i++)
        (void)kr_events->subscribe(all->self, when[i], login_on_change, all);
    all->login_heard = true;
}

static int login_begin(RedisModuleCtx *ctx, RedisModuleUserChangedFunc changed,
                       void *data, uint64_t *client)
{
    struct login *login;

    if (!ctx->client)
        return REDISMODULE_ERR;
    login_end(kr_clients->id(ctx->client));
    kr_clients->set_flags(ctx->client, KR_CLIENT_AUTHENTICATED, 0);
    if (ctx->login)
        ctx->login->admitted = true;
    if (client)
        *client = kr_clients->id(ctx->client);
    if (!changed)
        return REDISMODULE_OK;
    login_listen();
    login = kr_memory->alloc(redisabi_self, sizeof(*login));
    *login = (struct login){.next = house()->logins,
                            .guest = ctx->guest,
                            .client = kr_clients->id(ctx->client),
                            .changed = changed,
                            .data = data};
    house()->logins = login;
    return REDISMODULE_OK;
}

int rm_AuthenticateClientWithUser(RedisModuleCtx *ctx, RedisModuleUser *user,
                                  RedisModuleUserChangedFunc changed,
                                  void *data, uint64_t *client)
{
    return user_may(user) ? login_begin(ctx, changed, data, client)
                          : REDISMODULE_ERR;
}

int rm_AuthenticateClientWithACLUser(RedisModuleCtx *ctx, const char *name,
                                     size_t size,
                                     RedisModuleUserChangedFunc changed,
                                     void *data, uint64_t *client)
{
    return kr_str_equal(kr_str(name, size), KR_STR(USER_DEFAULT))
               ? login_begin(ctx, changed, data, client)
               : REDISMODULE_ERR;
}

bool logins_are_of(const struct guest *guest)
{
    const struct login *login = house()->logins;

    while (login && login->guest != guest)
        login = login->next;
    return login != NULL;
}

void logins_forget(struct guest *guest)
{
    HELD_FORGET(house()->logins, guest);
    HELD_FORGET(house()->porters, guest);
}
