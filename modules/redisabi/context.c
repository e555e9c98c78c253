/* SPDX-License-Identifier: BSD-3-Clause */
/* context - its life, its automatic memory, and what it tells of the server. */
#include "context.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>

/* --- Automatic memory ----------------------------------------------------- */

void *array_grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room ? 2 * *room : 8;
    return kr_memory->realloc(redisabi_self, array, *room * size);
}

void context_own(RedisModuleCtx *ctx, uint32_t kind, void *thing)
{
    if (!ctx || !ctx->automatic)
        return;
    ctx->owned = array_grow(ctx->owned, ctx->owned_count, &ctx->owned_room,
                            sizeof(*ctx->owned));
    ctx->owned[ctx->owned_count++] = (struct owned){thing, kind};
}

/* From the end: what is freed was often made just before. */
bool context_disown(RedisModuleCtx *ctx, uint32_t kind, const void *thing)
{
    for (uint32_t i = ctx->owned_count; i-- > 0;) {
        if (ctx->owned[i].thing != thing || ctx->owned[i].kind != kind)
            continue;
        ctx->owned[i] = ctx->owned[--ctx->owned_count];
        return true;
    }
    return false;
}

/* Each function takes what it frees off the list itself, if it is on it. */
static void context_free_owned(RedisModuleCtx *ctx)
{
    while (ctx->owned_count > 0) {
        struct owned last = ctx->owned[--ctx->owned_count];

        if (last.kind == OWNED_STRING)
            text_release(last.thing);
        else if (last.kind == OWNED_REPLY)
            rm_FreeCallReply(last.thing);
        else if (last.kind == OWNED_INFO)
            rm_FreeServerInfo(NULL, last.thing);
        else if (last.kind == OWNED_DICT)
            rm_FreeDict(NULL, last.thing);
        else
            rm_CloseKey(last.thing);
    }
    kr_memory->free(redisabi_self, ctx->owned);
    ctx->owned = NULL;
    ctx->owned_room = 0;
}

void rm_AutoMemory(RedisModuleCtx *ctx)
{
    ctx->automatic = true;
}

/* --- Pools ---------------------------------------------------------------- */

#define POOL_BYTES 8192u

struct pool {
    struct pool *next;
    size_t size, used;
    _Alignas(max_align_t) char bytes[];
};

/* Small things may be packed: aligned to what a thing of that size can need. */
void *rm_PoolAlloc(RedisModuleCtx *ctx, size_t size)
{
    struct pool *pool = ctx->pool;
    size_t align = 1, at;

    while (align < sizeof(void *) && align < size)
        align *= 2;
    at = pool ? (pool->used + align - 1) & ~(align - 1) : 0;
    if (!pool || at > pool->size || pool->size - at < size) {
        size_t room = size > POOL_BYTES ? size : POOL_BYTES;

        pool = kr_memory->alloc(redisabi_self, sizeof(*pool) + room);
        pool->next = ctx->pool;
        pool->size = room;
        ctx->pool = pool;
        at = 0;
    }
    pool->used = at + size;
    return pool->bytes + at;
}

static void context_free_pools(RedisModuleCtx *ctx)
{
    while (ctx->pool) {
        struct pool *next = ctx->pool->next;

        kr_memory->free(redisabi_self, ctx->pool);
        ctx->pool = next;
    }
}

/* --- Life ----------------------------------------------------------------- */

void context_begin(RedisModuleCtx *ctx, struct guest *guest,
                   struct kr_call *call)
{
    memset(ctx, 0, sizeof(*ctx));
    ctx->get_api = names_get_api;
    ctx->guest = guest;
    ctx->ref_count = -1;
    ctx->call = call;
    if (call) {
        ctx->client = call->client;
        ctx->db = call->db;
        ctx->reply = call->reply;
        ctx->command = call->command;
    } else {
        ctx->db = kr_keyspace->db(0);
    }
}

void context_end(RedisModuleCtx *ctx)
{
    if (ctx->open_count > 0)
        kr_logf(ctx->guest ? ctx->guest->self : redisabi_self, KR_LOG_WARNING,
                "a reply's postponed length was never set");
    while (ctx->open_count > 0)
        ctx->reply->ops->close(ctx->reply, ctx->open[--ctx->open_count],
                               KR_ARRAY, 0);
    kr_memory->free(redisabi_self, ctx->open);
    context_free_owned(ctx);
    context_free_pools(ctx);
}

