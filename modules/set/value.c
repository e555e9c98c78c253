/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include <kr/memory.h>

#include "../compact/intset.h"
#include "../structure/item.h"

#define VALUE_NEAR 8u /* numbers that a merge steps over, one by one */

/* --- Read ---------------------------------------------------------------- */

uint64_t value_count(const struct set *set)
{
    switch (set->form) {
    case SET_INTSET:
        return intset_count(set->packed);
    case SET_LISTPACK:
        return listpack_count(set->packed);
    case SET_TABLE:
        break;
    }
    return htable_count(set->table);
}

static size_t value_find_packed(const void *listpack, struct member *member)
{
    struct listpack_element element = member_element(member);

    return listpack_find(listpack, listpack_first(listpack), &element, 0);
}

bool value_has(const struct set *set, struct member *member)
{
    size_t place;

    switch (set->form) {
    case SET_INTSET:
        return member_is_number(member) &&
               intset_find(set->packed, member->number, &place);
    case SET_LISTPACK:
        return value_find_packed(set->packed, member) != 0;
    case SET_TABLE:
        break;
    }
    return htable_find(set->table, member_bytes(member), member_hash(member),
                       NULL) != NULL;
}

void value_prefetch(const struct htable *table, struct member *members,
                    uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        htable_prefetch_bucket(table, member_hash(&members[i]));
    for (uint32_t i = 0; i < count; i++)
        htable_prefetch_item(table, members[i].hash);
}

/* Is the number at index *at or soon after it?  *at moves on; answers false
 * where a search by halves is needed to tell. */
static bool value_is_near(const void *intset, size_t all, int64_t number,
                          size_t *at)
{
    size_t end = *at + VALUE_NEAR < all ? *at + VALUE_NEAR : all;

    if (*at > 0 && intset_get(intset, *at - 1) >= number)
        return false;
    while (*at < end && intset_get(intset, *at) < number)
        (*at)++;
    return *at < end || end == all;
}

/* The numbers of another intset ascend as these do: the two are merged. */
static uint32_t value_has_numbers(const void *intset, struct member *members,
                                  uint32_t count)
{
    size_t all = intset_count(intset), at = 0;
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++) {
        int64_t number;

        if (!member_is_number(&members[i]))
            continue;
        number = members[i].number;
        if (i == 0 || !value_is_near(intset, all, number, &at))
            found |= (uint32_t)intset_find(intset, number, &at) << i;
        else if (at < all && intset_get(intset, at) == number)
            found |= UINT32_C(1) << i;
    }
    return found;
}

uint32_t value_has_batch(const struct set *set, struct member *members,
                         uint32_t count)
{
    uint32_t found = 0;

    if (set->form == SET_INTSET)
        return value_has_numbers(set->packed, members, count);
    if (set->form == SET_TABLE && count > 1)
        value_prefetch(set->table, members, count);
    for (uint32_t i = 0; i < count; i++)
        found |= (uint32_t)value_has(set, &members[i]) << i;
    return found;
}

/* --- Walking ------------------------------------------------------------- */

void value_walk(const struct set *set, struct set_walk *walk)
{
    walk->set = *set;
    walk->place = set->form == SET_LISTPACK ? listpack_first(set->packed) : 0;
    walk->with = NULL;
    walk->count = 0;
}

bool value_walk_common(const struct set *set, const struct set *other,
                       struct set_walk *walk)
{
    value_walk(set, walk);
    if (set->form == SET_TABLE && other->form == SET_TABLE &&
        join_pays(set->table, other->table))
        walk->with = other->table;
    return walk->with != NULL;
}

static uint32_t walk_intset(struct set_walk *walk)
{
    int64_t numbers[VALUE_BATCH];
    size_t count = intset_batch(walk->set.packed, (size_t)walk->place, numbers,
                                VALUE_BATCH);

    for (size_t i = 0; i < count; i++)
        member_set_number(&walk->member[i], numbers[i]);
    walk->place += count;
    return (uint32_t)count;
}

