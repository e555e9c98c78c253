/* SPDX-License-Identifier: BSD-3-Clause */
#include "gather.h"

#include <kr/codec.h>
#include <kr/memory.h>

#include "../compact/intset.h"
#include "../structure/item.h"

#define GATHER_INTSET_ROOM 136u /* bytes to begin with: 16 wide numbers */
#define GATHER_RESERVE     (UINT64_C(1) << 16) /* members, of what is claimed */

void gather_init(struct gather *gather, enum set_form form, uint64_t expected)
{
    *gather = (struct gather){
        .form = form, .size = LISTPACK_EMPTY, .expected = expected};
    gather->room = GATHER_INTSET_ROOM;
    gather->intset = kr_memory->alloc(set_self, gather->room);
    intset_init(gather->intset);
}

void gather_fini(struct gather *gather)
{
    kr_memory->free(set_self, gather->intset);
    if (gather->table) {
        htable_clear_step(gather->table, &set_host, SIZE_MAX, value_free_item,
                          NULL);
        kr_memory->free(set_self, gather->table);
    }
    *gather = (struct gather){.table = NULL};
}

uint64_t gather_count(const struct gather *gather)
{
    return gather->table ? htable_count(gather->table)
                         : intset_count(gather->intset);
}

struct set gather_view(const struct gather *gather)
{
    struct set set = {.form = SET_INTSET, .packed = gather->intset};

    if (gather->table) {
        set.form = SET_TABLE;
        set.table = gather->table;
    }
    return set;
}

/* --- The form ------------------------------------------------------------ */

/* One more member, which is new. */
static void gather_note(struct gather *gather, struct member *member)
{
    uint64_t seen = gather->seen++;

    if (gather->form == SET_INTSET) {
        if (member_is_number(member) && seen < value_intset_max())
            return;
        gather->form = member_is_number(member) ? SET_TABLE : SET_LISTPACK;
        gather->size += (size_t)seen * LISTPACK_TEXT;
        if (seen > 0 && set_max_listpack_value < (int64_t)LISTPACK_TEXT)
            gather->form = SET_TABLE;
    }
    if (gather->form != SET_LISTPACK)
        return;
    if (!value_fits_listpack(seen, gather->size, member))
        gather->form = SET_TABLE;
    gather->size += member_bytes(member).size + LISTPACK_TEXT;
}

void gather_note_batch(struct gather *gather, struct set_walk *walk)
{
    gather->noted = true;
    for (uint32_t i = 0; i < walk->count && gather->form != SET_TABLE; i++)
        gather_note(gather, &walk->member[i]);
}

/* --- Adding -------------------------------------------------------------- */

