/* SPDX-License-Identifier: BSD-3-Clause */
/* event - named events, their subscribers, and the word that says who listens.
 *
 *   event "key.changed"          list
 *     list, count, room  ----->  +----+-----+--------+--------------+
 *     live                       | fn | ctx | module | subscription |  one row
 *     delivering                 +----+-----+--------+-----|--------+  each
 *                                | ...                     v
 *                                                   the caller's handle:
 *                                                   event, module, list links
 *
 * A delivery walks the rows that were there when it began.  Whatever a handler
 * does meanwhile is safe: a new row is appended and waits for the next time; a
 * row that goes is emptied (fn NULL), skipped, and squeezed out when the
 * outermost delivery of the event has ended.
 *
 * Events of modules are found by name.  Their record is there while anybody is
 * subscribed, also before a module declares it and when that module has gone:
 * the handles stay valid, and whoever declares it finds its audience.
 *
 * Invariants: live = rows with fn; bit i of event_armed is set exactly while
 * host event i has live > 0.  A delivery costs an indirect call per row. */
#include "core/event/event.h"

#include "core/memory/memory.h"
#include "core/module/usage.h"

#include <assert.h>

struct event_row {
    kr_event_fn fn; /* NULL: gone during a delivery */
    void *ctx;
    kr_module *module; /* NULL: the host */
    kr_subscription *subscription;
    uint32_t stamp; /* of the module's version */
};

struct kr_event {
    char *name;
    kr_module *module; /* who declared it; NULL: the host, or nobody now */
    struct event_row *list;
    uint32_t count; /* rows, empty ones included */
    uint32_t room;
    uint32_t live;
    uint32_t delivering;
    uint64_t bit; /* in event_armed; 0 for events of modules */
    bool declared;
    uint32_t stamp;        /* of the version that declared it last */
    uint32_t stamp_before; /* 0: not declared by an earlier version */
    struct kr_event *next; /* of the modules' events */
};

struct kr_subscription {
    kr_event *event;
    kr_module *module;
    uint32_t stamp;
    kr_subscription *next, **link; /* all subscriptions */
};

uint64_t event_armed;

/* The wing's state. */
static struct {
    struct kr_event host[EVENT_COUNT];
    struct kr_event *declared; /* by modules, newest first */
    kr_subscription *subscriptions;
} events;

/* clang-format off */
static const char *const event_names[EVENT_COUNT] = { /* ORDER: enum event_id */
    [EVENT_KEY_BEFORE]       = KR_EVENT_KEY_BEFORE,
    [EVENT_KEY_CHANGED]      = KR_EVENT_KEY_CHANGED,
    [EVENT_KEY_NOTIFY]       = KR_EVENT_KEY_NOTIFY,
    [EVENT_KEY_EXPIRED]      = KR_EVENT_KEY_EXPIRED,
    [EVENT_KEY_EVICTED]      = KR_EVENT_KEY_EVICTED,
    [EVENT_KEY_MISSED]       = KR_EVENT_KEY_MISSED,
    [EVENT_KEY_LOADED]       = KR_EVENT_KEY_LOADED,
    [EVENT_KEY_ENDING]       = KR_EVENT_KEY_ENDING,
    [EVENT_FLUSH_BEFORE]     = KR_EVENT_FLUSH_BEFORE,
    [EVENT_FLUSH]            = KR_EVENT_FLUSH,
    [EVENT_SWAP]             = KR_EVENT_SWAP,
    [EVENT_CLIENT_CONNECTED] = KR_EVENT_CLIENT_CONNECTED,
    [EVENT_CLIENT_GONE]      = KR_EVENT_CLIENT_GONE,
    [EVENT_CLIENT_RESET]     = KR_EVENT_CLIENT_RESET,
    [EVENT_CLIENT_USER]      = KR_EVENT_CLIENT_USER,
    [EVENT_TICK]             = KR_EVENT_TICK,
    [EVENT_SLEEP]            = KR_EVENT_SLEEP,
    [EVENT_WAIT]             = KR_EVENT_WAIT,
    [EVENT_WAKE]             = KR_EVENT_WAKE,
    [EVENT_LOAD]             = KR_EVENT_LOAD,
    [EVENT_LOADING_BEGIN]    = KR_EVENT_LOADING_BEGIN,
    [EVENT_LOADING_PROGRESS] = KR_EVENT_LOADING_PROGRESS,
    [EVENT_LOADING_END]      = KR_EVENT_LOADING_END,
    [EVENT_SAVE_BEGIN]       = KR_EVENT_SAVE_BEGIN,
    [EVENT_SAVE_END]         = KR_EVENT_SAVE_END,
    [EVENT_CHILD_BORN]       = KR_EVENT_CHILD_BORN,
    [EVENT_CHILD_GONE]       = KR_EVENT_CHILD_GONE,
    [EVENT_READY]            = KR_EVENT_READY,
    [EVENT_SHUTDOWN]         = KR_EVENT_SHUTDOWN,
    [EVENT_SLOW]             = KR_EVENT_SLOW,
    [EVENT_CONFIG_CHANGED]   = KR_EVENT_CONFIG_CHANGED,
    [EVENT_MODULE_LOADED]    = KR_EVENT_MODULE_LOADED,
    [EVENT_MODULE_UNLOADED]  = KR_EVENT_MODULE_UNLOADED,
    [EVENT_MODULE_CHANGED]   = KR_EVENT_MODULE_CHANGED,
    [EVENT_COMMAND_CHANGED]  = KR_EVENT_COMMAND_CHANGED,
    [EVENT_INFO_RESET]       = KR_EVENT_INFO_RESET,
    [EVENT_LATENCY]          = KR_EVENT_LATENCY,
    [EVENT_OVERRUN]          = KR_EVENT_OVERRUN,
    [EVENT_PROGRAM]          = KR_EVENT_PROGRAM,
};
/* clang-format on */

