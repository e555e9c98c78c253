/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include "module.h"

#include <kr/memory.h>

#define VALUE_BATCH 32 /* elements of a listpack that are read at once */

uint16_t value_type;
int64_t value_max_entries;
int64_t value_max_bytes;

/* --- Read ---------------------------------------------------------------- */

/* The time of the record at `at` of a TIMED listpack. */
static int64_t record_time(const void *listpack, size_t at)
{
    struct listpack_item time;

    at = listpack_next(listpack, listpack_next(listpack, at));
    listpack_get(listpack, at, &time);
    return time.number == 0 ? VALUE_NEVER : time.number;
}

size_t value_first(const void *listpack, uint8_t meta, int64_t now_ms)
{
    size_t at = listpack_first(listpack);

    if (KR_LIKELY(meta == VALUE_PACKED))
        return at;
    while (at != 0 && record_time(listpack, at) < now_ms)
        for (int i = 0; i < 3; i++)
            at = listpack_next(listpack, at);
    return at;
}

/* How many records of a TIMED listpack are over. */
static uint64_t value_over(const void *listpack, int64_t now_ms)
{
    size_t live = value_first(listpack, VALUE_TIMED, now_ms);
    size_t at = listpack_first(listpack);
    uint64_t entries = 0;

    for (; at != live; at = listpack_next(listpack, at))
        entries++;
    return entries / 3;
}

uint64_t value_total(const struct kr_peek *value)
{
    if (value->meta == VALUE_TABLE)
        return fields_count(value_peek_fields(value));
    return listpack_count(packed_peek(value)) / value_width(value->meta);
}

uint64_t value_count(const struct kr_cell *cell, int64_t now_ms)
{
    struct kr_peek peek = kr_cell_peek(cell);
    uint64_t total = value_total(&peek);

    if (cell->meta == VALUE_TABLE)
        return total - fields_expired(value_fields(cell), now_ms);
    if (cell->meta == VALUE_TIMED)
        return total - value_over(packed_bytes(cell), now_ms);
    return total;
}

int64_t value_earliest(const struct kr_peek *value)
{
    const void *listpack = packed_peek(value);
    size_t first;

    if (KR_LIKELY(value->meta == VALUE_PACKED))
        return VALUE_NEVER;
    if (value->meta == VALUE_TABLE)
        return fields_earliest(value_peek_fields(value));
    first = listpack_first(listpack);
    return first == 0 ? VALUE_NEVER : record_time(listpack, first);
}

static void value_of_item(const struct item *item, struct listpack_item *value)
{
    value->bytes = fields_value(item);
    value->is_number = false;
}

bool value_get(const struct kr_cell *cell, struct kr_str field, int64_t now_ms,
               struct listpack_item *value)
{
    struct listpack_element wanted;
    struct fields_place place;
    const void *listpack;
    size_t at;

    if (cell->meta == VALUE_TABLE) {
        if (!fields_seek(value_fields(cell), &hash_host, field, &place) ||
            fields_time(place.item) < now_ms)
            return false;
        value_of_item(place.item, value);
        return true;
    }
    listpack = packed_bytes(cell);
    wanted = listpack_element(field);
    at = value_first(listpack, cell->meta, now_ms);
    at = listpack_find(listpack, at, &wanted, value_width(cell->meta) - 1);
    if (at == 0)
        return false;
    listpack_get(listpack, listpack_next(listpack, at), value);
    return true;
}

/* --- Every field --------------------------------------------------------- */

struct visit {
    value_pair_fn each;
    void *ctx;
    int64_t now_ms;
};

static bool visit_item(struct item *item, void *ctx)
{
    const struct visit *visit = ctx;
    struct value_pair pair = {.time_ms = fields_time(item)};

    if (pair.time_ms < visit->now_ms)
        return true;
    pair.field.bytes = item_key(item);
    value_of_item(item, &pair.value);
    visit->each(&pair, visit->ctx);
    return true;
}

static void visit_packed(const struct visit *visit, const void *listpack,
                         uint8_t meta)
{
    size_t at = value_first(listpack, meta, visit->now_ms);
    size_t width = value_width(meta);
    size_t room = VALUE_BATCH - VALUE_BATCH % width, count;
    struct listpack_item items[VALUE_BATCH];

    while ((count = listpack_items(listpack, &at, items, room)) != 0) {
        for (size_t i = 0; i < count; i += width) {
            struct value_pair pair = {items[i], items[i + 1], VALUE_NEVER};

            if (width == 3 && items[i + 2].number != 0)
                pair.time_ms = items[i + 2].number;
            visit->each(&pair, visit->ctx);
        }
    }
}

