/* SPDX-License-Identifier: BSD-3-Clause */
/* expire - the times of fields: HEXPIRE and its kin set them, HPERSIST takes
 * them, HTTL and its kin tell them.
 *
 *   HEXPIRE  key time [NX | XX | GT | LT] FIELDS n field ...
 *   HPERSIST key FIELDS n field ...
 *   HTTL     key FIELDS n field ...
 *
 * Each answers a list, a number for each field.  As in Redis the type of the key
 * is checked before the words. */
#include "commands.h"
#include "due.h"
#include "module.h"
#include "value.h"

#include <kr/args.h>
#include <kr/journal.h>
#include <kr/memory.h>

#define EXPIRE_TIME_MAX ((INT64_C(1) << 46) - 1) /* ms: the year is 4199 */

/* What the lists answer. */
#define EXPIRE_NO_FIELD (-2)
#define EXPIRE_NO_TIME  (-1)
#define EXPIRE_NOT_MET  0 /* the condition */
#define EXPIRE_DONE     1
#define EXPIRE_DELETED  2 /* the time was over when it was given */

/* --- The words ----------------------------------------------------------- */

/* FIELDS n field ..., the whole rest from argument `at` on.  false: an error has
 * been replied. */
static bool expire_read_fields(struct kr_call *call, uint32_t at,
                               const char *error)
{
    int64_t count;

    if (at >= call->argc || !kr_arg_is(call, at, "FIELDS")) {
        kr_reply_error(call->reply, "ERR Mandatory argument FIELDS is missing "
                                    "or not at the right position");
        return false;
    }
    if (at + 1 >= call->argc) {
        kr_refuse_arity(call);
        return false;
    }
    if (!kr_arg_int64_in(call, at + 1, 1, INT64_MAX, &count, error))
        return false;
    if (count == (int64_t)call->argc - at - 2)
        return true;
    kr_reply_error(call->reply, "ERR The `numfields` parameter must match the "
                                "number of arguments");
    return false;
}

/* Find the hash, if there is one; false: it is none, which has been replied. */
static bool expire_begin(struct kr_call *call, uint32_t how,
                         struct kr_cell *cell, bool *found)
{
    bool wrong;

    *found = value_find(call, how, cell, &wrong);
    return !wrong;
}

static void expire_reply_nothing(struct kr_call *call, uint32_t first)
{
    kr_reply_array(call->reply, call->argc - first);
    for (uint32_t i = first; i < call->argc; i++)
        kr_reply_int64(call->reply, EXPIRE_NO_FIELD);
}

/* --- HEXPIRE ------------------------------------------------------------- */

enum condition { ALWAYS, NX, XX, GT, LT };

struct expire {
    int64_t time_ms;
    enum condition condition;
    uint32_t first;       /* argument: the first field */
    bool over;            /* the time, already */
    struct kr_str *words; /* for the journal: the fields that were changed */
    uint32_t changed;     /* how many */
};

/* Argument 2: from `base_ms` on, in `unit_ms`. */
static bool expire_read_time(struct kr_call *call, int64_t base_ms,
                             int64_t unit_ms, int64_t *time_ms)
{
    int64_t time;

    if (!kr_arg_int64(call, 2, &time))
        return false;
    if (time < 0) {
        kr_reply_error(call->reply, "ERR invalid expire time, must be >= 0");
        return false;
    }
    if (time > EXPIRE_TIME_MAX / unit_ms ||
        time * unit_ms > EXPIRE_TIME_MAX - base_ms) {
        kr_reply_errorf(call->reply, "ERR invalid expire time in '%s' command",
                        kr_commands->full_name(call->command));
        return false;
    }
    *time_ms = time * unit_ms + base_ms;
    return true;
}

static enum condition expire_read_condition(const struct kr_call *call)
{
    static const char *const words[] = {
        [NX] = "NX", [XX] = "XX", [GT] = "GT", [LT] = "LT"};

    for (enum condition i = NX; i <= LT; i++)
        if (kr_arg_is(call, 3, words[i]))
            return i;
    return ALWAYS;
}