static_assert(EVENT_COUNT <= 64, "one bit of event_armed each");

/* --- Rows ---------------------------------------------------------------- */

static kr_event *event_host(enum event_id id)
{
    events.host[id].bit = UINT64_C(1) << id;
    return &events.host[id];
}

static void event_add(kr_event *event, struct event_row row)
{
    if (event->count == event->room) {
        event->room = event->room ? 2 * event->room : 4;
        event->list =
            memory_realloc(event->list, event->room * sizeof(*event->list));
    }
    event->list[event->count++] = row;
    event->live++;
    event_armed |= event->bit;
}

static void event_squeeze(kr_event *event)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < event->count; i++) {
        if (event->list[i].fn)
            event->list[kept++] = event->list[i];
    }
    event->count = kept;
    if (kept == 0) {
        memory_free(event->list);
        event->list = NULL;
        event->room = 0;
    }
}

/* Squeeze empty rows out, and free a module's event that nobody declares or
 * listens to; later, if it is being delivered. */
static void event_settle(kr_event *event)
{
    kr_event **at = &events.declared;

    if (event->delivering)
        return;
    if (event->live < event->count)
        event_squeeze(event);
    if (event->bit || event->declared || event->live)
        return;
    while (*at != event)
        at = &(*at)->next;
    *at = event->next;
    memory_free(event->name);
    memory_free(event);
}

/* At these the server waits for the handlers, however long they take. */
#define EVENT_PATIENT                                                          \
    (UINT64_C(1) << EVENT_LOAD | UINT64_C(1) << EVENT_SHUTDOWN)

/* An event of a module's is told within code of its, whose time is looked at
 * already. */
static void event_count_time(const kr_event *event, kr_module *module,
                             uint64_t ticks)
{
    if (!event->bit || event->bit & EVENT_PATIENT)
        module->usage.ticks += ticks;
    else
        usage_add(module, ticks, "handler of event",
                  event_names[event - events.host]);
}

static void event_deliver(kr_event *event, const void *payload)
{
    uint32_t count = event->count;

    event->delivering++;
    for (uint32_t i = 0; i < count; i++) {
        struct event_row row = event->list[i]; /* the list may move */
        kr_module *was;
        uint64_t begin;

        if (!row.fn || module_is_staged(row.module, row.stamp))
            continue;
        if (!row.module) {
            row.fn(row.ctx, payload);
            continue;
        }
        was = module_enter(row.module);
        begin = clock_ticks();
        row.fn(row.ctx, payload);
        event_count_time(event, row.module, clock_ticks() - begin);
        module_leave(was);
    }
    event->delivering--;
    event_settle(event);
}

/* --- The host's side ----------------------------------------------------- */

void event_raise(enum event_id id, const void *payload)
{
    if (event_is_armed(id))
        event_deliver(&events.host[id], payload);
}

void event_listen(enum event_id id, kr_event_fn fn, void *ctx)
{
    event_add(event_host(id), (struct event_row){.fn = fn, .ctx = ctx});
}

/* --- kr.events/1 --------------------------------------------------------- */

