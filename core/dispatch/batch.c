/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/batch.h"

#include "core/dispatch/ahead.h"
#include "core/dispatch/call.h"

_Static_assert(CLIENT_BATCH <= AHEAD_MAX, "a batch is fetched as a whole");

int batch_run(kr_client *client, const struct resp_args *args, int count)
{
    struct prepared prepared[CLIENT_BATCH];
    uint64_t hashes[AHEAD_KEYS];
    uint32_t keys = 0;
    int done = 0;

    for (int i = 0; i < count; i++) {
        call_prepare(client, &args[i], &prepared[i], hashes + keys,
                     AHEAD_KEYS - keys);
        keys += prepared[i].keys;
    }
    if (keys > 1)
        ahead_fetch(client->db, args, prepared, count);
    while (done < count) {
        if (!call_client(client, &args[done], &prepared[done]))
            break; /* held: not executed */
        done++;
        if (client->suspended || client->doomed)
            break;
    }
    return done;
}
