/* SPDX-License-Identifier: BSD-3-Clause */
/* set - commands that write and delete fields: HSET, its older form HMSET,
 * HSETNX, HDEL. */
#include "commands.h"
#include "due.h"
#include "value.h"

#include <kr/args.h>

/* Set the pairs from argument 2 on.  Answers how many fields are new. */
static uint64_t set_pairs(struct kr_call *call, struct kr_cell *cell)
{
    struct due_edit edit;
    uint64_t fresh = 0;

    due_begin(cell, &edit);
    if (cell->meta != VALUE_TABLE &&
        !value_is_short(call->argv + 2, call->argc - 2))
        value_unpack(cell);
    for (uint32_t i = 2; i < call->argc; i += 2) {
        due_drop(cell, &edit, call->argv[i]);
        fresh += value_set(cell, call->argv[i], call->argv[i + 1]);
    }
    due_end(cell, &edit);
    due_tell(call, &edit);
    return fresh;
}

/* HSET and HMSET; false: an error has been replied.  Who listens to events of
 * its own sees the reply first, then set_changed()'s. */
static bool set_run(struct kr_call *call, uint64_t *fresh)
{
    struct kr_cell cell;
    bool wrong;

    if (call->argc % 2 != 0) {
        kr_refuse_arity(call);
        return false;
    }
    if (value_find(call, KR_FIND_WRITE, &cell, &wrong))
        *fresh = set_pairs(call, &cell);
    else if (wrong)
        return false;
    else
        *fresh =
            value_create(call, call->argv + 2, (call->argc - 2) / 2, &cell);
    return true;
}

static void set_changed(struct kr_call *call)
{
    value_changed_by(call, KR_STR("hset"), (call->argc - 2) / 2);
}

void hash_hset(struct kr_call *call)
{
    uint64_t fresh;

    if (!set_run(call, &fresh))
        return;
    kr_reply_int64(call->reply, (int64_t)fresh);
    set_changed(call);
}

void hash_hmset(struct kr_call *call)
{
    uint64_t fresh;

    if (!set_run(call, &fresh))
        return;
    kr_reply_ok(call->reply);
    set_changed(call);
}

/* Add a field to a hash; false: it is there. */
static bool set_absent(struct kr_call *call, struct kr_cell *cell)
{
    struct value_place place;
    struct due_edit edit;
    bool absent;

    due_begin(cell, &edit);
    due_drop(cell, &edit, call->argv[2]);
    absent = !value_seek(cell, call->argv[2], &place);
    if (absent)
        value_add(cell, &place, call->argv[2], call->argv[3]);
    due_end(cell, &edit);
    due_tell(call, &edit);
    return absent;
}

void hash_hsetnx(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        if (!set_absent(call, &cell)) {
            kr_reply_int64(call->reply, 0);
            return;
        }
    } else if (wrong) {
        return;
    } else {
        value_create(call, call->argv + 2, 1, &cell);
    }
    kr_reply_int64(call->reply, 1);
    value_changed(call, KR_STR("hset"));
}

/* --- HDEL ---------------------------------------------------------------- */

static bool set_is_empty(const struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);

    return value_total(&peek) == 0;
}

/* Delete the fields from argument 2 on.  How many there were. */
static int64_t set_delete(struct kr_call *call, struct kr_cell *cell,
                          struct due_edit *edit)
{
    struct value_place place;
    int64_t deleted = 0;

    due_begin(cell, edit);
    for (uint32_t i = 2; i < call->argc && !set_is_empty(cell); i++) {
        due_drop(cell, edit, call->argv[i]);
        if (!value_seek(cell, call->argv[i], &place))
            continue;
        value_delete(cell, &place);
        deleted++;
    }
    due_end(cell, edit);
    return deleted;
}

void hash_hdel(struct kr_call *call)
{
    struct due_edit edit;
    struct kr_cell cell;
    int64_t deleted;
    bool wrong, empty;

    if (!value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            kr_reply_int64(call->reply, 0);
        return;
    }
    deleted = set_delete(call, &cell, &edit);
    empty = set_is_empty(&cell);
    if (empty)
        kr_keyspace->erase(&cell, false);
    due_tell(call, &edit);
    if (deleted > 0)
        value_changed_by(call, KR_STR("hdel"), (uint64_t)deleted);
    if (empty)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
    kr_reply_int64(call->reply, deleted);
}