/* A field without a time lives longer than any. */
static bool expire_is_met(enum condition condition, int64_t old_ms,
                          int64_t new_ms)
{
    switch (condition) {
    case NX:
        return old_ms == VALUE_NEVER;
    case XX:
        return old_ms != VALUE_NEVER;
    case GT:
        return new_ms > old_ms;
    case LT:
        return new_ms < old_ms;
    case ALWAYS:
        break;
    }
    return true;
}

static int64_t expire_field(struct kr_cell *cell, const struct expire *expire,
                            struct kr_str field)
{
    struct value_place place;

    if (!value_seek(cell, field, &place))
        return EXPIRE_NO_FIELD;
    if (!expire_is_met(expire->condition, value_time(cell, &place),
                       expire->time_ms))
        return EXPIRE_NOT_MET;
    if (expire->over) {
        value_delete(cell, &place);
        return EXPIRE_DELETED;
    }
    value_set_time(cell, &place, field, expire->time_ms);
    return EXPIRE_DONE;
}

/* Every field in turn, each with its reply. */
static void expire_fields(struct kr_call *call, struct kr_cell *cell,
                          struct expire *expire, struct due_edit *edit)
{
    due_begin(cell, edit);
    kr_reply_array(call->reply, call->argc - expire->first);
    for (uint32_t i = expire->first; i < call->argc; i++) {
        int64_t result;

        due_drop(cell, edit, call->argv[i]);
        result = expire_field(cell, expire, call->argv[i]);
        if (result > 0)
            expire->words[expire->changed++] = call->argv[i];
        kr_reply_int64(call->reply, result);
    }
    due_end(cell, edit);
}

/* The journal gets the moment and the fields that took it, or what became of
 * them. */
static void expire_journal(struct kr_call *call, const struct expire *expire)
{
    char time[KR_INT64_TEXT], count[KR_INT64_TEXT];
    struct kr_str *words = expire->words - 5;

    if (expire->over) {
        words += 3;
        words[0] = KR_STR("HDEL");
        words[1] = call->argv[1];
        kr_journal->instead(call, 2 + expire->changed, words);
        return;
    }
    words[0] = KR_STR("HPEXPIREAT");
    words[1] = call->argv[1];
    words[2] = kr_str(time, kr_text->from_int64(expire->time_ms, time));
    words[3] = KR_STR("FIELDS");
    words[4] = kr_str(count, kr_text->from_int64(expire->changed, count));
    kr_journal->instead(call, 5 + expire->changed, words);
}

static void expire_run(struct kr_call *call, struct kr_cell *cell,
                       struct expire *expire)
{
    /* Room for what stands before the fields in the journal. */
    struct kr_str *words = kr_memory->alloc(
        hash_self, (5 + call->argc - expire->first) * sizeof(*words));
    struct due_edit edit;
    struct kr_peek peek;
    bool empty;

    expire->words = words + 5;
    expire_fields(call, cell, expire, &edit);
    peek = kr_cell_peek(cell);
    empty = value_total(&peek) == 0;
    if (empty)
        kr_keyspace->erase(cell, false);
    if (expire->changed > 0 && kr_journal->armed())
        expire_journal(call, expire);
    else if (edit.dropped) /* which has been journalled by itself */
        kr_journal->suppress(call, KR_JOURNAL_ALL);
    kr_memory->free(hash_self, words);
    due_tell(call, &edit);
    if (expire->changed > 0)
        value_changed(call, expire->over ? KR_STR("hdel") : KR_STR("hexpire"));
    if (empty)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
}

static void expire(struct kr_call *call, int64_t base_ms, int64_t unit_ms)
{
    struct expire expire = {.changed = 0};
    struct kr_cell cell;
    bool found;

    if (!expire_begin(call, KR_FIND_WRITE, &cell, &found) ||
        !expire_read_time(call, base_ms, unit_ms, &expire.time_ms))
        return;
    expire.condition = expire_read_condition(call);
    expire.first = expire.condition == ALWAYS ? 5 : 6;
    if (!expire_read_fields(call, expire.first - 2,
                            "ERR Parameter `numFields` should be greater than "
                            "0"))
        return;
    if (!found) {
        expire_reply_nothing(call, expire.first);
        return;
    }
    /* What a log or another server says is done as it says. */
    expire.over = expire.time_ms <= due_now(call) && kr_keyspace->may_expire();
    if (expire.time_ms == 0)
        expire.time_ms = 1; /* 0 stands for none */
    expire_run(call, &cell, &expire);
}

