/* SPDX-License-Identifier: BSD-3-Clause */
/* delete - DEL and UNLINK: remove keys, on this thread or with large values
 * left to another one. */
#include "commands.h"
#include "keys.h"

static void delete_keys(struct kr_call *call, bool lazy)
{
    int64_t count = 0;

    for (uint32_t i = 1; i < call->argc; i++) {
        struct kr_cell cell;

        if (!kr_keyspace->find_arg(call, i, KR_FIND_WRITE | KR_FIND_QUIET,
                                   &cell))
            continue;
        kr_keyspace->erase(&cell, lazy);
        keys_changed(call, call->db, call->argv[i], "del");
        count++;
    }
    kr_reply_int64(call->reply, count);
}

void keys_del(struct kr_call *call)
{
    delete_keys(call, keys_of(call)->lazy_user_del);
}

void keys_unlink(struct kr_call *call)
{
    delete_keys(call, true);
}
