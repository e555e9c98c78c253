/* SPDX-License-Identifier: BSD-3-Clause */
/* notification - guests are told what happens to keys, and may say it.
 *
 *   SADD s x --> "key.notify" --> set|sadd ------> callback(ctx, type, event, key)
 *                                                    `--AddPostNotificationJob-+
 *   the command has ended <-----------------------------------------------job--'
 *
 * "new" is told by the host while the value's bytes are not there yet, and
 * guests open the key: they are told of it together with the change that
 * follows, in the right order.  A callback is not told of what it does. */
#include "context.h"
#include "denied.h"
#include "text.h"

/* --- Kinds ---------------------------------------------------------------- */

/* Bit i of ours is this one of theirs.  ORDER: KR_CLASS_ in keyspace.h */
static const int notice_types[] = {
    REDISMODULE_NOTIFY_GENERIC, REDISMODULE_NOTIFY_STRING,
    REDISMODULE_NOTIFY_LIST,    REDISMODULE_NOTIFY_SET,
    REDISMODULE_NOTIFY_HASH,    REDISMODULE_NOTIFY_ZSET,
    REDISMODULE_NOTIFY_EXPIRED, REDISMODULE_NOTIFY_EVICTED,
    REDISMODULE_NOTIFY_STREAM,  REDISMODULE_NOTIFY_KEY_MISS,
    REDISMODULE_NOTIFY_MODULE,  REDISMODULE_NOTIFY_NEW,
};

static int notice_type(uint32_t kind)
{
    int type = 0;

    for (size_t i = 0; i < KR_COUNT(notice_types); i++) {
        if (kind >> i & 1)
            type |= notice_types[i];
    }
    return type;
}

static uint32_t notice_kind(int type)
{
    uint32_t kind = 0;

    for (size_t i = 0; i < KR_COUNT(notice_types); i++) {
        if (type & notice_types[i])
            kind |= 1u << i;
    }
    return kind;
}

int rm_GetKeyspaceNotificationFlagsAll(void)
{
    return REDISMODULE_NOTIFY_NEXT - 1;
}

/* What notify-keyspace-events says. */
int rm_GetNotifyKeyspaceEvents(void)
{
    static const struct {
        char letter;
        int type;
    } letters[] = {
        {'K', REDISMODULE_NOTIFY_KEYSPACE}, {'E', REDISMODULE_NOTIFY_KEYEVENT},
        {'g', REDISMODULE_NOTIFY_GENERIC},  {'$', REDISMODULE_NOTIFY_STRING},
        {'l', REDISMODULE_NOTIFY_LIST},     {'s', REDISMODULE_NOTIFY_SET},
        {'h', REDISMODULE_NOTIFY_HASH},     {'z', REDISMODULE_NOTIFY_ZSET},
        {'x', REDISMODULE_NOTIFY_EXPIRED},  {'e', REDISMODULE_NOTIFY_EVICTED},
        {'t', REDISMODULE_NOTIFY_STREAM},   {'m', REDISMODULE_NOTIFY_KEY_MISS},
        {'d', REDISMODULE_NOTIFY_MODULE},   {'n', REDISMODULE_NOTIFY_NEW},
        {'A', REDISMODULE_NOTIFY_ALL},
    };
    struct kr_reply *sink = kr_calls->new_sink(2);
    struct kr_str text = {0};
    int types = 0;

    if (kr_config->get(KR_STR("notify-keyspace-events"), sink) == KR_OK)
        text = kr_calls->sink_bytes(sink);
    for (size_t i = 0; i < text.size; i++) {
        for (size_t k = 0; k < KR_COUNT(letters); k++) {
            if (letters[k].letter == text.data[i])
                types |= letters[k].type;
        }
    }
    kr_calls->free_sink(sink);
    return types;
}

/* --- Being told ----------------------------------------------------------- */

/* A key of which "new" has yet to be told. */
struct fresh {
    struct fresh *next;
    kr_db *db;
    RedisModuleString *key;
};

struct subscriber {
    struct subscriber *next;
    struct guest *guest;
    int types;
    RedisModuleNotificationFunc run;
    struct fresh *fresh; /* in the order in which they came */
    bool active;
    bool later; /* the keys left over are told of when the command has ended */
};

static void subscriber_tell(struct subscriber *subscriber, kr_db *db, int type,
                            const char *event, RedisModuleString *key)
{
    RedisModuleCtx ctx;

    context_begin_work(&ctx, subscriber->guest, db);
    subscriber->active = true;
    (void)subscriber->run(&ctx, type, event, key);
    subscriber->active = false;
    context_end_work(&ctx);
}

static void subscriber_tell_fresh(struct subscriber *subscriber)
{
    struct fresh *fresh;

    while ((fresh = subscriber->fresh)) {
        subscriber->fresh = fresh->next;
        subscriber_tell(subscriber, fresh->db, REDISMODULE_NOTIFY_NEW, "new",
                        fresh->key);
        text_release(fresh->key);
        kr_memory->free(redisabi_self, fresh);
    }
}

