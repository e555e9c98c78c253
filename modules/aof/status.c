/* SPDX-License-Identifier: BSD-3-Clause */
/* status - how the log goes: in INFO, and to clients whose writes would be
 * lost.
 *
 * While the last write or sync has failed, writes are refused, and PING says
 * so, which is how watchdogs notice.  The gate is armed just then. */
#include "aof.h"

static int status_error(const struct aof *aof)
{
    return aof->write_error ? aof->write_error : sync_error(aof->sync);
}

void status_settle(struct aof *aof)
{
    bool wanted = aof->state != AOF_OFF && status_error(aof) != 0;

    if (!aof->gate || wanted == aof->gate_armed)
        return;
    aof->gate_armed = wanted;
    if (wanted)
        kr_gates->arm(aof->gate, NULL);
    else
        kr_gates->disarm(aof->gate, NULL);
}

static bool gate_is_ping(const kr_cmd *command)
{
    return strcmp(kr_commands->full_name(command), "ping") == 0;
}

int32_t status_gate(struct kr_call *call, const struct kr_outcome *outcome,
                    void *ctx)
{
    const struct aof *aof = ctx;
    char text[256];
    int n;

    (void)outcome;
    if (call->flags & KR_CALL_REPLICA ||
        (!(call->acts & KR_CMD_WRITE) && !gate_is_ping(call->command)))
        return KR_GATE_PASS;
    n = snprintf(text, sizeof(text),
                 "MISCONF Errors writing to the AOF file: %s",
                 strerror(status_error(aof)));
    return kr_gates->refuse(call, kr_str(text, (size_t)n));
}

/* --- INFO ---------------------------------------------------------------- */

static void status_fill_file(const struct aof *aof, struct kr_info_out *out)
{
    out->field_int(out, "aof_current_size", aof->total_size);
    out->field_int(out, "aof_base_size", aof->base_size);
    out->field_int(out, "aof_pending_rewrite", aof->scheduled);
    out->field_int(out, "aof_buffer_length", (int64_t)aof->buffer.size);
    out->field_int(out, "aof_pending_bio_fsync",
                   (int64_t)sync_pending(aof->sync));
    out->field_int(out, "aof_delayed_fsync", (int64_t)aof->delayed);
}

void status_fill_info(void *ctx, struct kr_info_out *out)
{
    static const struct kr_str words[] = {{"ok", 2}, {"err", 3}};
    const struct aof *aof = ctx;

    out->field_int(out, "aof_enabled", aof->state != AOF_OFF);
    out->field_int(out, "aof_rewrite_in_progress",
                   aof->rewriting || sync_is_calling(aof->sync));
    out->field_int(out, "aof_rewrite_scheduled", aof->scheduled);
    out->field_int(out, "aof_last_rewrite_time_sec", aof->took_sec);
    out->field_int(out, "aof_current_rewrite_time_sec",
                   aof->began_sec < 0 ? -1 : aof_now_sec() - aof->began_sec);
    out->field(out, "aof_last_bgrewrite_status", words[aof->rewrite_failed]);
    out->field_int(out, "aof_rewrites", (int64_t)aof->rewrites);
    out->field_int(out, "aof_rewrites_consecutive_failures",
                   (int64_t)aof->failures);
    out->field(out, "aof_last_write_status", words[status_error(aof) != 0]);
    out->field_int(out, "aof_last_cow_size", (int64_t)aof->child_copied);
    if (aof_settings.enabled)
        status_fill_file(aof, out);
}
