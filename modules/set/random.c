/* SPDX-License-Identifier: BSD-3-Clause */
/* random - members by chance: SRANDMEMBER, SPOP.
 *
 * Every member has the same chance, and so has every set of as many members as
 * are asked for (sample.h).  What SPOP has taken is journalled as SREM, which
 * takes the same everywhere. */
#include "commands.h"
#include "gather.h"
#include "value.h"

#include <kr/args.h>
#include <kr/journal.h>
#include <kr/memory.h>

#include "../compact/intset.h"
#include "../structure/chance.h"
#include "../structure/sample.h"

#define POPS_BATCH 1024u /* members of one SREM */
#define POPS_KEEP  5u    /* so many times fewer stay: make a set of them */

/* --- One member ---------------------------------------------------------- */

static void random_member(const struct set *set, uint64_t *seed,
                          struct member *member)
{
    struct listpack_item item;
    uint64_t n;

    switch (set->form) {
    case SET_INTSET:
        n = chance_below(seed, intset_count(set->packed));
        member_set_number(member, intset_get(set->packed, (size_t)n));
        return;
    case SET_LISTPACK:
        n = chance_below(seed, listpack_count(set->packed));
        listpack_get(set->packed, listpack_seek(set->packed, (int64_t)n),
                     &item);
        member_set_item(member, &item);
        return;
    case SET_TABLE:
        break;
    }
    member_set(member, item_key(htable_random(set->table, seed)));
}

/* --- SRANDMEMBER --------------------------------------------------------- */

/* The members of a packed set, read once for many draws. */
static struct listpack_item *random_items(const struct set *set, size_t count)
{
    struct listpack_item *items =
        kr_memory->alloc(set_self, count * sizeof(*items));
    size_t at = listpack_first(set->packed);

    listpack_items(set->packed, &at, items, count);
    return items;
}

/* `count` times any member, so that one may come again. */
static void random_reply_any(const struct set *set, uint64_t count,
                             struct kr_reply *reply)
{
    uint64_t seed = kr_text->random();
    size_t all = value_count(set);
    struct listpack_item *items = NULL;
    struct member member;

    if (set->form == SET_LISTPACK && count > 4)
        items = random_items(set, all);
    kr_reply_array(reply, count);
    for (; count > 0; count--) {
        if (items)
            member_set_item(&member, &items[chance_below(&seed, all)]);
        else
            random_member(set, &seed, &member);
        value_reply(reply, &member);
    }
    kr_memory->free(set_self, items);
}

/* The numbers of `count` members of a packed set, ascending; the caller's. */
static uint32_t *random_numbers(const struct set *set, uint64_t count)
{
    uint32_t *numbers = kr_memory->alloc(set_self, count * sizeof(*numbers));
    uint64_t seed = kr_text->random();

    sample_numbers(value_count(set), (uint32_t)count, &seed, numbers);
    return numbers;
}

static void random_reply_intset(const void *intset, const uint32_t *numbers,
                                uint64_t count, struct kr_reply *reply)
{
    for (uint64_t i = 0; i < count; i++)
        reply->ops->bulk_int64(reply, intset_get(intset, numbers[i]));
}

static void random_reply_listpack(const void *listpack, const uint32_t *numbers,
                                  uint64_t count, struct kr_reply *reply)
{
    struct listpack_item items[VALUE_BATCH];
    struct member member;

    while (count > 0) {
        size_t some = count < VALUE_BATCH ? (size_t)count : VALUE_BATCH;

        listpack_pick(listpack, numbers, some, 1, items);
        for (size_t i = 0; i < some; i++) {
            member_set_item(&member, &items[i]);
            value_reply(reply, &member);
        }
        numbers += some;
        count -= some;
    }
}

static void random_reply_packed(const struct set *set, const uint32_t *numbers,
                                uint64_t count, struct kr_reply *reply)
{
    if (set->form == SET_INTSET)
        random_reply_intset(set->packed, numbers, count, reply);
    else
        random_reply_listpack(set->packed, numbers, count, reply);
}

/* `count` items of a table, each once; the caller's. */
static struct item **random_sample(const struct set *set, uint64_t count)
{
    struct item **items = kr_memory->alloc(set_self, count * sizeof(*items));
    uint64_t seed = kr_text->random();

    sample_items(set->table, &set_host, count, &seed, items);
    return items;
}

/* `count` different members; there are more of them. */
static void random_reply_some(const struct set *set, uint64_t count,
                              struct kr_reply *reply)
{
    kr_reply_array(reply, count);
    if (set->form == SET_TABLE) {
        struct item **items = random_sample(set, count);

        for (uint64_t i = 0; i < count; i++)
            kr_reply_bulk(reply, item_key(items[i]));
        kr_memory->free(set_self, items);
    } else {
        uint32_t *numbers = random_numbers(set, count);

        random_reply_packed(set, numbers, count, reply);
        kr_memory->free(set_self, numbers);
    }
}

