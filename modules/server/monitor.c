/* SPDX-License-Identifier: BSD-3-Clause */
#include "monitor.h"

#include "commands.h"
#include "redact.h"
#include "server.h"

#include <inttypes.h>

/* --- A line -------------------------------------------------------------- */

/* 1700000000.123456 [0 127.0.0.1:5000] "set" "k" "v" */
static void monitor_write_line(struct page *line, const struct kr_call *call)
{
    struct kr_client_info who = {.size = SERVER_CLIENT_PEER};
    const kr_db *db = call->db;
    int64_t now = kr_loop->wall_us();

    if (call->client) {
        kr_clients->info(call->client, &who);
        db = kr_clients->db(call->client);
    }
    page_clear(line);
    page_addf(line, "%" PRId64 ".%06" PRId64 " [%" PRId32 " ", now / 1000000,
              now % 1000000, kr_keyspace->db_index(db));
    if (call->flags & KR_CALL_SCRIPT)
        page_add(line, KR_STR("lua"));
    else if (who.flags & KR_CLIENT_UNIX)
        page_addf(line, "unix:%s", who.address);
    else
        page_addf(line, "%s", who.address);
    page_add_char(line, ']');
    for (uint32_t i = 0; i < call->argc; i++) {
        page_add_char(line, ' ');
        page_add_quoted(line, redact_hides(call, i) ? KR_STR(REDACTED)
                                                    : call->argv[i]);
    }
}

static void monitor_show(struct server *server, const struct kr_call *call)
{
    struct monitor *monitor = &server->monitor;

    monitor_write_line(&monitor->line, call);
    for (size_t i = 0; i < monitor->count; i++) {
        kr_client *client = kr_clients->find(monitor->ids[i]);
        struct kr_reply *sink = client ? kr_clients->sink(client) : NULL;

        if (sink)
            sink->ops->status(sink, page_text(&monitor->line));
    }
}

static bool monitor_is_script(const struct kr_command *row)
{
    return row->flags & KR_CMD_SKIP_MONITOR &&
           row->categories & KR_CAT_SCRIPTING;
}

static int32_t monitor_before(struct kr_call *call,
                              const struct kr_outcome *outcome, void *ctx)
{
    (void)outcome;
    if (call->command && monitor_is_script(kr_commands->row(call->command)))
        monitor_show(ctx, call);
    return KR_GATE_PASS;
}

static int32_t monitor_after(struct kr_call *call,
                             const struct kr_outcome *outcome, void *ctx)
{
    (void)outcome;
    if (call->command && !(call->flags & KR_CALL_RESUMED) &&
        !(kr_commands->row(call->command)->flags &
          (KR_CMD_SKIP_MONITOR | KR_CMD_ADMIN)))
        monitor_show(ctx, call);
    return KR_GATE_PASS;
}

static void monitor_arm(const struct monitor *monitor, bool armed)
{
    void (*set)(kr_gate * gate, kr_client * client) =
        armed ? kr_gates->arm : kr_gates->disarm;

    set(monitor->before, NULL);
    set(monitor->after, NULL);
}

/* --- Who watches --------------------------------------------------------- */

static void monitor_add(struct server *server, uint64_t id)
{
    struct monitor *m = &server->monitor;

    if (m->count == m->capacity) {
        m->capacity = m->capacity > 0 ? m->capacity * 2 : 8;
        m->ids = kr_memory->realloc(server->self, m->ids,
                                    m->capacity * sizeof(m->ids[0]));
    }
    m->ids[m->count++] = id;
    if (m->count == 1)
        monitor_arm(m, true);
}

static void monitor_on_leave(void *ctx, const void *payload)
{
    struct server *server = ctx;
    struct monitor *m = &server->monitor;
    const struct kr_client_event *event = payload;
    uint64_t id = kr_clients->id(event->client);
    size_t kept = 0;

    if (m->count == 0)
        return;
    for (size_t i = 0; i < m->count; i++)
        if (m->ids[i] != id)
            m->ids[kept++] = m->ids[i];
    if (kept == m->count)
        return;
    m->count = kept;
    kr_clients->set_flags(event->client, 0, KR_CLIENT_MONITOR);
    if (kept == 0)
        monitor_arm(m, false);
}

void server_monitor(struct kr_call *call)
{
    if (!call->client || call->flags & (KR_CALL_NO_BLOCK | KR_CALL_SCRIPT |
                                        KR_CALL_TRANSACTION)) {
        kr_reply_error(call->reply,
                       "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    /* A second MONITOR has no answer: what follows is what is watched. */
    if (kr_clients->flags(call->client) &
        (KR_CLIENT_MONITOR | KR_CLIENT_REPLICA))
        return;
    kr_clients->set_flags(call->client, KR_CLIENT_MONITOR, 0);
    monitor_add(server_of(call), kr_clients->id(call->client));
    kr_reply_ok(call->reply);
}

/* --- Its life ------------------------------------------------------------ */

bool monitor_init(struct server *server)
{
    server->monitor.line.self = server->self;
    server->monitor.before =
        kr_gates->add(server->self, "monitor.before", KR_STAGE_BEFORE, 100,
                      monitor_before, server);
    server->monitor.after =
        kr_gates->add(server->self, "monitor.after", KR_STAGE_AFTER, 100,
                      monitor_after, server);
    return server->monitor.before && server->monitor.after;
}

void monitor_start(struct server *server)
{
    (void)kr_events->subscribe(server->self, KR_EVENT_CLIENT_GONE,
                               monitor_on_leave, server);
    (void)kr_events->subscribe(server->self, KR_EVENT_CLIENT_RESET,
                               monitor_on_leave, server);
    if (server->monitor.count > 0)
        monitor_arm(&server->monitor, true);
}

void monitor_stop(struct server *server)
{
    if (server->monitor.count > 0)
        monitor_arm(&server->monitor, false);
}

void monitor_fini(struct server *server)
{
    for (size_t i = 0; i < server->monitor.count; i++) {
        kr_client *client = kr_clients->find(server->monitor.ids[i]);

        if (client)
            kr_clients->set_flags(client, 0, KR_CLIENT_MONITOR);
    }
    kr_memory->free(server->self, server->monitor.ids);
    page_free(&server->monitor.line);
}

void monitor_move(struct server *now, struct server *then)
{
    now->monitor.ids = then->monitor.ids;
    now->monitor.count = then->monitor.count;
    now->monitor.capacity = then->monitor.capacity;
    then->monitor.ids = NULL;
    then->monitor.count = 0;
    page_free(&then->monitor.line);
}
