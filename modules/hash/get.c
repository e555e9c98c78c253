/* SPDX-License-Identifier: BSD-3-Clause */
/* get - commands that read single fields: HGET, HMGET, HEXISTS, HSTRLEN, and
 * HLEN. */
#include "commands.h"
#include "due.h"
#include "value.h"

#include "../structure/ahead.h"

/* Find argument 1; without it 0 is replied. */
static bool get_find(struct kr_call *call, struct kr_cell *cell)
{
    bool wrong;

    if (value_find(call, KR_FIND_READ, cell, &wrong))
        return true;
    if (!wrong)
        kr_reply_int64(call->reply, 0);
    return false;
}

void hash_hget(struct kr_call *call)
{
    struct listpack_item value;
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_READ, &cell, &wrong) &&
        value_get(&cell, call->argv[2], due_now(call), &value))
        value_reply(call->reply, &value);
    else if (!wrong)
        kr_reply_null(call->reply);
}

void hash_hmget(struct kr_call *call)
{
    struct listpack_item value;
    struct kr_cell cell;
    bool wrong;
    bool found = value_find(call, KR_FIND_READ, &cell, &wrong);

    if (wrong)
        return;
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        if (found && value_get(&cell, call->argv[i], due_now(call), &value))
            value_reply(call->reply, &value);
        else
            kr_reply_null(call->reply);
    }
}

void hash_hexists(struct kr_call *call)
{
    struct listpack_item value;
    struct kr_cell cell;

    if (get_find(call, &cell))
        kr_reply_int64(call->reply,
                       value_get(&cell, call->argv[2], due_now(call), &value));
}

void hash_hstrlen(struct kr_call *call)
{
    char text[LISTPACK_TEXT];
    struct listpack_item value;
    struct kr_cell cell;
    size_t size = 0;

    if (!get_find(call, &cell))
        return;
    if (value_get(&cell, call->argv[2], due_now(call), &value))
        size = listpack_item_bytes(&value, text).size;
    kr_reply_int64(call->reply, (int64_t)size);
}

void hash_hlen(struct kr_call *call)
{
    struct kr_cell cell;

    if (get_find(call, &cell))
        kr_reply_int64(call->reply, (int64_t)value_count(&cell, due_now(call)));
}

/* --- Ahead of a call ------------------------------------------------------ */

bool hash_ahead(struct kr_ahead *ahead)
{
    if (ahead->cell->type != value_type || ahead->argc < 3)
        return false;
    if (ahead->cell->meta != VALUE_TABLE)
        return ahead_packed(ahead);
    return ahead_table(ahead, &value_fields(ahead->cell)->table,
                       ahead->argv[2]);
}