static void subscriber_later(void *given)
{
    struct subscriber *subscriber = given;

    subscriber->later = false;
    subscriber_tell_fresh(subscriber);
}

static void subscriber_keep_fresh(struct subscriber *subscriber,
                                  const struct kr_key_event *event)
{
    struct fresh **at = &subscriber->fresh;

    while (*at)
        at = &(*at)->next;
    *at = kr_memory->alloc(redisabi_self, sizeof(**at));
    **at = (struct fresh){NULL, event->db, text_new(event->key)};
    if (!subscriber->later)
        kr_calls->later(subscriber->guest->self, subscriber_later, subscriber);
    subscriber->later = true;
}

/* The longest word of Redis's has 21 letters; a guest's own may be longer. */
#define EVENT_ROOM 128

static void subscriber_hear(void *given, const void *payload)
{
    struct subscriber *subscriber = given;
    const struct kr_key_event *event = payload;
    int type = notice_type(event->kind);
    char word[EVENT_ROOM];
    RedisModuleString *key;

    if (subscriber->active)
        return;
    if (event->kind == KR_CLASS_NEW) {
        if (subscriber->types & REDISMODULE_NOTIFY_NEW)
            subscriber_keep_fresh(subscriber, event);
        return;
    }
    key = text_new(event->key);
    snprintf(word, sizeof(word), "%.*s", (int)event->word.size,
             event->word.data);
    subscriber_tell_fresh(subscriber);
    if (subscriber->types & type)
        subscriber_tell(subscriber, event->db, type, word, key);
    text_release(key);
}

static void subscriber_hear_loaded(void *given, const void *payload)
{
    struct subscriber *subscriber = given;
    const struct kr_key_event *event = payload;
    RedisModuleString *key;

    if (subscriber->active)
        return;
    key = text_new(event->key);
    subscriber_tell(subscriber, event->db, REDISMODULE_NOTIFY_LOADED, "loaded",
                    key);
    text_release(key);
}

int rm_SubscribeToKeyspaceEvents(RedisModuleCtx *ctx, int types,
                                 RedisModuleNotificationFunc run)
{
    struct guest *guest = ctx->guest;
    struct subscriber *subscriber;

    if (guest_is_denied(guest, LENT_EVENTS, "SubscribeToKeyspaceEvents"))
        return REDISMODULE_ERR;
    subscriber = kr_memory->calloc(redisabi_self, 1, sizeof(*subscriber));
    *subscriber = (struct subscriber){
        .next = guest->subscribers, .guest = guest, .types = types, .run = run};
    guest->subscribers = subscriber;
    if (types & ~REDISMODULE_NOTIFY_LOADED)
        (void)kr_events->subscribe(guest->self, KR_EVENT_KEY_NOTIFY,
                                   subscriber_hear, subscriber);
    if (types & REDISMODULE_NOTIFY_LOADED)
        (void)kr_events->subscribe(guest->self, KR_EVENT_KEY_LOADED,
                                   subscriber_hear_loaded, subscriber);
    return REDISMODULE_OK;
}

void subscribers_forget(struct guest *guest)
{
    while (guest->subscribers) {
        struct subscriber *subscriber = guest->subscribers;

        guest->subscribers = subscriber->next;
        while (subscriber->fresh) {
            struct fresh *next = subscriber->fresh->next;

            text_release(subscriber->fresh->key);
            kr_memory->free(redisabi_self, subscriber->fresh);
            subscriber->fresh = next;
        }
        kr_memory->free(redisabi_self, subscriber);
    }
}

/* --- Saying it ------------------------------------------------------------ */

int rm_NotifyKeyspaceEvent(RedisModuleCtx *ctx, int type, const char *event,
                           RedisModuleString *key)
{
    if (!ctx)
        return REDISMODULE_ERR;
    kr_keyspace->notify(ctx->db, text_view(key), notice_kind(type),
                        kr_cstr(event));
    return REDISMODULE_OK;
}

/* --- Jobs ----------------------------------------------------------------- */

struct post_job {
    struct guest *guest;
    kr_db *db;
    RedisModulePostNotificationJobFunc run;
    void *data;
    void (*free)(void *data);
};

static void post_job_run(void *given)
{
    struct post_job job = *(struct post_job *)given;
    RedisModuleCtx ctx;

    kr_memory->free(redisabi_self, given);
    context_begin_work(&ctx, job.guest, job.db);
    job.run(&ctx, job.data);
    if (job.free)
        job.free(job.data);
    context_end_work(&ctx);
}

/* Within a callback above: a write is safe once the command has ended. */
int rm_AddPostNotificationJob(RedisModuleCtx *ctx,
                              RedisModulePostNotificationJobFunc run,
                              void *data, void (*free_data)(void *data))
{
    struct post_job *job;

    if (kr_loading->active())
        return REDISMODULE_ERR;
    job = kr_memory->alloc(redisabi_self, sizeof(*job));
    *job = (struct post_job){ctx->guest, ctx->db, run, data, free_data};
    kr_calls->later(ctx->guest->self, post_job_run, job);
    return REDISMODULE_OK;
}
