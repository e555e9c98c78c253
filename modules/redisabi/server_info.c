/* SPDX-License-Identifier: BSD-3-Clause */
/* server_info - the fields of INFO, for a guest that looks things up in it.
 *
 * INFO is run as a command and its answer kept as it is, with each field's
 * colon and end replaced by NUL:
 *
 *   fields --> [ name | value ] ...      sorted by name
 *                 |       |
 *   text   -->  "role\0master\0\n# Stats..."
 */
#include "call_reply.h"
#include "context.h"
#include "text.h"

#include <stdlib.h>

struct field {
    const char *name, *value;
};

struct RedisModuleServerInfoData {
    char *text;
    struct field *fields;
    uint32_t count, room;
};

/* --- Reading -------------------------------------------------------------- */

static int field_order(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->name,
                  ((const struct field *)b)->name);
}

static void server_info_line(RedisModuleServerInfoData *data, char *line)
{
    char *colon = *line == '#' ? NULL : strchr(line, ':');

    if (!colon)
        return;
    *colon = '\0';
    data->fields = array_grow(data->fields, data->count, &data->room,
                              sizeof(*data->fields));
    data->fields[data->count++] = (struct field){line, colon + 1};
}

static void server_info_parse(RedisModuleServerInfoData *data)
{
    char *line = data->text, *end;

    for (; (end = strstr(line, "\r\n")); line = end + 2) {
        *end = '\0';
        server_info_line(data, line);
    }
    if (data->count > 0)
        qsort(data->fields, data->count, sizeof(*data->fields), field_order);
}

RedisModuleServerInfoData *rm_GetServerInfo(RedisModuleCtx *ctx,
                                            const char *section)
{
    struct kr_str argv[2] = {KR_STR("info"), kr_cstr(section ? section : "")};
    struct kr_reply *sink = kr_calls->new_sink(2);
    struct kr_run run = {.size = sizeof(run),
                         .argc = section ? 2 : 1,
                         .argv = argv,
                         .reply = sink,
                         .flags = KR_RUN_NO_JOURNAL | KR_RUN_NO_GATES |
                                  KR_RUN_NO_STATS};
    RedisModuleServerInfoData *data =
        kr_memory->calloc(redisabi_self, 1, sizeof(*data));
    RedisModuleCallReply *reply;
    struct kr_str text = {0};

    (void)kr_calls->run(&run);
    reply = call_reply_new(NULL, kr_calls->sink_bytes(sink));
    kr_calls->free_sink(sink);
    if (reply->kind == REDISMODULE_REPLY_STRING)
        text = reply->text;
    data->text = kr_memory->calloc(redisabi_self, 1, text.size + 1);
    if (text.size > 0)
        memcpy(data->text, text.data, text.size);
    rm_FreeCallReply(reply);
    server_info_parse(data);
    context_own(ctx, OWNED_INFO, data);
    return data;
}

void rm_FreeServerInfo(RedisModuleCtx *ctx, RedisModuleServerInfoData *data)
{
    if (ctx)
        (void)context_disown(ctx, OWNED_INFO, data);
    kr_memory->free(redisabi_self, data->fields);
    kr_memory->free(redisabi_self, data->text);
    kr_memory->free(redisabi_self, data);
}

/* --- Looking up ----------------------------------------------------------- */

const char *rm_ServerInfoGetFieldC(RedisModuleServerInfoData *data,
                                   const char *name)
{
    struct field key = {name, NULL}, *found = NULL;

    if (data->count > 0)
        found =
            bsearch(&key, data->fields, data->count, sizeof(key), field_order);
    return found ? found->value : NULL;
}

RedisModuleString *rm_ServerInfoGetField(RedisModuleCtx *ctx,
                                         RedisModuleServerInfoData *data,
                                         const char *name)
{
    const char *value = rm_ServerInfoGetFieldC(data, name);

    return value ? rm_CreateString(ctx, value, strlen(value)) : NULL;
}

static void server_info_tell(int *error, bool fine)
{
    if (error)
        *error = fine ? REDISMODULE_OK : REDISMODULE_ERR;
}

long long rm_ServerInfoGetFieldSigned(RedisModuleServerInfoData *data,
                                      const char *name, int *error)
{
    const char *text = rm_ServerInfoGetFieldC(data, name);
    int64_t value = 0;
    bool fine = text && kr_text->to_int64(kr_cstr(text), &value);

    server_info_tell(error, fine);
    return fine ? value : 0;
}

unsigned long long
rm_ServerInfoGetFieldUnsigned(RedisModuleServerInfoData *data, const char *name,
                              int *error)
{
    const char *text = rm_ServerInfoGetFieldC(data, name);
    uint64_t value = 0;
    bool fine = text && text_to_unsigned(text, &value);

    server_info_tell(error, fine);
    return fine ? value : 0;
}

double rm_ServerInfoGetFieldDouble(RedisModuleServerInfoData *data,
                                   const char *name, int *error)
{
    const char *text = rm_ServerInfoGetFieldC(data, name);
    double value = 0;
    bool fine = text && kr_text->to_double(kr_cstr(text), &value);

    server_info_tell(error, fine);
    return fine ? value : 0;
}
