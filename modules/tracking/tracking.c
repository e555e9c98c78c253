/* SPDX-License-Identifier: BSD-3-Clause */
/* tracking - clients that cache keys are told when these change.
 *
 *   switch.c      CLIENT TRACKING and its kin
 *   table.c       which clients may have which keys
 *   broadcast.c   which clients want all keys with a prefix
 *   message.c     what they are told
 *
 *   reads   a gate behind the commands of a tracking client notes the keys of
 *           those that only read
 *   writes  the event "key.changed" tells who has them, and forgets that; what
 *           the client has changed itself is told behind its own reply
 *
 * While nobody tracks, nothing is armed and nothing subscribed to. */
#include "tracking.h"

#include "commands.h"
#include "message.h"

#include <kr/args.h>
#include <kr/config.h>
#include <kr/info.h>
#include <kr/memory.h>
#include <kr/text.h>

#include "../structure/module_host.h"

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);

static kr_module *tracking_self;
static const struct structure_host tracking_host =
    STRUCTURE_HOST(tracking_self);
static int64_t tracking_keys_max;

/* For those who come without a call or a context. */
static struct tracking *tracking_state;

#define TRACKING_TRIM 100 /* keys that go at once when there are too many */

/* --- Telling -------------------------------------------------------------- */

/* The client whose command runs at this moment, whatever it has called. */
static kr_client *tracking_current(void)
{
    const struct kr_call *call = kr_calls->current();

    return call ? call->client : NULL;
}

/* Behind the reply of its own command, or at once.  `key` NULL: all. */
static void tracker_tell(struct tracking *tracking, struct tracker *tracker,
                         const struct kr_str *key)
{
    struct pending *pending;

    if (tracker->client != tracking_current()) {
        message_send(tracker, 1, key);
        return;
    }
    pending = kr_memory->alloc(tracking->self,
                               sizeof(*pending) + (key ? key->size : 0));
    pending->all = key == NULL;
    pending->size = key ? key->size : 0;
    if (pending->size > 0)
        memcpy(pending->key, key->data, pending->size);
    STAILQ_INSERT_TAIL(&tracker->pendings, pending, link);
}

static void tracker_settle(struct tracking *tracking, struct tracker *tracker,
                           bool tell)
{
    struct pending *pending;

    while ((pending = STAILQ_FIRST(&tracker->pendings))) {
        struct kr_str key = kr_str(pending->key, pending->size);

        STAILQ_REMOVE_HEAD(&tracker->pendings, link);
        if (tell)
            message_send(tracker, 1, pending->all ? NULL : &key);
        kr_memory->free(tracking->self, pending);
    }
}

static void tracking_tell_reader(uint64_t id, void *ctx)
{
    struct tracking *tracking = tracking_state;
    kr_client *client = kr_clients->find(id);
    struct tracker *tracker = client ? tracker_of(tracking, client) : NULL;

    if (!tracker || tracker->flags & TRACKER_BCAST ||
        (tracker->flags & TRACKER_NOLOOP && client == tracking_current()))
        return;
    tracker_tell(tracking, tracker, ctx);
}

static void tracking_invalidate(struct tracking *tracking, struct kr_str key)
{
    table_forget(&tracking->table, key, tracking_tell_reader, &key);
}

/* --- What happens to keys ------------------------------------------------- */

static void tracking_on_change(void *ctx, const void *payload)
{
    struct tracking *tracking = ctx;
    const struct kr_key_event *event = payload;
    kr_client *by = tracking_current();

    broadcast_note(&tracking->broadcast, event->key,
                   by ? kr_clients->id(by) : 0);
    tracking_invalidate(tracking, event->key);
}

static bool tracking_tell_all(kr_client *client, void *ctx)
{
    struct tracker *tracker = tracker_of(ctx, client);

    if (tracker)
        tracker_tell(ctx, tracker, NULL);
    return true;
}

static void tracking_on_flush(void *ctx, const void *payload)
{
    struct tracking *tracking = ctx;

    (void)payload;
    kr_clients->each(tracking_tell_all, tracking);
    table_clear(&tracking->table);
}

static void tracking_send(struct tracker *tracker, size_t count,
                          const struct kr_str *keys, void *ctx)
{
    (void)ctx;
    message_send(tracker, count, keys);
}

