/* SPDX-License-Identifier: BSD-3-Clause */
/* members - commands about members by name: SADD, SREM, SMOVE, SISMEMBER,
 * SMISMEMBER; and about all of them: SCARD, SMEMBERS. */
#include "commands.h"
#include "value.h"

#include "../structure/ahead.h"

/* --- Adding and removing ------------------------------------------------- */

/* Redis looks at how many words are given, equal ones or not, before it looks
 * at the first: so many are taken for a set of that size. */
static void sadd_expect(struct kr_cell *cell, uint64_t count)
{
    if ((cell->meta == SET_LISTPACK &&
         count > (uint64_t)set_max_listpack_entries) ||
        (cell->meta == SET_INTSET && count > (uint64_t)set_max_intset_entries))
        value_convert_to_table(cell);
}

void set_sadd(struct kr_call *call)
{
    uint32_t words = call->argc - 2, at = 2;
    uint64_t added = 0;
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        sadd_expect(&cell, words);
    } else if (wrong) {
        return;
    } else {
        struct member first;

        member_set(&first, call->argv[at++]);
        value_create(call, 1, value_form(&first, words), &first, &cell);
        added = 1;
    }
    if (at < call->argc)
        added += value_add_all(&cell, call->argv + at, call->argc - at);
    if (added > 0)
        value_changed_by(call, KR_STR("sadd"), added);
    kr_reply_int64(call->reply, (int64_t)added);
}

void set_srem(struct kr_call *call)
{
    int64_t removed = 0;
    struct kr_cell cell;
    struct set set;
    bool wrong, empty = false;

    if (value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        for (uint32_t i = 2; i < call->argc && !empty; i++) {
            struct member member;

            member_set(&member, call->argv[i]);
            if (!value_remove(&cell, &member))
                continue;
            removed++;
            set = value_of(&cell);
            empty = value_count(&set) == 0;
        }
    } else if (wrong) {
        return;
    }
    if (empty)
        kr_keyspace->erase(&cell, false);
    if (removed > 0)
        value_changed_by(call, KR_STR("srem"), (uint64_t)removed);
    if (empty)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
    kr_reply_int64(call->reply, removed);
}

bool set_ahead(struct kr_ahead *ahead)
{
    if (ahead->cell->type != set_slot || ahead->argc < 3)
        return false;
    if (ahead->cell->meta != SET_TABLE)
        return ahead_packed(ahead);
    return ahead_table(ahead, value_of(ahead->cell).table, ahead->argv[2]);
}

/* --- SMOVE --------------------------------------------------------------- */

/* Take the member out of the set at argument 1.  false: it was not there. */
static bool smove_take(struct kr_call *call, struct kr_cell *cell,
                       struct member *member)
{
    struct set set;
    bool empty;

    if (!value_remove(cell, member))
        return false;
    set = value_of(cell);
    empty = value_count(&set) == 0;
    if (empty)
        kr_keyspace->erase(cell, false);
    value_changed(call, 1, KR_STR("srem"));
    if (empty)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
    return true;
}

/* What is told may change the keyspace: so look again. */
static void smove_give(struct kr_call *call, struct member *member)
{
    struct kr_cell cell;
    bool added = true;

    if (!kr_keyspace->find_arg(call, 2, KR_FIND_WRITE | KR_FIND_QUIET, &cell))
        value_create(call, 2, value_form(member, 1), member, &cell);
    else
        added = cell.type == set_slot && value_add(&cell, member);
    if (added)
        value_changed(call, 2, KR_STR("sadd"));
}

void set_smove(struct kr_call *call)
{
    struct kr_cell from, to;
    struct member member;
    bool there, wrong;

    /* The second look-up may remove what has expired: the first cell is got
     * again. */
    there = kr_keyspace->find_arg(call, 2, KR_FIND_WRITE, &to);
    wrong = there && to.type != set_slot;
    if (!kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &from)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    if (wrong || from.type != set_slot) {
        kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
        return;
    }
    member_set(&member, call->argv[3]);
    if (kr_str_equal(call->argv[1], call->argv[2])) {
        struct set set = value_of(&from);

        kr_reply_int64(call->reply, value_has(&set, &member));
        return;
    }
    if (!smove_take(call, &from, &member)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    smove_give(call, &member);
    kr_reply_int64(call->reply, 1);
}

/* --- Asking -------------------------------------------------------------- */

void set_sismember(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong, found = false;

    if (value_find(call, KR_FIND_READ, &cell, &wrong)) {
        struct set set = value_of(&cell);
        struct member member;

        member_set(&member, call->argv[2]);
        found = value_has(&set, &member);
    } else if (wrong) {
        return;
    }
    kr_reply_int64(call->reply, found);
}

void set_smismember(struct kr_call *call)
{
    struct member batch[VALUE_BATCH];
    struct kr_cell cell;
    struct set set;
    bool wrong;
    bool there = value_find(call, KR_FIND_READ, &cell, &wrong);

    if (wrong)
        return;
    if (there)
        set = value_of(&cell);
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t at = 2; at < call->argc; at += VALUE_BATCH) {
        uint32_t left = call->argc - at;
        uint32_t count = left < VALUE_BATCH ? left : VALUE_BATCH;
        uint32_t found = 0;

        for (uint32_t i = 0; i < count; i++)
            member_set(&batch[i], call->argv[at + i]);
        if (there)
            found = value_has_batch(&set, batch, count);
        for (uint32_t i = 0; i < count; i++)
            kr_reply_int64(call->reply, found >> i & 1);
    }
}

void set_scard(struct kr_call *call)
{
    struct kr_cell cell;
    uint64_t count = 0;
    bool wrong;

    if (value_find(call, KR_FIND_READ, &cell, &wrong)) {
        struct set set = value_of(&cell);

        count = value_count(&set);
    } else if (wrong) {
        return;
    }
    kr_reply_int64(call->reply, (int64_t)count);
}

void set_smembers(struct kr_call *call)
{
    struct kr_reply *reply = call->reply;
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_READ, &cell, &wrong)) {
        struct set set = value_of(&cell);

        reply->ops->open(reply, KR_SET, value_count(&set));
        value_reply_all(reply, &set);
    } else if (!wrong) {
        reply->ops->open(reply, KR_SET, 0);
    }
}
