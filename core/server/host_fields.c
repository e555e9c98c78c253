/* SPDX-License-Identifier: BSD-3-Clause */
/* host_fields - fields of INFO that only the host can fill. */
#include "core/server/host_fields.h"

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/event/event.h"
#include "core/info/info.h"
#include "core/keyspace/keyspace.h"
#include "core/memory/memory.h"
#include "core/net/client.h"
#include "core/server/child.h"
#include "core/server/loading.h"

struct turn_stats turn_stats;

/* Rates over the time between two looks, at least a second apart. */
static struct {
    int64_t at_ms;
    uint64_t turns, ticks;
    uint64_t turns_per_sec, us_per_turn;
} pace;

static void host_pace(void)
{
    int64_t passed = clock_turn_ms - pace.at_ms;
    uint64_t turns = turn_stats.turns - pace.turns;
    uint64_t ticks = turn_stats.ticks - pace.ticks;

    if (passed < 1000)
        return;
    pace.turns_per_sec = turns * 1000 / (uint64_t)passed;
    pace.us_per_turn = turns > 0 ? clock_ticks_to_ns(ticks) / 1000 / turns : 0;
    pace.at_ms = clock_turn_ms;
    pace.turns = turn_stats.turns;
    pace.ticks = turn_stats.ticks;
}

static void host_fill_memory(void *ctx, struct kr_info_out *out)
{
    (void)ctx;
    out->field(out, "mem_allocator", kr_cstr(memory_allocator_name()));
    out->field_int(out, "mem_not_counted_for_evict",
                   (int64_t)(memory_used() - keyspace_memory()));
    out->field_int(out, "lazyfree_pending_objects",
                   (int64_t)keyspace_stats.lazy_pending);
    out->field_int(out, "lazyfreed_objects",
                   (int64_t)keyspace_stats.lazy_freed);
}

static void host_fill_stats(void *ctx, struct kr_info_out *out)
{
    struct child_figures child;

    (void)ctx;
    host_pace();
    child_figures(&child);
    out->field_int(out, "latest_fork_usec", child.fork_usec);
    out->field_int(out, "total_forks", (int64_t)child.forks);
    out->field_int(out, "expired_time_cap_reached_count",
                   (int64_t)keyspace_stats.expired_time_cap);
    out->field_int(
        out, "expire_cycle_cpu_milliseconds",
        (int64_t)(clock_ticks_to_ns(turn_stats.expiry_ticks) / 1000000));
    out->field_int(out, "total_eviction_exceeded_time",
                   (int64_t)keyspace_stats.evicted_time_us / 1000);
    out->field_int(out, "client_query_buffer_limit_disconnections",
                   (int64_t)client_stats.input_limit_hits);
    out->field_int(out, "client_output_buffer_limit_disconnections",
                   (int64_t)client_stats.output_limit_hits);
    out->field_int(out, "eventloop_cycles", (int64_t)turn_stats.turns);
    out->field_int(out, "eventloop_duration_sum",
                   (int64_t)(clock_ticks_to_ns(turn_stats.ticks) / 1000));
    out->field_int(out, "eventloop_duration_cmd_sum",
                   (int64_t)(clock_ticks_to_ns(call_stats.ticks) / 1000));
    out->field_int(out, "instantaneous_eventloop_cycles_per_sec",
                   (int64_t)pace.turns_per_sec);
    out->field_int(out, "instantaneous_eventloop_duration_usec",
                   (int64_t)pace.us_per_turn);
}

static void host_fill_loading(struct kr_info_out *out)
{
    struct loading_figures loading;

    loading_figures(&loading);
    out->field_int(out, "loading", loading.active && !loading.async);
    out->field_int(out, "async_loading", loading.active && loading.async);
    if (!loading.active)
        return;
    out->field_int(out, "loading_start_time", loading.start_ms / 1000);
    out->field_int(out, "loading_total_bytes", (int64_t)loading.total);
    out->field_int(out, "loading_rdb_used_mem",
                   (int64_t)loading.memory_at_start);
    out->field_int(out, "loading_loaded_bytes", (int64_t)loading.loaded);
    kr_info_fieldf(out, "loading_loaded_perc", "%.2f",
                   loading.total > 0
                       ? (double)loading.loaded * 100 / (double)loading.total
                       : 0.0);
    out->field_int(out, "loading_eta_seconds", loading.eta_sec);
}

static void host_fill_persistence(void *ctx, struct kr_info_out *out)
{
    struct child_figures child;

    (void)ctx;
    host_fill_loading(out);
    child_figures(&child);
    out->field_int(out, "current_cow_peak", (int64_t)child.copied_peak);
    out->field_int(out, "current_cow_size", (int64_t)child.copied);
    out->field_int(out, "current_cow_size_age", child.copied_age_sec);
    kr_info_fieldf(out, "current_fork_perc", "%.2f",
                   child.keys_total > 0
                       ? (double)child.keys * 100 / (double)child.keys_total
                       : 0.0);
    out->field_int(out, "current_save_keys_processed", (int64_t)child.keys);
    out->field_int(out, "current_save_keys_total", (int64_t)child.keys_total);
}

static void host_on_reset(void *ctx, const void *payload)
{
    (void)ctx, (void)payload;
    child_reset_stats();
}

void host_fields_init(void)
{
    pace.at_ms = clock_turn_ms;
    info_interface.provide(NULL, "memory", 0, host_fill_memory, NULL);
    info_interface.provide(NULL, "stats", 0, host_fill_stats, NULL);
    info_interface.provide(NULL, "persistence", 0, host_fill_persistence, NULL);
    event_listen(EVENT_INFO_RESET, host_on_reset, NULL);
}
