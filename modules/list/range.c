/* SPDX-License-Identifier: BSD-3-Clause */
/* range - by index: LLEN, LINDEX, LRANGE, LTRIM. */
#include "commands.h"
#include "value.h"

#include <kr/args.h>

/* The elements from `first` to `last` of `count`, both included and counted
 * from the end when negative: the first one's index, and how many they are. */
static uint64_t range_clip(int64_t first, int64_t last, uint64_t count,
                           uint64_t *from)
{
    int64_t end = (int64_t)count;

    if (first < 0)
        first = first + end < 0 ? 0 : first + end;
    if (last < 0)
        last += end;
    if (last >= end)
        last = end - 1;
    if (first > last)
        return 0;
    *from = (uint64_t)first;
    return (uint64_t)(last - first) + 1;
}

void list_llen(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong))
        kr_reply_int64(call->reply, (int64_t)value_count(&cell));
    else if (!wrong)
        kr_reply_int64(call->reply, 0);
}

void list_lindex(struct kr_call *call)
{
    struct kr_cell cell;
    uint64_t from;
    int64_t index;
    bool wrong;

    if (!value_find(call, 1, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            kr_reply_null(call->reply);
        return;
    }
    if (!kr_arg_int64(call, 2, &index))
        return;
    if (value_index(value_count(&cell), index, &from))
        value_reply(&cell, call->reply, from, 1, false);
    else
        kr_reply_null(call->reply);
}

void list_lrange(struct kr_call *call)
{
    uint64_t from = 0, count;
    struct kr_cell cell;
    int64_t first, last;
    bool wrong;

    if (!kr_arg_int64(call, 2, &first) || !kr_arg_int64(call, 3, &last))
        return;
    if (!value_find(call, 1, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            kr_reply_array(call->reply, 0);
        return;
    }
    count = range_clip(first, last, value_count(&cell), &from);
    kr_reply_array(call->reply, count);
    if (count > 0)
        value_reply(&cell, call->reply, from, count, false);
}

void list_ltrim(struct kr_call *call)
{
    uint64_t from = 0, count, length;
    struct kr_cell cell;
    int64_t first, last;
    bool wrong;

    if (!kr_arg_int64(call, 2, &first) || !kr_arg_int64(call, 3, &last))
        return;
    if (!value_find(call, 1, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            kr_reply_ok(call->reply);
        return;
    }
    length = value_count(&cell);
    count = range_clip(first, last, length, &from);
    if (count == 0) {
        kr_keyspace->erase(&cell, true);
        kr_changed_by(call, call->db, call->argv[1], KR_CLASS_LIST,
                      KR_STR("ltrim"), length);
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
    } else {
        value_drop(&cell, true, from);
        value_drop(&cell, false, length - from - count);
        value_lost(call, &cell, call->argv[1], KR_STR("ltrim"), length - count);
    }
    kr_reply_ok(call->reply);
}
