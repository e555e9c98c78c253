/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - the keys of a database, and the elements of a value, step by step.
 *
 * What a step finds is copied first and handed to the guest then, so that its
 * function may change the database or the value, the element at hand included:
 *
 *   cursor --> [ one step: names or elements, copied ] --> each(...) --> cursor
 */
#include "key.h"
#include "text.h"

#include <kr/hash.h>
#include <kr/set.h>
#include <kr/zset.h>

#include <errno.h>
#include <math.h>

#define WHOLE_MAX 4611686018427387904.0 /* 2^62: scores kept as integers */

struct RedisModuleScanCursor {
    uint64_t cursor;
    bool done;
};

RedisModuleScanCursor *rm_ScanCursorCreate(void)
{
    return kr_memory->calloc(redisabi_self, 1, sizeof(RedisModuleScanCursor));
}

void rm_ScanCursorRestart(RedisModuleScanCursor *cursor)
{
    cursor->cursor = 0;
    cursor->done = false;
}

void rm_ScanCursorDestroy(RedisModuleScanCursor *cursor)
{
    kr_memory->free(redisabi_self, cursor);
}

/* --- What a step has found ------------------------------------------------ */

struct found {
    RedisModuleString *item, *value; /* value: NULL if it has none */
};

struct step {
    struct found *found;
    uint32_t count, room;
    bool hash, scores;
    bool small; /* a small sorted set, which keeps whole scores as integers */
};

static void step_add(struct step *step, struct kr_str item,
                     const struct kr_str *value)
{
    step->found =
        array_grow(step->found, step->count, &step->room, sizeof(*step->found));
    step->found[step->count++] =
        (struct found){text_new(item), value ? text_new(*value) : NULL};
}

static void step_end(struct step *step)
{
    for (uint32_t i = 0; i < step->count; i++) {
        text_release(step->found[i].item);
        if (step->found[i].value)
            text_release(step->found[i].value);
    }
    kr_memory->free(redisabi_self, step->found);
}

/* More to come?  Nothing is left of the last step of a scan. */
static int step_finish(RedisModuleScanCursor *cursor)
{
    cursor->done = cursor->cursor == 0;
    errno = 0;
    return !cursor->done;
}

/* --- Keys ----------------------------------------------------------------- */

static void scan_key_name(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    (void)cell;
    step_add(ctx, key, NULL);
}

/* A key that the function has removed meanwhile is passed over. */
int rm_Scan(RedisModuleCtx *ctx, RedisModuleScanCursor *cursor,
            RedisModuleScanCB each, void *data)
{
    struct step step = {0};

    if (cursor->done) {
        errno = ENOENT;
        return 0;
    }
    cursor->cursor =
        kr_keyspace->scan(ctx->db, cursor->cursor, scan_key_name, &step);
    for (uint32_t i = 0; i < step.count; i++) {
        RedisModuleString *name = step.found[i].item;
        struct kr_cell cell;
        RedisModuleKey key;

        key_begin(&key, ctx, ctx->db, name, REDISMODULE_READ);
        if (key_find(&key, false, &cell))
            each(ctx, name, &key, data);
        key_end(&key);
    }
    step_end(&step);
    return step_finish(cursor);
}

/* --- Elements ------------------------------------------------------------- */

static struct kr_str scan_score(const struct step *step, double score,
                                char text[40])
{
    bool whole = score >= -WHOLE_MAX && score <= WHOLE_MAX &&
                 score == (double)(int64_t)score;

    if (step->small && whole && !(score == 0 && signbit(score)))
        return kr_str(text, kr_text->from_int64((int64_t)score, text));
    return kr_str(text, (size_t)snprintf(text, 40, "%.17g", score));
}

static void scan_element(void *ctx, const struct kr_element *element)
{
    struct step *step = ctx;
    char score[40];
    struct kr_str text;

    if (step->hash) {
        step_add(step, element->item, &element->value);
    } else if (step->scores) {
        text = scan_score(step, element->score, score);
        step_add(step, element->item, &text);
    } else {
        step_add(step, element->item, NULL);
    }
}

/* false: not of a type that has elements to scan. */
static bool scan_value(const struct kr_cell *cell, uint64_t *cursor,
                       struct step *step)
{
    if (kr_hashes && kr_hashes->is_hash(cell)) {
        step->hash = true;
        *cursor = kr_hashes->scan(cell, *cursor, scan_element, step);
    } else if (kr_sets && kr_sets->is_set(cell)) {
        *cursor = kr_sets->scan(cell, *cursor, scan_element, step);
    } else if (kr_zsets && kr_zsets->is_zset(cell)) {
        struct kr_peek peek = kr_cell_peek(cell);
        const char *encoding = kr_types->get(cell->type)->encoding(&peek);

        step->scores = true;
        step->small = strcmp(encoding, "listpack") == 0;
        *cursor = kr_zsets->scan(cell, *cursor, scan_element, step);
    } else {
        return false;
    }
    return true;
}

int rm_ScanKey(RedisModuleKey *key, RedisModuleScanCursor *cursor,
               RedisModuleScanKeyCB each, void *data)
{
    struct step step = {0};
    struct kr_cell cell;
    int type = rm_KeyType(key);

    if (type != REDISMODULE_KEYTYPE_HASH && type != REDISMODULE_KEYTYPE_SET &&
        type != REDISMODULE_KEYTYPE_ZSET) {
        errno = EINVAL;
        return 0;
    }
    if (cursor->done) {
        errno = ENOENT;
        return 0;
    }
    if (!key_find(key, false, &cell) ||
        !scan_value(&cell, &cursor->cursor, &step)) {
        errno = EINVAL;
        return 0;
    }
    for (uint32_t i = 0; i < step.count; i++)
        each(key, step.found[i].item, step.found[i].value, data);
    step_end(&step);
    return step_finish(cursor);
}