void context_begin_work(RedisModuleCtx *ctx, struct guest *guest, kr_db *db)
{
    context_begin(ctx, guest, NULL);
    if (db)
        ctx->db = db;
    kr_journal->begin();
}

void context_end_work(RedisModuleCtx *ctx)
{
    context_end(ctx);
    kr_journal->end();
}

/* --- What a context tells ------------------------------------------------- */

int rm_GetSelectedDb(RedisModuleCtx *ctx)
{
    return kr_keyspace->db_index(ctx->db);
}

/* As in Redis it is the client that changes over. */
int rm_SelectDb(RedisModuleCtx *ctx, int index)
{
    kr_db *db = kr_keyspace->db(index);

    if (!db)
        return REDISMODULE_ERR;
    ctx->db = db;
    if (ctx->client)
        kr_clients->select(ctx->client, db);
    return REDISMODULE_OK;
}

unsigned long long rm_DbSize(RedisModuleCtx *ctx)
{
    return kr_keyspace->count(ctx->db);
}

void rm_SetModuleOptions(RedisModuleCtx *ctx, int options)
{
    ctx->guest->options = options;
}

int rm_GetModuleOptionsAll(void)
{
    return REDISMODULE_OPTIONS_NEXT - 1;
}

/* -1: it is no version. */
int version_number(const char *text)
{
    unsigned part[3];
    int end = 0;

    if (sscanf(text, "%3u.%3u.%3u%n", &part[0], &part[1], &part[2], &end) !=
            3 ||
        text[end] || part[0] > 255 || part[1] > 255 || part[2] > 255)
        return -1;
    return (int)(part[0] << 16 | part[1] << 8 | part[2]);
}

/* "7.0.15" as 0x0007000f. */
int rm_GetServerVersion(void)
{
    int version = version_number(redisabi_version);

    if (version < 0)
        version = version_number(kr_info->identity("redis-version"));
    return version < 0 ? 0 : version;
}

int rm_GetTypeMethodVersion(void)
{
    return REDISMODULE_TYPE_METHOD_VERSION;
}

/* --- Log, time, chance ---------------------------------------------------- */

void rm_Log(RedisModuleCtx *ctx, const char *level, const char *format, ...)
{
    static const char *const names[] = {"debug", "verbose", "notice",
                                        "warning"};
    kr_module *who = ctx && ctx->guest ? ctx->guest->self : redisabi_self;
    uint32_t number = KR_LOG_VERBOSE;
    char line[1024];
    va_list args;
    int size;

    for (uint32_t i = 0; i < KR_COUNT(names); i++) {
        if (kr_str_equal_nocase(kr_cstr(level), kr_cstr(names[i])))
            number = i;
    }
    if (!kr_log->enabled(number))
        return;
    va_start(args, format);
    size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (size < 0)
        return;
    if ((size_t)size >= sizeof(line))
        size = sizeof(line) - 1;
    kr_log->write(who, number, kr_str(line, (size_t)size));
}

void rm__Assert(const char *what, const char *file, int line)
{
    char text[512];

    snprintf(text, sizeof(text), "a module's assertion failed: %s at %s:%d",
             what, file, line);
    kr_log->panic(redisabi_self, text);
}

long long rm_Milliseconds(void)
{
    return kr_loop->wall_ms();
}

uint64_t rm_Microseconds(void)
{
    return (uint64_t)kr_loop->wall_us();
}

/* The same during a command. */
uint64_t rm_CachedMicroseconds(void)
{
    const struct kr_call *call = kr_calls->current();

    return call ? (uint64_t)call->now_ms * 1000 : rm_Microseconds();
}

uint64_t rm_MonotonicMicroseconds(void)
{
    return (uint64_t)kr_loop->monotonic_ns() / 1000;
}

void rm_GetRandomBytes(unsigned char *out, size_t size)
{
    kr_text->secure_random(out, size);
}

void rm_GetRandomHexChars(char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    kr_text->secure_random(out, size);
    for (size_t i = 0; i < size; i++)
        out[i] = digits[(unsigned char)out[i] & 15];
}
