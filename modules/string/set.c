/* SPDX-License-Identifier: BSD-3-Clause */
/* set - commands that replace whole strings: SET and its older forms SETNX,
 * SETEX, PSETEX and GETSET; MSET and MSETNX.
 *
 * They do not care what the key holds, unless they have to answer it. */
#include "commands.h"
#include "options.h"
#include "value.h"

#include <kr/journal.h>

/* Set argument `key` to argument `value`.  false: no memory, replied. */
static inline bool set_pair(struct kr_call *call, uint32_t key, uint32_t value)
{
    struct value_source source;
    struct kr_cell cell;

    if (!value_take(call, value, &source))
        return false;
    value_put(call, key, 0, &source, &cell);
    value_changed(call, key, KR_STR("set"));
    return true;
}

/* Emit SET key value in place of the command as typed, with up to two words
 * more: an option, and its value. */
static void set_journal(struct kr_call *call, uint32_t value,
                        struct kr_str option, struct kr_str operand)
{
    struct kr_str words[] = {KR_STR("SET"), call->argv[1], call->argv[value],
                             option, operand};

    kr_journal->instead(call, 3u + !!option.size + !!operand.size, words);
}

/* --- SET with options ---------------------------------------------------- */

/* What SET and its older forms have in common. */
struct set {
    uint32_t value;   /* its argument */
    uint32_t time_at; /* the time's, when one of OPTION_TIMES is given */
    uint32_t given;   /* OPTION_ */
};

/* The journal gets the moment, never a time from "now": it is read later. */
static void set_expire(struct kr_call *call, const struct set *set,
                       struct kr_cell *cell, int64_t when_ms)
{
    kr_keyspace->set_expiry(cell, when_ms);
    if (kr_journal->armed()) {
        char text[KR_INT64_TEXT];

        set_journal(call, set->value, KR_STR("PXAT"),
                    kr_str(text, kr_text->from_int64(when_ms, text)));
    }
}

/* Answers whether the value was set; a reply is written only for GET, and for
 * errors, which *failed tells. */
static bool set_run(struct kr_call *call, const struct set *set, bool *failed)
{
    uint32_t times = set->given & OPTION_TIMES;
    struct value_source source;
    struct kr_cell cell;
    int64_t when_ms = 0;
    bool found = false, passes;

    *failed = true;
    if (times && !options_time(call, set->time_at, times, &when_ms))
        return false;
    if (set->given & (OPTION_NX | OPTION_XX | OPTION_GET))
        found = kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &cell);
    if (set->given & OPTION_GET && found && cell.type != value_type) {
        kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
        return false;
    }
    passes = !(set->given & (found ? OPTION_NX : OPTION_XX));
    if (passes && !value_take(call, set->value, &source))
        return false;
    *failed = false;
    if (set->given & OPTION_GET) {
        if (found)
            value_reply(&cell, call->reply);
        else
            kr_reply_null(call->reply);
    }
    if (!passes)
        return false;
    value_put(call, 1, set->given & OPTION_KEEP_TTL ? KR_PUT_KEEP_EXPIRY : 0,
              &source, &cell);
    if (times)
        set_expire(call, set, &cell, when_ms);
    value_changed(call, 1, KR_STR("set"));
    if (times)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("expire"));
    return true;
}

void string_set(struct kr_call *call)
{
    struct options options;
    struct set set;
    bool done, failed;

    if (KR_LIKELY(call->argc == 3)) {
        if (set_pair(call, 1, 2))
            kr_reply_ok(call->reply);
        return;
    }
    if (!options_parse(call, 3, OPTIONS_OF_SET, &options))
        return;
    set = (struct set){2, options.time_at, options.given};
    done = set_run(call, &set, &failed);
    if (failed)
        return;
    if (!(set.given & OPTION_GET)) {
        if (done)
            kr_reply_ok(call->reply);
        else
            kr_reply_null(call->reply);
    } else if (done && !(set.given & OPTION_TIMES) && kr_journal->armed()) {
        /* Nobody asks the log: it gets the command without GET. */
        set_journal(call, 2,
                    set.given & OPTION_KEEP_TTL ? KR_STR("KEEPTTL")
                                                : kr_str(NULL, 0),
                    kr_str(NULL, 0));
    }
}

void string_setnx(struct kr_call *call)
{
    struct set set = {.value = 2, .given = OPTION_NX};
    bool failed;
    bool done = set_run(call, &set, &failed);

    if (!failed)
        kr_reply_int64(call->reply, done);
}

static void set_with_time(struct kr_call *call, uint32_t unit)
{
    struct set set = {.value = 3, .time_at = 2, .given = unit};
    bool failed;

    if (set_run(call, &set, &failed))
        kr_reply_ok(call->reply);
}

void string_setex(struct kr_call *call)
{
    set_with_time(call, OPTION_EX);
}

void string_psetex(struct kr_call *call)
{
    set_with_time(call, OPTION_PX);
}

void string_getset(struct kr_call *call)
{
    struct set set = {.value = 2, .given = OPTION_GET};
    bool failed;

    if (set_run(call, &set, &failed) && kr_journal->armed())
        set_journal(call, 2, kr_str(NULL, 0), kr_str(NULL, 0));
}

/* --- Several at once ----------------------------------------------------- */

/* The pairs of MSET and MSETNX; false: an error is replied. */
static bool set_all(struct kr_call *call)
{
    for (uint32_t i = 1; i < call->argc; i += 2) {
        if (!set_pair(call, i, i + 1))
            return false;
    }
    return true;
}

static bool set_is_paired(struct kr_call *call)
{
    if (call->argc % 2)
        return true;
    kr_reply_errorf(call->reply,
                    "ERR wrong number of arguments for '%s' command",
                    kr_commands->full_name(call->command));
    return false;
}

void string_mset(struct kr_call *call)
{
    if (set_is_paired(call) && set_all(call))
        kr_reply_ok(call->reply);
}

void string_msetnx(struct kr_call *call)
{
    struct kr_cell cell;

    if (!set_is_paired(call))
        return;
    for (uint32_t i = 1; i < call->argc; i += 2) {
        if (kr_keyspace->find_arg(call, i, KR_FIND_WRITE, &cell)) {
            kr_reply_int64(call->reply, 0);
            return;
        }
    }
    if (set_all(call))
        kr_reply_int64(call->reply, 1);
}

/* --- The keys of SET ----------------------------------------------------- */

/* With GET the old value is read too. */
int32_t string_set_keys(uint32_t argc, const struct kr_str *argv,
                        struct kr_key_ref *refs, uint32_t room)
{
    uint32_t flags = KR_KEY_OW | KR_KEY_UPDATE;

    for (uint32_t i = 3; i < argc; i++) {
        if (kr_str_equal_nocase(argv[i], KR_STR("GET")))
            flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE;
    }
    if (room)
        refs[0] = (struct kr_key_ref){.index = 1, .flags = flags};
    return 1;
}