static uint32_t walk_listpack(struct set_walk *walk)
{
    struct listpack_item items[VALUE_BATCH];
    size_t at = (size_t)walk->place;
    size_t count = listpack_items(walk->set.packed, &at, items, VALUE_BATCH);

    for (size_t i = 0; i < count; i++)
        member_set_item(&walk->member[i], &items[i]);
    walk->place = at;
    return (uint32_t)count;
}

static uint32_t walk_table(struct set_walk *walk)
{
    struct item *items[VALUE_BATCH];
    size_t count = walk->with ? join_batch(walk->set.table, walk->with,
                                           &walk->place, items, VALUE_BATCH)
                              : htable_batch(walk->set.table, &walk->place,
                                             items, VALUE_BATCH);

    for (size_t i = 0; i < count; i++)
        member_set(&walk->member[i], item_key(items[i]));
    return (uint32_t)count;
}

bool value_next(struct set_walk *walk)
{
    switch (walk->set.form) {
    case SET_INTSET:
        walk->count = walk_intset(walk);
        break;
    case SET_LISTPACK:
        walk->count = walk->place != 0 ? walk_listpack(walk) : 0;
        break;
    case SET_TABLE:
        walk->count = walk_table(walk);
        break;
    }
    return walk->count > 0;
}

/* --- Replying ------------------------------------------------------------ */

static bool value_reply_item(struct item *item, void *ctx)
{
    kr_reply_bulk(ctx, item_key(item));
    return true;
}

