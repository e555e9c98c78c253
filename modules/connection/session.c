/* SPDX-License-Identifier: BSD-3-Clause */
/* session - SELECT, RESET and QUIT: where a connection is, its new beginning,
 * and its end. */
#include "commands.h"
#include "connection.h"

void connection_select(struct kr_call *call)
{
    kr_client *client = connection_client(call);
    kr_db *db;

    if (!client || !kr_arg_db(call, 1, &db))
        return;
    kr_clients->select(client, db);
    kr_reply_ok(call->reply);
}

void connection_reset(struct kr_call *call)
{
    kr_client *client = connection_client(call);
    uint32_t flags;

    if (!client)
        return;
    flags = kr_clients->flags(client);
    if (flags & KR_CLIENT_PRIMARY ||
        (flags & KR_CLIENT_REPLICA && !(flags & KR_CLIENT_MONITOR))) {
        kr_reply_error(call->reply,
                       "ERR can only reset normal client connections");
        return;
    }
    kr_clients->reset(client);
    kr_reply_status(call->reply, "RESET");
}

void connection_quit(struct kr_call *call)
{
    kr_client *client = connection_client(call);

    if (!client)
        return;
    kr_reply_ok(call->reply);
    kr_clients->close(client, true);
}
