/* SPDX-License-Identifier: BSD-3-Clause */
/* server_event - guests are told what happens to the server.
 *
 * An event of theirs is one or two of ours; each listener subscribes to them by
 * itself, so that listeners are called in the order in which they came, and
 * their time is their module's:
 *
 *   SubscribeToServerEvent(FlushDB) --> listener --> "db.flush.before" subevent 0
 *                                               `--> "db.flush"        subevent 1
 *
 * Events of replicas never happen here as yet; subscribing to them is fine. */
#include "client.h"
#include "context.h"
#include "denied.h"
#include "key.h"
#include "text.h"

#define EVENT_PARTS 2u

struct listener {
    struct listener *next;
    struct guest *guest;
    RedisModuleEvent event;
    RedisModuleEventCallback run;
    kr_subscription *parts[EVENT_PARTS];
    /* Parameters that have changed together. */
    char **names;
    uint32_t name_count, name_room;
};

static void listener_tell(struct listener *listener, kr_db *db,
                          kr_client *client, uint64_t subevent, void *data)
{
    RedisModuleCtx ctx;

    context_begin_work(&ctx, listener->guest, db);
    ctx.client = client;
    listener->run(&ctx, listener->event, subevent, data);
    context_end_work(&ctx);
}

/* --- What has data -------------------------------------------------------- */

static void hear_flush(struct listener *listener, uint64_t subevent,
                       const void *payload)
{
    const struct kr_db_event *event = payload;
    RedisModuleFlushInfo info = {
        .version = 1,
        .sync = !event->async,
        .dbnum = event->db ? kr_keyspace->db_index(event->db) : -1,
    };

    listener_tell(listener, event->db, NULL, subevent, &info);
}

static void hear_flush_begin(void *given, const void *payload)
{
    hear_flush(given, REDISMODULE_SUBEVENT_FLUSHDB_START, payload);
}

static void hear_flush_end(void *given, const void *payload)
{
    hear_flush(given, REDISMODULE_SUBEVENT_FLUSHDB_END, payload);
}

static void hear_swap(void *given, const void *payload)
{
    const struct kr_db_event *event = payload;
    RedisModuleSwapDbInfo info = {
        .version = 1,
        .dbnum_first = kr_keyspace->db_index(event->db),
        .dbnum_second = kr_keyspace->db_index(event->other),
    };

    listener_tell(given, NULL, NULL, 0, &info);
}

static void hear_client(struct listener *listener, uint64_t subevent,
                        kr_client *client)
{
    RedisModuleClientInfo info = {.version = 1};

    client_fill_info(client, &info);
    listener_tell(listener, kr_clients->db(client), client, subevent, &info);
}

static void hear_connected(void *given, const void *payload)
{
    hear_client(given, REDISMODULE_SUBEVENT_CLIENT_CHANGE_CONNECTED,
                ((const struct kr_client_event *)payload)->client);
}

static void hear_gone(void *given, const void *payload)
{
    hear_client(given, REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED,
                ((const struct kr_client_event *)payload)->client);
}

static void hear_tick(void *given, const void *payload)
{
    RedisModuleCronLoop info = {.version = 1};
    int64_t hz = 10;

    (void)payload;
    (void)kr_config_int64(KR_STR("hz"), &hz);
    info.hz = (int32_t)hz;
    listener_tell(given, NULL, NULL, 0, &info);
}

/* A module is told of others. */
static void hear_module(struct listener *listener, uint64_t subevent,
                        const void *payload)
{
    const struct kr_name_event *event = payload;
    RedisModuleModuleChange info = {.version = 1,
                                    .module_version = (int32_t)event->version};
    RedisModuleString *name;

    if (kr_modules->find(event->name) == listener->guest->self)
        return;
    name = text_new(event->name);
    info.module_name = name->bytes;
    listener_tell(listener, NULL, NULL, subevent, &info);
    text_release(name);
}

static void hear_module_loaded(void *given, const void *payload)
{
    hear_module(given, REDISMODULE_SUBEVENT_MODULE_LOADED, payload);
}

static void hear_module_unloaded(void *given, const void *payload)
{
    hear_module(given, REDISMODULE_SUBEVENT_MODULE_UNLOADED, payload);
}

/* The value is still there.  ORDER: KR_END_ are their subevents */
static void hear_key(void *given, const void *payload)
{
    struct listener *listener = given;
    const struct kr_key_event *event = payload;
    RedisModuleString *name = text_new(event->key);
    RedisModuleKeyInfo info = {.version = 1};
    RedisModuleKey key;
    RedisModuleCtx ctx;

    context_begin_work(&ctx, listener->guest, event->db);
    key_begin(&key, &ctx, event->db, name, REDISMODULE_READ);
    info.key = &key;
    listener->run(&ctx, listener->event, event->kind, &info);
    key_end(&key);
    context_end_work(&ctx);
    text_release(name);
}

