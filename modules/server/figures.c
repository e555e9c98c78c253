/* SPDX-License-Identifier: BSD-3-Clause */
#include "figures.h"

#include "server.h"

#include <stdio.h>
#include <unistd.h>

#define RESIDENT_MS 100 /* for so long an old figure is good enough */

/* Pages in memory are the second number of /proc/self/statm. */
static int64_t figures_read_resident(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long long total = 0, resident = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%lld %lld", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static int64_t figures_resident(struct server *server)
{
    int64_t now_ms = kr_loop->wall_ms();

    if (now_ms - server->resident_ms >= RESIDENT_MS ||
        now_ms < server->resident_ms) {
        server->resident = figures_read_resident();
        server->resident_ms = now_ms;
    }
    return server->resident;
}

static bool figures_add_client(kr_client *client, void *ctx)
{
    struct figures *figures = ctx;
    struct kr_client_info info = {.size = SERVER_CLIENT_PLAIN};

    kr_clients->info(client, &info);
    figures->connections++;
    if (info.flags & (KR_CLIENT_REPLICA | KR_CLIENT_MONITOR))
        figures->replicas += (int64_t)info.memory;
    else
        figures->clients += (int64_t)info.memory;
    return true;
}

static void figures_add_databases(struct figures *figures)
{
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++) {
        const kr_db *db = kr_keyspace->db(i);

        if (kr_keyspace->count(db) == 0)
            continue;
        figures->keys += kr_keyspace->count(db);
        figures->tables += (int64_t)(kr_keyspace->table_memory(db) +
                                     kr_keyspace->expiry_memory(db));
    }
}

void figures_take(struct server *server, struct figures *figures)
{
    struct kr_host_stats stats = {.size = sizeof(stats)};
    int64_t net;

    memset(figures, 0, sizeof(*figures));
    kr_info->stats(&stats);
    figures->used = (int64_t)kr_memory->used();
    figures->peak = (int64_t)stats.peak_memory;
    if (figures->peak < figures->used)
        figures->peak = figures->used;
    figures->resident = figures_resident(server);
    figures->startup = (int64_t)server->startup_memory;
    figures->total_system = server->system_memory;
    kr_clients->each(figures_add_client, figures);
    figures_add_databases(figures);
    figures->overhead = figures->startup + figures->clients +
                        figures->replicas + figures->tables;
    figures->dataset = figures->used > figures->overhead
                           ? figures->used - figures->overhead
                           : 0;
    net = figures->used - figures->startup;
    figures->peak_percent =
        figures->peak > 0 ? (double)figures->used * 100 / (double)figures->peak
                          : 100;
    figures->dataset_percent =
        net > 0 ? (double)figures->dataset * 100 / (double)net : 0;
    figures->fragmentation =
        figures->used > 0 ? (double)figures->resident / (double)figures->used
                          : 0;
}
