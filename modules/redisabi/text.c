/* SPDX-License-Identifier: BSD-3-Clause */
/* text - making, sharing and reading the strings of guests. */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

RedisModuleString *text_new(struct kr_str bytes)
{
    RedisModuleString *str =
        kr_memory->alloc(redisabi_self, sizeof(*str) + bytes.size + 1);

    str->references = 1;
    str->reserved = 0;
    str->size = bytes.size;
    str->bytes = str->room;
    if (bytes.size > 0)
        memcpy(str->room, bytes.data, bytes.size);
    str->room[bytes.size] = '\0';
    return str;
}

void text_release(RedisModuleString *str)
{
    if (!str || --str->references > 0)
        return;
    if (str->bytes != str->room)
        kr_memory->free(redisabi_self, str->bytes);
    kr_memory->free(redisabi_self, str);
}

static RedisModuleString *text_own(RedisModuleCtx *ctx, struct kr_str bytes)
{
    RedisModuleString *str = text_new(bytes);

    context_own(ctx, OWNED_STRING, str);
    return str;
}

/* --- Making --------------------------------------------------------------- */

RedisModuleString *rm_CreateString(RedisModuleCtx *ctx, const char *bytes,
                                   size_t size)
{
    return text_own(ctx, kr_str(bytes, size));
}

RedisModuleString *rm_CreateStringPrintf(RedisModuleCtx *ctx,
                                         const char *format, ...)
{
    RedisModuleString *str;
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0)
        size = 0;
    str = kr_memory->alloc(redisabi_self, sizeof(*str) + (size_t)size + 1);
    str->references = 1;
    str->reserved = 0;
    str->size = (size_t)size;
    str->bytes = str->room;
    str->room[0] = '\0';
    va_start(args, format);
    vsnprintf(str->room, (size_t)size + 1, format, args);
    va_end(args);
    context_own(ctx, OWNED_STRING, str);
    return str;
}

RedisModuleString *rm_CreateStringFromLongLong(RedisModuleCtx *ctx,
                                               long long value)
{
    char text[KR_INT64_TEXT];

    return text_own(ctx, kr_str(text, kr_text->from_int64(value, text)));
}

RedisModuleString *rm_CreateStringFromULongLong(RedisModuleCtx *ctx,
                                                unsigned long long value)
{
    char text[KR_INT64_TEXT + 1];
    int size = snprintf(text, sizeof(text), "%llu", value);

    return text_own(ctx, kr_str(text, (size_t)size));
}

RedisModuleString *rm_CreateStringFromDouble(RedisModuleCtx *ctx, double value)
{
    char text[KR_DOUBLE_TEXT];

    return text_own(ctx, kr_str(text, kr_text->from_double(value, text)));
}

RedisModuleString *rm_CreateStringFromLongDouble(RedisModuleCtx *ctx,
                                                 long double value, int human)
{
    char text[KR_LONG_DOUBLE_TEXT];
    size_t size;

    if (human || value != value || value - value != 0)
        size = kr_text->from_long_double(value, text);
    else
        size = (size_t)snprintf(text, sizeof(text), "%.17Lg", value);
    return text_own(ctx, kr_str(text, size));
}

RedisModuleString *rm_CreateStringFromString(RedisModuleCtx *ctx,
                                             const RedisModuleString *from)
{
    return text_own(ctx, text_view(from));
}

/* --- Sharing -------------------------------------------------------------- */

void rm_FreeString(RedisModuleCtx *ctx, RedisModuleString *str)
{
    text_release(str);
    if (ctx)
        (void)context_disown(ctx, OWNED_STRING, str);
}

/* One that automatic memory would have freed is simply left to the caller, so
 * that it has one reference and may be appended to. */
void rm_RetainString(RedisModuleCtx *ctx, RedisModuleString *str)
{
    if (!ctx || !context_disown(ctx, OWNED_STRING, str))
        str->references++;
}

RedisModuleString *rm_HoldString(RedisModuleCtx *ctx, RedisModuleString *str)
{
    str->references++;
    context_own(ctx, OWNED_STRING, str);
    return str;
}

/* --- Reading -------------------------------------------------------------- */

const char *rm_StringPtrLen(const RedisModuleString *str, size_t *size)
{
    static const char none[] = "(NULL string reply referenced in module)";

    if (size)
        *size = str ? str->size : sizeof(none) - 1;
    return str ? str->bytes : none;
}

int rm_StringToLongLong(const RedisModuleString *str, long long *out)
{
    int64_t value;

    if (!kr_text->to_int64(text_view(str), &value))
        return REDISMODULE_ERR;
    *out = value;
    return REDISMODULE_OK;
}

/* What is no integer of 64 bits is read as strtoull() does: spaces and a sign in
 * front, zeros, and wrapped around if negative. */
bool text_to_unsigned(const char *text, uint64_t *out)
{
    int64_t value;
    char *end;

    if (kr_text->to_int64(kr_cstr(text), &value)) {
        *out = (uint64_t)value;
        return value >= 0;
    }
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end > text && *end == '\0';
}

int rm_StringToULongLong(const RedisModuleString *str, unsigned long long *out)
{
    uint64_t value;
    bool fine = text_to_unsigned(str->bytes, &value);

    *out = value;
    return fine ? REDISMODULE_OK : REDISMODULE_ERR;
}

int rm_StringToDouble(const RedisModuleString *str, double *out)
{
    return kr_text->to_double(text_view(str), out) ? REDISMODULE_OK
                                                   : REDISMODULE_ERR;
}

int rm_StringToLongDouble(const RedisModuleString *str, long double *out)
{
    return kr_text->to_long_double(text_view(str), out) ? REDISMODULE_OK
                                                        : REDISMODULE_ERR;
}

int rm_StringCompare(const RedisModuleString *a, const RedisModuleString *b)
{
    size_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->bytes, b->bytes, common);

    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a->size > b->size) - (a->size < b->size);
}

/* --- Changing ------------------------------------------------------------- */

/* Only a string that nobody else holds. */
int rm_StringAppendBuffer(RedisModuleCtx *ctx, RedisModuleString *str,
                          const char *bytes, size_t size)
{
    size_t total;
    char *grown;

    (void)ctx;
    if (str->references != 1 ||
        __builtin_add_overflow(str->size, size, &total) || total == SIZE_MAX)
        return REDISMODULE_ERR;
    if (str->bytes == str->room) {
        grown = kr_memory->alloc(redisabi_self, total + 1);
        memcpy(grown, str->bytes, str->size);
    } else {
        grown = kr_memory->realloc(redisabi_self, str->bytes, total + 1);
    }
    if (size > 0)
        memcpy(grown + str->size, bytes, size);
    grown[total] = '\0';
    str->bytes = grown;
    str->size = total;
    return REDISMODULE_OK;
}

void rm_TrimStringAllocation(RedisModuleString *str)
{
    (void)str; /* there is never spare room */
}

size_t rm_MallocSizeString(RedisModuleString *str)
{
    size_t size = kr_memory->usable(str);

    if (str->bytes != str->room)
        size += kr_memory->usable(str->bytes);
    return size;
}
