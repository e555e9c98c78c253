/* SPDX-License-Identifier: BSD-3-Clause */
/* auth - who may talk to the server at all. */
#ifndef CONNECTION_AUTH_H
#define CONNECTION_AUTH_H

#include "connection.h"

/* The parameter's variable, which the host writes.  Empty: everybody may. */
extern struct kr_str auth_requirepass KR_HIDDEN;

/* In create(): make the gate and the event.  false: there are too many. */
bool auth_init(struct connection *connection);
/* In activate(): from now on clients are looked at as they come. */
void auth_start(struct connection *connection);

/* Log the client in.  false: -WRONGPASS has been replied, or somebody who was
 * asked about it replies, now or later. */
bool auth_log_in(struct kr_call *call, kr_client *client, struct kr_str user,
                 struct kr_str password);

#endif
