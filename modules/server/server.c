/* SPDX-License-Identifier: BSD-3-Clause */
/* server - the descriptor, and what several of the commands share. */
#include "server.h"

#include "commands.h"
#include "info.h"

#include <kr/debug.h>
#include <kr/string.h>

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_log);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_strings);
KR_USES(kr_text);
KR_USES(kr_types);

/* --- Shared by the commands ---------------------------------------------- */

void server_new_id(char id[SERVER_ID_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[SERVER_ID_SIZE / 2];

    kr_text->secure_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        id[2 * i] = digits[bytes[i] >> 4];
        id[2 * i + 1] = digits[bytes[i] & 15];
    }
    id[SERVER_ID_SIZE] = '\0';
}

bool server_param(const char *name, char *text, size_t room)
{
    struct kr_reply *sink = kr_calls->new_sink(2);
    bool found = kr_config->get(kr_cstr(name), sink) == KR_OK;
    struct kr_str value = kr_calls->sink_bytes(sink);
    size_t size = !found ? 0 : value.size < room ? value.size : room - 1;

    if (size > 0)
        memcpy(text, value.data, size);
    text[size] = '\0';
    kr_calls->free_sink(sink);
    return found;
}

int64_t server_param_int(const char *name, int64_t otherwise)
{
    int64_t value;

    return kr_config_int64(kr_cstr(name), &value) ? value : otherwise;
}

void server_set_slow_limit(void)
{
    uint64_t a = slowlog_limit(), b = latency_limit();

    kr_calls->set_slow_limit(a < b ? a : b);
}

/* --- A module's life ----------------------------------------------------- */

static void server_on_slow(void *ctx, const void *payload)
{
    struct server *server = ctx;
    const struct kr_slow_event *event = payload;

    slowlog_note(server, event);
    latency_note_call(server, event);
}

static void server_on_overrun(void *ctx, const void *payload)
{
    slowlog_note_module(ctx, payload);
}

/* What is in use now belongs to the server, what comes later to its users. */
static void server_on_ready(void *ctx, const void *payload)
{
    struct server *server = ctx;

    (void)payload;
    server->startup_memory = kr_memory->used();
}

static void server_ask_system(struct server *server)
{
    struct utsname name;
    ssize_t size = readlink("/proc/self/exe", server->executable,
                            sizeof(server->executable) - 1);

    server->executable[size > 0 ? size : 0] = '\0';
    if (uname(&name) == 0)
        snprintf(server->system, sizeof(server->system), "%s %s %s",
                 name.sysname, name.release, name.machine);
    server->system_memory =
        (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

static kr_status server_create(kr_module *self, const struct kr_load_args *args,
                               void **state)
{
    struct server *server = kr_memory->calloc(self, 1, sizeof(*server));

    (void)args;
    server->self = self;
    server->started_ms = kr_loop->wall_ms();
    server->startup_memory = kr_memory->used();
    server_new_id(server->replication_id);
    server_ask_system(server);
    server->debug = kr_events->declare(self, KR_EVENT_DEBUG);
    if (!info_provide_all(server) || !monitor_init(server)) {
        kr_memory->free(self, server);
        return KR_EFAIL;
    }
    *state = server;
    return KR_OK;
}

static void server_activate(kr_module *self, void *state)
{
    (void)kr_events->subscribe(self, KR_EVENT_SLOW, server_on_slow, state);
    (void)kr_events->subscribe(self, KR_EVENT_OVERRUN, server_on_overrun,
                               state);
    (void)kr_events->subscribe(self, KR_EVENT_READY, server_on_ready, state);
    latency_listen(state);
    monitor_start(state);
    server_set_slow_limit();
}

static void server_deactivate(kr_module *self, void *state)
{
    (void)self;
    kr_calls->set_slow_limit(UINT64_MAX);
    monitor_stop(state);
}

static void server_destroy(kr_module *self, void *state)
{
    struct server *server = state;

    slowlog_fini(server);
    latency_fini(server);
    monitor_fini(server);
    kr_memory->free(self, server);
}

/* The log and the samples stay with whoever asks for them.  create() has made a
 * state whose address is already known to providers and subscriptions, so the
 * contents move over and the shell of the old one goes. */
static kr_status server_takeover(kr_module *self, void *state,
                                 const struct kr_handover *in)
{
    struct server *now = state, *then = in->state;

    memcpy(now->replication_id, then->replication_id,
           sizeof(now->replication_id));
    now->startup_memory = then->startup_memory;
    now->started_ms = then->started_ms;
    now->slowlog = then->slowlog;
    now->latency = then->latency;
    monitor_move(now, then);
    kr_memory->free(self, then);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------ */
/* clang-format off */

static const struct kr_import imports[] = {
    KR_NEED(kr_block),
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_commands),
    KR_NEED(kr_config),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_log),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_NEED(kr_text),
    KR_NEED(kr_types),
    KR_WANT(kr_codec),
    KR_WANT(kr_journal),
    KR_WANT(kr_strings),
};

static const struct kr_carried carried[] = {KR_CARRIES(server_wait_over)};

static bool server_apply_limit(void *state, uint32_t argc,
                               const struct kr_str *argv, const char **error)
{
    (void)state, (void)argc, (void)argv, (void)error;
    server_set_slow_limit();
    return true;
}

static bool server_apply_threshold(void *state, uint32_t argc,
                                   const struct kr_str *argv,
                                   const char **error)
{
    (void)argc, (void)argv, (void)error;
    server_set_slow_limit();
    if (state)
        latency_listen(state);
    return true;
}

static bool server_apply_length(void *state, uint32_t argc,
                                const struct kr_str *argv, const char **error)
{
    (void)argc, (void)argv, (void)error;
    if (state)
        slowlog_trim(state);
    return true;
}

static const struct kr_param params[] = {
    {.name = "slowlog-log-slower-than", .type = KR_PARAM_INT,
     .slot = &slowlog_slower_than, .initial = "10000",
     .min = -1, .max = INT64_MAX, .apply = server_apply_limit},
    {.name = "slowlog-max-len", .type = KR_PARAM_INT,
     .slot = &slowlog_max_len, .initial = "128",
     .min = 0, .max = INT64_MAX, .apply = server_apply_length},
    {.name = "latency-monitor-threshold", .type = KR_PARAM_INT,
     .slot = &latency_threshold, .initial = "0",
     .min = 0, .max = INT64_MAX, .apply = server_apply_threshold},
};

KR_MODULE(
    .version = SERVER_VERSION, .name = "server", .licence = "BSD-3-Clause",
    .author = "the Keyrack maintainers",
    .summary = "INFO, COMMAND, CONFIG, SLOWLOG, LATENCY, MEMORY, DEBUG, MONITOR",
    .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
    .imports = KR_ROWS(imports),
    .commands = {server_commands, SERVER_COMMAND_COUNT,
                 sizeof(struct kr_command)},
    .params = KR_ROWS(params),
    .create = server_create, .activate = server_activate,
    .deactivate = server_deactivate, .destroy = server_destroy,
    .carried = KR_ROWS(carried), .layout = SERVER_LAYOUT, .takeover = server_takeover);
/* clang-format on */
