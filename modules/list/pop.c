/* SPDX-License-Identifier: BSD-3-Clause */
/* LPOP, RPOP, LMPOP. */
#include "pop.h"

#include "commands.h"

#include <kr/args.h>
#include <kr/journal.h>

/* --- One key ------------------------------------------------------------- */

static void pop(struct kr_call *call, bool front)
{
    bool counted = call->argc == 3, wrong;
    uint64_t length, from;
    int64_t count = 1;
    struct kr_cell cell;

    if (call->argc > 3) {
        kr_refuse_arity(call);
        return;
    }
    if (counted && !kr_arg_int64_in(call, 2, 0, INT64_MAX, &count, NULL))
        return;
    if (!value_find(call, 1, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong && counted)
            call->reply->ops->null_array(call->reply);
        else if (!wrong)
            kr_reply_null(call->reply);
        return;
    }
    length = value_count(&cell);
    from = front ? 0 : length - 1;
    if ((uint64_t)count > length)
        count = (int64_t)length;
    if (counted)
        kr_reply_array(call->reply, (uint64_t)count);
    if (count == 0)
        return;
    value_reply(&cell, call->reply, from, (uint64_t)count, !front);
    value_take(call, &cell, call->argv[1], front, (uint64_t)count,
               (uint64_t)count);
}

void list_lpop(struct kr_call *call)
{
    pop(call, true);
}

void list_rpop(struct kr_call *call)
{
    pop(call, false);
}

/* --- One of several keys ------------------------------------------------- */

bool pop_parse(struct kr_call *call, uint32_t at, struct pop *pop)
{
    int64_t keys;
    uint32_t i;

    *pop = (struct pop){.key = at + 1, .count = 1};
    if (!kr_arg_int64_in(call, at, 1, INT64_MAX, &keys,
                         "ERR numkeys should be greater than 0"))
        return false;
    if (keys >= call->argc - pop->key) {
        kr_refuse_syntax(call);
        return false;
    }
    pop->key_count = (uint32_t)keys;
    i = pop->key + pop->key_count;
    if (!value_arg_end(call, i, &pop->front))
        return false;
    if (i + 1 == call->argc)
        return true;
    if (i + 2 == call->argc || !kr_arg_is(call, i + 1, "COUNT")) {
        kr_refuse_syntax(call);
        return false;
    }
    if (!kr_arg_int64_in(call, i + 2, 1, INT64_MAX, &pop->count,
                         "ERR count should be greater than 0"))
        return false;
    if (i + 3 == call->argc)
        return true;
    kr_refuse_syntax(call);
    return false;
}

/* The command that does to the list what was done to it here. */
static void pop_journal(struct kr_call *call, struct kr_str key,
                        const struct pop *pop, uint64_t count)
{
    char digits[KR_INT64_TEXT];
    struct kr_str words[3] = {pop->front ? KR_STR("LPOP") : KR_STR("RPOP"),
                              key};

    if (pop->count > 0)
        words[2] = kr_str(digits, kr_text->from_int64((int64_t)count, digits));
    kr_journal->instead(call, pop->count > 0 ? 3 : 2, words);
}

void pop_from(struct kr_call *call, struct kr_cell *cell, struct kr_str key,
              const struct pop *pop)
{
    uint64_t length = value_count(cell);
    uint64_t count = pop->count > 0 ? (uint64_t)pop->count : 1;

    if (count > length)
        count = length;
    kr_reply_array(call->reply, 2);
    kr_reply_bulk(call->reply, key);
    if (pop->count > 0)
        kr_reply_array(call->reply, count);
    value_reply(cell, call->reply, pop->front ? 0 : length - 1, count,
                !pop->front);
    pop_journal(call, key, pop, count);
    value_take(call, cell, key, pop->front, count, count);
}

bool pop_first(struct kr_call *call, const struct pop *pop)
{
    for (uint32_t i = pop->key; i < pop->key + pop->key_count; i++) {
        struct kr_cell cell;
        bool wrong;

        if (value_find(call, i, KR_FIND_WRITE, &cell, &wrong)) {
            pop_from(call, &cell, call->argv[i], pop);
            return true;
        }
        if (wrong)
            return true;
    }
    return false;
}

void list_lmpop(struct kr_call *call)
{
    struct pop pop;

    if (pop_parse(call, 1, &pop) && !pop_first(call, &pop))
        call->reply->ops->null_array(call->reply);
}
