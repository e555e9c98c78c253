/* SPDX-License-Identifier: BSD-3-Clause */
/* rename - RENAME, RENAMENX and MOVE: a key goes to another name or database,
 * with its value and its time.
 *
 * To announce a change may run code of other modules, so a cell is looked up
 * last of all, when every announcement has been made. */
#include "commands.h"
#include "keys.h"

#include <kr/block.h>

/* Two names, one change. */
static void rename_tell(struct kr_call *call, kr_db *to_db, struct kr_str to,
                        const char *from_event, const char *to_event)
{
    struct kr_str from = call->argv[1];

    if (KR_HAS(kr_keyspace, changed_too))
        kr_keyspace->changed_too(call, call->db, from, KR_CLASS_GENERIC,
                                 kr_cstr(from_event));
    else
        keys_changed(call, call->db, from, from_event);
    keys_changed(call, to_db, to, to_event);
}

static void rename_carry(struct kr_call *call, struct kr_cell *cell, kr_db *db,
                         uint32_t arg)
{
    kr_keyspace->rename(cell, db, call->argv[arg]);
    kr_block->ready(db, call->argv[arg]);
}

/* Make place for argument `arg` in `db`; false: there is a key and it stays. */
static bool rename_clear_target(struct kr_call *call, kr_db *db, uint32_t arg,
                                bool replace)
{
    struct kr_str key = call->argv[arg];
    uint32_t how = KR_FIND_NO_STATS;
    struct kr_cell cell;

    if (kr_keyspace->find(db, key, how, &cell)) {
        if (!replace)
            return false;
    } else if (!kr_keyspace->may_expire()) {
        /* One whose time is over may be here still, waiting to be removed by
         * whom this server follows. */
        how |= KR_FIND_EXPIRED;
    } else {
        return true;
    }
    if (kr_keyspace->find(db, key, how | KR_FIND_WRITE, &cell))
        kr_keyspace->erase(&cell, keys_of(call)->lazy_server_del);
    return true;
}

static void rename_key(struct kr_call *call, bool replace)
{
    struct kr_cell cell;

    if (!kr_keyspace->find_arg(call, 1, KR_FIND_NO_STATS, &cell)) {
        kr_reply_error(call->reply, KR_ERR_NO_KEY);
        return;
    }
    if (kr_str_equal(call->argv[1], call->argv[2])) {
        if (replace)
            kr_reply_ok(call->reply);
        else
            kr_reply_int64(call->reply, 0);
        return;
    }
    if (!rename_clear_target(call, call->db, 2, replace)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    if (!kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &cell)) {
        kr_reply_error(call->reply, KR_ERR_NO_KEY);
        return;
    }
    rename_carry(call, &cell, call->db, 2);
    rename_tell(call, call->db, call->argv[2], "rename_from", "rename_to");
    if (replace)
        kr_reply_ok(call->reply);
    else
        kr_reply_int64(call->reply, 1);
}

void keys_rename(struct kr_call *call)
{
    rename_key(call, true);
}

void keys_renamenx(struct kr_call *call)
{
    rename_key(call, false);
}

/* --- MOVE ---------------------------------------------------------------- */

void keys_move(struct kr_call *call)
{
    struct kr_str key = call->argv[1];
    struct kr_cell cell;
    kr_db *db;

    if (!kr_arg_db(call, 2, &db))
        return;
    if (db == call->db) {
        kr_reply_error(call->reply,
                       "ERR source and destination objects are the same");
        return;
    }
    if (!kr_keyspace->find_arg(call, 1, KR_FIND_NO_STATS, &cell) ||
        !rename_clear_target(call, db, 1, false) ||
        !kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &cell)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    rename_carry(call, &cell, db, 1);
    rename_tell(call, db, key, "move_from", "move_to");
    kr_reply_int64(call->reply, 1);
}