/* A table that is too large loses any of its keys: who has them is told. */
static void tracking_trim(struct tracking *tracking)
{
    for (int i = 0;
         i < TRACKING_TRIM && tracking_keys_max > 0 &&
         htable_count(&tracking->table.keys) > (uint64_t)tracking_keys_max;
         i++) {
        struct kr_str any = table_any(&tracking->table, &tracking->seed);
        char *copy = kr_memory->alloc(tracking->self, any.size + 1);

        memcpy(copy, any.data, any.size);
        tracking_invalidate(tracking, kr_str(copy, any.size));
        kr_memory->free(tracking->self, copy);
    }
}

/* The limit may have come down, or a read have brought more than go at once. */
static void tracking_on_sleep(void *ctx, const void *payload)
{
    struct tracking *tracking = ctx;

    (void)payload;
    tracking_trim(tracking);
    broadcast_flush(&tracking->broadcast, tracking_send, NULL);
}

/* --- What a client reads -------------------------------------------------- */

static void tracking_remember(struct tracking *tracking,
                              const struct tracker *tracker,
                              const struct kr_call *call)
{
    struct kr_key_ref some[64], *refs = some;
    int32_t count = kr_commands->keys(call->command, call->argc, call->argv,
                                      some, KR_COUNT(some));

    if (count > (int32_t)KR_COUNT(some)) {
        refs = kr_memory->alloc(tracking->self, (size_t)count * sizeof(*refs));
        (void)kr_commands->keys(call->command, call->argc, call->argv, refs,
                                (uint32_t)count);
    }
    for (int32_t i = 0; i < count; i++)
        table_remember(&tracking->table, call->argv[refs[i].index],
                       tracker->id);
    if (refs != some)
        kr_memory->free(tracking->self, refs);
    tracking_trim(tracking);
}

static bool tracker_caches(const struct tracker *tracker)
{
    bool said = tracker->flags & TRACKER_CACHING;

    if (tracker->flags & TRACKER_OPTIN)
        return said;
    return !(tracker->flags & TRACKER_OPTOUT && said);
}

/* CLIENT CACHING counts for one command, or for one transaction; other CLIENT
 * commands may stand between. */
static void tracker_forget_caching(struct tracker *tracker,
                                   const struct kr_call *call)
{
    const kr_cmd *parent = kr_commands->parent(call->command);

    if (!(kr_clients->flags(call->client) & KR_CLIENT_TRANSACTION) &&
        !(parent && strcmp(kr_commands->full_name(parent), "client") == 0))
        tracker->flags &= ~TRACKER_CACHING;
}

/* What a script reads counts as what its own call names: a client knows no
 * other keys of it. */
static bool tracker_reads(struct tracker *tracker, const struct kr_call *call)
{
    const struct kr_command *row = kr_commands->row(call->command);
    bool read = row->flags & KR_CMD_READONLY && !(row->flags & KR_CMD_PUBSUB);

    if (call->flags & KR_CALL_SCRIPT) {
        tracker->flags |= read ? TRACKER_READ : 0;
        return false;
    }
    if (row->categories & KR_CAT_SCRIPTING) {
        read = tracker->flags & TRACKER_READ;
        tracker->flags &= ~TRACKER_READ;
    }
    return read;
}

static int32_t tracking_after(struct kr_call *call,
                              const struct kr_outcome *outcome, void *ctx)
{
    struct tracking *tracking = ctx;
    struct tracker *tracker = tracker_of(tracking, call->client);

    if (!tracker || outcome->blocked)
        return KR_GATE_PASS;
    if (tracker_reads(tracker, call) && !(tracker->flags & TRACKER_BCAST) &&
        tracker_caches(tracker))
        tracking_remember(tracking, tracker, call);
    /* What a call contains ends with it: the reply is not whole before. */
    if (call->flags & (KR_CALL_SCRIPT | KR_CALL_TRANSACTION))
        return KR_GATE_PASS;
    tracker_forget_caching(tracker, call);
    tracker_settle(tracking, tracker, true);
    return KR_GATE_PASS;
}

/* --- On and off ----------------------------------------------------------- */

