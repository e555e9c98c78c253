/* SPDX-License-Identifier: BSD-3-Clause */
/* status - how saving goes: in INFO, and to clients whose writes would be lost.
 *
 * While the last attempt to save has failed and the server is meant to save by
 * itself, writes are refused (stop-writes-on-bgsave-error), and PING says so,
 * which is how watchdogs notice.  The gate is armed just then. */
#include "rdb.h"

#define MISCONF                                                                \
    "MISCONF Redis is configured to save RDB snapshots, but it's currently "   \
    "unable to persist to disk. Commands that may modify the data set are "    \
    "disabled, because this instance is configured to report errors during "   \
    "writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). "  \
    "Please check the Redis logs for details about the RDB error."

void rdb_settle_gate(struct rdb *rdb)
{
    bool wanted = rdb->failed && rdb_settings.stop_writes && rdb_has_points();

    if (!rdb->gate || wanted == rdb->gate_armed)
        return;
    rdb->gate_armed = wanted;
    if (wanted)
        kr_gates->arm(rdb->gate, NULL);
    else
        kr_gates->disarm(rdb->gate, NULL);
}

static bool gate_is_ping(const kr_cmd *command)
{
    return strcmp(kr_commands->full_name(command), "ping") == 0;
}

int32_t rdb_gate(struct kr_call *call, const struct kr_outcome *outcome,
                 void *ctx)
{
    (void)outcome, (void)ctx;
    if (call->flags & KR_CALL_REPLICA ||
        (!(call->acts & KR_CMD_WRITE) && !gate_is_ping(call->command)))
        return KR_GATE_PASS;
    return kr_gates->refuse(call, KR_STR(MISCONF));
}

void rdb_fill_info(void *ctx, struct kr_info_out *out)
{
    const struct rdb *rdb = ctx;
    bool saving = rdb_is_saving(rdb);

    out->field_int(out, "rdb_changes_since_last_save",
                   (int64_t)(kr_calls->changes() - rdb->saved_changes));
    out->field_int(out, "rdb_bgsave_in_progress", saving);
    out->field_int(out, "rdb_last_save_time", rdb->saved_sec);
    out->field(out, "rdb_last_bgsave_status",
               rdb->failed ? KR_STR("err") : KR_STR("ok"));
    out->field_int(out, "rdb_last_bgsave_time_sec", rdb->child_took_sec);
    out->field_int(out, "rdb_current_bgsave_time_sec",
                   saving ? rdb_now_sec() - rdb->child_began_sec : -1);
    out->field_int(out, "rdb_saves", (int64_t)rdb->saves);
    out->field_int(out, "rdb_last_cow_size", (int64_t)rdb->child_copied);
    out->field_int(out, "rdb_last_load_keys_expired",
                   (int64_t)rdb->loaded_expired);
    out->field_int(out, "rdb_last_load_keys_loaded", (int64_t)rdb->loaded_keys);
}
