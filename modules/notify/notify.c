/* SPDX-License-Identifier: BSD-3-Clause */
/* notify - what happens to keys, as messages to whoever is subscribed.
 *
 *   SET k v  ->  __keyspace@0__:k    "set"      with K in notify-keyspace-events
 *                __keyevent@0__:set  "k"        with E
 *
 * The letters of the parameter choose kinds of events.  While it names none the
 * module is subscribed to nothing, and a write costs what it always did; while
 * nobody is subscribed to a channel no message is made. */
#include <kr/config.h>
#include <kr/event.h>
#include <kr/keyspace.h>
#include <kr/memory.h>
#include <kr/pubsub.h>

#include <stdio.h>

KR_USES(kr_events);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_pubsub);

struct notify {
    kr_module *self;
    kr_subscription *subscription; /* NULL: nothing is asked for */
};

/* --- The parameter -------------------------------------------------------- */

/* Two more bits than those of kr_key_event.kind. */
#define NOTIFY_KEYSPACE (1u << 30)
#define NOTIFY_KEYEVENT (1u << 31)

/* In the order in which they are shown. */
static const struct notify_letter {
    char letter;
    uint32_t bits;
} notify_letters[] = {
    {'g', KR_CLASS_GENERIC}, {'$', KR_CLASS_STRING},  {'l', KR_CLASS_LIST},
    {'s', KR_CLASS_SET},     {'h', KR_CLASS_HASH},    {'z', KR_CLASS_ZSET},
    {'x', KR_CLASS_EXPIRED}, {'e', KR_CLASS_EVICTED}, {'t', KR_CLASS_STREAM},
    {'d', KR_CLASS_MODULE},  {'n', KR_CLASS_NEW},     {'K', NOTIFY_KEYSPACE},
    {'E', NOTIFY_KEYEVENT},  {'m', KR_CLASS_MISS},
};

#define NOTIFY_ALL                                                             \
    (KR_CLASS_GENERIC | KR_CLASS_STRING | KR_CLASS_LIST | KR_CLASS_SET |       \
     KR_CLASS_HASH | KR_CLASS_ZSET | KR_CLASS_EXPIRED | KR_CLASS_EVICTED |     \
     KR_CLASS_STREAM | KR_CLASS_MODULE)

/* A parameter's variable, as the host's slots are: its lines are taken before
 * the module has a state. */
static uint32_t notify_bits;

static bool notify_parse(struct kr_str text, uint32_t *bits)
{
    *bits = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint32_t found = text.data[i] == 'A' ? NOTIFY_ALL : 0;

        for (size_t k = 0; k < KR_COUNT(notify_letters); k++)
            if (notify_letters[k].letter == text.data[i])
                found = notify_letters[k].bits;
        if (!found)
            return false;
        *bits |= found;
    }
    return true;
}

static bool notify_check(void *state, uint32_t argc, const struct kr_str *argv,
                         const char **error)
{
    uint32_t bits;

    (void)state;
    *error = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    return argc == 1 && notify_parse(argv[0], &bits);
}

static void notify_listen(struct notify *notify);

static bool notify_apply(void *state, uint32_t argc, const struct kr_str *argv,
                         const char **error)
{
    (void)argc, (void)error;
    if (!notify_parse(argv[0], &notify_bits))
        return false;
    if (state)
        notify_listen(state);
    return true;
}

/* Redis says n only where it does not say A. */
static void notify_print(void *state, struct kr_reply *out)
{
    char text[KR_COUNT(notify_letters)];
    uint32_t bits = notify_bits;
    size_t size = 0;

    (void)state;
    if ((bits & NOTIFY_ALL) == NOTIFY_ALL) {
        text[size++] = 'A';
        bits &= ~(NOTIFY_ALL | KR_CLASS_NEW);
    }
    for (size_t i = 0; i < KR_COUNT(notify_letters); i++)
        if (bits & notify_letters[i].bits)
            text[size++] = notify_letters[i].letter;
    out->ops->raw(out, kr_str(text, size));
}

/* --- A message ------------------------------------------------------------ */

#define NOTIFY_SHORT 256 /* bytes of a channel's name that the stack holds */

/* Publish `message` to "__WHAT@DB__:NAME". */
static void notify_send(struct notify *notify, const char *what, int32_t db,
                        struct kr_str name, struct kr_str message)
{
    char room[NOTIFY_SHORT], *channel = room;
    size_t head = (size_t)snprintf(room, sizeof(room), "__%s@%d__:", what, db);

    if (head + name.size > sizeof(room)) {
        channel = kr_memory->try_alloc(notify->self, head + name.size);
        if (!channel)
            return;
        memcpy(channel, room, head);
    }
    if (name.size > 0)
        memcpy(channel + head, name.data, name.size);
    (void)kr_pubsub->publish(kr_str(channel, head + name.size), message);
    if (channel != room)
        kr_memory->free(notify->self, channel);
}

static void notify_on_event(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;
    int32_t db;

    if (!(notify_bits & event->kind) || !kr_pubsub->any())
        return;
    db = kr_keyspace->db_index(event->db);
    if (notify_bits & NOTIFY_KEYSPACE)
        notify_send(ctx, "keyspace", db, event->key, event->word);
    if (notify_bits & NOTIFY_KEYEVENT)
        notify_send(ctx, "keyevent", db, event->word, event->key);
}

/* Nothing comes of a kind without a channel, nor of a channel without a kind. */
static bool notify_is_wanted(void)
{
    const uint32_t channels = NOTIFY_KEYSPACE | NOTIFY_KEYEVENT;

    return notify_bits & channels && notify_bits & ~channels;
}

static void notify_listen(struct notify *notify)
{
    if (notify_is_wanted() && !notify->subscription) {
        notify->subscription = kr_events->subscribe(
            notify->self, KR_EVENT_KEY_NOTIFY, notify_on_event, notify);
    } else if (!notify_is_wanted() && notify->subscription) {
        kr_events->unsubscribe(notify->subscription);
        notify->subscription = NULL;
    }
}

/* --- A module's life ------------------------------------------------------ */

static kr_status notify_create(kr_module *self, const struct kr_load_args *args,
                               void **state)
{
    struct notify *notify = kr_memory->calloc(self, 1, sizeof(*notify));

    (void)args;
    notify->self = self;
    *state = notify;
    return KR_OK;
}

static void notify_activate(kr_module *self, void *state)
{
    (void)self;
    notify_listen(state);
}

static void notify_destroy(kr_module *self, void *state)
{
    kr_memory->free(self, state);
}

/* --- What the host learns ------------------------------------------------- */
/* clang-format off */

static const struct kr_param params[] = {
    {.name = "notify-keyspace-events", .type = KR_PARAM_SPECIAL,
     .initial = "", .check = notify_check, .apply = notify_apply,
     .print = notify_print},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_events),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_memory),
    KR_NEED(kr_pubsub),
};

/* clang-format on */

KR_MODULE(.name = "notify", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Keyspace notifications: messages about keys",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .imports = KR_ROWS(imports), .params = KR_ROWS(params),
          .create = notify_create, .activate = notify_activate,
          .destroy = notify_destroy);
