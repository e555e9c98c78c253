/* SPDX-License-Identifier: BSD-3-Clause */
/* answer - replies of members, with or without their scores.
 *
 *   RESP2   a 1 b 2         one flat array
 *   RESP3   (a 1) (b 2)     an array of pairs, the scores as numbers
 *
 * No map in either, for its reader would be free to forget the order. */
#ifndef ZSET_ANSWER_H
#define ZSET_ANSWER_H

#include "value.h"

static inline void answer_open(struct kr_reply *reply, uint64_t count,
                               bool with_scores)
{
    bool flat = with_scores && reply->protocol < 3;

    kr_reply_array(reply, flat ? count * 2 : count);
}

static inline void answer_member(struct kr_reply *reply, struct kr_str member,
                                 double score, bool with_scores)
{
    if (with_scores && reply->protocol >= 3)
        kr_reply_array(reply, 2);
    kr_reply_bulk(reply, member);
    if (with_scores)
        reply->ops->number(reply, score);
}

/* The members of a run, from the lowest up or, `back`, from the highest down;
 * without the array around them. */
static inline void answer_run(struct kr_reply *reply,
                              const struct kr_cell *cell, struct value_run run,
                              bool back, bool with_scores)
{
    struct kr_walk walk;

    if (run.count == 0)
        return;
    value_walk(
        cell, back ? run.position + run.count - 1 : run.position, run.count,
        (back ? VALUE_WALK_BACK : 0) | (with_scores ? 0 : VALUE_WALK_NO_SCORES),
        &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            answer_member(reply, walk.item[i], walk.score[i], with_scores);
}

#endif
