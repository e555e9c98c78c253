/* SPDX-License-Identifier: BSD-3-Clause */
#include "latency.h"

#include "commands.h"
#include "server.h"

int64_t latency_threshold = 0;

/* --- Keeping samples ----------------------------------------------------- */

uint64_t latency_limit(void)
{
    if (latency_threshold <= 0 ||
        (uint64_t)latency_threshold > UINT64_MAX / 1000000)
        return UINT64_MAX;
    return (uint64_t)latency_threshold * 1000000;
}

struct latency_event *latency_find(const struct server *server,
                                   struct kr_str name)
{
    struct latency_event *e = server->latency.events;

    while (e && !kr_str_equal(kr_cstr(e->name), name))
        e = e->next;
    return e;
}

static struct latency_event *latency_new_event(struct server *server,
                                               const char *name)
{
    struct latency_event **end = &server->latency.events;
    struct latency_event *e = kr_memory->calloc(server->self, 1, sizeof(*e));
    size_t size = strlen(name) + 1;

    e->name = kr_memory->alloc(server->self, size);
    memcpy(e->name, name, size);
    while (*end)
        end = &(*end)->next;
    *end = e;
    return e;
}

static void latency_note(struct server *server, const char *name, int64_t ms)
{
    struct latency_event *e = latency_find(server, kr_cstr(name));
    int64_t now_sec = kr_loop->wall_ms() / 1000;
    struct latency_sample *last;

    if (!e)
        e = latency_new_event(server, name);
    if (e->worst_ms < ms)
        e->worst_ms = ms;
    last = &e->samples[(e->at + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
    if (last->time_sec == now_sec) {
        if (last->ms < ms)
            last->ms = ms;
        return;
    }
    e->samples[e->at] = (struct latency_sample){now_sec, ms};
    e->at = (e->at + 1) % LATENCY_SAMPLES;
}

void latency_note_call(struct server *server, const struct kr_slow_event *event)
{
    const kr_cmd *command = event->call->command;
    bool fast = command && kr_commands->row(command)->flags & KR_CMD_FAST;

    if (event->nsec >= latency_limit())
        latency_note(server, fast ? "fast-command" : "command",
                     (int64_t)(event->nsec / 1000000));
}

static void latency_on_event(void *ctx, const void *payload)
{
    const struct kr_latency_event *event = payload;

    if (event->ms >= latency_threshold)
        latency_note(ctx, event->event, event->ms);
}

void latency_listen(struct server *server)
{
    if (latency_threshold > 0 && !server->latency_heard) {
        server->latency_heard = kr_events->subscribe(
            server->self, KR_EVENT_LATENCY, latency_on_event, server);
    } else if (latency_threshold == 0 && server->latency_heard) {
        kr_events->unsubscribe(server->latency_heard);
        server->latency_heard = NULL;
    }
}

/* Take the event out of the list that `at` points into. */
static void latency_drop(struct server *server, struct latency_event **at)
{
    struct latency_event *e = *at;

    *at = e->next;
    kr_memory->free(server->self, e->name);
    kr_memory->free(server->self, e);
}

void latency_fini(struct server *server)
{
    while (server->latency.events)
        latency_drop(server, &server->latency.events);
}

/* --- The commands -------------------------------------------------------- */

void server_latency_latest(struct kr_call *call)
{
    const struct latency *latency = &server_of(call)->latency;
    uint64_t token = call->reply->ops->defer(call->reply), count = 0;

    for (const struct latency_event *e = latency->events; e; e = e->next) {
        kr_reply_array(call->reply, 4);
        kr_reply_bulk(call->reply, kr_cstr(e->name));
        kr_reply_int64(call->reply, latency_last(e)->time_sec);
        kr_reply_int64(call->reply, latency_last(e)->ms);
        kr_reply_int64(call->reply, e->worst_ms);
        count++;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, count);
}

void server_latency_history(struct kr_call *call)
{
    const struct latency_event *e =
        latency_find(server_of(call), call->argv[2]);
    uint64_t token, count = 0;

    if (!e) {
        kr_reply_array(call->reply, 0);
        return;
    }
    token = call->reply->ops->defer(call->reply);
    for (uint32_t i = 0; i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *sample = latency_sample(e, i);

        if (sample->time_sec == 0)
            continue;
        kr_reply_array(call->reply, 2);
        kr_reply_int64(call->reply, sample->time_sec);
        kr_reply_int64(call->reply, sample->ms);
        count++;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, count);
}

static bool latency_is_named(const struct kr_call *call, const char *name)
{
    for (uint32_t i = 2; i < call->argc; i++)
        if (kr_str_equal(call->argv[i], kr_cstr(name)))
            return true;
    return call->argc == 2;
}

void server_latency_reset(struct kr_call *call)
{
    struct server *server = server_of(call);
    struct latency_event **at = &server->latency.events;
    int64_t count = 0;

    while (*at) {
        if (latency_is_named(call, (*at)->name)) {
            latency_drop(server, at);
            count++;
        } else {
            at = &(*at)->next;
        }
    }
    kr_reply_int64(call->reply, count);
}

void server_latency_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Comments on what was slow, in plain words.",
        "GRAPH <event>",
        "    The samples of an event as a picture.",
        "HISTORY <event>",
        "    The samples of an event: when, and how many milliseconds.",
        "LATEST",
        "    The last and the worst sample of each event.",
        "RESET [<event> ...]",
        "    Forget the samples of these events, or of all.",
        "HISTOGRAM [COMMAND ...]",
        "    How many calls of these commands (or of all that ran) took at",
        "    most how many microseconds.",
    };

    kr_reply_help(call, "LATENCY", lines, KR_COUNT(lines));
}
