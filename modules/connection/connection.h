/* SPDX-License-Identifier: BSD-3-Clause */
/* connection - what the files of the module share: its state, and the client
 * behind a call. */
#ifndef CONNECTION_CONNECTION_H
#define CONNECTION_CONNECTION_H

#include <kr/args.h>
#include <kr/call.h>
#include <kr/client.h>
#include <kr/event.h>
#include <kr/gate.h>
#include <kr/info.h>
#include <kr/module.h>

#define CONNECTION_VERSION 10000
#define CONNECTION_LAYOUT  1u /* of its state, kr_descriptor.layout */

struct connection {
    kr_module *self;
    kr_gate *gate;   /* armed on clients that must log in */
    kr_event *login; /* others are asked who a client is */
    bool upgraded;   /* an older version has looked at all clients */
};

static inline struct connection *connection_of(const struct kr_call *call)
{
    return call->state;
}

/* Whose call it is; NULL: nobody's, which has been refused.  Commands of this
 * module are about a client, and code may run them for none. */
static inline kr_client *connection_client(struct kr_call *call)
{
    if (!call->client)
        kr_reply_errorf(call->reply, "ERR '%s' needs a connection",
                        kr_commands->full_name(call->command));
    return call->client;
}

#endif