static void tracking_subscribe(struct tracking *tracking)
{
    static const char *const events[] = {
        KR_EVENT_KEY_CHANGED, KR_EVENT_KEY_EXPIRED, KR_EVENT_KEY_EVICTED};

    for (size_t i = 0; i < KR_COUNT(events); i++)
        tracking->changes[i] = kr_events->subscribe(
            tracking->self, events[i], tracking_on_change, tracking);
    tracking->flushes = kr_events->subscribe(tracking->self, KR_EVENT_FLUSH,
                                             tracking_on_flush, tracking);
    tracking->sleep = kr_events->subscribe(tracking->self, KR_EVENT_SLEEP,
                                           tracking_on_sleep, tracking);
}

static void tracking_unsubscribe(struct tracking *tracking)
{
    for (size_t i = 0; i < KR_COUNT(tracking->changes); i++)
        kr_events->unsubscribe(tracking->changes[i]);
    kr_events->unsubscribe(tracking->flushes);
    kr_events->unsubscribe(tracking->sleep);
    table_clear(&tracking->table);
}

static struct tracker *tracker_new(struct tracking *tracking, kr_client *client)
{
    struct tracker *tracker =
        kr_memory->calloc(tracking->self, 1, sizeof(*tracker));

    tracker->client = client;
    tracker->id = kr_clients->id(client);
    LIST_INIT(&tracker->interests);
    STAILQ_INIT(&tracker->pendings);
    kr_clients->set(client, tracking->slot, tracker);
    kr_clients->set_flags(client, KR_CLIENT_TRACKING, 0);
    kr_gates->arm(tracking->gate, client);
    if (tracking->trackers++ == 0)
        tracking_subscribe(tracking);
    return tracker;
}

/* The client pays for its prefixes. */
static void tracker_charge(struct tracker *tracker)
{
    kr_client_charge_to(tracker->client, &tracker->charged, tracker->bytes);
}

void tracker_on(struct tracking *tracking, kr_client *client, int64_t redirect,
                uint32_t flags, uint32_t count, const struct kr_str *prefixes)
{
    struct tracker *tracker = tracker_of(tracking, client);

    if (!tracker)
        tracker = tracker_new(tracking, client);
    tracker->redirect = redirect;
    tracker->flags = flags | (tracker->flags & TRACKER_CACHING);
    kr_clients->set_flags(client,
                          flags & TRACKER_BCAST ? KR_CLIENT_TRACKING_BCAST : 0,
                          KR_CLIENT_TRACKING_BROKEN);
    if (flags & TRACKER_BCAST) {
        for (uint32_t i = 0; i < count; i++)
            broadcast_add(&tracking->broadcast, tracker, prefixes[i]);
        if (count == 0)
            broadcast_add(&tracking->broadcast, tracker, KR_STR(""));
    }
    tracker_charge(tracker);
}

static void tracker_free(kr_client *client, void *data)
{
    struct tracking *tracking = tracking_state;
    struct tracker *tracker = data;

    (void)client;
    broadcast_remove(&tracking->broadcast, tracker);
    tracker_charge(tracker);
    tracker_settle(tracking, tracker, false);
    kr_memory->free(tracking->self, tracker);
    if (--tracking->trackers == 0)
        tracking_unsubscribe(tracking);
}

void tracker_off(struct tracking *tracking, kr_client *client)
{
    struct tracker *tracker = tracker_of(tracking, client);

    if (!tracker)
        return;
    kr_clients->set_flags(client, 0,
                          KR_CLIENT_TRACKING | KR_CLIENT_TRACKING_BCAST |
                              KR_CLIENT_TRACKING_BROKEN);
    kr_gates->disarm(tracking->gate, client);
    kr_clients->set(client, tracking->slot, NULL);
    tracker_free(client, tracker);
}

static void tracking_on_reset(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;

    tracker_off(ctx, event->client);
}

/* --- The next version ------------------------------------------------------ */

/* Who caches what passes; the subscriptions are made anew. */
static kr_status tracking_takeover(kr_module *self, void *state,
                                   const struct kr_handover *in)
{
    struct tracking *now = state, *then = in->state;

    broadcast_fini(&now->broadcast);
    now->table = then->table;
    now->broadcast = then->broadcast;
    now->table.host = now->broadcast.host = &tracking_host;
    now->trackers = then->trackers;
    if (now->trackers > 0)
        tracking_subscribe(now);
    kr_memory->free(self, then);
    return KR_OK;
}