static kr_event *event_find(const char *name)
{
    for (uint32_t i = 0; i < EVENT_COUNT; i++) {
        if (strcmp(event_names[i], name) == 0)
            return event_host((enum event_id)i);
    }
    for (kr_event *e = events.declared; e; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

/* A record for an event of a module's, which nobody has declared yet. */
static kr_event *event_new(const char *name)
{
    kr_event *event = memory_calloc(1, sizeof(*event));

    event->name = memory_strdup(name);
    event->next = events.declared;
    events.declared = event;
    return event;
}

static kr_subscription *event_join(kr_event *event, kr_module *self,
                                   kr_event_fn fn, void *ctx)
{
    kr_subscription *s = memory_alloc(sizeof(*s));

    s->event = event;
    s->module = self;
    s->stamp = module_stamp(self);
    s->next = events.subscriptions;
    s->link = &events.subscriptions;
    if (s->next)
        s->next->link = &s->next;
    events.subscriptions = s;
    event_add(event, (struct event_row){fn, ctx, self, s, s->stamp});
    return s;
}

static kr_subscription *event_subscribe(kr_module *self, const char *name,
                                        kr_event_fn fn, void *ctx)
{
    kr_event *event = name && fn ? event_find(name) : NULL;

    if (!event || (!event->bit && !event->declared))
        return NULL;
    return event_join(event, self, fn, ctx);
}

static kr_subscription *event_await(kr_module *self, const char *name,
                                    kr_event_fn fn, void *ctx)
{
    kr_event *event;

    if (!name || !name[0] || !fn)
        return NULL;
    event = event_find(name);
    return event_join(event ? event : event_new(name), self, fn, ctx);
}

static void event_unsubscribe(kr_subscription *subscription)
{
    kr_event *event;
    uint32_t i = 0;

    if (!subscription)
        return;
    event = subscription->event;
    while (event->list[i].subscription != subscription)
        i++;
    event->list[i].fn = NULL;
    event->list[i].subscription = NULL;
    if (--event->live == 0)
        event_armed &= ~event->bit;
    event_settle(event);
    *subscription->link = subscription->next;
    if (subscription->next)
        subscription->next->link = subscription->link;
    memory_free(subscription);
}

/* NULL: the name is the host's or another module's. */
static kr_event *event_declare(kr_module *self, const char *name)
{
    kr_event *event = name && name[0] ? event_find(name) : NULL;

    if (!name || !name[0] || !self ||
        (event && (event->bit || (event->declared && event->module != self))))
        return NULL;
    if (!event)
        event = event_new(name);
    if (!event->declared)
        event->stamp = 0;
    if (event->stamp != module_stamp(self))
        event->stamp_before = event->stamp;
    event->stamp = module_stamp(self);
    event->module = self;
    event->declared = true;
    return event;
}

static bool event_has_audience(const kr_event *event)
{
    return event->live > 0;
}

static void event_publish(kr_event *event, const void *payload)
{
    if (event->live > 0)
        event_deliver(event, payload);
}

static void event_undeclare(kr_event *event)
{
    event->declared = false;
    event->module = NULL;
    event_settle(event);
}

void event_forget(kr_module *module)
{
    kr_subscription *s, *next;
    kr_event *e, *after;

    for (s = events.subscriptions; s; s = next) {
        next = s->next;
        if (s->module == module)
            event_unsubscribe(s);
    }
    for (e = events.declared; e; e = after) {
        after = e->next;
        if (e->declared && e->module == module)
            event_undeclare(e);
    }
}

/* --- Upgrades ------------------------------------------------------------ */

/* The row of an old version whose place in the order the subscription takes;
 * `i` itself: there is none. */
static uint32_t event_place(const kr_event *event, uint32_t i)
{
    const struct event_row *row = &event->list[i];

    for (uint32_t at = 0; at < i; at++) {
        const struct event_row *other = &event->list[at];

        if (other->fn && other->module == row->module &&
            other->stamp < row->stamp)
            return at;
    }
    return i;
}

/* A row of the old version and one of the new exchange their places. */
static void event_take_place(kr_subscription *s)
{
    kr_event *event = s->event;
    uint32_t i = 0, at;
    struct event_row row;

    while (event->list[i].subscription != s)
        i++;
    at = event_place(event, i);
    row = event->list[at];
    event->list[at] = event->list[i];
    event->list[i] = row;
}

static void event_settle_declared(kr_module *module, bool good)
{
    uint32_t new = module->generation + 1;
    kr_event *e, *after;

    for (e = events.declared; e; e = after) {
        after = e->next;
        if (!e->declared || e->module != module)
            continue;
        if (!good && e->stamp == new)
            e->stamp = e->stamp_before;
        else if (good && e->stamp != new)
            e->stamp = 0;
        if (e->stamp == 0)
            event_undeclare(e);
    }
}

void event_settle_upgrade(kr_module *module, bool good)
{
    uint32_t new = module->generation + 1;
    kr_subscription *s, *next;

    for (s = events.subscriptions; s && good; s = s->next) {
        if (s->module == module && s->stamp == new)
            event_take_place(s);
    }
    for (s = events.subscriptions; s; s = next) {
        next = s->next;
        if (s->module == module && (s->stamp == new) != good)
            event_unsubscribe(s);
    }
    event_settle_declared(module, good);
}

const struct kr_events event_interface = {
    .size = sizeof(struct kr_events),
    .subscribe = event_subscribe,
    .unsubscribe = event_unsubscribe,
    .declare = event_declare,
    .armed = event_has_audience,
    .publish = event_publish,
    .await = event_await,
};
