/* SPDX-License-Identifier: BSD-3-Clause */
/* add - ZADD and ZINCRBY, and their opposite ZREM.
 *
 *   ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
 *
 * All scores are read before the first member is added: an error there leaves
 * the set as it was. */
#include "commands.h"

#include <kr/args.h>

#include "value.h"

#define ADD_SCORES 32 /* pairs that need no memory for their scores */

struct add {
    uint32_t how;     /* VALUE_ */
    uint32_t first;   /* argument: the first score */
    uint32_t pairs;   /* of score and member */
    bool all_changes; /* CH: count those whose score has changed, too */
};

/* What became of the pairs. */
struct add_tally {
    int64_t added;
    int64_t updated;
    bool refused; /* the last one, by an option */
    bool nan;
    double score; /* of the last one */
};

/* --- The words ----------------------------------------------------------- */

/* Most calls have no options: a digit is the first score's. */
static bool add_is_digit(struct kr_str word)
{
    return word.size > 0 && word.data[0] >= '0' && word.data[0] <= '9';
}

static void add_read_options(const struct kr_call *call, struct add *add)
{
    static const struct {
        const char *word;
        uint32_t how;
    } options[] = {{"NX", VALUE_NX},
                   {"XX", VALUE_XX},
                   {"GT", VALUE_GT},
                   {"LT", VALUE_LT},
                   {"INCR", VALUE_INCR}};

    for (; add->first < call->argc && !add_is_digit(call->argv[add->first]);
         add->first++) {
        size_t i = 0;

        while (i < KR_COUNT(options) &&
               !kr_arg_is(call, add->first, options[i].word))
            i++;
        if (i < KR_COUNT(options))
            add->how |= options[i].how;
        else if (kr_arg_is(call, add->first, "CH"))
            add->all_changes = true;
        else
            break;
    }
}

/* false: an error is replied. */
static bool add_check_options(struct kr_call *call, const struct add *add)
{
    uint32_t direction = add->how & (VALUE_GT | VALUE_LT);
    const char *error = NULL;

    if ((call->argc - add->first) % 2 != 0 || call->argc == add->first)
        error = KR_ERR_SYNTAX;
    else if (add->how & VALUE_NX && add->how & VALUE_XX)
        error = "ERR XX and NX options at the same time are not compatible";
    else if ((direction && add->how & VALUE_NX) ||
             direction == (VALUE_GT | VALUE_LT))
        error = "ERR GT, LT, and/or NX options at the same time are not "
                "compatible";
    else if (add->how & VALUE_INCR && call->argc - add->first > 2)
        error = "ERR INCR option supports a single increment-element pair";
    if (error != NULL)
        kr_reply_error(call->reply, error);
    return error == NULL;
}

/* --- Adding -------------------------------------------------------------- */

static void add_count(struct add_tally *tally, uint32_t verdict)
{
    tally->added += verdict == KR_ZSET_ADDED;
    tally->updated += verdict == KR_ZSET_UPDATED;
    tally->refused = verdict == VALUE_REFUSED;
    tally->nan = verdict == VALUE_NAN;
}

static void add_pairs(struct kr_call *call, const struct add *add,
                      const double *scores, struct kr_cell *cell, bool found,
                      struct add_tally *tally)
{
    for (uint32_t i = 0; i < add->pairs; i++) {
        struct kr_str member = call->argv[add->first + 2 * i + 1];

        tally->score = scores[i];
        if (KR_LIKELY(found)) {
            add_count(tally, value_add(cell, member, &tally->score, add->how));
        } else {
            value_create(call, 1, member, tally->score, cell);
            add_count(tally, KR_ZSET_ADDED);
            found = true;
        }
    }
}

static void add_reply(struct kr_call *call, const struct add *add,
                      const struct add_tally *tally)
{
    if (tally->nan)
        kr_reply_error(call->reply,
                       "ERR resulting score is not a number (NaN)");
    else if (!(add->how & VALUE_INCR))
        kr_reply_int64(call->reply,
                       tally->added + (add->all_changes ? tally->updated : 0));
    else if (tally->refused)
        kr_reply_null(call->reply);
    else
        call->reply->ops->number(call->reply, tally->score);
}

static void add_run(struct kr_call *call, const struct add *add,
                    const double *scores)
{
    struct add_tally tally = {.refused = true};
    struct kr_cell cell;
    bool wrong;
    bool found = value_find(call, 1, KR_FIND_WRITE, &cell, &wrong);

    if (wrong)
        return;
    if (found || !(add->how & VALUE_XX))
        add_pairs(call, add, scores, &cell, found, &tally);
    if (tally.added + tally.updated > 0)
        kr_changed_by(call, call->db, call->argv[1], KR_CLASS_ZSET,
                      add->how & VALUE_INCR ? KR_STR("zincr") : KR_STR("zadd"),
                      (uint64_t)(tally.added + tally.updated));
    add_reply(call, add, &tally);
}

static void add(struct kr_call *call, struct add *add)
{
    double few[ADD_SCORES], *scores = few;
    uint32_t i = 0;

    add_read_options(call, add);
    if (!add_check_options(call, add))
        return;
    add->pairs = (call->argc - add->first) / 2;
    if (add->pairs > ADD_SCORES)
        scores = kr_memory->alloc(zset_self, add->pairs * sizeof(*scores));
    while (i < add->pairs &&
           kr_arg_double(call, add->first + 2 * i, &scores[i], NULL))
        i++;
    if (i == add->pairs)
        add_run(call, add, scores);
    if (scores != few)
        kr_memory->free(zset_self, scores);
}

void zset_zadd(struct kr_call *call)
{
    struct add how = {.first = 2};

    add(call, &how);
}

/* ZINCRBY key increment member: in Redis it reads options too, though there is
 * no room for any, so that a member called NX is one word too few. */
void zset_zincrby(struct kr_call *call)
{
    struct add how = {.how = VALUE_INCR, .first = 2};

    add(call, &how);
}

/* --- ZREM ---------------------------------------------------------------- */

void zset_zrem(struct kr_call *call)
{
    struct kr_cell cell;
    uint64_t left = 1;
    int64_t count = 0;
    bool wrong;

    if (!value_find(call, 1, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            kr_reply_int64(call->reply, 0);
        return;
    }
    for (uint32_t i = 2; i < call->argc && left > 0; i++) {
        bool removed;

        left = value_remove(&cell, call->argv[i], &removed);
        count += removed;
    }
    if (count > 0)
        value_removed(call, call->argv[1], &cell, (uint64_t)count, left,
                      KR_STR("zrem"));
    kr_reply_int64(call->reply, count);
}
