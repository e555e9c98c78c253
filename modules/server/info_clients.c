/* SPDX-License-Identifier: BSD-3-Clause */
/* info_clients - INFO clients: who is connected, and who waits. */
#include "info.h"

#include "server.h"

struct info_crowd {
    int64_t connected; /* replicas and monitors do not count */
    int64_t tracking;
    int64_t blocked;
    uint64_t input; /* the largest buffers */
    uint64_t output;
};

static bool info_count_client(kr_client *client, void *ctx)
{
    struct info_crowd *crowd = ctx;
    struct kr_client_info info = {.size = SERVER_CLIENT_PLAIN};

    kr_clients->info(client, &info);
    if (!(info.flags & (KR_CLIENT_REPLICA | KR_CLIENT_MONITOR)))
        crowd->connected++;
    if (info.flags & KR_CLIENT_TRACKING)
        crowd->tracking++;
    if (info.flags & KR_CLIENT_BLOCKED)
        crowd->blocked++;
    if (crowd->input < info.input_used)
        crowd->input = info.input_used;
    if (crowd->output < info.output_memory)
        crowd->output = info.output_memory;
    return true;
}

void info_fill_clients(void *ctx, struct kr_info_out *out)
{
    struct info_crowd crowd = {0};

    (void)ctx;
    kr_clients->each(info_count_client, &crowd);
    out->field_int(out, "connected_clients", crowd.connected);
    out->field_int(out, "cluster_connections", 0);
    out->field_int(out, "maxclients", server_param_int("maxclients", 10000));
    out->field_int(out, "client_recent_max_input_buffer", (int64_t)crowd.input);
    out->field_int(out, "client_recent_max_output_buffer",
                   (int64_t)crowd.output);
    out->field_int(out, "blocked_clients", crowd.blocked);
    out->field_int(out, "tracking_clients", crowd.tracking);
    out->field_int(out, "clients_in_timeout_table", 0);
    out->field_int(out, "total_blocking_keys", 0);
    out->field_int(out, "total_blocking_keys_on_nokey", 0);
}
