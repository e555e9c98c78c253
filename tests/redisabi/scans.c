/* SPDX-License-Identifier: BSD-3-Clause */
/* scans - every key, and every element of a value.
 *
 * The answers are in an order, for that of a scan is the server's own.
 *
 *     SCANS.KEYS [DEL]            names and types; DEL removes each key
 *     SCANS.OF key [REM]          elements; REM removes each field but f0
 *     SCANS.DONE key              what a cursor says that is over */
#include "guest.h"

struct lines {
    char *line[4096];
    int count, act;
};

static int order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(struct lines *lines, const char *text)
{
    for (int i = 0; i < lines->count; i++) {
        if (strcmp(lines->line[i], text) == 0)
            return; /* a scan may hand things out twice */
    }
    if (lines->count < 4096)
        lines->line[lines->count++] = RedisModule_Strdup(text);
}

static int reply(RedisModuleCtx *ctx, struct lines *lines)
{
    qsort(lines->line, (size_t)lines->count, sizeof(lines->line[0]), order);
    RedisModule_ReplyWithArray(ctx, lines->count);
    for (int i = 0; i < lines->count; i++) {
        RedisModule_ReplyWithCString(ctx, lines->line[i]);
        RedisModule_Free(lines->line[i]);
    }
    RedisModule_Free(lines);
    return REDISMODULE_OK;
}

static void each_key(RedisModuleCtx *ctx, RedisModuleString *name,
                     RedisModuleKey *key, void *data)
{
    struct lines *lines = data;
    char text[256];

    snprintf(text, sizeof(text), "%s %d %d", text_of(name),
             key ? RedisModule_KeyType(key) : -1,
             key ? (int)RedisModule_ValueLength(key) : -1);
    add(lines, text);
    if (lines->act) {
        RedisModuleKey *own = RedisModule_OpenKey(ctx, name, REDISMODULE_WRITE);

        RedisModule_DeleteKey(own);
        RedisModule_CloseKey(own);
    }
}

static int keys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct lines *lines = RedisModule_Calloc(1, sizeof(*lines));
    RedisModuleScanCursor *cursor = RedisModule_ScanCursorCreate();

    (void)argv;
    lines->act = argc > 1;
    while (RedisModule_Scan(ctx, cursor, each_key, lines))
        continue;
    RedisModule_ScanCursorDestroy(cursor);
    return reply(ctx, lines);
}

static void each_element(RedisModuleKey *key, RedisModuleString *field,
                         RedisModuleString *value, void *data)
{
    struct lines *lines = data;
    char text[512];

    snprintf(text, sizeof(text), "%s=%s", text_of(field),
             value ? text_of(value) : "(none)");
    add(lines, text);
    if (lines->act && strcmp(text_of(field), "f0") != 0)
        RedisModule_HashSet(key, REDISMODULE_HASH_NONE, field,
                            REDISMODULE_HASH_DELETE, NULL);
}

static int of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleScanCursor *cursor = RedisModule_ScanCursorCreate();
    struct lines *lines;
    RedisModuleKey *key;

    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    lines = RedisModule_Calloc(1, sizeof(*lines));
    lines->act = argc > 2;
    key = RedisModule_OpenKey(
        ctx, argv[1], lines->act ? REDISMODULE_WRITE : REDISMODULE_READ);
    errno = 0;
    while (RedisModule_ScanKey(key, cursor, each_element, lines))
        continue;
    if (errno)
        add(lines, strerror(errno));
    RedisModule_CloseKey(key);
    RedisModule_ScanCursorDestroy(cursor);
    return reply(ctx, lines);
}

static int done(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleScanCursor *cursor = RedisModule_ScanCursorCreate();
    struct lines *lines;
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    lines = RedisModule_Calloc(1, sizeof(*lines));
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    while (RedisModule_ScanKey(key, cursor, each_element, lines))
        continue;
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_ScanKey(key, cursor, each_element, lines));
    RedisModule_ReplyWithCString(ctx, strerror(errno));
    RedisModule_ScanCursorRestart(cursor);
    while (RedisModule_ScanKey(key, cursor, each_element, lines))
        continue;
    RedisModule_ReplyWithLongLong(ctx, lines->count);
    RedisModule_ScanCursorRestart(cursor);
    while (RedisModule_Scan(ctx, cursor, each_key, lines))
        continue;
    RedisModule_ReplyWithLongLong(ctx, errno);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_Scan(ctx, cursor, each_key, lines));
    RedisModule_ReplyWithCString(ctx, strerror(errno));
    RedisModule_CloseKey(key);
    RedisModule_ScanCursorDestroy(cursor);
    return reply(ctx, lines);
}

static const struct guest_row rows[] = {
    {"scans.keys", keys, "write", 0, 0, 0},
    {"scans.of", of, "write", 1, 1, 1},
    {"scans.done", done, "write", 1, 1, 1},
};

GUEST("scans", rows)
