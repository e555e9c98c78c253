/* SPDX-License-Identifier: BSD-3-Clause */
/* type - what the host does with a set: free, measure, copy, save, load, move.
 *
 *   RDB code   bytes                                    written   read
 *   2          count, then each member as a string      yes       yes
 *   11         an intset in a string                    yes       yes
 *   20         a listpack in a string (Redis 7.2)       no        yes
 *
 * A small set of strings is written as 2, so that a Redis before 7.2 reads it;
 * it takes as many bytes. */
#include "type.h"

#include <kr/codec.h>
#include <kr/memory.h>

#include "../compact/intset.h"
#include "../structure/item.h"
#include "gather.h"
#include "value.h"

/* ORDER: numbers of the file format */
#define CODE_SET      2
#define CODE_INTSET   11
#define CODE_LISTPACK 20

#define REWRITE_BATCH 64u /* members of one SADD */

/* --- In memory ----------------------------------------------------------- */

static void type_free_table(struct htable *table)
{
    htable_clear_step(table, &set_host, SIZE_MAX, value_free_item, NULL);
    kr_memory->free(set_self, table);
}

static void type_free(void *box)
{
    if (value_is_table(box))
        type_free_table(value_table(box));
    else
        packed_free(set_self, box);
}

static size_t type_effort(const struct kr_peek *value)
{
    struct set set = value_peek(value);

    return set.form == SET_TABLE ? htable_count(set.table) + 2 : 1;
}

static size_t type_count(const struct kr_peek *value)
{
    struct set set = value_peek(value);

    return value_count(&set);
}

struct type_sum {
    size_t bytes;
    size_t items;
    size_t most;
};

static bool type_measure(struct item *item, void *ctx)
{
    struct type_sum *sum = ctx;

    sum->bytes += kr_memory->usable(item);
    return ++sum->items != sum->most;
}

/* Items are taken as they come, and the others for as large. */
static size_t type_memory(const struct kr_peek *value, size_t samples)
{
    struct set set = value_peek(value);
    struct type_sum sum = {.most = samples};
    size_t bytes;

    if (set.form != SET_TABLE)
        return packed_memory(value);
    bytes = kr_memory->usable(set.table) + htable_memory(set.table);
    htable_each(set.table, &set_host, type_measure, &sum);
    if (sum.items > 0)
        bytes += (size_t)((double)sum.bytes / (double)sum.items *
                          (double)htable_count(set.table));
    return bytes;
}

