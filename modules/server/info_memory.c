/* SPDX-License-Identifier: BSD-3-Clause */
/* info_memory - INFO memory: see figures.h for what the sums are made of. */
#include "info.h"

#include "figures.h"
#include "server.h"

#include <inttypes.h>

/* A size twice: in bytes, and as people say it. */
static void info_size(struct kr_info_out *out, const char *name,
                      const char *human, int64_t bytes)
{
    static const char *const units[] = {"K", "M", "G", "T", "P"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    out->field_int(out, name, bytes);
    if (bytes < 1024) {
        kr_info_fieldf(out, human, "%" PRId64 "B", bytes);
        return;
    }
    for (; value >= 1024 && unit + 1 < KR_COUNT(units); unit++)
        value /= 1024;
    info_decimal(out, human, value, units[unit]);
}

static void info_ratio(struct kr_info_out *out, const char *name, double value)
{
    info_decimal(out, name, value, "");
}

static void info_usage(const struct figures *f, struct kr_info_out *out)
{
    info_size(out, "used_memory", "used_memory_human", f->used);
    info_size(out, "used_memory_rss", "used_memory_rss_human", f->resident);
    info_size(out, "used_memory_peak", "used_memory_peak_human", f->peak);
    info_decimal(out, "used_memory_peak_perc", f->peak_percent, "%");
    out->field_int(out, "used_memory_overhead", f->overhead);
    out->field_int(out, "used_memory_startup", f->startup);
    out->field_int(out, "used_memory_dataset", f->dataset);
    info_decimal(out, "used_memory_dataset_perc", f->dataset_percent, "%");
    out->field_int(out, "allocator_allocated", f->used);
    out->field_int(out, "allocator_active", f->used);
    out->field_int(out, "allocator_resident", f->resident);
    info_size(out, "total_system_memory", "total_system_memory_human",
              f->total_system);
}

static void info_limit(struct kr_info_out *out)
{
    char policy[32];

    info_size(out, "maxmemory", "maxmemory_human",
              server_param_int("maxmemory", 0));
    if (!server_param("maxmemory-policy", policy, sizeof(policy)))
        memcpy(policy, "noeviction", sizeof("noeviction"));
    out->field(out, "maxmemory_policy", kr_cstr(policy));
}

static void info_fragmentation(const struct figures *f, struct kr_info_out *out)
{
    int64_t apart = f->resident - f->used;

    info_ratio(out, "allocator_frag_ratio", 1);
    out->field_int(out, "allocator_frag_bytes", 0);
    info_ratio(out, "allocator_rss_ratio", f->fragmentation);
    out->field_int(out, "allocator_rss_bytes", apart);
    info_ratio(out, "rss_overhead_ratio", 1);
    out->field_int(out, "rss_overhead_bytes", 0);
    info_ratio(out, "mem_fragmentation_ratio", f->fragmentation);
    out->field_int(out, "mem_fragmentation_bytes", apart);
}

void info_fill_memory(void *ctx, struct kr_info_out *out)
{
    static const struct info_constant before[] = {
        {"mem_replication_backlog", "0"},
        {"mem_total_replication_buffers", "0"},
    };
    static const struct info_constant after[] = {
        {"mem_cluster_links", "0"},
        {"mem_aof_buffer", "0"},
        {"active_defrag_running", "0"},

    };
    struct figures f;

    figures_take(ctx, &f);
    info_usage(&f, out);
    info_limit(out);
    info_fragmentation(&f, out);
    info_constants(out, before, KR_COUNT(before));
    out->field_int(out, "mem_clients_slaves", f.replicas);
    out->field_int(out, "mem_clients_normal", f.clients);
    info_constants(out, after, KR_COUNT(after));
}
