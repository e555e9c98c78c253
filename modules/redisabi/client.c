/* SPDX-License-Identifier: BSD-3-Clause */
/* client - what guests learn of clients and do to them, by their ids.
 *
 * A client is found in O(1 + clients / 1000). */
#include "client.h"

#include "denied.h"
#include "text.h"

#include <kr/pubsub.h>

#include <errno.h>
#include <stdlib.h>

unsigned long long rm_GetClientId(RedisModuleCtx *ctx)
{
    return ctx->client ? kr_clients->id(ctx->client) : 0;
}

/* --- About one ------------------------------------------------------------ */

/* "1.2.3.4:5", "[::1]:5", "path:0": the host without brackets, and the port. */
static void client_split_address(const char *text, RedisModuleClientInfo *info)
{
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : strlen(text);

    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (size >= sizeof(info->addr))
        size = sizeof(info->addr) - 1;
    memcpy(info->addr, text, size);
    info->port = colon ? (uint16_t)atoi(colon + 1) : 0;
}

void client_fill_info(const kr_client *client, RedisModuleClientInfo *out)
{
    static const struct {
        uint32_t flag;
        uint64_t theirs;
    } flags[] = {
        {KR_CLIENT_TLS, REDISMODULE_CLIENTINFO_FLAG_SSL},
        {KR_CLIENT_PUBSUB, REDISMODULE_CLIENTINFO_FLAG_PUBSUB},
        {KR_CLIENT_BLOCKED, REDISMODULE_CLIENTINFO_FLAG_BLOCKED},
        {KR_CLIENT_TRACKING, REDISMODULE_CLIENTINFO_FLAG_TRACKING},
        {KR_CLIENT_UNIX, REDISMODULE_CLIENTINFO_FLAG_UNIXSOCKET},
        {KR_CLIENT_TRANSACTION, REDISMODULE_CLIENTINFO_FLAG_MULTI},
    };
    struct kr_client_info info = {.size = sizeof(info)};

    kr_clients->info(client, &info);
    *out = (RedisModuleClientInfo){
        .version = out->version, .id = info.id, .db = (uint16_t)info.db};
    for (size_t i = 0; i < KR_COUNT(flags); i++) {
        if (info.flags & flags[i].flag)
            out->flags |= flags[i].theirs;
    }
    if (info.flags & KR_CLIENT_UNIX)
        snprintf(out->addr, sizeof(out->addr), "/unixsocket");
    else
        client_split_address(info.address, out);
}

/* Its first word says how much of it there is. */
int rm_GetClientInfoById(void *info, uint64_t id)
{
    const kr_client *client = kr_clients->find(id);

    if (!client || (info && *(const uint64_t *)info != 1))
        return REDISMODULE_ERR;
    if (info)
        client_fill_info(client, info);
    return REDISMODULE_OK;
}

static RedisModuleString *client_text(RedisModuleCtx *ctx,
                                      const kr_client *client,
                                      const char *which, const char *otherwise)
{
    struct kr_str text = kr_clients->text(client, which);

    if (text.size == 0 && !otherwise)
        return NULL;
    if (text.size == 0)
        text = kr_cstr(otherwise);
    return rm_CreateString(ctx, text.data, text.size);
}

RedisModuleString *rm_GetClientUserNameById(RedisModuleCtx *ctx, uint64_t id)
{
    const kr_client *client = kr_clients->find(id);

    if (!client) {
        errno = ENOENT;
        return NULL;
    }
    return client_text(ctx, client, "user", "default");
}

/* In a context that is nobody's there is no user. */
RedisModuleString *rm_GetCurrentUserName(RedisModuleCtx *ctx)
{
    return ctx->client ? client_text(ctx, ctx->client, "user", "default")
                       : NULL;
}

RedisModuleString *rm_GetClientNameById(RedisModuleCtx *ctx, uint64_t id)
{
    const kr_client *client = kr_clients->find(id);

    return client ? client_text(ctx, client, "name", NULL) : NULL;
}

int rm_SetClientNameById(uint64_t id, RedisModuleString *name)
{
    kr_client *client = kr_clients->find(id);
    struct kr_str text = text_view(name);

    if (!client) {
        errno = ENOENT;
        return REDISMODULE_ERR;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '!' || text.data[i] > '~') {
            errno = EINVAL;
            return REDISMODULE_ERR;
        }
    }
    kr_clients->set_text(client, "name", text);
    return REDISMODULE_OK;
}

/* Connections by TLS are another module's, which shows no certificates. */
RedisModuleString *rm_GetClientCertificate(RedisModuleCtx *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
    return NULL;
}

/* Who asked to be cut off itself hears the reply first, which has yet to be
 * written. */
static void client_close_later(void *given)
{
    uint64_t id = (uint64_t)(uintptr_t)given;
    kr_client *client = kr_clients->find(id);

    if (client)
        kr_clients->close(client, true);
}

