/* SPDX-License-Identifier: BSD-3-Clause */
/* role - ROLE and TIME: two small facts about the server.
 *
 * Without replication the server is a master that has sent nothing to nobody. */
#include "server.h"

#include "commands.h"

#include <stdio.h>

void server_role(struct kr_call *call)
{
    kr_reply_array(call->reply, 3);
    kr_reply_bulk(call->reply, KR_STR("master"));
    kr_reply_int64(call->reply, 0);
    kr_reply_array(call->reply, 0);
}

void server_time(struct kr_call *call)
{
    int64_t now = kr_loop->wall_us();

    kr_reply_array(call->reply, 2);
    call->reply->ops->bulk_int64(call->reply, now / 1000000);
    call->reply->ops->bulk_int64(call->reply, now % 1000000);
}
