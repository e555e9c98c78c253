/* SPDX-License-Identifier: BSD-3-Clause */
/* auth - AUTH, and the gate in front of those who have not said it.
 *
 * Whether a client has logged in is a flag that the host keeps, and it is set
 * on every new one.  While `requirepass` is set a client that connects loses
 * the flag and the gate is armed on it; AUTH gives the flag back and disarms
 * the gate.  So a client that is logged in pays nothing, and a server without a
 * password knows no gate at all.
 *
 * Other modules may know better who a client is (login.h): they are asked before
 * its password is looked at.
 *
 * As in Redis, a password that is set later asks nobody who is connected, and
 * one that is taken away lets in those who wait. */
#include "auth.h"

#include "commands.h"

#include <kr/command.h>
#include <kr/event.h>
#include <kr/login.h>

#define AUTH_RANK 0 /* before every other opinion about the call */

struct kr_str auth_requirepass;

static bool auth_is_required(void)
{
    return auth_requirepass.size > 0;
}

/* --- Passwords ----------------------------------------------------------- */

/* The time this takes depends on what was given, never on how much of it is
 * right: each byte is compared, with some byte of the password when that is
 * shorter. */
static bool auth_is_password(struct kr_str given)
{
    size_t size = auth_requirepass.size;
    volatile unsigned difference = given.size != size;

    for (size_t i = 0, at = 0; i < given.size; i++) {
        difference |= (unsigned char)given.data[i] ^
                      (unsigned char)auth_requirepass.data[at];
        at = at + 1 < size ? at + 1 : 0;
    }
    return difference == 0;
}

static void auth_admit(struct connection *connection, kr_client *client)
{
    kr_clients->set_flags(client, KR_CLIENT_AUTHENTICATED, 0);
    kr_gates->disarm(connection->gate, client);
}

static void auth_stop(struct connection *connection, kr_client *client)
{
    kr_clients->set_flags(client, 0, KR_CLIENT_AUTHENTICATED);
    kr_gates->arm(connection->gate, client);
}

/* No text is the default user, which saves most clients one. */
static void auth_become_default(kr_client *client)
{
    if (kr_clients->text(client, "user").size > 0)
        kr_clients->set_text(client, "user", kr_str("", 0));
}

static uint32_t auth_ask_others(struct kr_call *call, struct kr_str user,
                                struct kr_str password)
{
    uint32_t answer = KR_LOGIN_PASS;
    struct kr_login_event login = {.size = sizeof(login),
                                   .call = call,
                                   .user = user,
                                   .password = password,
                                   .answer = &answer};

    if (kr_events->armed(connection_of(call)->login))
        kr_events->publish(connection_of(call)->login, &login);
    return answer;
}

bool auth_log_in(struct kr_call *call, kr_client *client, struct kr_str user,
                 struct kr_str password)
{
    uint32_t answer = auth_ask_others(call, user, password);
    bool right;

    if (answer == KR_LOGIN_ADMIT)
        auth_admit(connection_of(call), client);
    if (answer != KR_LOGIN_PASS)
        return answer == KR_LOGIN_ADMIT;
    right = !auth_is_required() || auth_is_password(password);
    if (!right || !kr_str_equal(user, KR_STR("default"))) {
        kr_reply_error(call->reply, "WRONGPASS invalid username-password pair "
                                    "or user is disabled.");
        return false;
    }
    auth_become_default(client);
    auth_admit(connection_of(call), client);
    return true;
}

void connection_auth(struct kr_call *call)
{
    bool named = call->argc == 3;
    kr_client *client;

    if (call->argc > 3) {
        kr_refuse_syntax(call);
        return;
    }
    if (!named && !auth_is_required()) {
        kr_reply_error(call->reply,
                       "ERR AUTH <password> called without any password "
                       "configured for the default user. Are you sure your "
                       "configuration is correct?");
        return;
    }
    if (!(client = connection_client(call)))
        return;
    if (auth_log_in(call, client, named ? call->argv[1] : KR_STR("default"),
                    call->argv[call->argc - 1]))
        kr_reply_ok(call->reply);
}

/* --- The gate ------------------------------------------------------------ */

static int32_t auth_gate(struct kr_call *call, const struct kr_outcome *outcome,
                         void *ctx)
{
    (void)outcome;
    (void)ctx;
    if (!auth_is_required() || !call->client ||
        kr_clients->flags(call->client) & KR_CLIENT_AUTHENTICATED ||
        kr_commands->row(call->command)->flags & KR_CMD_NO_AUTH)
        return KR_GATE_PASS;
    return kr_gates->refuse(call, KR_STR("NOAUTH Authentication required."));
}

static void auth_on_connected(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;

    if (auth_is_required())
        auth_stop(ctx, event->client);
}

static void auth_on_reset(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;

    auth_become_default(event->client);
    if (auth_is_required())
        auth_stop(ctx, event->client);
    else
        auth_admit(ctx, event->client);
}

static bool auth_look_at(kr_client *client, void *ctx)
{
    struct connection *connection = ctx;

    if (!(kr_clients->flags(client) & KR_CLIENT_AUTHENTICATED))
        kr_gates->arm(connection->gate, client);
    return true;
}

bool auth_init(struct connection *connection)
{
    connection->gate =
        kr_gates->add(connection->self, "auth", KR_STAGE_AUTHORISE, AUTH_RANK,
                      auth_gate, connection);
    connection->login = kr_events->declare(connection->self, KR_EVENT_LOGIN);
    return connection->gate && connection->login;
}

void auth_start(struct connection *connection)
{
    kr_events->subscribe(connection->self, KR_EVENT_CLIENT_CONNECTED,
                         auth_on_connected, connection);
    kr_events->subscribe(connection->self, KR_EVENT_CLIENT_RESET, auth_on_reset,
                         connection);
    /* After an upgrade the gate is armed on whom it was armed on. */
    if (!connection->upgraded)
        kr_clients->each(auth_look_at, connection);
}