void value_each(const struct kr_peek *value, int64_t now_ms, value_pair_fn each,
                void *ctx)
{
    struct visit visit = {each, ctx, now_ms};

    if (value->meta == VALUE_TABLE)
        htable_each(&value_peek_fields(value)->table, &hash_host, visit_item,
                    &visit);
    else
        visit_packed(&visit, packed_peek(value), value->meta);
}

/* --- One field ----------------------------------------------------------- */

bool value_seek(const struct kr_cell *cell, struct kr_str field,
                struct value_place *place)
{
    struct listpack_element wanted;
    const void *listpack;

    if (cell->meta == VALUE_TABLE)
        return fields_seek(value_fields(cell), &hash_host, field, &place->in);
    wanted = listpack_element(field);
    listpack = packed_bytes(cell);
    place->at = listpack_find(listpack, listpack_first(listpack), &wanted,
                              value_width(cell->meta) - 1);
    return place->at != 0;
}

void value_read(const struct kr_cell *cell, const struct value_place *place,
                struct listpack_item *value)
{
    const void *listpack;

    if (cell->meta == VALUE_TABLE) {
        value_of_item(place->in.item, value);
        return;
    }
    listpack = packed_bytes(cell);
    listpack_get(listpack, listpack_next(listpack, place->at), value);
}

int64_t value_time(const struct kr_cell *cell, const struct value_place *place)
{
    if (cell->meta == VALUE_PACKED)
        return VALUE_NEVER;
    if (cell->meta == VALUE_TABLE)
        return fields_time(place->in.item);
    return record_time(packed_bytes(cell), place->at);
}

/* Insert a record before `at`; 0: at the end.  Answers where it is. */
static size_t packed_insert(struct kr_cell *cell, size_t at,
                            const struct listpack_element *record)
{
    size_t width = value_width(cell->meta);
    size_t size = listpack_size(packed_bytes(cell));
    void *listpack = packed_resize(
        hash_self, cell, size + listpack_elements_size(record, width));

    if (at == 0)
        at = listpack_end(listpack);
    listpack_insert(listpack, at, record, width);
    return at;
}

static void packed_delete(struct kr_cell *cell, size_t at)
{
    void *listpack = packed_bytes(cell);

    listpack_delete(listpack, at, value_width(cell->meta));
    packed_resize(hash_self, cell, listpack_size(listpack));
}

static void packed_rewrite(struct kr_cell *cell, size_t at,
                           const struct listpack_element *value)
{
    void *listpack = packed_bytes(cell);
    size_t old, size;

    at = listpack_next(listpack, at);
    old = listpack_entry_size(listpack, at);
    size = listpack_size(listpack) - old + value->size;
    if (value->size > old)
        listpack = packed_resize(hash_self, cell, size);
    listpack_replace(listpack, at, value);
    if (value->size < old)
        packed_resize(hash_self, cell, size);
}

/* Would so many bytes more, or such a string, be too much for a listpack? */
static bool packed_refuses(const struct kr_cell *cell, struct kr_str word,
                           size_t more)
{
    return (uint64_t)word.size > (uint64_t)value_max_bytes ||
           listpack_size(packed_bytes(cell)) + more > LISTPACK_SIZE_MAX;
}

static bool packed_is_full(const struct kr_cell *cell)
{
    return listpack_count(packed_bytes(cell)) / value_width(cell->meta) >
           (uint64_t)value_max_entries;
}

void value_add(struct kr_cell *cell, struct value_place *place,
               struct kr_str field, struct kr_str value)
{
    struct listpack_element record[3];

    if (cell->meta != VALUE_TABLE) {
        record[0] = listpack_element(field);
        record[1] = listpack_element(value);
        record[2] = listpack_number(0);
        if (!packed_refuses(cell, field, listpack_elements_size(record, 3)) &&
            !packed_refuses(cell, value, 0)) {
            place->at = packed_insert(cell, 0, record);
            if (KR_UNLIKELY(packed_is_full(cell)))
                value_unpack(cell);
            return;
        }
        value_unpack(cell);
        value_seek(cell, field, place);
    }
    fields_add(value_fields(cell), &hash_host, &place->in, field, value,
               VALUE_NEVER);
}

void value_write(struct kr_cell *cell, struct value_place *place,
                 struct kr_str field, struct kr_str value)
{
    if (cell->meta != VALUE_TABLE) {
        struct listpack_element element = listpack_element(value);

        if (!packed_refuses(cell, field, element.size) &&
            !packed_refuses(cell, value, 0)) {
            packed_rewrite(cell, place->at, &element);
            if (KR_UNLIKELY(packed_is_full(cell))) /* the limit is new */
                value_unpack(cell);
            return;
        }
        value_unpack(cell);
        value_seek(cell, field, place);
    }
    fields_set_value(value_fields(cell), &hash_host, &place->in, value);
}

void value_delete(struct kr_cell *cell, struct value_place *place)
{
    if (cell->meta == VALUE_TABLE)
        fields_remove(value_fields(cell), &hash_host, &place->in);
    else
        packed_delete(cell, place->at);
}

