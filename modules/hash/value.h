/* SPDX-License-Identifier: BSD-3-Clause */
/* value - a hash as it stands in memory.
 *
 *   meta     shape           payload                            OBJECT ENCODING
 *   PACKED   inline, boxed   listpack: field, value ...         listpack
 *   TIMED    inline, boxed   listpack: field, value, time ...   listpackex
 *   TABLE    boxed           struct fields *, lowest bit set    hashtable
 *
 * A hash begins PACKED and becomes TIMED when a field is given a time; what gets
 * too long or too many becomes a TABLE, and stays one.  The records of a TIMED
 * one ascend by time (ms since 1970), and those without, whose time is 0, are
 * the last: so what is over is at the front, and the bytes are those of a file.
 *
 * The lowest bit tells a table from a listpack where only the word is known.
 *
 * A field whose time is over stays until somebody removes it (due.c), which may
 * take a moment, but nobody sees it: functions that read take `now_ms`, and for
 * them a field whose time is before that is not there.  VALUE_ALWAYS shows
 * all. */
#ifndef HASH_VALUE_H
#define HASH_VALUE_H

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/reply.h>
#include <kr/type.h>

#include "../compact/listpack.h"
#include "../compact/packed.h"
#include "fields.h"

#define VALUE_LAYOUT   2u        /* the number of the table above */
#define VALUE_NEVER    INT64_MAX /* the time of a field that does not expire */
#define VALUE_ALWAYS   INT64_MIN /* the `now_ms` at which nothing is over */
#define VALUE_TIME_MAX ((INT64_C(1) << 48) - 1) /* that a file can hold */

enum value_meta { VALUE_PACKED, VALUE_TIMED, VALUE_TABLE };

/* Written by the host: the type's slot, and hash-max-listpack-entries, -value. */
extern uint16_t value_type;
extern int64_t value_max_entries;
extern int64_t value_max_bytes;

/* --- The payload --------------------------------------------------------- */

/* Entries of the listpack for each field. */
static inline size_t value_width(uint8_t meta)
{
    return meta == VALUE_PACKED ? 2 : 3;
}

static inline bool value_box_is_table(const void *box)
{
    return ((uintptr_t)box & 1) != 0;
}

static inline struct fields *value_box_fields(void *box)
{
    return (struct fields *)((uintptr_t)box & ~(uintptr_t)1);
}

static inline void *value_box(struct fields *fields)
{
    return (void *)((uintptr_t)fields | 1);
}

static inline struct fields *value_fields(const struct kr_cell *cell)
{
    return value_box_fields(kr_cell_box(cell));
}

static inline struct fields *value_peek_fields(const struct kr_peek *value)
{
    return value_box_fields(packed_peek(value));
}

/* --- Read ---------------------------------------------------------------- */

/* Fields, and those that are not over. */
uint64_t value_total(const struct kr_peek *value);
uint64_t value_count(const struct kr_cell *cell, int64_t now_ms);

/* The earliest time of a field, or VALUE_NEVER.  O(1). */
int64_t value_earliest(const struct kr_peek *value);

/* The value of a field.  O(1); O(fields) where they are packed. */
bool value_get(const struct kr_cell *cell, struct kr_str field, int64_t now_ms,
               struct listpack_item *value);

/* The place of the first record that is not over, 0 if all are. */
size_t value_first(const void *listpack, uint8_t meta, int64_t now_ms);

/* A field as it is met on the way round. */
struct value_pair {
    struct listpack_item field, value;
    int64_t time_ms;
};

/* Receives a field; leaves the value alone. */
typedef void (*value_pair_fn)(const struct value_pair *pair, void *ctx);

/* Every field that is not over. */
void value_each(const struct kr_peek *value, int64_t now_ms, value_pair_fn each,
                void *ctx);

static inline void value_reply(struct kr_reply *reply,
                               const struct listpack_item *item)
{
    if (item->is_number)
        reply->ops->bulk_int64(reply, item->number);
    else
        reply->ops->bulk(reply, item->bytes);
}

/* --- Change: one field, over or not -------------------------------------- */

/* Where a field is.  Good until the next change, except through this place. */
struct value_place {
    size_t at; /* of the field in a listpack */
    struct fields_place in;
};

bool value_seek(const struct kr_cell *cell, struct kr_str field,
                struct value_place *place);

void value_read(const struct kr_cell *cell, const struct value_place *place,
                struct listpack_item *value);
int64_t value_time(const struct kr_cell *cell, const struct value_place *place);

/* Add the field that was not found, or change the one that was.  `field` is its
 * name; neither it nor `value` lies in the hash itself.  The form may change. */
void value_add(struct kr_cell *cell, struct value_place *place,
               struct kr_str field, struct kr_str value);
/* Replace the value; the time stays. */
void value_write(struct kr_cell *cell, struct value_place *place,
                 struct kr_str field, struct kr_str value);
/* Give it a time, or take it with VALUE_NEVER. */
void value_set_time(struct kr_cell *cell, struct value_place *place,
                    struct kr_str field, int64_t time_ms);
/* Afterwards the hash may be empty, which is the caller's to erase. */
void value_delete(struct kr_cell *cell, struct value_place *place);

/* Set a field to a value, without a time.  True: it is a new one. */
bool value_set(struct kr_cell *cell, struct kr_str field, struct kr_str value);

/* --- What is over -------------------------------------------------------- */

/* The names of up to `max` fields whose time is before `now_ms`, the earliest
 * first; how many.  Borrowed from the value, or from `texts`. */
size_t value_due(const struct kr_cell *cell, int64_t now_ms,
                 struct kr_str *names, char (*texts)[LISTPACK_TEXT],
                 size_t max);
/* Delete those. */
void value_delete_due(struct kr_cell *cell, const struct kr_str *names,
                      size_t count);

/* --- Change: many -------------------------------------------------------- */

/* May these strings stand in a listpack? */
bool value_is_short(const struct kr_str *words, uint64_t count);

/* The fields of a packed hash as a table, beside it. */
struct fields *value_unpacked(const struct kr_peek *value);

/* Make a TABLE of it, if it is none. */
void value_unpack(struct kr_cell *cell);

/* A new hash of `count` pairs, at least one, in place of what argument 1 or
 * `key` holds: field, value, field, value ...; answers how many fields that
 * are, as some may be equal. */
uint64_t value_create(struct kr_call *call, const struct kr_str *pairs,
                      uint64_t count, struct kr_cell *cell);
uint64_t value_create_key(kr_db *db, struct kr_str key,
                          const struct kr_str *pairs, uint64_t count,
                          struct kr_cell *cell);

/* --- Tell ---------------------------------------------------------------- */

static inline void value_changed(struct kr_call *call, struct kr_str event)
{
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_HASH, event);
}

/* The same for so many fields. */
static inline void value_changed_by(struct kr_call *call, struct kr_str event,
                                    uint64_t count)
{
    kr_changed_by(call, call->db, call->argv[1], KR_CLASS_HASH, event, count);
}

/* Find argument 1, a hash, as kr_find_typed(). */
static inline bool value_find(struct kr_call *call, uint32_t how,
                              struct kr_cell *cell, bool *wrong)
{
    return kr_find_typed(call, 1, how, value_type, cell, wrong);
}

#endif
