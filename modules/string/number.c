/* SPDX-License-Identifier: BSD-3-Clause */
/* number - commands that count: INCR and its kin, INCRBYFLOAT.
 *
 * INCR of a value that is a number already is an addition in place, on the 8
 * bytes in the key's entry.  A key that is not there counts from 0. */
#include "commands.h"
#include "value.h"

#include <kr/journal.h>
#include <kr/string.h>

#include <math.h>

/* --- Integers ------------------------------------------------------------ */

static bool number_of(const struct kr_cell *cell, int64_t *number)
{
    char scratch[KR_INT64_TEXT];

    if (KR_LIKELY(cell->meta == VALUE_INT)) {
        *number = value_number(cell);
        return true;
    }
    return kr_text->to_int64(value_bytes(cell, scratch), number);
}

static void number_create(struct kr_call *call, int64_t number)
{
    struct value_source source = {.meta = VALUE_INT, .number = number};
    struct kr_cell cell;

    value_put(call, 1, 0, &source, &cell);
}

static void number_add(struct kr_call *call, int64_t delta)
{
    struct kr_cell cell;
    int64_t number = 0;
    bool wrong;
    bool found = value_find(call, KR_FIND_WRITE, &cell, &wrong);

    if (wrong)
        return;
    if (found && !number_of(&cell, &number)) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return;
    }
    if (__builtin_add_overflow(number, delta, &number)) {
        kr_reply_error(call->reply,
                       "ERR increment or decrement would overflow");
        return;
    }
    if (found)
        value_set_number(&cell, number);
    else
        number_create(call, number);
    value_changed(call, 1, KR_STR("incrby"));
    kr_reply_int64(call->reply, number);
}

void string_incr(struct kr_call *call)
{
    number_add(call, 1);
}

void string_decr(struct kr_call *call)
{
    number_add(call, -1);
}

void string_incrby(struct kr_call *call)
{
    int64_t delta;

    if (kr_text->to_int64(call->argv[2], &delta))
        number_add(call, delta);
    else
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
}

void string_decrby(struct kr_call *call)
{
    int64_t delta;

    if (!kr_text->to_int64(call->argv[2], &delta))
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
    else if (delta == INT64_MIN) /* it has no opposite */
        kr_reply_error(call->reply, "ERR decrement would overflow");
    else
        number_add(call, -delta);
}

/* --- INCRBYFLOAT --------------------------------------------------------- */

/* Replace the value by `text`, which stays text even if it reads as an integer,
 * as Redis does.  The journal gets the sum: another machine might round
 * otherwise. */
static void number_store_text(struct kr_call *call, struct kr_str text)
{
    struct value_source source;
    struct kr_cell cell;

    if (!value_copy(text, false, &source)) {
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
        return;
    }
    value_put(call, 1, KR_PUT_KEEP_EXPIRY | KR_PUT_SAME, &source, &cell);
    if (kr_journal->armed()) {
        struct kr_str words[] = {KR_STR("SET"), call->argv[1], text,
                                 KR_STR("KEEPTTL")};

        kr_journal->instead(call, KR_COUNT(words), words);
    }
    value_changed(call, 1, KR_STR("incrbyfloat"));
    kr_reply_bulk(call->reply, text);
}

void string_incrbyfloat(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT], text[KR_LONG_DOUBLE_TEXT];
    struct kr_cell cell;
    long double number = 0, delta;
    bool wrong;
    bool found = value_find(call, KR_FIND_WRITE, &cell, &wrong);

    if (wrong)
        return;
    if ((found &&
         !kr_text->to_long_double(value_bytes(&cell, scratch), &number)) ||
        !kr_text->to_long_double(call->argv[2], &delta)) {
        kr_reply_error(call->reply, KR_ERR_NOT_FLOAT);
        return;
    }
    number += delta;
    if (!isfinite(number)) {
        kr_reply_error(call->reply,
                       "ERR increment would produce NaN or Infinity");
        return;
    }
    number_store_text(call,
                      kr_str(text, kr_text->from_long_double(number, text)));
}