static void random_reply_many(struct kr_call *call)
{
    struct kr_cell cell;
    struct set set;
    int64_t count;
    bool wrong;

    if (!kr_arg_int64_in(call, 2, -INT64_MAX, INT64_MAX, &count, NULL))
        return;
    if (!value_find(call, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            kr_reply_array(call->reply, 0);
        return;
    }
    set = value_of(&cell);
    if (count < 0) {
        random_reply_any(&set, (uint64_t)-count, call->reply);
    } else if ((uint64_t)count < value_count(&set)) {
        if (count > 0)
            random_reply_some(&set, (uint64_t)count, call->reply);
        else
            kr_reply_array(call->reply, 0);
    } else {
        kr_reply_array(call->reply, value_count(&set));
        value_reply_all(call->reply, &set);
    }
}

void set_srandmember(struct kr_call *call)
{
    uint64_t seed = kr_text->random();
    struct kr_cell cell;
    struct member member;
    struct set set;
    bool wrong;

    if (call->argc == 3) {
        random_reply_many(call);
    } else if (call->argc > 3) {
        kr_refuse_syntax(call);
    } else if (value_find(call, KR_FIND_READ, &cell, &wrong)) {
        set = value_of(&cell);
        random_member(&set, &seed, &member);
        value_reply(call->reply, &member);
    } else if (!wrong) {
        kr_reply_null(call->reply);
    }
}

/* --- SPOP of one --------------------------------------------------------- */

static void pop_one(struct kr_call *call, struct kr_cell *cell)
{
    uint64_t seed = kr_text->random();
    struct set set = value_of(cell);
    bool last = value_count(&set) == 1;
    struct member member;

    random_member(&set, &seed, &member);
    value_reply(call->reply, &member);
    if (kr_journal->armed()) {
        struct kr_str words[] = {KR_STR("SREM"), call->argv[1],
                                 member_bytes(&member)};

        kr_journal->instead(call, KR_COUNT(words), words);
    }
    if (last)
        kr_keyspace->erase(cell, false);
    else
        value_remove(cell, &member);
    value_changed(call, 1, KR_STR("spop"));
    if (last)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                            KR_STR("del"));
}

/* --- SPOP of many -------------------------------------------------------- */

/* What has been taken, on its way to the client and into the journal. */
struct pops {
    struct kr_call *call;
    struct kr_str *words; /* of SREM; NULL: nobody reads the journal */
    char (*texts)[KR_INT64_TEXT];
    uint32_t count;
};

static void pops_init(struct pops *pops, struct kr_call *call)
{
    *pops = (struct pops){.call = call};
    if (!kr_journal->armed())
        return;
    pops->words =
        kr_memory->alloc(set_self, (2 + POPS_BATCH) * sizeof(*pops->words) +
                                       POPS_BATCH * sizeof(*pops->texts));
    pops->texts = (char(*)[KR_INT64_TEXT])(pops->words + 2 + POPS_BATCH);
    pops->words[0] = KR_STR("SREM");
    pops->words[1] = call->argv[1];
}

/* The members must be there still. */
static void pops_flush(struct pops *pops)
{
    if (pops->words && pops->count > 0)
        kr_journal->instead(pops->call, 2 + pops->count, pops->words);
    pops->count = 0;
}

static void pops_fini(struct pops *pops)
{
    pops_flush(pops);
    kr_memory->free(set_self, pops->words);
}

/* Answers whether the batch is full. */
static bool pops_add(struct pops *pops, struct member *member)
{
    struct kr_str bytes;

    value_reply(pops->call->reply, member);
    if (!pops->words)
        return ++pops->count == POPS_BATCH;
    bytes = member_bytes(member);
    if (bytes.data == member->text)
        bytes.data = memcpy(pops->texts[pops->count], bytes.data, bytes.size);
    pops->words[2 + pops->count] = bytes;
    return ++pops->count == POPS_BATCH;
}

static void pop_intset(struct kr_cell *cell, const uint32_t *numbers,
                       uint64_t count, struct pops *pops)
{
    void *intset = packed_intset(cell);
    struct member member;

    for (uint64_t i = 0; i < count; i++) {
        member_set_number(&member, intset_get(intset, numbers[i]));
        if (pops_add(pops, &member))
            pops_flush(pops);
    }
    pops_flush(pops);
    while (count-- > 0)
        intset_delete(intset, numbers[count]);
    packed_resize_intset(set_self, cell, intset_size(intset));
}

/* `numbers` becomes the places of the members, so that they can be deleted from
 * the last to the first. */
