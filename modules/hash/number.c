/* SPDX-License-Identifier: BSD-3-Clause */
/* number - commands that count in a field: HINCRBY, HINCRBYFLOAT.
 *
 * A field that is not there counts from 0.  One that expires goes on to. */
#include "commands.h"
#include "due.h"
#include "value.h"

#include <kr/args.h>
#include <kr/journal.h>
#include <kr/text.h>

#include <math.h>

/* The field of argument 2: where the sum will go. */
struct target {
    struct kr_cell cell;
    struct value_place place;
    struct listpack_item value;
    struct due_edit edit;
    bool there; /* the key */
    bool found; /* the field */
};

/* false: an error has been replied. */
static bool target_find(struct kr_call *call, struct target *target)
{
    struct kr_cell *cell = &target->cell;
    bool wrong;

    target->found = false;
    target->there = value_find(call, KR_FIND_WRITE, cell, &wrong);
    if (!target->there)
        return !wrong;
    due_begin(cell, &target->edit);
    due_drop(cell, &target->edit, call->argv[2]);
    due_end(cell, &target->edit);
    target->found = value_seek(cell, call->argv[2], &target->place);
    if (target->found)
        value_read(cell, &target->place, &target->value);
    return true;
}

static void target_store(struct kr_call *call, struct target *target,
                         struct kr_str text)
{
    struct kr_str pair[2] = {call->argv[2], text};

    if (target->found)
        value_write(&target->cell, &target->place, pair[0], text);
    else if (target->there)
        value_add(&target->cell, &target->place, pair[0], text);
    else
        value_create(call, pair, 1, &target->cell);
    if (target->there)
        due_tell(call, &target->edit);
}

void hash_hincrby(struct kr_call *call)
{
    char text[LISTPACK_TEXT];
    struct target target;
    int64_t delta, number = 0;

    if (!kr_arg_int64(call, 3, &delta) || !target_find(call, &target))
        return;
    if (target.found) {
        number = target.value.number;
        if (!target.value.is_number &&
            !kr_text->to_int64(target.value.bytes, &number)) {
            kr_reply_error(call->reply, "ERR hash value is not an integer");
            return;
        }
    }
    if (__builtin_add_overflow(number, delta, &number)) {
        kr_reply_error(call->reply,
                       "ERR increment or decrement would overflow");
        return;
    }
    target_store(call, &target,
                 kr_str(text, listpack_number_text(number, text)));
    kr_reply_int64(call->reply, number);
    value_changed(call, KR_STR("hincrby"));
}

/* --- HINCRBYFLOAT -------------------------------------------------------- */

static bool target_number(const struct target *target, long double *number)
{
    if (!target->found) {
        *number = 0;
        return true;
    }
    if (target->value.is_number) {
        *number = (long double)target->value.number;
        return true;
    }
    return kr_text->to_long_double(target->value.bytes, number);
}

/* The journal gets the sum: another machine might round otherwise.  HSET takes
 * the field's time, so that is said again. */
static void target_journal(struct kr_call *call, struct kr_str sum,
                           int64_t time_ms)
{
    char text[KR_INT64_TEXT];
    struct kr_str set[] = {KR_STR("HSET"), call->argv[1], call->argv[2], sum};
    struct kr_str expire[] = {KR_STR("HPEXPIREAT"), call->argv[1],
                              kr_str(text, 0),      KR_STR("FIELDS"),
                              KR_STR("1"),          call->argv[2]};

    kr_journal->instead(call, KR_COUNT(set), set);
    if (time_ms == VALUE_NEVER)
        return;
    expire[2].size = kr_text->from_int64(time_ms, text);
    kr_journal->instead(call, KR_COUNT(expire), expire);
}

void hash_hincrbyfloat(struct kr_call *call)
{
    char text[KR_LONG_DOUBLE_TEXT];
    struct target target;
    long double number, delta;
    struct kr_str sum;
    int64_t time_ms;

    if (!kr_text->to_long_double(call->argv[3], &delta)) {
        kr_reply_error(call->reply, KR_ERR_NOT_FLOAT);
        return;
    }
    if (!isfinite(delta)) {
        kr_reply_error(call->reply, "ERR value is NaN or Infinity");
        return;
    }
    if (!target_find(call, &target))
        return;
    if (!target_number(&target, &number)) {
        kr_reply_error(call->reply, "ERR hash value is not a float");
        return;
    }
    number += delta;
    if (!isfinite(number)) {
        kr_reply_error(call->reply,
                       "ERR increment would produce NaN or Infinity");
        return;
    }
    sum = kr_str(text, kr_text->from_long_double(number, text));
    time_ms =
        target.found ? value_time(&target.cell, &target.place) : VALUE_NEVER;
    target_store(call, &target, sum);
    if (kr_journal->armed())
        target_journal(call, sum, time_ms);
    kr_reply_bulk(call->reply, sum);
    value_changed(call, KR_STR("hincrbyfloat"));
}