static bool type_copy(const struct kr_peek *value, struct kr_value *out)
{
    struct set set = value_peek(value);
    struct htable *table;
    struct set_walk walk;

    if (set.form != SET_TABLE)
        return packed_copy(set_self, value, out);
    table = value_new_table(htable_count(set.table));
    value_walk(&set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            value_insert_new(table, &walk.member[i]);
    out->meta = SET_TABLE;
    out->boxed = true;
    out->box = value_box(table);
    return true;
}

static const char *type_encoding(const struct kr_peek *value)
{
    static const char *const words[] = {"intset", "listpack", "hashtable"};

    return words[value->meta];
}

static void type_digest(const struct kr_peek *value, kr_digest *digest)
{
    struct set set = value_peek(value);
    struct set_walk walk;

    value_walk(&set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            kr_codec->digest_add(digest, member_bytes(&walk.member[i]));
}

/* --- Saving -------------------------------------------------------------- */

static void type_save(const struct kr_peek *value, kr_writer *out)
{
    struct set set = value_peek(value);
    struct set_walk walk;

    if (set.form == SET_INTSET) {
        kr_codec->code(out, CODE_INTSET);
        kr_codec->write_string(out,
                               kr_str(set.packed, intset_size(set.packed)));
        return;
    }
    kr_codec->code(out, CODE_SET);
    kr_codec->write_uint64(out, value_count(&set));
    value_walk(&set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            kr_codec->write_string(out, member_bytes(&walk.member[i]));
}

static void type_rewrite(const struct kr_peek *value, struct kr_str key,
                         kr_writer *out)
{
    struct kr_str words[2 + REWRITE_BATCH] = {KR_STR("SADD"), key};
    char texts[REWRITE_BATCH][KR_INT64_TEXT];
    struct set set = value_peek(value);
    struct set_walk walk;
    uint32_t count = 0;

    value_walk(&set, &walk);
    while (value_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct kr_str bytes = member_bytes(&walk.member[i]);

            if (bytes.data == walk.member[i].text)
                bytes.data = memcpy(texts[count], bytes.data, bytes.size);
            words[2 + count++] = bytes;
            if (count == REWRITE_BATCH) {
                kr_codec->emit(out, 2 + count, words);
                count = 0;
            }
        }
    }
    if (count > 0)
        kr_codec->emit(out, 2 + count, words);
}

/* --- Loading: the bytes are hostile -------------------------------------- */

static bool type_refuse(kr_reader *in, const char *reason)
{
    kr_codec->refuse(in, reason);
    return false;
}

static bool load_members(kr_reader *in, struct kr_value *out)
{
    struct gather gather;
    struct kr_str bytes;
    uint64_t count;

    if (!kr_codec->read_uint64(in, &count))
        return false;
    if (count == 0) {
        kr_codec->refuse_empty(in);
        return false;
    }
    gather_init(&gather, SET_INTSET, count);
    for (; count > 0; count--) {
        struct member member;

        if (!kr_codec->read_string(in, &bytes))
            break;
        member_set(&member, bytes);
        if (!gather_add(&gather, &member, false)) {
            kr_codec->refuse(in, "a member twice in a set");
            break;
        }
    }
    if (count == 0)
        return gather_load(&gather, in, out) ||
               type_refuse(in, "not enough memory for a set");
    gather_fini(&gather);
    return false;
}

/* The set that these bytes are, whatever its size, as a table. */
static bool load_table(const struct set *set, struct kr_value *out)
{
    struct htable *table = value_new_table(value_count(set));
    struct set_walk walk;

    value_walk(set, &walk);
    while (value_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct member *m = &walk.member[i];

            if (htable_find(table, member_bytes(m), member_hash(m), NULL)) {
                type_free_table(table);
                return false;
            }
            value_insert_new(table, m);
        }
    }
    out->meta = SET_TABLE;
    out->boxed = true;
    out->box = value_box(table);
    return true;
}

static bool load_intset(kr_reader *in, struct kr_value *out)
{
    struct set set = {.form = SET_INTSET};
    struct kr_str bytes;

    if (!kr_codec->read_string(in, &bytes))
        return false;
    if (!intset_check(bytes) || intset_count(bytes.data) == 0)
        return type_refuse(in, "Intset integrity check failed");
    set.packed = (void *)(uintptr_t)bytes.data;
    if (intset_count(bytes.data) > value_intset_max())
        return load_table(&set, out);
    return packed_load_intset(set_self, bytes, SET_INTSET, out) ||
           type_refuse(in, "not enough memory for a set");
}

/* Is a member longer than a listpack's may be?  Numbers are not. */
static bool load_is_long(const struct set *set)
{
    struct set_walk walk;

    value_walk(set, &walk);
    while (value_next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            if (member_bytes(&walk.member[i]).size >
                (uint64_t)set_max_listpack_value)
                return true;
    return false;
}

/* A copy of the bytes, made canonical.  NULL: refused. */
static void *load_listpack_bytes(kr_reader *in, struct kr_str bytes)
{
    enum listpack_verdict verdict = listpack_check(bytes);
    void *copy;

    if (verdict == LISTPACK_BROKEN || listpack_count(bytes.data) == 0) {
        kr_codec->refuse(in, "Set listpack integrity check failed");
        return NULL;
    }
    copy = kr_memory->try_alloc(set_self, bytes.size);
    if (!copy) {
        kr_codec->refuse(in, "not enough memory for a set");
        return NULL;
    }
    memcpy(copy, bytes.data, bytes.size);
    if (verdict == LISTPACK_FOREIGN)
        listpack_canonise(copy);
    return copy;
}

/* A table is made of it even if it is to stay: that finds what is there twice,
 * in time that an enemy cannot choose. */
static bool load_listpack(kr_reader *in, struct kr_value *out)
{
    struct set set = {.form = SET_LISTPACK};
    struct kr_str bytes;

    if (!kr_codec->read_string(in, &bytes))
        return false;
    set.packed = load_listpack_bytes(in, bytes);
    if (!set.packed)
        return false;
    if (!load_table(&set, out)) {
        kr_memory->free(set_self, set.packed);
        return type_refuse(in, "a member twice in a set");
    }
    if (listpack_count(set.packed) <= (uint64_t)set_max_listpack_entries &&
        !load_is_long(&set)) {
        type_free_table(value_table(out->box));
        return packed_adopt(set_self, in, set.packed, SET_LISTPACK, out);
    }
    kr_memory->free(set_self, set.packed);
    return true;
}

static bool type_load(kr_reader *in, uint32_t code, uint32_t format,
                      struct kr_value *out)
{
    (void)format;
    if (code == CODE_INTSET)
        return load_intset(in, out);
    if (code == CODE_LISTPACK)
        return load_listpack(in, out);
    return load_members(in, out);
}

/* --- Moving -------------------------------------------------------------- */

struct type_move {
    struct htable *table;
    kr_mover *mover;
};

static bool type_move_item(struct item *item, void *ctx)
{
    struct type_move *move = ctx;
    struct kr_str key = item_key(item);
    struct htable_place at;

    if (htable_find(move->table, key, kr_text->hash(key), &at)) {
        item = kr_codec->move(move->mover, item);
        if (item)
            htable_replace(&at, item);
    }
    return true;
}

/* First the box, then the items of a table by its own cursor. */
static uint64_t type_defrag(struct kr_peek *value, kr_mover *mover,
                            uint64_t cursor)
{
    struct set set = value_peek(value);
    struct type_move move = {.mover = mover};

    if (cursor == 0 && value->boxed) {
        void *moved = kr_codec->move(mover, set.packed);

        if (moved) {
            set.packed = moved;
            if (set.form == SET_TABLE)
                moved = value_box(moved);
            memcpy(value->data, &moved, sizeof(moved));
        }
    }
    if (set.form != SET_TABLE)
        return 0;
    move.table = set.table;
    do {
        cursor =
            htable_scan(set.table, &set_host, cursor, type_move_item, &move);
    } while (cursor != 0 && !kr_codec->move_should_pause(mover));
    return cursor;
}

/* --- The type ------------------------------------------------------------ */

static const uint8_t type_codes[] = {CODE_SET, CODE_INTSET, CODE_LISTPACK};

const struct kr_type set_type = {
    .size = sizeof(struct kr_type),
    .layout = VALUE_LAYOUT,
    .name = "set",
    .codes = type_codes,
    .code_count = KR_COUNT(type_codes),
    .slot = &set_slot,
    .free = type_free,
    .effort = type_effort,
    .memory = type_memory,
    .count = type_count,
    .copy = type_copy,
    .encoding = type_encoding,
    .digest = type_digest,
    .save = type_save,
    .load = type_load,
    .rewrite = type_rewrite,
    .defrag = type_defrag,
};
