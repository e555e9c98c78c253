/* SPDX-License-Identifier: BSD-3-Clause */
/* expire - EXPIRE and its kin: the moment at which a key goes.
 *
 *   EXPIRE    seconds from now        PEXPIRE    milliseconds from now
 *   EXPIREAT  seconds since 1970      PEXPIREAT  milliseconds since 1970
 *
 * All end as the last one, and are journalled as it: whoever reads the journal
 * later has another now.  A moment that has passed deletes the key at once. */
#include "commands.h"
#include "keys.h"

#include <kr/journal.h>

#define EXPIRE_NX (1u << 0) /* only a key without a time */
#define EXPIRE_XX (1u << 1) /* only one with a time */
#define EXPIRE_GT (1u << 2) /* only to a later time */
#define EXPIRE_LT (1u << 3) /* only to an earlier time */

/* --- Reading ------------------------------------------------------------- */

static bool expire_read_options(struct kr_call *call, uint32_t *options)
{
    static const char *const words[] = {"NX", "XX", "GT", "LT"};

    *options = 0;
    for (uint32_t i = 3; i < call->argc; i++) {
        uint32_t w = 0;

        while (w < KR_COUNT(words) && !kr_arg_is(call, i, words[w]))
            w++;
        if (w == KR_COUNT(words)) {
            kr_reply_errorf(call->reply, "ERR Unsupported option %.*s",
                            KR_QUOTE(call->argv[i], 512));
            return false;
        }
        *options |= 1u << w;
    }
    if (*options & EXPIRE_NX && *options & ~EXPIRE_NX) {
        kr_reply_error(call->reply, "ERR NX and XX, GT or LT options at the "
                                    "same time are not compatible");
        return false;
    }
    if (*options & EXPIRE_GT && *options & EXPIRE_LT) {
        kr_reply_error(call->reply, "ERR GT and LT options at the same time "
                                    "are not compatible");
        return false;
    }
    return true;
}

/* The moment that argument 2 means. */
static bool expire_read_time(struct kr_call *call, int64_t from_ms,
                             int64_t unit_ms, int64_t *when_ms)
{
    if (!kr_arg_int64(call, 2, when_ms))
        return false;
    if (__builtin_mul_overflow(*when_ms, unit_ms, when_ms) ||
        __builtin_add_overflow(*when_ms, from_ms, when_ms)) {
        kr_reply_errorf(call->reply, "ERR invalid expire time in '%s' command",
                        kr_commands->full_name(call->command));
        return false;
    }
    /* Long past in any case, and the number that means no time at all. */
    if (*when_ms == KR_NO_EXPIRY)
        ++*when_ms;
    return true;
}

/* A key without a time lives for ever, longer than any time. */
static bool expire_may(uint32_t options, int64_t old_ms, int64_t when_ms)
{
    bool has = old_ms != KR_NO_EXPIRY;

    return !(options & EXPIRE_NX && has) && !(options & EXPIRE_XX && !has) &&
           !(options & EXPIRE_GT && (!has || when_ms <= old_ms)) &&
           !(options & EXPIRE_LT && has && when_ms >= old_ms);
}

/* --- Doing --------------------------------------------------------------- */

static void expire_delete(struct kr_call *call, struct kr_cell *cell)
{
    bool lazy = keys_of(call)->lazy_expire;
    struct kr_str argv[2] = {lazy ? KR_STR("UNLINK") : KR_STR("DEL"),
                             call->argv[1]};

    kr_keyspace->expire(cell, lazy);
    kr_journal->instead(call, 2, argv);
    keys_changed(call, call->db, call->argv[1], "del");
}

static void expire_set(struct kr_call *call, struct kr_cell *cell,
                       int64_t when_ms)
{
    kr_keyspace->set_expiry(cell, when_ms);
    if (kr_journal->armed()) {
        char text[KR_INT64_TEXT];
        struct kr_str argv[3] = {KR_STR("PEXPIREAT"), call->argv[1]};

        argv[2] = kr_str(text, kr_text->from_int64(when_ms, text));
        kr_journal->instead(call, 3, argv);
    }
    keys_changed(call, call->db, call->argv[1], "expire");
}

static void expire_key(struct kr_call *call, int64_t from_ms, int64_t unit_ms)
{
    struct kr_cell cell;
    uint32_t options;
    int64_t when_ms;
    bool found;

    if (!expire_read_options(call, &options) ||
        !expire_read_time(call, from_ms, unit_ms, &when_ms))
        return;
    /* With a condition it is not yet sure that there will be a change. */
    found =
        !options || (kr_keyspace->find_arg(call, 1, KR_FIND_NO_STATS, &cell) &&
                     expire_may(options, kr_keyspace->expiry(&cell), when_ms));
    if (!found || !kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &cell)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    /* Who hears of what it does itself sees Redis's order of reply and event. */
    if (when_ms <= call->now_ms && kr_keyspace->may_expire()) {
        expire_delete(call, &cell);
        kr_reply_int64(call->reply, 1);
    } else {
        kr_reply_int64(call->reply, 1);
        expire_set(call, &cell, when_ms);
    }
}

void keys_expire(struct kr_call *call)
{
    expire_key(call, call->now_ms, 1000);
}

void keys_pexpire(struct kr_call *call)
{
    expire_key(call, call->now_ms, 1);
}

void keys_expireat(struct kr_call *call)
{
    expire_key(call, 0, 1000);
}

void keys_pexpireat(struct kr_call *call)
{
    expire_key(call, 0, 1);
}