void value_reply_all(struct kr_reply *reply, const struct set *set)
{
    struct set_walk walk;

    if (set->form == SET_TABLE) {
        htable_each(set->table, &set_host, value_reply_item, reply);
        return;
    }
    value_walk(set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            value_reply(reply, &walk.member[i]);
}

/* --- Which form ---------------------------------------------------------- */

uint64_t value_intset_max(void)
{
    const uint64_t most = UINT64_C(1) << 30; /* as Redis */

    return (uint64_t)set_max_intset_entries < most
               ? (uint64_t)set_max_intset_entries
               : most;
}

enum set_form value_form(struct member *first, uint64_t count)
{
    if (count <= (uint64_t)set_max_intset_entries && member_is_number(first))
        return SET_INTSET;
    if (count <= (uint64_t)set_max_listpack_entries)
        return SET_LISTPACK;
    return SET_TABLE;
}

bool value_fits_listpack(uint64_t count, size_t size, struct member *member)
{
    return count < (uint64_t)set_max_listpack_entries &&
           member_bytes(member).size <= (uint64_t)set_max_listpack_value &&
           size + member->bytes.size + 16 <= LISTPACK_SIZE_MAX;
}

/* --- Conversions --------------------------------------------------------- */

struct htable *value_new_table(uint64_t count)
{
    struct htable *table = kr_memory->calloc(set_self, 1, sizeof(*table));

    htable_reserve(table, &set_host, count);
    return table;
}

void value_insert_new(struct htable *table, struct member *member)
{
    struct item *item = item_new(&set_host, member_bytes(member), 0);

    htable_insert(table, &set_host, member_hash(member), item);
}

bool value_free_item(struct item *item, void *ctx)
{
    (void)ctx;
    kr_memory->free(set_self, item);
    return true;
}

void value_convert_to_table(struct kr_cell *cell)
{
    struct set set = value_of(cell);
    struct htable *table;
    struct set_walk walk;

    if (set.form == SET_TABLE)
        return;
    table = value_new_table(value_count(&set) + 1);
    value_walk(&set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            value_insert_new(table, &walk.member[i]);
    packed_replace(set_self, cell, value_box(table));
    kr_keyspace->set_meta(cell, SET_TABLE);
}

/* Bytes of an intset's values as a listpack; at most so much. */
static size_t intset_as_listpack(const void *intset)
{
    struct listpack_element low = listpack_number(intset_min(intset));
    struct listpack_element high = listpack_number(intset_max(intset));
    size_t widest = low.size > high.size ? low.size : high.size;

    return LISTPACK_EMPTY + intset_count(intset) * widest;
}

/* Digits, and a sign, of the longest value. */
static size_t intset_longest(const void *intset)
{
    char text[LISTPACK_TEXT];
    size_t low = listpack_number_text(intset_min(intset), text);
    size_t high = listpack_number_text(intset_max(intset), text);

    return low > high ? low : high;
}

static void value_convert_to_listpack(struct kr_cell *cell)
{
    struct set set = value_of(cell);
    void *listpack = kr_memory->alloc(set_self, intset_as_listpack(set.packed));
    struct set_walk walk;

    listpack_init(listpack);
    value_walk(&set, &walk);
    while (value_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct listpack_element element = member_element(&walk.member[i]);

            listpack_append(listpack, &element, 1);
        }
    }
    packed_write(set_self, cell, listpack);
    kr_keyspace->set_meta(cell, SET_LISTPACK);
    kr_memory->free(set_self, listpack);
}

/* An intset is about to get a member that is no number, or one too many. */
static void value_leave_intset(struct kr_cell *cell, struct member *member)
{
    const void *intset = packed_intset(cell);
    size_t count = intset_count(intset);

    if (!member_is_number(member) &&
        (count == 0 ||
         intset_longest(intset) <= (uint64_t)set_max_listpack_value) &&
        value_fits_listpack(count, count ? intset_as_listpack(intset) : 0,
                            member))
        value_convert_to_listpack(cell);
    else
        value_convert_to_table(cell);
}

/* --- Making -------------------------------------------------------------- */

static void value_create_intset(struct kr_call *call, uint32_t arg,
                                int64_t number, struct kr_cell *cell)
{
    uint64_t room[2];
    void *intset = room;
    size_t size;

    intset_init(intset);
    size = intset_size_for(intset, number);
    intset_insert(intset, 0, number);
    memcpy(packed_put_intset(set_self, call, arg, set_slot, SET_INTSET, size,
                             cell),
           intset, size);
}

static void value_create_listpack(struct kr_call *call, uint32_t arg,
                                  struct member *first, struct kr_cell *cell)
{
    struct listpack_element element = member_element(first);
    void *listpack = packed_put(set_self, call, arg, set_slot, SET_LISTPACK, 0,
                                LISTPACK_EMPTY + element.size, cell);

    listpack_append(listpack, &element, 1);
}

void value_create(struct kr_call *call, uint32_t arg, enum set_form form,
                  struct member *first, struct kr_cell *cell)
{
    struct htable *table;

    if (form == SET_INTSET && value_intset_max() > 0) {
        value_create_intset(call, arg, first->number, cell);
        return;
    }
    if (form != SET_TABLE && value_fits_listpack(0, 0, first)) {
        value_create_listpack(call, arg, first, cell);
        return;
    }
    table = value_new_table(1);
    value_insert_new(table, first);
    kr_keyspace->put(call, arg, set_slot, SET_TABLE, KR_PUT_BOXED, 0, cell);
    kr_cell_set_box(cell, value_box(table));
}

/* --- Adding -------------------------------------------------------------- */

/* Bytes of a set that is no table. */
static size_t value_size(const struct kr_cell *cell)
{
    return cell->meta == SET_INTSET ? intset_size(packed_intset(cell))
                                    : listpack_size(packed_bytes(cell));
}

static void *value_resize(struct kr_cell *cell, size_t size)
{
    return cell->meta == SET_INTSET ? packed_resize_intset(set_self, cell, size)
                                    : packed_resize(set_self, cell, size);
}

/* Room for `size` bytes, if it is not there already. */
static void *value_room(struct kr_cell *cell, size_t size)
{
    if (!cell->boxed && size <= cell->length)
        return value_of(cell).packed;
    return value_resize(cell, size);
}

static bool value_add_number(struct kr_cell *cell, struct member *member)
{
    void *intset = packed_intset(cell);
    size_t place;

    if (intset_find(intset, member->number, &place))
        return false;
    if (intset_count(intset) >= value_intset_max()) {
        value_leave_intset(cell, member);
        return value_add(cell, member);
    }
    intset = value_room(cell, intset_size_for(intset, member->number));
    intset_insert(intset, place, member->number);
    return true;
}

static bool value_add_packed(struct kr_cell *cell, struct member *member)
{
    struct listpack_element element = member_element(member);
    void *listpack = packed_bytes(cell);
    size_t size = listpack_size(listpack);

    if (listpack_find(listpack, listpack_first(listpack), &element, 0) != 0)
        return false;
    if (!value_fits_listpack(listpack_count(listpack), size, member)) {
        value_convert_to_table(cell);
        value_insert_new(value_table(kr_cell_box(cell)), member);
        return true;
    }
    listpack_append(value_room(cell, size + element.size), &element, 1);
    return true;
}

bool value_add(struct kr_cell *cell, struct member *member)
{
    struct htable *table;

    switch ((enum set_form)cell->meta) {
    case SET_INTSET:
        if (member_is_number(member))
            return value_add_number(cell, member);
        value_leave_intset(cell, member);
        return value_add(cell, member);
    case SET_LISTPACK:
        return value_add_packed(cell, member);
    case SET_TABLE:
        break;
    }
    table = value_table(kr_cell_box(cell));
    if (htable_find(table, member_bytes(member), member_hash(member), NULL))
        return false;
    value_insert_new(table, member);
    return true;
}

/* Bytes that the set takes when all of these are added, at most. */
static size_t value_room_for(const struct kr_cell *cell,
                             const struct kr_str *members, uint32_t count)
{
    size_t size = value_size(cell);

    for (uint32_t i = 0; i < count; i++)
        size += members[i].size + 6; /* head and backlength of a short one */
    return size;
}

/* A packed set gets the room for all at once, and gives back what is left. */
static uint64_t value_add_all_packed(struct kr_cell *cell,
                                     const struct kr_str *members,
                                     uint32_t count, uint32_t *done)
{
    size_t room = value_room_for(cell, members, count);
    uint64_t added = 0;
    uint32_t i;

    if (count > 1 && room <= KR_INLINE_MAX)
        value_resize(cell, room);
    for (i = 0; i < count && cell->meta != SET_TABLE; i++) {
        struct member member;

        member_set(&member, members[i]);
        added += value_add(cell, &member);
    }
    if (count > 1 && cell->meta != SET_TABLE)
        value_resize(cell, value_size(cell));
    *done = i;
    return added;
}

uint64_t value_add_all(struct kr_cell *cell, const struct kr_str *members,
                       uint32_t count)
{
    uint32_t at = 0;
    uint64_t added = 0;

    if (cell->meta != SET_TABLE)
        added = value_add_all_packed(cell, members, count, &at);
    while (at < count) {
        struct member batch[VALUE_BATCH];
        uint32_t n = count - at < VALUE_BATCH ? count - at : VALUE_BATCH;

        for (uint32_t i = 0; i < n; i++)
            member_set(&batch[i], members[at + i]);
        if (n > 1)
            value_prefetch(value_table(kr_cell_box(cell)), batch, n);
        for (uint32_t i = 0; i < n; i++)
            added += value_add(cell, &batch[i]);
        at += n;
    }
    return added;
}

/* --- Removing ------------------------------------------------------------ */

static bool value_remove_number(struct kr_cell *cell, struct member *member)
{
    void *intset = packed_intset(cell);
    size_t place;

    if (!member_is_number(member) ||
        !intset_find(intset, member->number, &place))
        return false;
    intset_delete(intset, place);
    packed_resize_intset(set_self, cell, intset_size(intset));
    return true;
}

static bool value_remove_packed(struct kr_cell *cell, struct member *member)
{
    void *listpack = packed_bytes(cell);
    size_t at = value_find_packed(listpack, member);

    if (at == 0)
        return false;
    listpack_delete(listpack, at, 1);
    packed_resize(set_self, cell, listpack_size(listpack));
    return true;
}

bool value_remove(struct kr_cell *cell, struct member *member)
{
    struct htable_place at;
    struct htable *table;
    struct item *item;

    switch ((enum set_form)cell->meta) {
    case SET_INTSET:
        return value_remove_number(cell, member);
    case SET_LISTPACK:
        return value_remove_packed(cell, member);
    case SET_TABLE:
        break;
    }
    table = value_table(kr_cell_box(cell));
    item = htable_find(table, member_bytes(member), member_hash(member), &at);
    if (!item)
        return false;
    htable_erase(table, &set_host, member->hash, &at);
    kr_memory->free(set_self, item);
    return true;
}
