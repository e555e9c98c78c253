/* SPDX-License-Identifier: BSD-3-Clause */
/* database - DBSIZE, FLUSHDB, FLUSHALL and SWAPDB: databases as a whole. */
#include "commands.h"
#include "keys.h"

#include <kr/journal.h>

void keys_dbsize(struct kr_call *call)
{
    kr_reply_int64(call->reply, (int64_t)kr_keyspace->count(call->db));
}

/* --- Emptying ------------------------------------------------------------ */

static bool flush_read(struct kr_call *call, bool *async)
{
    *async = keys_of(call)->lazy_user_flush;
    if (call->argc == 1)
        return true;
    if (call->argc == 2) {
        *async = kr_arg_is(call, 1, "ASYNC");
        if (*async || kr_arg_is(call, 1, "SYNC"))
            return true;
    }
    kr_refuse_syntax(call);
    return false;
}

static uint64_t flush_count(const kr_db *db)
{
    uint64_t count = 0;

    if (db)
        return kr_keyspace->count(db);
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        count += kr_keyspace->count(kr_keyspace->db(i));
    return count;
}

/* `db` NULL: all.  The changes are counted first: who saves at once when all is
 * flushed has then saved them, too.  It is journalled even when there was nothing, as in Redis:
 * a replica may have what its primary lacks. */
static void flush(struct kr_call *call, kr_db *db)
{
    bool async;

    if (!flush_read(call, &async))
        return;
    kr_calls->touch(call, flush_count(db));
    kr_keyspace->flush(db, async);
    kr_journal->force(call, KR_JOURNAL_ALL);
    kr_reply_ok(call->reply);
}

void keys_flushdb(struct kr_call *call)
{
    flush(call, call->db);
}

void keys_flushall(struct kr_call *call)
{
    flush(call, NULL);
}

/* --- Exchanging ---------------------------------------------------------- */

void keys_swapdb(struct kr_call *call)
{
    int32_t first, second;
    kr_db *a, *b;

    if (!kr_arg_int32_or(call, 1, &first, "ERR invalid first DB index") ||
        !kr_arg_int32_or(call, 2, &second, "ERR invalid second DB index"))
        return;
    a = kr_keyspace->db(first);
    b = kr_keyspace->db(second);
    if (!a || !b) {
        kr_reply_error(call->reply, "ERR DB index is out of range");
        return;
    }
    kr_keyspace->swap(a, b);
    kr_calls->touch(call, 1);
    kr_reply_ok(call->reply);
}
