/* SPDX-License-Identifier: BSD-3-Clause */
/* push - adding elements: LPUSH, RPUSH, LPUSHX, RPUSHX, LINSERT, LSET. */
#include "commands.h"
#include "module.h"
#include "search.h"
#include "value.h"

#include <kr/args.h>

static void push(struct kr_call *call, bool front, bool only_if_there)
{
    uint32_t count = call->argc - 2;
    struct kr_blob **blobs;
    struct kr_cell cell;
    bool found, wrong;

    found = value_find(call, 1, KR_FIND_WRITE, &cell, &wrong);
    if (wrong)
        return;
    if (!found && only_if_there) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    if (!value_take_blobs(call, 2, count, &blobs))
        return;
    if (!found)
        value_create_arg(call, 1, count, call->argv + 2, &cell);
    value_push(&cell, front, count, call->argv + 2, blobs);
    if (KR_UNLIKELY(blobs != NULL))
        kr_memory->free(list_self, blobs);
    kr_reply_int64(call->reply, (int64_t)value_count(&cell));
    value_pushed(call, call->argv[1], front, call->argc - 2);
}

void list_lpush(struct kr_call *call)
{
    push(call, true, false);
}

void list_rpush(struct kr_call *call)
{
    push(call, false, false);
}

void list_lpushx(struct kr_call *call)
{
    push(call, true, true);
}

void list_rpushx(struct kr_call *call)
{
    push(call, false, true);
}

void list_linsert(struct kr_call *call)
{
    bool after = kr_arg_is(call, 2, "AFTER");
    struct element element;
    struct kr_cell cell;
    uint64_t index, length;
    bool wrong;

    if (!after && !kr_arg_is(call, 2, "BEFORE")) {
        kr_refuse_syntax(call);
        return;
    }
    if (!value_find(call, 1, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            kr_reply_int64(call->reply, 0);
        return;
    }
    value_expect(&cell, call->argv[4].size, 1);
    if (!search_first(&cell, call->argv[3], &index)) {
        kr_reply_int64(call->reply, -1);
        return;
    }
    if (!value_take_element(call, 4, &element))
        return;
    value_insert(&cell, index + after, &element);
    length = value_count(&cell);
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_LIST,
                         KR_STR("linsert"));
    kr_block->ready(call->db, call->argv[1]);
    kr_reply_int64(call->reply, (int64_t)length);
}

void list_lset(struct kr_call *call)
{
    struct element element;
    struct kr_cell cell;
    uint64_t from;
    int64_t index;
    bool wrong;

    if (!value_find(call, 1, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            kr_reply_error(call->reply, KR_ERR_NO_KEY);
        return;
    }
    if (!kr_arg_int64(call, 2, &index))
        return;
    value_expect(&cell, call->argv[3].size, 1);
    if (!value_index(value_count(&cell), index, &from)) {
        kr_reply_error(call->reply, KR_ERR_RANGE);
        return;
    }
    if (!value_take_element(call, 3, &element))
        return;
    value_set(&cell, from, &element);
    value_shrink(&cell);
    kr_reply_ok(call->reply);
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_LIST,
                         KR_STR("lset"));
}
