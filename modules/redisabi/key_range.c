/* SPDX-License-Identifier: BSD-3-Clause */
/* key_range - a walk through a range of a sorted set.
 *
 *   positions   0 1 2 3 4 5 6 7 ...
 *                   [-----]          the range, found once: first and count
 *                     ^ at           moves within it, either way
 *
 * A member is read at its position each time that it is asked for, O(log n), so
 * the set may change meanwhile: what is at a position then is what is answered,
 * and nothing worse happens. */
#include "key.h"
#include "text.h"

#include <kr/zset.h>

struct key_range {
    uint64_t first, count; /* positions; none: no member is current */
    uint64_t at;
    bool over; /* an end was reached, or there was nothing */
};

void key_range_end(RedisModuleKey *key)
{
    kr_memory->free(redisabi_self, key->range);
    key->range = NULL;
}

static bool range_cell(RedisModuleKey *key, struct kr_cell *cell)
{
    return kr_zsets && key && key_find(key, false, cell) &&
           kr_zsets->is_zset(cell);
}

/* An empty range with no end reached yet. */
static struct key_range *range_begin(RedisModuleKey *key)
{
    key_range_end(key);
    key->range = kr_memory->calloc(redisabi_self, 1, sizeof(*key->range));
    return key->range;
}

static int range_found(struct key_range *range, uint64_t count, bool last)
{
    range->count = count;
    range->at = range->first + (last && count > 0 ? count - 1 : 0);
    range->over = count == 0;
    return REDISMODULE_OK;
}

/* --- By score ------------------------------------------------------------- */

static int range_by_score(RedisModuleKey *key,
                          const struct kr_score_range *limits, bool last)
{
    struct key_range *range;
    struct kr_cell cell;

    if (!range_cell(key, &cell))
        return REDISMODULE_ERR;
    range = range_begin(key);
    return range_found(range, kr_zsets->seek(&cell, limits, &range->first),
                       last);
}

int rm_ZsetFirstInScoreRange(RedisModuleKey *key, double min, double max,
                             int min_open, int max_open)
{
    return range_by_score(
        key, &(struct kr_score_range){min, max, min_open != 0, max_open != 0},
        false);
}

int rm_ZsetLastInScoreRange(RedisModuleKey *key, double min, double max,
                            int min_open, int max_open)
{
    return range_by_score(
        key, &(struct kr_score_range){min, max, min_open != 0, max_open != 0},
        true);
}

/* --- By bytes ------------------------------------------------------------- */

/* A limit as ZRANGEBYLEX has it.  `which` is the sign that stands for no limit
 * on this side; the other one leaves nothing.  false: it is no limit. */
struct range_limit {
    struct kr_str bytes;
    bool given, open, nothing;
};

static bool range_limit(const RedisModuleString *str, char which,
                        struct range_limit *limit)
{
    *limit = (struct range_limit){.given = true};
    switch (str->bytes[0]) {
    case '-':
    case '+':
        limit->given = false;
        limit->nothing = str->bytes[0] != which;
        return str->bytes[1] == '\0';
    case '(':
    case '[':
        limit->open = str->bytes[0] == '(';
        limit->bytes = kr_str(str->bytes + 1, str->size - 1);
        return true;
    default:
        return false;
    }
}

static int range_by_bytes(RedisModuleKey *key, const RedisModuleString *min,
                          const RedisModuleString *max, bool last)
{
    struct range_limit from, to;
    struct key_range *range;
    struct kr_member_range limits = {0};
    struct kr_cell cell;
    uint64_t count = 0;

    if (!range_cell(key, &cell))
        return REDISMODULE_ERR;
    range = range_begin(key);
    if (!range_limit(min, '-', &from) || !range_limit(max, '+', &to))
        return REDISMODULE_ERR;
    limits.min = from.given ? &from.bytes : NULL;
    limits.max = to.given ? &to.bytes : NULL;
    limits.min_open = from.open;
    limits.max_open = to.open;
    if (!from.nothing && !to.nothing)
        count = kr_zsets->seek_members(&cell, &limits, &range->first);
    return range_found(range, count, last);
}

int rm_ZsetFirstInLexRange(RedisModuleKey *key, RedisModuleString *min,
                           RedisModuleString *max)
{
    return range_by_bytes(key, min, max, false);
}

int rm_ZsetLastInLexRange(RedisModuleKey *key, RedisModuleString *min,
                          RedisModuleString *max)
{
    return range_by_bytes(key, min, max, true);
}

/* --- Within it ------------------------------------------------------------ */

RedisModuleString *rm_ZsetRangeCurrentElement(RedisModuleKey *key,
                                              double *score)
{
    struct kr_walk walk;
    struct kr_cell cell;

    if (!range_cell(key, &cell) || !key->range || key->range->count == 0)
        return NULL;
    kr_zsets->walk(&cell, key->range->at, false, &walk);
    if (walk.left > 1)
        walk.left = 1;
    if (!kr_zsets->next(&walk))
        return NULL;
    if (score)
        *score = walk.score[0];
    return rm_CreateString(key->ctx, walk.item[0].data, walk.item[0].size);
}

/* At an end the current member stays what it was. */
static int range_step(RedisModuleKey *key, bool back)
{
    struct key_range *range;
    struct kr_cell cell;

    if (!range_cell(key, &cell) || !key->range || key->range->count == 0)
        return 0;
    range = key->range;
    if (range->at == (back ? range->first : range->first + range->count - 1)) {
        range->over = true;
        return 0;
    }
    range->at += back ? (uint64_t)-1 : 1;
    return 1;
}

int rm_ZsetRangeNext(RedisModuleKey *key)
{
    return range_step(key, false);
}

int rm_ZsetRangePrev(RedisModuleKey *key)
{
    return range_step(key, true);
}

int rm_ZsetRangeEndReached(RedisModuleKey *key)
{
    struct kr_cell cell;

    return !range_cell(key, &cell) || !key->range || key->range->over;
}

void rm_ZsetRangeStop(RedisModuleKey *key)
{
    key_range_end(key);
}
