/* SPDX-License-Identifier: BSD-3-Clause */
/* range - which members a command means: by rank, by score, or by bytes.
 *
 *   by rank     0 ... -1          positions, from the end where negative
 *   by score    1 ... (2.5        ( leaves the limit out; -inf, +inf
 *   by bytes    [a ... (b  - +    [ takes the limit in; - and + are the ends
 *
 * The words are read first, as their errors come before all others; the set
 * then says which positions they mean. */
#ifndef ZSET_RANGE_H
#define ZSET_RANGE_H

#include <kr/args.h>

#include "value.h"

enum range_by { RANGE_BY_RANK, RANGE_BY_SCORE, RANGE_BY_MEMBER };

struct range {
    enum range_by by;
    bool back; /* from the highest down; ranks count from there */
    union {
        struct {
            int64_t first, last;
        } rank;
        struct kr_score_range score;
        struct value_member_range member;
    };
    struct kr_str min, max; /* for `member` */
    int64_t offset;         /* members to leave out, */
    int64_t limit;          /* and how many to take then; negative: all */
};

/* Read the limits from arguments `min` and `max`; false: an error is replied.
 * `range->by` is set.  Borrows the words. */
bool range_read(struct kr_call *call, uint32_t min, uint32_t max,
                struct range *range);

/* The members of the set that it means. */
struct value_run range_seek(const struct kr_cell *cell,
                            const struct range *range);

#endif
