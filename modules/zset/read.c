/* SPDX-License-Identifier: BSD-3-Clause */
/* read - what is known of single members: ZSCORE, ZMSCORE, ZRANK, ZREVRANK; and
 * of how many there are: ZCARD. */
#include "commands.h"

#include <kr/args.h>

#include "value.h"

#include "../structure/ahead.h"

void zset_zcard(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong))
        kr_reply_int64(call->reply, (int64_t)value_count(&cell));
    else if (!wrong)
        kr_reply_int64(call->reply, 0);
}

static void read_score(struct kr_call *call, const struct kr_cell *cell,
                       struct kr_str member)
{
    double score;

    if (cell != NULL && value_score(cell, member, &score))
        call->reply->ops->number(call->reply, score);
    else
        kr_reply_null(call->reply);
}

void zset_zscore(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;
    bool found = value_find(call, 1, KR_FIND_READ, &cell, &wrong);

    if (!wrong)
        read_score(call, found ? &cell : NULL, call->argv[2]);
}

void zset_zmscore(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;
    bool found = value_find(call, 1, KR_FIND_READ, &cell, &wrong);

    if (wrong)
        return;
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++)
        read_score(call, found ? &cell : NULL, call->argv[i]);
}

/* --- Ranks --------------------------------------------------------------- */

/* Z(REV)RANK key member [WITHSCORE] */
static void read_rank(struct kr_call *call, bool back)
{
    bool with_score = call->argc > 3;
    struct kr_cell cell;
    uint64_t position;
    double score;
    bool wrong;

    if (call->argc > 4) {
        kr_refuse_arity(call);
        return;
    }
    if (with_score && !kr_arg_is(call, 3, "WITHSCORE")) {
        kr_refuse_syntax(call);
        return;
    }
    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong) &&
        value_position(&cell, call->argv[2], &position, &score)) {
        if (back)
            position = value_count(&cell) - 1 - position;
        if (with_score)
            kr_reply_array(call->reply, 2);
        kr_reply_int64(call->reply, (int64_t)position);
        if (with_score)
            call->reply->ops->number(call->reply, score);
    } else if (!wrong && with_score) {
        call->reply->ops->null_array(call->reply);
    } else if (!wrong) {
        kr_reply_null(call->reply);
    }
}

void zset_zrank(struct kr_call *call)
{
    read_rank(call, false);
}

void zset_zrevrank(struct kr_call *call)
{
    read_rank(call, true);
}

/* --- Ahead of a call ------------------------------------------------------ */

static bool read_ahead(struct kr_ahead *ahead, struct kr_str member)
{
    if (ahead->cell->type != value_type)
        return false;
    if (ahead->cell->meta != VALUE_LARGE)
        return ahead_packed(ahead);
    return ahead_table(ahead, &value_large(ahead->cell)->table, member);
}

bool zset_ahead(struct kr_ahead *ahead)
{
    return ahead->argc > 2 && read_ahead(ahead, ahead->argv[2]);
}

bool zset_ahead_last(struct kr_ahead *ahead)
{
    return read_ahead(ahead, ahead->argv[ahead->argc - 1]);
}