static void listener_drop_names(struct listener *listener)
{
    for (uint32_t i = 0; i < listener->name_count; i++)
        kr_memory->free(redisabi_self, listener->names[i]);
    listener->name_count = 0;
}

/* Those of one change come one by one, and are told together. */
static void hear_config(void *given, const void *payload)
{
    struct listener *listener = given;
    const struct kr_name_event *event = payload;
    char *name = kr_memory->calloc(redisabi_self, 1, event->name.size + 1);
    RedisModuleConfigChange info = {.version = 1};

    memcpy(name, event->name.data, event->name.size);
    listener->names = array_grow(listener->names, listener->name_count,
                                 &listener->name_room, sizeof(name));
    listener->names[listener->name_count++] = name;
    if (event->left > 0)
        return;
    info.num_changes = listener->name_count;
    info.config_names = (const char **)listener->names;
    listener_tell(listener, NULL, NULL, REDISMODULE_SUBEVENT_CONFIG_CHANGE,
                  &info);
    listener_drop_names(listener);
}

static void hear_loading_progress(void *given, const void *payload)
{
    const struct kr_loading_event *event = payload;
    RedisModuleLoadingProgress info = {.version = 1, .hz = 50, .progress = -1};

    if (event->total > 0)
        info.progress = (int32_t)(event->loaded * 1024 / event->total);
    listener_tell(given, NULL, NULL,
                  event->flags & KR_LOADING_LOG
                      ? REDISMODULE_SUBEVENT_LOADING_PROGRESS_AOF
                      : REDISMODULE_SUBEVENT_LOADING_PROGRESS_RDB,
                  &info);
}

/* --- What has none -------------------------------------------------------- */

static void hear_loading_begin(void *given, const void *payload)
{
    const struct kr_loading_event *event = payload;

    listener_tell(given, NULL, NULL,
                  event->flags & KR_LOADING_LOG
                      ? REDISMODULE_SUBEVENT_LOADING_AOF_START
                      : REDISMODULE_SUBEVENT_LOADING_RDB_START,
                  NULL);
}

static void hear_loading_end(void *given, const void *payload)
{
    const struct kr_loading_event *event = payload;

    listener_tell(given, NULL, NULL,
                  event->ok ? REDISMODULE_SUBEVENT_LOADING_ENDED
                            : REDISMODULE_SUBEVENT_LOADING_FAILED,
                  NULL);
}

static void hear_save_begin(void *given, const void *payload)
{
    static const uint64_t subevents[2][2] = {
        {REDISMODULE_SUBEVENT_PERSISTENCE_SYNC_RDB_START,
         REDISMODULE_SUBEVENT_PERSISTENCE_RDB_START},
        {REDISMODULE_SUBEVENT_PERSISTENCE_SYNC_AOF_START,
         REDISMODULE_SUBEVENT_PERSISTENCE_AOF_START},
    };
    const struct kr_save_event *event = payload;
    uint32_t background = KR_SAVE_CHILD | KR_SAVE_BESIDE;

    listener_tell(given, NULL, NULL,
                  subevents[(event->flags & KR_SAVE_LOG) != 0]
                           [(event->flags & background) != 0],
                  NULL);
}

static void hear_save_end(void *given, const void *payload)
{
    const struct kr_save_event *event = payload;

    listener_tell(given, NULL, NULL,
                  event->ok ? REDISMODULE_SUBEVENT_PERSISTENCE_ENDED
                            : REDISMODULE_SUBEVENT_PERSISTENCE_FAILED,
                  NULL);
}

static void hear_first(void *given, const void *payload)
{
    (void)payload;
    listener_tell(given, NULL, NULL, 0, NULL);
}

static void hear_second(void *given, const void *payload)
{
    (void)payload;
    listener_tell(given, NULL, NULL, 1, NULL);
}

/* --- The table ------------------------------------------------------------ */
/* clang-format off */

