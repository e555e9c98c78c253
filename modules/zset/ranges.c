/* SPDX-License-Identifier: BSD-3-Clause */
/* ranges - the commands over ranges: ZRANGE and its eight older forms, which
 * answer one; ZRANGESTORE; ZCOUNT and ZLEXCOUNT; ZREMRANGEBY... */
#include "commands.h"

#include "answer.h"
#include "range.h"

/* --- The words behind the limits ----------------------------------------- */

/* What may be given, and was. */
#define RANGES_BY         (1u << 0) /* BYSCORE, BYLEX */
#define RANGES_REV        (1u << 1)
#define RANGES_WITHSCORES (1u << 2)
#define RANGES_LIMIT      (1u << 3)

/* Read the options from argument `first` on; LIMIT may always be given.  The
 * answer has those of `allowed` that were; an error is replied if *failed. */
static uint32_t ranges_read_options(struct kr_call *call, uint32_t first,
                                    uint32_t allowed, struct range *range,
                                    bool *failed)
{
    uint32_t given = 0;

    *failed = true;
    for (uint32_t i = first; i < call->argc; i++) {
        if (allowed & RANGES_WITHSCORES && kr_arg_is(call, i, "WITHSCORES")) {
            given |= RANGES_WITHSCORES;
        } else if (kr_arg_is(call, i, "LIMIT") && i + 2 < call->argc) {
            if (!kr_arg_int64(call, i + 1, &range->offset) ||
                !kr_arg_int64(call, i + 2, &range->limit))
                return 0;
            i += 2;
        } else if (allowed & RANGES_REV & ~given && kr_arg_is(call, i, "REV")) {
            given |= RANGES_REV;
        } else if (allowed & RANGES_BY & ~given &&
                   kr_arg_is(call, i, "BYLEX")) {
            given |= RANGES_BY;
            range->by = RANGE_BY_MEMBER;
        } else if (allowed & RANGES_BY & ~given &&
                   kr_arg_is(call, i, "BYSCORE")) {
            given |= RANGES_BY;
            range->by = RANGE_BY_SCORE;
        } else {
            kr_refuse_syntax(call);
            return 0;
        }
    }
    *failed = false;
    return given;
}

/* Read all of a call: the set is argument `source`, its limits follow, then the
 * options.  false: an error is replied. */
static bool ranges_read(struct kr_call *call, uint32_t source, uint32_t allowed,
                        struct range *range, bool *with_scores)
{
    uint32_t min = source + 1, max = source + 2;
    uint32_t given;
    bool failed;

    range->offset = 0;
    range->limit = -1;
    given = ranges_read_options(call, source + 3, allowed, range, &failed);
    if (failed)
        return false;
    *with_scores = given & RANGES_WITHSCORES;
    range->back |= given & RANGES_REV;
    if (range->limit != -1 && range->by == RANGE_BY_RANK) {
        kr_reply_error(call->reply,
                       "ERR syntax error, LIMIT is only supported in "
                       "combination with either BYSCORE or BYLEX");
        return false;
    }
    if (*with_scores && range->by == RANGE_BY_MEMBER) {
        kr_reply_error(call->reply,
                       "ERR syntax error, WITHSCORES not supported in "
                       "combination with BYLEX");
        return false;
    }
    if (range->back && range->by != RANGE_BY_RANK)
        return range_read(call, max, min, range);
    return range_read(call, min, max, range);
}

/* --- ZRANGE and its older forms ------------------------------------------ */

static void ranges_answer(struct kr_call *call, uint32_t allowed,
                          enum range_by by, bool back)
{
    struct range range = {.by = by, .back = back};
    struct value_run run = {0, 0};
    struct kr_cell cell;
    bool with_scores, wrong;

    if (!ranges_read(call, 1, allowed, &range, &with_scores))
        return;
    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong))
        run = range_seek(&cell, &range);
    else if (wrong)
        return;
    answer_open(call->reply, run.count, with_scores);
    answer_run(call->reply, &cell, run, range.back, with_scores);
}

void zset_zrange(struct kr_call *call)
{
    ranges_answer(call, RANGES_BY | RANGES_REV | RANGES_WITHSCORES,
                  RANGE_BY_RANK, false);
}

void zset_zrevrange(struct kr_call *call)
{
    ranges_answer(call, RANGES_WITHSCORES, RANGE_BY_RANK, true);
}

void zset_zrangebyscore(struct kr_call *call)
{
    ranges_answer(call, RANGES_WITHSCORES, RANGE_BY_SCORE, false);
}

void zset_zrevrangebyscore(struct kr_call *call)
{
    ranges_answer(call, RANGES_WITHSCORES, RANGE_BY_SCORE, true);
}

void zset_zrangebylex(struct kr_call *call)
{
    ranges_answer(call, RANGES_WITHSCORES, RANGE_BY_MEMBER, false);
}

void zset_zrevrangebylex(struct kr_call *call)
{
    ranges_answer(call, RANGES_WITHSCORES, RANGE_BY_MEMBER, true);
}

/* --- ZRANGESTORE --------------------------------------------------------- */

/* Destination and source may be one key: all is copied before it is put. */
void zset_zrangestore(struct kr_call *call)
{
    struct range range = {.by = RANGE_BY_RANK};
    struct large *large;
    struct kr_cell cell;
    bool with_scores, wrong;

    if (!ranges_read(call, 2, RANGES_BY | RANGES_REV, &range, &with_scores))
        return;
    if (value_find(call, 2, KR_FIND_READ, &cell, &wrong))
        large = value_copy_run(&cell, range_seek(&cell, &range));
    else if (!wrong)
        large = large_new(&value_host);
    else
        return;
    value_store(call, 1, large, KR_STR("zrangestore"));
}

/* --- Counting and removing ----------------------------------------------- */

static void ranges_count(struct kr_call *call, enum range_by by)
{
    struct range range = {.by = by, .limit = -1};
    struct kr_cell cell;
    bool wrong;

    if (!range_read(call, 2, 3, &range))
        return;
    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong))
        kr_reply_int64(call->reply, (int64_t)range_seek(&cell, &range).count);
    else if (!wrong)
        kr_reply_int64(call->reply, 0);
}

void zset_zcount(struct kr_call *call)
{
    ranges_count(call, RANGE_BY_SCORE);
}

void zset_zlexcount(struct kr_call *call)
{
    ranges_count(call, RANGE_BY_MEMBER);
}

static void ranges_remove(struct kr_call *call, enum range_by by,
                          struct kr_str event)
{
    struct range range = {.by = by, .limit = -1};
    struct value_run run = {0, 0};
    struct kr_cell cell;
    bool wrong;

    if (!range_read(call, 2, 3, &range))
        return;
    if (value_find(call, 1, KR_FIND_WRITE, &cell, &wrong))
        run = range_seek(&cell, &range);
    else if (wrong)
        return;
    if (run.count > 0)
        value_removed(call, call->argv[1], &cell, run.count,
                      value_remove_run(&cell, run), event);
    kr_reply_int64(call->reply, (int64_t)run.count);
}

void zset_zremrangebyrank(struct kr_call *call)
{
    ranges_remove(call, RANGE_BY_RANK, KR_STR("zremrangebyrank"));
}

void zset_zremrangebyscore(struct kr_call *call)
{
    ranges_remove(call, RANGE_BY_SCORE, KR_STR("zremrangebyscore"));
}

void zset_zremrangebylex(struct kr_call *call)
{
    ranges_remove(call, RANGE_BY_MEMBER, KR_STR("zremrangebylex"));
}
