/* SPDX-License-Identifier: BSD-3-Clause */
/* all - commands that read a whole hash: HGETALL, HKEYS, HVALS. */
#include "commands.h"
#include "due.h"
#include "value.h"

static void all_fields(const struct value_pair *pair, void *ctx)
{
    value_reply(ctx, &pair->field);
}

static void all_values(const struct value_pair *pair, void *ctx)
{
    value_reply(ctx, &pair->value);
}

static void all_pairs(const struct value_pair *pair, void *ctx)
{
    value_reply(ctx, &pair->field);
    value_reply(ctx, &pair->value);
}

static void all_reply(struct kr_call *call, uint32_t kind, value_pair_fn each)
{
    int64_t now_ms = due_now(call);
    struct kr_cell cell;
    struct kr_peek peek;
    bool wrong;

    if (!value_find(call, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            call->reply->ops->open(call->reply, kind, 0);
        return;
    }
    call->reply->ops->open(call->reply, kind, value_count(&cell, now_ms));
    peek = kr_cell_peek(&cell);
    value_each(&peek, now_ms, each, call->reply);
}

void hash_hgetall(struct kr_call *call)
{
    all_reply(call, KR_MAP, all_pairs);
}

void hash_hkeys(struct kr_call *call)
{
    all_reply(call, KR_ARRAY, all_fields);
}

void hash_hvals(struct kr_call *call)
{
    all_reply(call, KR_ARRAY, all_values);
}