int rm_DeauthenticateAndCloseClient(RedisModuleCtx *ctx, uint64_t id)
{
    kr_client *client = kr_clients->find(id);
    const struct kr_call *call = kr_calls->current();

    (void)ctx;
    if (!client)
        return REDISMODULE_ERR;
    kr_clients->set_flags(client, 0, KR_CLIENT_AUTHENTICATED);
    if (call && call->client == client)
        kr_calls->later(redisabi_self, client_close_later,
                        (void *)(uintptr_t)id);
    else
        kr_clients->close(client, false);
    return REDISMODULE_OK;
}

/* --- Messages ------------------------------------------------------------- */

int rm_PublishMessage(RedisModuleCtx *ctx, RedisModuleString *channel,
                      RedisModuleString *message)
{
    if (!kr_pubsub ||
        guest_is_denied(ctx->guest, LENT_PUBSUB, "PublishMessage"))
        return 0;
    return (int)kr_pubsub->publish(text_view(channel), text_view(message));
}

/* There is no interface for channels of shards, but a command. */
int rm_PublishMessageShard(RedisModuleCtx *ctx, RedisModuleString *channel,
                           RedisModuleString *message)
{
    struct kr_str argv[3] = {KR_STR("spublish"), text_view(channel),
                             text_view(message)};
    struct kr_reply *sink;
    struct kr_run run = {.size = sizeof(run),
                         .argc = 3,
                         .argv = argv,
                         .flags = KR_RUN_NO_JOURNAL | KR_RUN_NO_GATES |
                                  KR_RUN_NO_STATS};
    int receivers = 0;

    if (guest_is_denied(ctx->guest, LENT_PUBSUB, "PublishMessageShard"))
        return 0;
    run.reply = sink = kr_calls->new_sink(2);
    if (kr_calls->run(&run) == KR_OK)
        (void)sscanf(kr_calls->sink_bytes(sink).data, ":%d", &receivers);
    kr_calls->free_sink(sink);
    return receivers;
}

/* --- The command that a client has sent ----------------------------------- */

/* The slow log and MONITOR do not show it. */
int rm_RedactClientCommandArgument(RedisModuleCtx *ctx, int pos)
{
    if (!ctx || !ctx->call || pos <= 0 || (uint32_t)pos >= ctx->call->argc)
        return REDISMODULE_ERR;
    ctx->call->secret |= UINT64_C(1) << (pos < 63 ? pos : 63);
    return REDISMODULE_OK;
}

static int *positions_new(const struct kr_key_ref *refs, int32_t count,
                          bool flags)
{
    int *positions =
        kr_memory->alloc(redisabi_self, (size_t)count * sizeof(*positions));

    for (int32_t i = 0; i < count; i++)
        positions[i] = (int)(flags ? refs[i].flags : refs[i].index);
    return positions;
}

static struct kr_str *words_of(RedisModuleString **strings, int count)
{
    struct kr_str *words =
        kr_memory->alloc(redisabi_self, ((size_t)count + 1) * sizeof(*words));

    for (int i = 0; i < count; i++)
        words[i] = text_view(strings[i]);
    return words;
}

/* What is freed by the guest. */
static int *command_keys(const kr_cmd *command, uint32_t argc,
                         const struct kr_str *argv, int *count, int **flags)
{
    struct kr_key_ref *refs =
        kr_memory->alloc(redisabi_self, (argc + 1) * sizeof(*refs));
    int32_t found = kr_commands->keys(command, argc, argv, refs, argc + 1);
    int *positions = NULL;

    errno = 0;
    if (found > (int32_t)argc + 1)
        found = (int32_t)argc + 1;
    *count = found > 0 ? found : 0;
    if (found > 0) {
        positions = positions_new(refs, found, false);
        if (flags)
            *flags = positions_new(refs, found, true);
    }
    kr_memory->free(redisabi_self, refs);
    return positions;
}

int *rm_GetCommandKeysWithFlags(RedisModuleCtx *ctx, RedisModuleString **argv,
                                int argc, int *count, int **flags)
{
    struct kr_str *words = words_of(argv, argc);
    const kr_cmd *command = kr_commands->match((uint32_t)argc, words);
    const struct kr_command *row = command ? kr_commands->row(command) : NULL;
    int *positions = NULL;

    (void)ctx;
    if (!row)
        errno = ENOENT;
    else if (row->keys.count == 0 && !row->find_keys)
        errno = 0;
    else if (!kr_commands->check_arity(command, (uint32_t)argc, NULL))
        errno = EINVAL;
    else
        positions = command_keys(command, (uint32_t)argc, words, count, flags);
    kr_memory->free(redisabi_self, words);
    return positions;
}

int *rm_GetCommandKeys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc,
                       int *count)
{
    return rm_GetCommandKeysWithFlags(ctx, argv, argc, count, NULL);
}