/* By REDISMODULE_EVENT_.  `subevents`: how many there are. */
static const struct {
    int64_t subevents;
    struct {
        const char *event;
        kr_event_fn hear;
    } parts[EVENT_PARTS];
} server_events[] = {
    [REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED] = {2, {{0}}},
    [REDISMODULE_EVENT_PERSISTENCE] = {6, {
        {KR_EVENT_SAVE_BEGIN, hear_save_begin},
        {KR_EVENT_SAVE_END, hear_save_end}}},
    [REDISMODULE_EVENT_FLUSHDB] = {2, {
        {KR_EVENT_FLUSH_BEFORE, hear_flush_begin},
        {KR_EVENT_FLUSH, hear_flush_end}}},
    [REDISMODULE_EVENT_LOADING] = {5, {
        {KR_EVENT_LOADING_BEGIN, hear_loading_begin},
        {KR_EVENT_LOADING_END, hear_loading_end}}},
    [REDISMODULE_EVENT_CLIENT_CHANGE] = {2, {
        {KR_EVENT_CLIENT_CONNECTED, hear_connected},
        {KR_EVENT_CLIENT_GONE, hear_gone}}},
    [REDISMODULE_EVENT_SHUTDOWN] = {0, {{KR_EVENT_SHUTDOWN, hear_first}}},
    [REDISMODULE_EVENT_REPLICA_CHANGE] = {2, {{0}}},
    [REDISMODULE_EVENT_MASTER_LINK_CHANGE] = {2, {{0}}},
    [REDISMODULE_EVENT_CRON_LOOP] = {0, {{KR_EVENT_TICK, hear_tick}}},
    [REDISMODULE_EVENT_MODULE_CHANGE] = {2, {
        {KR_EVENT_MODULE_LOADED, hear_module_loaded},
        {KR_EVENT_MODULE_UNLOADED, hear_module_unloaded}}},
    [REDISMODULE_EVENT_LOADING_PROGRESS] = {2, {
        {KR_EVENT_LOADING_PROGRESS, hear_loading_progress}}},
    [REDISMODULE_EVENT_SWAPDB] = {0, {{KR_EVENT_SWAP, hear_swap}}},
    [REDISMODULE_EVENT_REPL_BACKUP] = {0, {{0}}},
    [REDISMODULE_EVENT_FORK_CHILD] = {2, {
        {KR_EVENT_CHILD_BORN, hear_first},
        {KR_EVENT_CHILD_GONE, hear_second}}},
    [REDISMODULE_EVENT_REPL_ASYNC_LOAD] = {3, {{0}}},
    [REDISMODULE_EVENT_EVENTLOOP] = {2, {
        {KR_EVENT_SLEEP, hear_first},
        {KR_EVENT_WAKE, hear_second}}},
    [REDISMODULE_EVENT_CONFIG] = {1, {
        {KR_EVENT_CONFIG_CHANGED, hear_config}}},
    [REDISMODULE_EVENT_KEY] = {4, {{KR_EVENT_KEY_ENDING, hear_key}}},
};

/* clang-format on */

int rm_IsSubEventSupported(RedisModuleEvent event, int64_t subevent)
{
    return event.id < KR_COUNT(server_events) &&
           subevent < server_events[event.id].subevents;
}

/* --- Subscribing ---------------------------------------------------------- */

static struct listener **listener_find(struct guest *guest, uint64_t id)
{
    struct listener **at = &guest->listeners;

    while (*at && (*at)->event.id != id)
        at = &(*at)->next;
    return at;
}

static void listener_free(struct listener *listener)
{
    listener_drop_names(listener);
    kr_memory->free(redisabi_self, listener->names);
    kr_memory->free(redisabi_self, listener);
}

/* It may do so itself: what it is called with is still used then. */
static void listener_free_later(void *given)
{
    listener_free(given);
}

static void listener_remove(struct listener **at)
{
    struct listener *listener = *at;

    *at = listener->next;
    for (uint32_t i = 0; i < EVENT_PARTS; i++)
        kr_events->unsubscribe(listener->parts[i]);
    kr_calls->later(redisabi_self, listener_free_later, listener);
}

/* One callback for each event; none ends the subscription. */
int rm_SubscribeToServerEvent(RedisModuleCtx *ctx, RedisModuleEvent event,
                              RedisModuleEventCallback run)
{
    struct guest *guest = ctx->guest;
    struct listener *listener, **at;

    if (!guest || event.id >= KR_COUNT(server_events) || event.dataver > 1)
        return REDISMODULE_ERR;
    if (guest_is_denied(guest, LENT_EVENTS, "SubscribeToServerEvent"))
        return REDISMODULE_ERR;
    at = listener_find(guest, event.id);
    if (*at && run)
        (*at)->run = run;
    else if (*at)
        listener_remove(at);
    if (*at || !run)
        return REDISMODULE_OK;
    listener = kr_memory->calloc(redisabi_self, 1, sizeof(*listener));
    listener->guest = guest;
    listener->event = event;
    listener->run = run;
    *at = listener;
    for (uint32_t i = 0; i < EVENT_PARTS; i++) {
        const char *name = server_events[event.id].parts[i].event;

        if (name)
            listener->parts[i] = kr_events->subscribe(
                guest->self, name, server_events[event.id].parts[i].hear,
                listener);
    }
    return REDISMODULE_OK;
}

void listeners_forget(struct guest *guest)
{
    while (guest->listeners) {
        struct listener *next = guest->listeners->next;

        listener_free(guest->listeners);
        guest->listeners = next;
    }
}