bool value_set(struct kr_cell *cell, struct kr_str field, struct kr_str value)
{
    struct value_place place;

    if (!value_seek(cell, field, &place)) {
        value_add(cell, &place, field, value);
        return true;
    }
    if (KR_UNLIKELY(value_time(cell, &place) != VALUE_NEVER))
        value_set_time(cell, &place, field, VALUE_NEVER);
    value_write(cell, &place, field, value);
    return false;
}

/* --- Its time ------------------------------------------------------------ */

/* Where a record with this time goes; 0: to the end. */
static size_t timed_place(const void *listpack, int64_t time_ms)
{
    size_t at = listpack_first(listpack);

    if (time_ms == VALUE_NEVER)
        return 0;
    while (at != 0 && record_time(listpack, at) <= time_ms)
        for (int i = 0; i < 3; i++)
            at = listpack_next(listpack, at);
    return at;
}

/* From pairs to records with a time, 0. */
static void packed_make_timed(struct kr_cell *cell)
{
    const void *pairs = packed_bytes(cell);
    size_t size =
        listpack_size(pairs) + listpack_count(pairs) / 2 * LISTPACK_ENTRY_MIN;
    uint8_t *records = kr_memory->alloc(hash_self, size);
    struct listpack_element record[3] = {[2] = listpack_number(0)};
    size_t at = listpack_first(pairs);
    struct listpack_item pair[2];

    listpack_init(records);
    while (listpack_items(pairs, &at, pair, 2) == 2) {
        record[0] = listpack_element_of(&pair[0]);
        record[1] = listpack_element_of(&pair[1]);
        listpack_append(records, record, 3);
    }
    packed_write(hash_self, cell, records);
    kr_memory->free(hash_self, records);
    kr_keyspace->set_meta(cell, VALUE_TIMED);
}

/* A copy of the strings of the record at `at`, which is about to move. */
static void *record_copy(const void *listpack, size_t at,
                         struct listpack_element *record)
{
    struct listpack_item pair[2];
    char *copy, *end;

    listpack_items(listpack, &at, pair, 2);
    copy = end = kr_memory->alloc(hash_self,
                                  pair[0].bytes.size + pair[1].bytes.size + 1);
    for (int i = 0; i < 2; i++) {
        struct kr_str *bytes = &pair[i].bytes;

        if (bytes->size != 0)
            memcpy(end, bytes->data, bytes->size);
        bytes->data = end;
        end += bytes->size;
        record[i] = listpack_element_of(&pair[i]);
    }
    return copy;
}

static void timed_set(struct kr_cell *cell, struct value_place *place,
                      int64_t time_ms)
{
    void *listpack = packed_bytes(cell);
    struct listpack_element record[3];
    void *copy = record_copy(listpack, place->at, record);

    record[2] = listpack_number(time_ms == VALUE_NEVER ? 0 : time_ms);
    listpack_delete(listpack, place->at, 3);
    place->at = packed_insert(cell, timed_place(listpack, time_ms), record);
    packed_resize(hash_self, cell, listpack_size(packed_bytes(cell)));
    kr_memory->free(hash_self, copy);
}

void value_set_time(struct kr_cell *cell, struct value_place *place,
                    struct kr_str field, int64_t time_ms)
{
    if (value_time(cell, place) == time_ms)
        return;
    if (cell->meta == VALUE_TABLE) {
        fields_set_time(value_fields(cell), &hash_host, &place->in, time_ms);
        return;
    }
    if (cell->meta == VALUE_PACKED) {
        packed_make_timed(cell);
        value_seek(cell, field, place);
    }
    timed_set(cell, place, time_ms);
}

/* --- What is over -------------------------------------------------------- */

static size_t fields_due_names(const struct fields *fields, int64_t now_ms,
                               struct kr_str *names, size_t max)
{
    struct item *items[VALUE_BATCH];
    size_t count = fields_due(fields, now_ms, items,
                              max < VALUE_BATCH ? max : VALUE_BATCH);

    for (size_t i = 0; i < count; i++)
        names[i] = item_key(items[i]);
    return count;
}

size_t value_due(const struct kr_cell *cell, int64_t now_ms,
                 struct kr_str *names, char (*texts)[LISTPACK_TEXT], size_t max)
{
    const void *listpack;
    size_t at, live, count = 0;

    if (cell->meta == VALUE_TABLE)
        return fields_due_names(value_fields(cell), now_ms, names, max);
    if (cell->meta == VALUE_PACKED)
        return 0;
    listpack = packed_bytes(cell);
    live = value_first(listpack, VALUE_TIMED, now_ms);
    at = listpack_first(listpack);
    for (; at != live && count < max; count++) {
        names[count] = listpack_bytes(listpack, at, texts[count]);
        for (int i = 0; i < 3; i++)
            at = listpack_next(listpack, at);
    }
    return count;
}

