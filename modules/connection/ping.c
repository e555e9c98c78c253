/* SPDX-License-Identifier: BSD-3-Clause */
/* ping - PING and ECHO: is anybody there? */
#include "commands.h"
#include "connection.h"

/* A subscribed client in RESP2 expects what looks like a message. */
static bool ping_is_message(const struct kr_call *call)
{
    return call->reply->protocol == 2 && call->client &&
           kr_clients->flags(call->client) & KR_CLIENT_PUBSUB;
}

void connection_ping(struct kr_call *call)
{
    if (call->argc > 2) {
        kr_refuse_arity(call);
    } else if (ping_is_message(call)) {
        kr_reply_array(call->reply, 2);
        kr_reply_bulk(call->reply, KR_STR("pong"));
        kr_reply_bulk(call->reply,
                      call->argc == 2 ? call->argv[1] : kr_str("", 0));
    } else if (call->argc == 2) {
        kr_reply_bulk(call->reply, call->argv[1]);
    } else {
        kr_reply_status(call->reply, "PONG");
    }
}

void connection_echo(struct kr_call *call)
{
    kr_reply_bulk(call->reply, call->argv[1]);
}
