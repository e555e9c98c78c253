/* SPDX-License-Identifier: BSD-3-Clause */
/* value - a string as it stands in memory.
 *
 *   meta     shape    payload                          OBJECT ENCODING
 *   INT      inline   int64_t, 8 bytes, native         int
 *   EMBSTR   inline   the bytes, at most 44            embstr
 *   RAW      inline   the bytes, at most 1024          raw
 *   RAW      boxed    struct kr_blob *, any number     raw
 *
 * A SET makes an INT of whatever reads as one, an EMBSTR of what is short.  An
 * edit makes RAW of all; so RAW also says "has been edited".  Where the bytes
 * stand is no part of that: Redis embeds up to 44, we keep up to 1024 in the
 * key's entry, and what is longer in a blob that replies, copies and the
 * argument which it came from may share.  A shared blob is never written: an
 * edit copies it first. */
#ifndef STRING_VALUE_H
#define STRING_VALUE_H

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/memory.h>
#include <kr/reply.h>
#include <kr/text.h>
#include <kr/type.h>

#define VALUE_LAYOUT     1u     /* the number of the table above */
#define VALUE_EMBSTR_MAX 44u    /* bytes, as Redis */
#define VALUE_INLINE_MAX 1024u  /* bytes; what is longer is boxed */
#define VALUE_TAKE_MIN   32768u /* bytes: arguments that come in a blob */

enum value_meta { VALUE_INT, VALUE_EMBSTR, VALUE_RAW };

extern uint16_t value_type; /* the type's slot, written by the host */

/* --- Read ---------------------------------------------------------------- */

/* The bytes, borrowed as the cell is; those of a number go into `scratch`,
 * KR_INT64_TEXT bytes. */
struct kr_str value_view(const struct kr_peek *value, char *scratch);

static inline struct kr_str value_bytes(const struct kr_cell *cell,
                                        char *scratch)
{
    struct kr_peek peek = kr_cell_peek(cell);

    return value_view(&peek, scratch);
}

static inline int64_t value_number(const struct kr_cell *cell)
{
    int64_t number;

    memcpy(&number, cell->data, sizeof(number));
    return number;
}

/* Reply the string; a blob's bytes by reference. */
static inline void value_reply(const struct kr_cell *cell,
                               struct kr_reply *reply)
{
    if (KR_UNLIKELY(cell->boxed)) {
        struct kr_blob *blob = kr_cell_box(cell);

        reply->ops->blob(reply, blob, 0, blob->size);
    } else if (cell->meta == VALUE_INT) {
        reply->ops->bulk_int64(reply, value_number(cell));
    } else {
        reply->ops->bulk(reply, kr_cell_bytes(cell));
    }
}

/* --- Set ----------------------------------------------------------------- */

/* Bytes on their way into a value. */
struct value_source {
    struct kr_str bytes;  /* not of a number, not of a blob */
    struct kr_blob *blob; /* NULL, or a reference that is ours */
    int64_t number;
    enum value_meta meta;
};

/* What SET makes of argument `arg`.  false: no memory, which has been replied.
 * Otherwise value_put() must follow. */
bool value_take(struct kr_call *call, uint32_t arg,
                struct value_source *source);

/* Store it at argument `key`; `how` is KR_PUT_KEEP_EXPIRY or 0. */
void value_put(struct kr_call *call, uint32_t key, uint32_t how,
               const struct value_source *source, struct kr_cell *cell);

/* The same for bytes that are no argument, and a key that is none.  Without
 * `numbers` they stay bytes even if they read as a number. */
bool value_copy(struct kr_str bytes, bool numbers, struct value_source *source);
void value_put_key(kr_db *db, struct kr_str key, uint32_t how,
                   const struct value_source *source, struct kr_cell *cell);

/* --- Edit ---------------------------------------------------------------- */

/* A new string of `size` zero bytes to edit.  NULL: no memory. */
char *value_create(kr_db *db, struct kr_str key, uint32_t how, size_t size,
                   struct kr_cell *cell);

/* Make the value exactly, or at least, `size` writable bytes; new ones are
 * zero.  NULL: no memory, and nothing has changed. */
char *value_resize(struct kr_cell *cell, size_t size);
char *value_edit(struct kr_cell *cell, size_t size);

/* Make the value a number. */
void value_set_number(struct kr_cell *cell, int64_t number);

/* --- Tell ---------------------------------------------------------------- */

/* The string at argument `key` has changed; `event` names how. */
static inline void value_changed(struct kr_call *call, uint32_t key,
                                 struct kr_str event)
{
    kr_keyspace->changed(call, call->db, call->argv[key], KR_CLASS_STRING,
                         event);
}

/* Find argument 1, a string, as kr_find_typed(). */
static inline bool value_find(struct kr_call *call, uint32_t how,
                              struct kr_cell *cell, bool *wrong)
{
    return kr_find_typed(call, 1, how, value_type, cell, wrong);
}

#endif