void value_delete_due(struct kr_cell *cell, const struct kr_str *names,
                      size_t count)
{
    struct fields_place place;
    void *listpack;

    if (cell->meta != VALUE_TABLE) {
        listpack = packed_bytes(cell);
        listpack_delete(listpack, listpack_first(listpack), 3 * count);
        packed_resize(hash_self, cell, listpack_size(listpack));
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (fields_seek(value_fields(cell), &hash_host, names[i], &place))
            fields_remove(value_fields(cell), &hash_host, &place);
}

/* --- Many ---------------------------------------------------------------- */

bool value_is_short(const struct kr_str *words, uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < count; i++) {
        if ((uint64_t)words[i].size > (uint64_t)value_max_bytes)
            return false;
        sum += words[i].size;
    }
    return sum <= LISTPACK_SIZE_MAX / 2;
}

static void unpack_pair(const struct value_pair *pair, void *ctx)
{
    char texts[2][LISTPACK_TEXT];
    struct fields *fields = ctx;
    struct kr_str field = listpack_item_bytes(&pair->field, texts[0]);
    struct fields_place place = {.hash = hash_host.hash(field)};

    fields_add(fields, &hash_host, &place, field,
               listpack_item_bytes(&pair->value, texts[1]), pair->time_ms);
}

struct fields *value_unpacked(const struct kr_peek *value)
{
    struct fields *fields = fields_new(&hash_host);

    value_each(value, VALUE_ALWAYS, unpack_pair, fields);
    return fields;
}

void value_unpack(struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);

    if (cell->meta == VALUE_TABLE)
        return;
    packed_replace(hash_self, cell, value_box(value_unpacked(&peek)));
    kr_keyspace->set_meta(cell, VALUE_TABLE);
}

/* How many of the pairs a listpack is begun with, and the bytes that they need
 * at most; 0: it will be a table. */
static uint64_t value_begin(const struct kr_str *pairs, uint64_t count,
                            size_t *size)
{
    *size = LISTPACK_EMPTY;
    if (!value_is_short(pairs, 2 * count))
        return 0;
    if (count > (uint64_t)value_max_entries)
        count = (uint64_t)value_max_entries;
    for (uint64_t i = 0; i < 2 * count; i++)
        *size += listpack_element(pairs[i]).size;
    return *size > LISTPACK_SIZE_MAX ? 0 : count;
}

/* Fill a fresh cell that has room for `count` pairs. */
static void packed_fill(void *listpack, const struct kr_str *pairs,
                        uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, pairs += 2) {
        struct listpack_element pair[2] = {listpack_element(pairs[0]),
                                           listpack_element(pairs[1])};
        size_t at = listpack_find(listpack, listpack_first(listpack), pair, 1);

        if (KR_LIKELY(at == 0))
            listpack_append(listpack, pair, 2);
        else
            listpack_replace(listpack, listpack_next(listpack, at), &pair[1]);
    }
}

static uint64_t value_fill(struct kr_cell *cell, uint64_t packed,
                           const struct kr_str *pairs, uint64_t count)
{
    uint64_t fields;

    if (packed == 0) {
        kr_cell_set_box(cell, value_box(fields_new(&hash_host)));
        fields = 0;
    } else {
        void *listpack = packed_bytes(cell);

        packed_fill(listpack, pairs, packed);
        packed_resize(hash_self, cell, listpack_size(listpack));
        fields = listpack_count(packed_bytes(cell)) / 2;
    }
    for (uint64_t i = packed; i < count; i++)
        fields += value_set(cell, pairs[2 * i], pairs[2 * i + 1]);
    return fields;
}

uint64_t value_create(struct kr_call *call, const struct kr_str *pairs,
                      uint64_t count, struct kr_cell *cell)
{
    size_t size;
    uint64_t packed = value_begin(pairs, count, &size);

    if (packed == 0)
        kr_keyspace->put(call, 1, value_type, VALUE_TABLE, KR_PUT_BOXED, 0,
                         cell);
    else
        packed_put(hash_self, call, 1, value_type, VALUE_PACKED, 0, size, cell);
    return value_fill(cell, packed, pairs, count);
}

uint64_t value_create_key(kr_db *db, struct kr_str key,
                          const struct kr_str *pairs, uint64_t count,
                          struct kr_cell *cell)
{
    size_t size;
    uint64_t packed = value_begin(pairs, count, &size);

    if (packed == 0)
        kr_keyspace->put_key(db, key, value_type, VALUE_TABLE, KR_PUT_BOXED, 0,
                             cell);
    else
        packed_put_key(hash_self, db, key, value_type, VALUE_PACKED, 0, size,
                       cell);
    return value_fill(cell, packed, pairs, count);
}
