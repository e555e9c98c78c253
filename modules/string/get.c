/* SPDX-License-Identifier: BSD-3-Clause */
/* get - commands that answer whole strings: GET, MGET, STRLEN; and GETDEL and
 * GETEX, which then do something to the key but not to its value. */
#include "commands.h"
#include "options.h"
#include "value.h"

#include <kr/journal.h>

void string_get(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (KR_LIKELY(value_find(call, KR_FIND_READ, &cell, &wrong)))
        value_reply(&cell, call->reply);
    else if (!wrong)
        kr_reply_null(call->reply);
}

/* A key of another type is answered as if it were not there. */
void string_mget(struct kr_call *call)
{
    struct kr_cell cell;

    kr_reply_array(call->reply, call->argc - 1);
    for (uint32_t i = 1; i < call->argc; i++) {
        if (kr_keyspace->find_arg(call, i, KR_FIND_READ, &cell) &&
            cell.type == value_type)
            value_reply(&cell, call->reply);
        else
            kr_reply_null(call->reply);
    }
}

void string_strlen(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_READ, &cell, &wrong))
        kr_reply_int64(call->reply, (int64_t)value_bytes(&cell, scratch).size);
    else if (!wrong)
        kr_reply_int64(call->reply, 0);
}

/* --- And then the key ---------------------------------------------------- */

/* The key of argument 1 has gone; the log and the replicas see a DEL. */
static void get_gone(struct kr_call *call)
{
    if (kr_journal->armed()) {
        struct kr_str words[] = {KR_STR("DEL"), call->argv[1]};

        kr_journal->instead(call, KR_COUNT(words), words);
    }
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_GENERIC,
                         KR_STR("del"));
}

static void get_persist(struct kr_call *call, struct kr_cell *cell)
{
    if (kr_keyspace->expiry(cell) == KR_NO_EXPIRY)
        return;
    kr_keyspace->set_expiry(cell, KR_NO_EXPIRY);
    if (kr_journal->armed()) {
        struct kr_str words[] = {KR_STR("PERSIST"), call->argv[1]};

        kr_journal->instead(call, KR_COUNT(words), words);
    }
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_GENERIC,
                         KR_STR("persist"));
}

/* The journal gets the moment, never a time from "now": it is read later. */
static void get_expire(struct kr_call *call, struct kr_cell *cell,
                       int64_t when_ms)
{
    kr_keyspace->set_expiry(cell, when_ms);
    if (kr_journal->armed()) {
        char text[KR_INT64_TEXT];
        struct kr_str words[] = {
            KR_STR("PEXPIREAT"), call->argv[1],
            kr_str(text, kr_text->from_int64(when_ms, text))};

        kr_journal->instead(call, KR_COUNT(words), words);
    }
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_GENERIC,
                         KR_STR("expire"));
}

void string_getdel(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        value_reply(&cell, call->reply);
        kr_keyspace->erase(&cell, false);
        get_gone(call);
    } else if (!wrong) {
        kr_reply_null(call->reply);
    }
}

void string_getex(struct kr_call *call)
{
    struct options options;
    struct kr_cell cell;
    int64_t when_ms = 0;
    uint32_t times;
    bool wrong;

    if (!options_parse(call, 2, OPTIONS_OF_GETEX, &options))
        return;
    if (!value_find(call, options.given ? KR_FIND_WRITE : KR_FIND_READ, &cell,
                    &wrong)) {
        if (!wrong)
            kr_reply_null(call->reply);
        return;
    }
    times = options.given & OPTION_TIMES;
    if (times && !options_time(call, options.time_at, times, &when_ms))
        return;
    value_reply(&cell, call->reply);
    if (times & OPTION_ABSOLUTE && when_ms <= call->now_ms &&
        kr_keyspace->may_expire()) {
        kr_keyspace->expire(&cell, false);
        get_gone(call);
    } else if (times) {
        get_expire(call, &cell, when_ms);
    } else if (options.given & OPTION_PERSIST) {
        get_persist(call, &cell);
    }
}
