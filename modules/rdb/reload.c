/* SPDX-License-Identifier: BSD-3-Clause */
/* reload - DEBUG RELOAD: out into the file and in again, as tests want it.
 *
 * A file that cannot be read back ends the server if the databases were emptied
 * for it; else who asked is told. */
#include "rdb.h"

#include <kr/debug.h>

#include <unistd.h>

struct reload {
    bool save, flush;
    uint32_t flags; /* KR_SNAPSHOT_ */
};

static bool reload_read(struct kr_call *call, struct reload *reload)
{
    *reload = (struct reload){.save = true, .flush = true};
    for (uint32_t i = 2; i < call->argc; i++) {
        if (kr_arg_is(call, i, "MERGE")) {
            reload->flags |= KR_SNAPSHOT_MERGE;
        } else if (kr_arg_is(call, i, "NOFLUSH")) {
            reload->flush = false;
        } else if (kr_arg_is(call, i, "NOSAVE")) {
            reload->save = false;
        } else {
            kr_reply_error(call->reply,
                           "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH "
                           "and NOSAVE options.");
            return false;
        }
    }
    return true;
}

static void reload(struct rdb *rdb, struct kr_call *call)
{
    struct reload reload;
    kr_status answer;

    if (!reload_read(call, &reload))
        return;
    if (reload.save && !rdb_save_file(rdb, false)) {
        kr_reply_error(call->reply, "ERR");
        return;
    }
    if (reload.flush) {
        rdb->points_due_off = true;
        kr_keyspace->flush(NULL, false);
        rdb->points_due_off = false;
        rdb_clear_parts(rdb);
    }
    answer = rdb_load_file(rdb, reload.flags);
    if (reload.flush && (answer == KR_EFORMAT || answer == KR_EIO))
        _exit(1); /* the log says why */
    if (answer != KR_OK) {
        kr_reply_error(call->reply, "ERR Error trying to load the RDB dump, "
                                    "check server logs.");
        return;
    }
    kr_logf(rdb->self, KR_LOG_WARNING, "DB reloaded by DEBUG RELOAD");
    kr_reply_ok(call->reply);
}

void rdb_on_debug(void *ctx, const void *payload)
{
    const struct kr_debug_event *event = payload;

    if (!kr_arg_is(event->call, 1, "RELOAD"))
        return;
    *event->taken = true;
    reload(ctx, event->call);
}
