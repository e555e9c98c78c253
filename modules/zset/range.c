/* SPDX-License-Identifier: BSD-3-Clause */
#include "range.h"

#include <math.h>
#include <stdlib.h>

#define RANGE_TEXT 128 /* bytes of a number that need no memory */

/* --- Limits -------------------------------------------------------------- */

/* A number by strtod()'s rules, which Redis applies here: nothing at all is 0,
 * space in front and hexadecimal are fine, 1e400 is infinity, and a NUL ends
 * it.  kr_text is stricter and agrees where it accepts. */
static bool range_read_number(struct kr_str text, double *number)
{
    char few[RANGE_TEXT], *copy = few, *end;
    bool read;

    if (KR_LIKELY(kr_text->to_double(text, number)))
        return true;
    if (text.size >= RANGE_TEXT)
        copy = kr_memory->alloc(zset_self, text.size + 1);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *number = strtod(copy, &end);
    read = *end == '\0' && !isnan(*number);
    if (copy != few)
        kr_memory->free(zset_self, copy);
    return read;
}

static bool range_read_score(struct kr_str word, double *score, bool *open)
{
    *open = word.size > 0 && word.data[0] == '(';
    if (*open)
        word = kr_str(word.data + 1, word.size - 1);
    return range_read_number(word, score);
}

enum range_end { RANGE_LOWEST, RANGE_HIGHEST, RANGE_MEMBER };

/* false: no limit of members. */
static bool range_read_member(struct kr_str word, enum range_end *end,
                              struct kr_str *member, bool *open)
{
    if (word.size == 0)
        return false;
    *end = RANGE_MEMBER;
    *open = word.data[0] == '(';
    *member = kr_str(word.data + 1, word.size - 1);
    switch (word.data[0]) {
    case '(':
    case '[':
        return true;
    case '-':
        *end = RANGE_LOWEST;
        break;
    case '+':
        *end = RANGE_HIGHEST;
        break;
    default:
        return false;
    }
    return member->size == 0 || member->data[0] == '\0';
}

static bool range_read_members(struct kr_str min, struct kr_str max,
                               struct range *range)
{
    struct value_member_range *member = &range->member;
    enum range_end from, to;

    *member = (struct value_member_range){NULL, NULL, false, false, false};
    if (!range_read_member(min, &from, &range->min, &member->min_open) ||
        !range_read_member(max, &to, &range->max, &member->max_open))
        return false;
    member->none = from == RANGE_HIGHEST || to == RANGE_LOWEST;
    if (from == RANGE_MEMBER)
        member->min = &range->min;
    if (to == RANGE_MEMBER)
        member->max = &range->max;
    return true;
}

bool range_read(struct kr_call *call, uint32_t min, uint32_t max,
                struct range *range)
{
    struct kr_score_range *score = &range->score;

    switch (range->by) {
    case RANGE_BY_RANK:
        return kr_arg_int64(call, min, &range->rank.first) &&
               kr_arg_int64(call, max, &range->rank.last);
    case RANGE_BY_SCORE:
        if (range_read_score(call->argv[min], &score->min, &score->min_open) &&
            range_read_score(call->argv[max], &score->max, &score->max_open))
            return true;
        kr_reply_error(call->reply, "ERR min or max is not a float");
        return false;
    case RANGE_BY_MEMBER:
        if (range_read_members(call->argv[min], call->argv[max], range))
            return true;
        kr_reply_error(call->reply,
                       "ERR min or max not valid string range item");
        return false;
    }
    return false;
}

/* --- Positions ----------------------------------------------------------- */

static struct value_run range_seek_rank(const struct kr_cell *cell,
                                        const struct range *range)
{
    int64_t count = (int64_t)value_count(cell);
    int64_t first = range->rank.first, last = range->rank.last;

    if (first < 0)
        first += count;
    if (last < 0)
        last += count;
    if (first < 0)
        first = 0;
    if (last >= count)
        last = count - 1;
    if (first > last)
        return (struct value_run){0, 0};
    return (struct value_run){
        (uint64_t)(range->back ? count - 1 - last : first),
        (uint64_t)(last - first + 1)};
}

/* LIMIT counts from where the walk begins. */
static struct value_run range_cut(struct value_run run,
                                  const struct range *range)
{
    uint64_t offset = (uint64_t)range->offset;
    uint64_t most = range->limit < 0 ? UINT64_MAX : (uint64_t)range->limit;

    if (range->offset < 0 || offset >= run.count)
        return (struct value_run){0, 0};
    run.count -= offset;
    if (!range->back)
        run.position += offset;
    if (run.count > most) {
        if (range->back)
            run.position += run.count - most;
        run.count = most;
    }
    return run;
}

struct value_run range_seek(const struct kr_cell *cell,
                            const struct range *range)
{
    switch (range->by) {
    case RANGE_BY_RANK:
        return range_seek_rank(cell, range);
    case RANGE_BY_SCORE:
        return range_cut(value_seek_score(cell, &range->score), range);
    case RANGE_BY_MEMBER:
        return range_cut(value_seek_member(cell, &range->member), range);
    }
    return (struct value_run){0, 0};
}