/* The numbers become items. */
static void gather_open_table(struct gather *gather)
{
    struct set set = gather_view(gather);
    uint64_t count =
        gather->expected < GATHER_RESERVE ? gather->expected : GATHER_RESERVE;
    struct set_walk walk;

    gather->table = value_new_table(count);
    value_walk(&set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            value_insert_new(gather->table, &walk.member[i]);
    kr_memory->free(set_self, gather->intset);
    gather->intset = NULL;
}

static void gather_insert_number(struct gather *gather, size_t place,
                                 int64_t number)
{
    size_t need = intset_size_for(gather->intset, number);

    if (need > gather->room) {
        gather->room = 2 * need;
        gather->intset =
            kr_memory->realloc(set_self, gather->intset, gather->room);
    }
    intset_insert(gather->intset, place, number);
}

bool gather_add(struct gather *gather, struct member *member, bool fresh)
{
    size_t place;

    if (gather->table) {
        if (!fresh && htable_find(gather->table, member_bytes(member),
                                  member_hash(member), NULL))
            return false;
    } else if (member_is_number(member) &&
               intset_find(gather->intset, member->number, &place)) {
        return false;
    }
    if (!gather->noted && gather->form != SET_TABLE)
        gather_note(gather, member);
    if (!gather->table && gather->form == SET_INTSET) {
        gather_insert_number(gather, place, member->number);
        return true;
    }
    if (!gather->table)
        gather_open_table(gather);
    value_insert_new(gather->table, member);
    return true;
}

void gather_add_batch(struct gather *gather, struct set_walk *walk, bool fresh)
{
    if (gather->table)
        value_prefetch(gather->table, walk->member, walk->count);
    for (uint32_t i = 0; i < walk->count; i++)
        gather_add(gather, &walk->member[i], fresh);
}

/* --- The result ---------------------------------------------------------- */

/* Sum of the entries' sizes. */
static bool gather_measure(struct item *item, void *ctx)
{
    struct listpack_element element = listpack_element(item_key(item));

    *(size_t *)ctx += element.size;
    return true;
}

static bool gather_append(struct item *item, void *ctx)
{
    struct listpack_element element = listpack_element(item_key(item));

    listpack_append(ctx, &element, 1);
    return true;
}

/* No more members come: put what is there into the place that its form has, and
 * answer its bytes, 0 for a table.  It may be an intset still when those that
 * made another form of it were only noted, or have gone. */
static size_t gather_settle(struct gather *gather)
{
    size_t size = LISTPACK_EMPTY;

    if (gather->form == SET_INTSET)
        return intset_size(gather->intset);
    if (!gather->table)
        gather_open_table(gather);
    if (gather->form == SET_TABLE)
        return 0;
    htable_each(gather->table, &set_host, gather_measure, &size);
    return size;
}

static struct htable *gather_take(struct gather *gather)
{
    struct htable *table = gather->table;

    gather->table = NULL;
    return table;
}

void gather_store(struct gather *gather, kr_db *db, struct kr_str key,
                  uint32_t how, struct kr_cell *cell)
{
    size_t size = gather_settle(gather);

    switch (gather->form) {
    case SET_INTSET:
        memcpy(packed_put_key_intset(set_self, db, key, set_slot, SET_INTSET,
                                     how, size, cell),
               gather->intset, size);
        break;
    case SET_LISTPACK:
        htable_each(gather->table, &set_host, gather_append,
                    packed_put_key(set_self, db, key, set_slot, SET_LISTPACK,
                                   how, size, cell));
        break;
    case SET_TABLE:
        kr_keyspace->put_key(db, key, set_slot, SET_TABLE, how | KR_PUT_BOXED,
                             0, cell);
        kr_cell_set_box(cell, value_box(gather_take(gather)));
        break;
    }
    gather_fini(gather);
}

/* Few are copied into the reader's room. */
static bool gather_load_intset(struct gather *gather, kr_reader *in,
                               size_t size, struct kr_value *value)
{
    struct kr_str bytes = kr_str(gather->intset, size);

    if (size <= KR_INLINE_MAX) {
        bytes.data = kr_codec->read_room(in, size);
        if (!bytes.data)
            return false;
        memcpy((char *)(uintptr_t)bytes.data, gather->intset, size);
    }
    return packed_load_intset(set_self, bytes, SET_INTSET, value);
}

static bool gather_load_listpack(struct gather *gather, kr_reader *in,
                                 size_t size, struct kr_value *value)
{
    void *listpack = kr_memory->alloc(set_self, size);

    listpack_init(listpack);
    htable_each(gather->table, &set_host, gather_append, listpack);
    return packed_adopt(set_self, in, listpack, SET_LISTPACK, value);
}

bool gather_load(struct gather *gather, kr_reader *in, struct kr_value *value)
{
    size_t size = gather_settle(gather);
    bool fine = true;

    switch (gather->form) {
    case SET_INTSET:
        fine = gather_load_intset(gather, in, size, value);
        break;
    case SET_LISTPACK:
        fine = gather_load_listpack(gather, in, size, value);
        break;
    case SET_TABLE:
        value->meta = SET_TABLE;
        value->boxed = true;
        value->box = value_box(gather_take(gather));
        break;
    }
    gather_fini(gather);
    return fine;
}
