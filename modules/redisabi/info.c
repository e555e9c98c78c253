/* SPDX-License-Identifier: BSD-3-Clause */
/* info - what guests add to INFO.
 *
 *   AddSection("queues")      # mymodule_queues
 *   AddFieldLongLong("n", 3)  mymodule_n:3
 *   BeginDictField("q0")      mymodule_q0:length=3,age=17
 *
 * A dictionary's fields are gathered and written when it ends, by whatever ends
 * it. */
#include "context.h"
#include "denied.h"
#include "text.h"

#include <stdio.h>

struct RedisModuleInfoCtx {
    struct kr_info_out *out;
    const char *module;
    bool wanted;  /* the section, by who asks */
    char *dict;   /* the name of the dictionary that is open, or NULL */
    char *fields; /* of it: "a=1,b=2," */
    size_t size, room;
};

/* "module_field", to be freed.  What would break the lines of INFO becomes _. */
static char *info_name(const RedisModuleInfoCtx *info, const char *field,
                       bool safe)
{
    size_t size = strlen(info->module) + 1 + strlen(field) + 1;
    char *name = kr_memory->alloc(redisabi_self, size);

    snprintf(name, size, "%s_%s", info->module, field);
    for (char *at = name; safe && (at = strpbrk(at, "#:\n\r"));)
        *at = '_';
    return name;
}

static void info_gather(RedisModuleInfoCtx *info, struct kr_str bytes)
{
    if (info->room - info->size < bytes.size) {
        info->room = 2 * info->room + bytes.size;
        info->fields =
            kr_memory->realloc(redisabi_self, info->fields, info->room);
    }
    if (bytes.size > 0)
        memcpy(info->fields + info->size, bytes.data, bytes.size);
    info->size += bytes.size;
}

static int info_add(RedisModuleInfoCtx *info, const char *field,
                    struct kr_str value)
{
    char *name;

    if (!info->wanted)
        return REDISMODULE_ERR;
    if (info->dict) {
        info_gather(info, kr_cstr(field));
        info_gather(info, KR_STR("="));
        info_gather(info, value);
        info_gather(info, KR_STR(","));
        return REDISMODULE_OK;
    }
    name = info_name(info, field, false);
    info->out->field(info->out, name, value);
    kr_memory->free(redisabi_self, name);
    return REDISMODULE_OK;
}

/* --- Sections and dictionaries -------------------------------------------- */

int rm_InfoEndDictField(RedisModuleInfoCtx *info)
{
    if (!info->dict)
        return REDISMODULE_ERR;
    info->out->field(info->out, info->dict,
                     kr_str(info->fields, info->size - (info->size > 0)));
    kr_memory->free(redisabi_self, info->dict);
    info->dict = NULL;
    info->size = 0;
    return REDISMODULE_OK;
}

int rm_InfoAddSection(RedisModuleInfoCtx *info, const char *name)
{
    char *full;

    (void)rm_InfoEndDictField(info);
    if (!name || !*name) {
        info->wanted =
            info->out->section(info->out, info->module, info->module);
    } else {
        full = info_name(info, name, false);
        info->wanted = info->out->section(info->out, info->module, full);
        kr_memory->free(redisabi_self, full);
    }
    return info->wanted ? REDISMODULE_OK : REDISMODULE_ERR;
}

int rm_InfoBeginDictField(RedisModuleInfoCtx *info, const char *name)
{
    if (!info->wanted)
        return REDISMODULE_ERR;
    (void)rm_InfoEndDictField(info);
    info->dict = info_name(info, name, true);
    return REDISMODULE_OK;
}

/* --- Fields --------------------------------------------------------------- */

int rm_InfoAddFieldString(RedisModuleInfoCtx *info, const char *field,
                          RedisModuleString *value)
{
    return info_add(info, field, text_view(value));
}

int rm_InfoAddFieldCString(RedisModuleInfoCtx *info, const char *field,
                           const char *value)
{
    return info_add(info, field, kr_cstr(value));
}

int rm_InfoAddFieldDouble(RedisModuleInfoCtx *info, const char *field,
                          double value)
{
    char text[64];

    snprintf(text, sizeof(text), "%.17g", value);
    return info_add(info, field, kr_cstr(text));
}

int rm_InfoAddFieldLongLong(RedisModuleInfoCtx *info, const char *field,
                            long long value)
{
    char text[KR_INT64_TEXT];

    return info_add(info, field,
                    kr_str(text, kr_text->from_int64(value, text)));
}

int rm_InfoAddFieldULongLong(RedisModuleInfoCtx *info, const char *field,
                             unsigned long long value)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", value);
    return info_add(info, field, kr_cstr(text));
}

/* --- Registering ---------------------------------------------------------- */

static void info_fill(void *given, struct kr_info_out *out)
{
    struct guest *guest = given;
    struct kr_module_info about = {.size = sizeof(about)};
    RedisModuleInfoCtx info = {.out = out};

    kr_modules->info(guest->self, &about);
    info.module = about.name;
    guest->info(&info, 0);
    (void)rm_InfoEndDictField(&info);
    kr_memory->free(redisabi_self, info.fields);
}

/* Again: another function takes its place. */
int rm_RegisterInfoFunc(RedisModuleCtx *ctx, RedisModuleInfoFunc fill)
{
    struct guest *guest = ctx->guest;

    if (guest_is_denied(guest, LENT_INFO, "RegisterInfoFunc"))
        return REDISMODULE_ERR;
    if (!guest->info &&
        kr_info->provide_sections(guest->self, info_fill, guest) != KR_OK)
        return REDISMODULE_ERR;
    guest->info = fill;
    return REDISMODULE_OK;
}
