/* SPDX-License-Identifier: BSD-3-Clause */
/* look - EXISTS, TYPE, TOUCH, RANDOMKEY and KEYS: which keys there are. */
#include "commands.h"
#include "keys.h"

#include <kr/type.h>

/* How many of the keys are there; the same one counts as often as it is
 * named. */
static void look_count(struct kr_call *call, uint32_t how)
{
    struct kr_cell cell;
    int64_t count = 0;

    for (uint32_t i = 1; i < call->argc; i++)
        count += kr_keyspace->find_arg(call, i, how, &cell);
    kr_reply_int64(call->reply, count);
}

void keys_exists(struct kr_call *call)
{
    look_count(call, KR_FIND_NO_TOUCH);
}

void keys_touch(struct kr_call *call)
{
    look_count(call, KR_FIND_READ);
}

void keys_type(struct kr_call *call)
{
    struct kr_cell cell;

    if (kr_keyspace->find_arg(call, 1, KR_FIND_NO_TOUCH, &cell))
        kr_reply_status(call->reply, kr_types->name(cell.type));
    else
        kr_reply_status(call->reply, "none");
}

void keys_randomkey(struct kr_call *call)
{
    struct kr_cell cell;

    if (kr_keyspace->random(call->db, &cell))
        kr_reply_bulk(call->reply, kr_keyspace->key(&cell));
    else
        kr_reply_null(call->reply);
}

/* --- KEYS ---------------------------------------------------------------- */

struct matching {
    struct kr_reply *reply;
    struct kr_str pattern;
    int64_t now_ms;
    uint64_t count;
    bool all; /* the pattern is a star */
};

static void matching_visit(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    struct matching *matching = ctx;
    int64_t expiry_ms;

    if (!matching->all && !kr_text->match(matching->pattern, key, false))
        return;
    expiry_ms = kr_keyspace->expiry(cell);
    if (expiry_ms != KR_NO_EXPIRY && expiry_ms < matching->now_ms)
        return;
    kr_reply_bulk(matching->reply, key);
    matching->count++;
}

void keys_keys(struct kr_call *call)
{
    struct matching matching = {
        .reply = call->reply,
        .pattern = call->argv[1],
        .now_ms = call->now_ms,
        .all = kr_str_equal(call->argv[1], KR_STR("*")),
    };
    uint64_t token = call->reply->ops->defer(call->reply);

    kr_keyspace->each(call->db, matching_visit, &matching);
    call->reply->ops->close(call->reply, token, KR_ARRAY, matching.count);
}
