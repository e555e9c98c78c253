/* SPDX-License-Identifier: BSD-3-Clause */
/* pubsub - messages to whoever is subscribed.
 *
 *   topic.c        channels, patterns, shard channels; the index of patterns
 *   subscriber.c   clients and what they are subscribed to
 *   publish.c      a message on its way
 *   subscribe.c    the commands: SUBSCRIBE and its kin, PUBLISH
 *   look.c         PUBSUB
 *
 * A subscribed client may say little in RESP2, since replies and messages cannot
 * be told apart there: a gate, armed on it alone, refuses the rest. */
#include "pubsub.h"

#include "commands.h"

#include <kr/event.h>
#include <kr/info.h>
#include <kr/journal.h>
#include <kr/memory.h>
#include <kr/pubsub.h>
#include <kr/text.h>

#include "../structure/module_host.h"

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_journal);
KR_USES(kr_memory);
KR_USES(kr_text);

static kr_module *pubsub_self;
static const struct structure_host pubsub_host = STRUCTURE_HOST(pubsub_self);

/* For those who come without a call: CLIENT LIST, other modules. */
static struct pubsub *pubsub_state;

/* --- A client's subscriptions --------------------------------------------- */

struct subscriber *pubsub_need_subscriber(struct pubsub *pubsub,
                                          kr_client *client)
{
    struct subscriber *subscriber = pubsub_subscriber(pubsub, client);

    if (!subscriber) {
        subscriber = kr_memory->alloc(pubsub->self, sizeof(*subscriber));
        subscriber_init(subscriber, client);
        kr_clients->set(client, pubsub->slot, subscriber);
    }
    return subscriber;
}

static void pubsub_charge(struct subscriber *subscriber)
{
    kr_client_charge_to(subscriber->client, &subscriber->charged,
                        subscriber->bytes);
}

void pubsub_settle(const struct pubsub *pubsub, struct subscriber *subscriber)
{
    pubsub_charge(subscriber);
    if (subscriber_is_idle(subscriber)) {
        kr_clients->set_flags(subscriber->client, 0, KR_CLIENT_PUBSUB);
        kr_gates->disarm(pubsub->gate, subscriber->client);
    } else {
        kr_clients->set_flags(subscriber->client, KR_CLIENT_PUBSUB, 0);
        kr_gates->arm(pubsub->gate, subscriber->client);
    }
}

static void pubsub_free_subscriber(kr_client *client, void *data)
{
    (void)client;
    subscriber_clear(&pubsub_state->subscribers, data);
    pubsub_charge(data);
    kr_memory->free(pubsub_state->self, data);
}

static void pubsub_leave(struct pubsub *pubsub, kr_client *client)
{
    struct subscriber *subscriber = pubsub_subscriber(pubsub, client);

    if (!subscriber)
        return;
    subscriber_clear(&pubsub->subscribers, subscriber);
    pubsub_settle(pubsub, subscriber);
}

static void pubsub_on_reset(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;

    pubsub_leave(ctx, event->client);
}

/* --- What a subscribed client may say in RESP2 ---------------------------- */

static bool pubsub_allows(const struct kr_command *row)
{
    return row->run == pubsub_subscribe || row->run == pubsub_unsubscribe ||
           row->run == pubsub_psubscribe || row->run == pubsub_punsubscribe ||
           row->run == pubsub_ssubscribe || row->run == pubsub_sunsubscribe ||
           strcmp(row->name, "ping") == 0 || strcmp(row->name, "quit") == 0 ||
           strcmp(row->name, "reset") == 0;
}

static int32_t pubsub_gate(struct kr_call *call,
                           const struct kr_outcome *outcome, void *ctx)
{
    char text[512];

    (void)outcome, (void)ctx;
    /* What a script or a transaction of the client's runs has been judged by
     * that, and what a script reads is not the client's protocol. */
    if (call->reply->protocol != 2 ||
        call->flags & (KR_CALL_TRANSACTION | KR_CALL_SCRIPT) ||
        pubsub_allows(kr_commands->row(call->command)))
        return KR_GATE_PASS;
    snprintf(text, sizeof(text),
             "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / "
             "PING / QUIT / RESET are allowed in this context",
             kr_commands->full_name(call->command));
    return kr_gates->refuse(call, kr_cstr(text));
}

/* --- What others see ------------------------------------------------------ */

static size_t pubsub_field(const kr_client *client, enum topic_kind kind,
                           char *text, size_t room)
{
    const struct subscriber *subscriber =
        pubsub_subscriber(pubsub_state, client);

    return (size_t)snprintf(
        text, room, "%llu",
        subscriber ? (unsigned long long)subscriber->count[kind] : 0);
}