void hash_hexpire(struct kr_call *call)
{
    expire(call, call->now_ms, 1000);
}

void hash_hpexpire(struct kr_call *call)
{
    expire(call, call->now_ms, 1);
}

void hash_hexpireat(struct kr_call *call)
{
    expire(call, 0, 1000);
}

void hash_hpexpireat(struct kr_call *call)
{
    expire(call, 0, 1);
}

/* --- HPERSIST ------------------------------------------------------------ */

static int64_t persist_field(struct kr_cell *cell, struct kr_str field)
{
    struct value_place place;

    if (!value_seek(cell, field, &place))
        return EXPIRE_NO_FIELD;
    if (value_time(cell, &place) == VALUE_NEVER)
        return EXPIRE_NO_TIME;
    value_set_time(cell, &place, field, VALUE_NEVER);
    return EXPIRE_DONE;
}

static bool persist_fields(struct kr_call *call, struct kr_cell *cell,
                           struct due_edit *edit)
{
    bool changed = false;

    due_begin(cell, edit);
    kr_reply_array(call->reply, call->argc - 4);
    for (uint32_t i = 4; i < call->argc; i++) {
        int64_t result;

        due_drop(cell, edit, call->argv[i]);
        result = persist_field(cell, call->argv[i]);
        changed |= result == EXPIRE_DONE;
        kr_reply_int64(call->reply, result);
    }
    due_end(cell, edit);
    return changed;
}

void hash_hpersist(struct kr_call *call)
{
    struct due_edit edit;
    struct kr_peek peek;
    struct kr_cell cell;
    bool found, changed, empty;

    if (!expire_begin(call, KR_FIND_WRITE, &cell, &found) ||
        !expire_read_fields(call, 2,
                            "ERR Number of fields must be a positive integer"))
        return;
    if (!found) {
        expire_reply_nothing(call, 4);
        return;
    }
    changed = persist_fields(call, &cell, &edit);
    peek = kr_cell_peek(&cell);
    empty = value_total(&peek) == 0;
    if (empty)
        kr_keyspace->erase(&cell, false);
    due_tell(call, &edit);
    if (changed)
        value_changed(call, KR_STR("hpersist"));
    if (empty)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
}

/* --- HTTL ---------------------------------------------------------------- */

static int64_t ttl_field(const struct kr_cell *cell, struct kr_str field,
                         int64_t now_ms, int64_t base_ms, int64_t unit_ms)
{
    struct value_place place;
    int64_t time_ms;

    if (!value_seek(cell, field, &place))
        return EXPIRE_NO_FIELD;
    time_ms = value_time(cell, &place);
    if (time_ms < now_ms)
        return EXPIRE_NO_FIELD;
    if (time_ms == VALUE_NEVER)
        return EXPIRE_NO_TIME;
    return (time_ms - base_ms + unit_ms - 1) / unit_ms; /* rounded up */
}

static void ttl(struct kr_call *call, int64_t base_ms, int64_t unit_ms)
{
    struct kr_cell cell;
    bool found;

    if (!expire_begin(call, KR_FIND_READ, &cell, &found) ||
        !expire_read_fields(call, 2,
                            "ERR Number of fields must be a positive integer"))
        return;
    if (!found) {
        expire_reply_nothing(call, 4);
        return;
    }
    kr_reply_array(call->reply, call->argc - 4);
    for (uint32_t i = 4; i < call->argc; i++)
        kr_reply_int64(call->reply, ttl_field(&cell, call->argv[i],
                                              due_now(call), base_ms, unit_ms));
}

void hash_httl(struct kr_call *call)
{
    ttl(call, call->now_ms, 1000);
}

void hash_hpttl(struct kr_call *call)
{
    ttl(call, call->now_ms, 1);
}

void hash_hexpiretime(struct kr_call *call)
{
    ttl(call, 0, 1000);
}

void hash_hpexpiretime(struct kr_call *call)
{
    ttl(call, 0, 1);
}
