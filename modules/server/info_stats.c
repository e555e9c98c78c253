/* SPDX-License-Identifier: BSD-3-Clause */
/* info_stats - INFO stats, persistence and replication: what the host counts,
 * and what stands there while no module does more. */
#include "info.h"

#include "server.h"

#include <inttypes.h>

/* --- stats --------------------------------------------------------------- */

static void info_traffic(const struct kr_host_stats *stats,
                         struct kr_info_out *out)
{
    out->field_int(out, "total_connections_received",
                   (int64_t)stats->connections);
    out->field_int(out, "total_commands_processed", (int64_t)stats->commands);
    out->field_int(out, "instantaneous_ops_per_sec",
                   (int64_t)(stats->ops_per_sec + 0.5));
    out->field_int(out, "total_net_input_bytes", (int64_t)stats->input_bytes);
    out->field_int(out, "total_net_output_bytes", (int64_t)stats->output_bytes);
    out->field_int(out, "total_net_repl_input_bytes", 0);
    out->field_int(out, "total_net_repl_output_bytes", 0);
    info_decimal(out, "instantaneous_input_kbps", stats->input_kbps, "");
    info_decimal(out, "instantaneous_output_kbps", stats->output_kbps, "");
    out->field(out, "instantaneous_input_repl_kbps", KR_STR("0.00"));
    out->field(out, "instantaneous_output_repl_kbps", KR_STR("0.00"));
    out->field_int(out, "rejected_connections",
                   (int64_t)stats->rejected_connections);
}

static void info_keys(const struct kr_host_stats *stats,
                      struct kr_info_out *out)
{
    static const struct info_constant sync[] = {
        {"sync_full", "0"},
        {"sync_partial_ok", "0"},
        {"sync_partial_err", "0"},
    };
    static const struct info_constant expiry[] = {
        {"expired_stale_perc", "0.00"},
    };

    info_constants(out, sync, KR_COUNT(sync));
    out->field_int(out, "expired_keys", (int64_t)stats->expired_keys);
    info_constants(out, expiry, KR_COUNT(expiry));
    out->field_int(out, "evicted_keys", (int64_t)stats->evicted_keys);
    out->field_int(out, "evicted_clients", (int64_t)stats->evicted_clients);
    out->field_int(out, "current_eviction_exceeded_time", 0);
    out->field_int(out, "keyspace_hits", (int64_t)stats->hits);
    out->field_int(out, "keyspace_misses", (int64_t)stats->misses);
}

static void info_others(struct kr_info_out *out)
{
    static const struct info_constant rows[] = {
        {"pubsub_channels", "0"},
        {"pubsub_patterns", "0"},
        {"pubsubshard_channels", "0"},
        {"migrate_cached_sockets", "0"},
        {"slave_expires_tracked_keys", "0"},
        {"active_defrag_hits", "0"},
        {"active_defrag_misses", "0"},
        {"active_defrag_key_hits", "0"},
        {"active_defrag_key_misses", "0"},
        {"total_active_defrag_time", "0"},
        {"current_active_defrag_time", "0"},
        {"tracking_total_keys", "0"},
        {"tracking_total_items", "0"},
        {"tracking_total_prefixes", "0"},
    };

    info_constants(out, rows, KR_COUNT(rows));
}

static void info_work(const struct kr_host_stats *stats,
                      struct kr_info_out *out)
{
    static const struct info_constant rows[] = {
        {"io_threaded_reads_processed", "0"},
        {"io_threaded_writes_processed", "0"},
        {"reply_buffer_shrinks", "0"},
        {"reply_buffer_expands", "0"},
        {"acl_access_denied_auth", "0"},
        {"acl_access_denied_cmd", "0"},
        {"acl_access_denied_key", "0"},
        {"acl_access_denied_channel", "0"},
    };

    out->field_int(out, "unexpected_error_replies",
                   (int64_t)stats->unexpected_errors);
    out->field_int(out, "total_error_replies", (int64_t)stats->error_replies);
    out->field_int(out, "dump_payload_sanitizations", 0);
    out->field_int(out, "total_reads_processed", (int64_t)stats->reads);
    out->field_int(out, "total_writes_processed", (int64_t)stats->writes);
    info_constants(out, rows, KR_COUNT(rows));
}

void info_fill_stats(void *ctx, struct kr_info_out *out)
{
    struct kr_host_stats stats = {.size = sizeof(stats)};

    (void)ctx;
    kr_info->stats(&stats);
    info_traffic(&stats, out);
    info_keys(&stats, out);
    info_others(out);
    info_work(&stats, out);
}

/* --- persistence --------------------------------------------------------- */

void info_fill_persistence(void *ctx, struct kr_info_out *out)
{
    static const struct info_constant after[] = {
        {"aof_enabled", "0"},
        {"aof_rewrite_in_progress", "0"},
        {"aof_rewrite_scheduled", "0"},
        {"aof_last_rewrite_time_sec", "-1"},
        {"aof_current_rewrite_time_sec", "-1"},
        {"aof_last_bgrewrite_status", "ok"},
        {"aof_rewrites", "0"},
        {"aof_rewrites_consecutive_failures", "0"},
        {"aof_last_write_status", "ok"},
        {"aof_last_cow_size", "0"},
        {"module_fork_in_progress", "0"},
        {"module_fork_last_cow_size", "0"},
    };
    const struct server *server = ctx;

    out->field_int(out, "rdb_changes_since_last_save",
                   (int64_t)kr_calls->changes());
    out->field_int(out, "rdb_bgsave_in_progress", 0);
    out->field_int(out, "rdb_last_save_time", server->started_ms / 1000);
    info_constants(out, after, KR_COUNT(after));
}

/* --- replication --------------------------------------------------------- */

void info_fill_replication(void *ctx, struct kr_info_out *out)
{
    static const struct info_constant before[] = {
        {"role", "master"},
        {"connected_slaves", "0"},
        {"master_failover_state", "no-failover"},
    };
    static const struct info_constant after[] = {
        {"master_replid2", "0000000000000000000000000000000000000000"},
        {"master_repl_offset", "0"},
        {"second_repl_offset", "-1"},
        {"repl_backlog_active", "0"},
    };
    static const struct info_constant last[] = {
        {"repl_backlog_first_byte_offset", "0"},
        {"repl_backlog_histlen", "0"},
    };
    const struct server *server = ctx;

    info_constants(out, before, KR_COUNT(before));
    out->field(out, "master_replid",
               kr_str(server->replication_id, SERVER_ID_SIZE));
    info_constants(out, after, KR_COUNT(after));
    out->field_int(out, "repl_backlog_size",
                   server_param_int("repl-backlog-size", 1048576));
    info_constants(out, last, KR_COUNT(last));
}