static size_t pubsub_field_sub(kr_client *client, char *text, size_t room)
{
    return pubsub_field(client, TOPIC_CHANNEL, text, room);
}

static size_t pubsub_field_psub(kr_client *client, char *text, size_t room)
{
    return pubsub_field(client, TOPIC_PATTERN, text, room);
}

static size_t pubsub_field_ssub(kr_client *client, char *text, size_t room)
{
    return pubsub_field(client, TOPIC_SHARD, text, room);
}

static void pubsub_info(void *ctx, struct kr_info_out *out)
{
    const struct topics *topics = &((struct pubsub *)ctx)->subscribers.topics;

    out->field_int(out, "pubsub_channels",
                   (int64_t)topic_count(topics, TOPIC_CHANNEL));
    out->field_int(out, "pubsub_patterns",
                   (int64_t)topic_count(topics, TOPIC_PATTERN));
    out->field_int(out, "pubsubshard_channels",
                   (int64_t)topic_count(topics, TOPIC_SHARD));
}

static bool pubsub_offer_any(void)
{
    return htable_count(&pubsub_state->subscribers.all) > 0;
}

static uint64_t pubsub_offer_publish(struct kr_str channel,
                                     struct kr_str message)
{
    return publish(&pubsub_state->publisher, &pubsub_state->subscribers,
                   TOPIC_CHANNEL, channel, message);
}

static const struct kr_pubsub pubsub_channels_offer = {
    .size = sizeof(struct kr_pubsub),
    .any = pubsub_offer_any,
    .publish = pubsub_offer_publish,
};

/* --- A module's life ------------------------------------------------------ */

static kr_status pubsub_create(kr_module *self, const struct kr_load_args *args,
                               void **state)
{
    struct pubsub *pubsub = kr_memory->calloc(self, 1, sizeof(*pubsub));

    pubsub->self = self;
    pubsub->subscribers.host = &pubsub_host;
    pubsub->slot = kr_clients->new_slot(self, pubsub_free_subscriber);
    pubsub->gate = kr_gates->add(self, "pubsub.mode", KR_STAGE_ADMIT, 100,
                                 pubsub_gate, pubsub);
    if (!pubsub->gate) {
        snprintf(args->error, args->error_size, "there are too many gates");
        kr_memory->free(self, pubsub);
        return KR_EFAIL;
    }
    publisher_init(&pubsub->publisher);
    pubsub_state = *state = pubsub;
    return KR_OK;
}

static void pubsub_activate(kr_module *self, void *state)
{
    kr_clients->add_field(self, "sub", pubsub_field_sub);
    kr_clients->add_field(self, "psub", pubsub_field_psub);
    kr_clients->add_field(self, "ssub", pubsub_field_ssub);
    (void)kr_info->provide(self, "stats", 0, pubsub_info, state);
    (void)kr_events->subscribe(self, KR_EVENT_CLIENT_RESET, pubsub_on_reset,
                               state);
}

static bool pubsub_leave_each(kr_client *client, void *ctx)
{
    pubsub_leave(ctx, client);
    return true;
}

static void pubsub_deactivate(kr_module *self, void *state)
{
    (void)self;
    kr_clients->each(pubsub_leave_each, state);
}

static void pubsub_destroy(kr_module *self, void *state)
{
    struct pubsub *pubsub = state;

    publisher_fini(&pubsub->publisher);
    kr_memory->free(self, pubsub);
    pubsub_state = NULL;
}

/* Who is subscribed to what passes; the sinks are new ones. */
static kr_status pubsub_takeover(kr_module *self, void *state,
                                 const struct kr_handover *in)
{
    struct pubsub *now = state, *then = in->state;

    now->subscribers = then->subscribers;
    now->subscribers.host = &pubsub_host;
    publisher_fini(&then->publisher);
    kr_memory->free(self, then);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------- */
/* clang-format off */

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_commands),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_journal),
    KR_NEED(kr_memory),
    KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {
    {kr_pubsub_id, &pubsub_channels_offer},
};

/* clang-format on */

KR_MODULE(.name = "pubsub", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Messages to whoever is subscribed to a channel",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &pubsub_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers),
          .commands = {pubsub_commands, PUBSUB_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .create = pubsub_create, .activate = pubsub_activate,
          .deactivate = pubsub_deactivate, .destroy = pubsub_destroy,
          .layout = PUBSUB_LAYOUT, .takeover = pubsub_takeover);
