/* SPDX-License-Identifier: BSD-3-Clause */
/* ping - PING and ECHO: is anybody there? */
#include "commands.h"
#include "connection.h"

void connection_ping(struct kr_call *call)
{
    if (call->argc == 1)
        kr_reply_status(call->reply, "PONG");
    else if (call->argc == 2)
        kr_reply_bulk(call->reply, call->argv[1]);
    else
        kr_refuse_arity(call);
}

void connection_echo(struct kr_call *call)
{
    kr_reply_bulk(call->reply, call->argv[1]);
}