/* --- What others see ------------------------------------------------------ */

static size_t tracking_field_redir(kr_client *client, char *text, size_t room)
{
    struct tracker *tracker = tracker_of(tracking_state, client);

    return (size_t)snprintf(text, room, "%lld",
                            tracker ? (long long)tracker->redirect : -1LL);
}

static void tracking_figures(void *ctx, struct kr_info_out *out)
{
    const struct tracking *tracking = ctx;

    out->field_int(out, "tracking_total_keys",
                   (int64_t)htable_count(&tracking->table.keys));
    out->field_int(out, "tracking_total_items", (int64_t)tracking->table.items);
    out->field_int(out, "tracking_total_prefixes",
                   (int64_t)htable_count(&tracking->broadcast.prefixes));
}

/* --- A module's life ------------------------------------------------------ */

static kr_status tracking_add_commands(kr_module *self,
                                       const struct kr_load_args *args)
{
    for (int i = 0; i < TRACKING_COMMAND_COUNT; i++) {
        kr_status status =
            kr_commands->add_subcommand(self, "client", &tracking_commands[i]);

        if (status != KR_OK) {
            snprintf(args->error, args->error_size,
                     "CLIENT %s cannot be added: %s", tracking_commands[i].name,
                     status == KR_ENOENT
                         ? "there is no command CLIENT; load the module "
                           "connection first"
                         : "it is there already");
            return status;
        }
    }
    return KR_OK;
}

static kr_status tracking_create(kr_module *self,
                                 const struct kr_load_args *args, void **state)
{
    struct tracking *tracking;
    kr_status status = tracking_add_commands(self, args);

    if (status != KR_OK)
        return status;
    tracking = kr_memory->calloc(self, 1, sizeof(*tracking));
    tracking->self = self;
    tracking->table.host = &tracking_host;
    tracking->seed = kr_text->random();
    broadcast_init(&tracking->broadcast, &tracking_host);
    tracking->slot = kr_clients->new_slot(self, tracker_free);
    tracking->gate = kr_gates->add(self, "tracking.after", KR_STAGE_AFTER, 100,
                                   tracking_after, tracking);
    if (!tracking->gate) {
        snprintf(args->error, args->error_size, "there are too many gates");
        kr_memory->free(self, tracking);
        return KR_EFAIL;
    }
    tracking_state = *state = tracking;
    return KR_OK;
}

static void tracking_activate(kr_module *self, void *state)
{
    kr_clients->add_field(self, "redir", tracking_field_redir);
    (void)kr_info->provide(self, "stats", 0, tracking_figures, state);
    (void)kr_events->subscribe(self, KR_EVENT_CLIENT_RESET, tracking_on_reset,
                               state);
}

static bool tracking_leave(kr_client *client, void *ctx)
{
    tracker_off(ctx, client);
    return true;
}

static void tracking_deactivate(kr_module *self, void *state)
{
    (void)self;
    kr_clients->each(tracking_leave, state);
}

static void tracking_destroy(kr_module *self, void *state)
{
    struct tracking *tracking = state;

    broadcast_fini(&tracking->broadcast);
    kr_memory->free(self, tracking);
    tracking_state = NULL;
}

/* --- What the host learns ------------------------------------------------- */
/* clang-format off */

static const struct kr_param params[] = {
    {.name = "tracking-table-max-keys", .type = KR_PARAM_INT,
     .slot = &tracking_keys_max, .initial = "1000000", .max = INT64_MAX},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_commands),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_memory),
    KR_NEED(kr_text),
};

/* clang-format on */

KR_MODULE(.name = "tracking", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Client-side caching: who caches a key is told of changes",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &tracking_self, .imports = KR_ROWS(imports),
          .params = KR_ROWS(params), .create = tracking_create,
          .activate = tracking_activate, .deactivate = tracking_deactivate,
          .destroy = tracking_destroy, .layout = TRACKING_LAYOUT,
          .takeover = tracking_takeover);