static void pop_listpack(struct kr_cell *cell, uint32_t *numbers,
                         uint64_t count, struct pops *pops)
{
    void *listpack = packed_bytes(cell);
    size_t at = listpack_first(listpack);
    uint32_t index = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct listpack_item item;
        struct member member;

        for (; index < numbers[i]; index++)
            at = listpack_next(listpack, at);
        numbers[i] = (uint32_t)at;
        listpack_get(listpack, at, &item);
        member_set_item(&member, &item);
        if (pops_add(pops, &member))
            pops_flush(pops);
    }
    pops_flush(pops);
    while (count-- > 0)
        listpack_delete(listpack, numbers[count], 1);
    packed_resize(set_self, cell, listpack_size(listpack));
}

/* Few of many go: one after the other. */
static void pop_table(const struct set *set, uint64_t count, struct pops *pops)
{
    struct item **items = random_sample(set, count);

    for (uint64_t at = 0; at < count;) {
        uint64_t from = at;
        struct member member;
        bool full = false;

        while (at < count && !full) {
            member_set(&member, item_key(items[at++]));
            full = pops_add(pops, &member);
        }
        pops_flush(pops);
        for (; from < at; from++) {
            struct kr_str key = item_key(items[from]);
            uint64_t hash = kr_text->hash(key);
            struct htable_place place;

            htable_find(set->table, key, hash, &place);
            htable_erase(set->table, &set_host, hash, &place);
            kr_memory->free(set_self, items[from]);
        }
    }
    kr_memory->free(set_self, items);
}

/* Few of many stay: they move into a set of their own, and all that is left
 * goes. */
static void pop_table_but(struct kr_call *call, struct kr_cell *cell,
                          uint64_t stay, struct pops *pops)
{
    struct set set = value_of(cell);
    struct item **items = random_sample(&set, stay);
    struct gather gather;
    struct set_walk walk;

    gather_init(&gather, SET_LISTPACK, stay);
    for (uint64_t i = 0; i < stay; i++) {
        struct member member;

        member_set(&member, item_key(items[i]));
        gather_add(&gather, &member, true);
        value_remove(cell, &member);
    }
    kr_memory->free(set_self, items);
    value_walk(&set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            if (pops_add(pops, &walk.member[i]))
                pops_flush(pops);
    pops_flush(pops);
    gather_store(&gather, call->db, call->argv[1], KR_PUT_KEEP_EXPIRY, cell);
}

/* All members. */
static void pop_all(struct kr_call *call, struct kr_cell *cell)
{
    struct set set = value_of(cell);
    uint64_t count = value_count(&set);

    call->reply->ops->open(call->reply, KR_SET, count);
    value_reply_all(call->reply, &set);
    if (kr_journal->armed()) {
        struct kr_str words[] = {KR_STR("DEL"), call->argv[1]};

        kr_journal->instead(call, KR_COUNT(words), words);
    }
    kr_keyspace->erase(cell, true);
    value_changed_by(call, KR_STR("spop"), count);
    kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_GENERIC,
                        KR_STR("del"));
}

/* `count` members; there are more of them. */
static void pop_some(struct kr_call *call, struct kr_cell *cell, uint64_t count)
{
    struct set set = value_of(cell);
    uint64_t stay = value_count(&set) - count;
    struct pops pops;

    call->reply->ops->open(call->reply, KR_SET, count);
    pops_init(&pops, call);
    if (set.form != SET_TABLE) {
        uint32_t *numbers = random_numbers(&set, count);

        if (set.form == SET_INTSET)
            pop_intset(cell, numbers, count, &pops);
        else
            pop_listpack(cell, numbers, count, &pops);
        kr_memory->free(set_self, numbers);
    } else if (stay * POPS_KEEP > count) {
        pop_table(&set, count, &pops);
    } else {
        pop_table_but(call, cell, stay, &pops);
    }
    pops_fini(&pops);
    value_changed_by(call, KR_STR("spop"), count);
}

static void pop_many(struct kr_call *call)
{
    struct kr_cell cell;
    struct set set;
    int64_t count;
    bool wrong;

    if (!kr_arg_int64_in(call, 2, 0, INT64_MAX, &count,
                         "ERR value is out of range, must be positive"))
        return;
    if (!value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            call->reply->ops->open(call->reply, KR_SET, 0);
        return;
    }
    set = value_of(&cell);
    if (count == 0)
        call->reply->ops->open(call->reply, KR_SET, 0);
    else if ((uint64_t)count >= value_count(&set))
        pop_all(call, &cell);
    else
        pop_some(call, &cell, (uint64_t)count);
}

void set_spop(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (call->argc == 3)
        pop_many(call);
    else if (call->argc > 3)
        kr_refuse_syntax(call);
    else if (value_find(call, KR_FIND_WRITE, &cell, &wrong))
        pop_one(call, &cell);
    else if (!wrong)
        kr_reply_null(call->reply);
}
