/* SPDX-License-Identifier: BSD-3-Clause */
/* packed - a value that is one run of bytes: a listpack or an intset in a cell.
 *
 *   inline   up to KR_INLINE_MAX bytes, in the key's own entry
 *   boxed    more: a block of the module's, whose address is the word
 *
 * A listpack in an entry is in the short form (listpack.h): three bytes less for
 * each key, and often the allocator's next smaller class.  In a block it is in
 * the long one.  Who edits it sees no difference; who saves it asks for
 * packed_saved().
 *
 * The bytes know their own size (listpack_size(), intset_size()); the place may
 * have more room.  An edit is: packed_resize() to the new size when it grows,
 * the edit, packed_resize() to the new size when it has shrunk.  Addresses and
 * cells are good until the next packed_resize(), which updates the cell that it
 * is given.
 *
 * This is the one file of compact/ that knows the host: a module that uses it
 * imports kr_codec, kr_keyspace and kr_memory. */
#ifndef COMPACT_PACKED_H
#define COMPACT_PACKED_H

#include <kr/call.h>
#include <kr/codec.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/type.h>

#include "listpack.h"

/* The largest listpack that stands in an entry. */
#define PACKED_INLINE_MAX (KR_INLINE_MAX + LISTPACK_SHORT_SAVES)

/* --- The listpack -------------------------------------------------------- */

/* Where a listpack in the short form is addressed whose bytes are these. */
static inline void *packed_short(const void *bytes)
{
    return (unsigned char *)(uintptr_t)bytes - LISTPACK_SHORT_SAVES;
}

static inline void *packed_bytes(const struct kr_cell *cell)
{
    return KR_UNLIKELY(cell->boxed) ? kr_cell_box(cell)
                                    : packed_short(cell->data);
}

static inline void *packed_peek(const struct kr_peek *value)
{
    void *box;

    if (!value->boxed)
        return packed_short(value->data);
    memcpy(&box, value->data, sizeof(box));
    return box;
}

/* The bytes to be saved, in the long form: those of the block, or `room`. */
struct kr_str packed_saved(const struct kr_peek *value,
                           unsigned char room[PACKED_INLINE_MAX]);

/* --- Making and editing -------------------------------------------------- */

/* Create the key of argument `arg`, or replace its value, with an empty listpack
 * that has room for `size` bytes; `how` is KR_PUT_KEEP_EXPIRY or 0.  Answers
 * where it is. */
void *packed_put(kr_module *self, struct kr_call *call, uint32_t arg,
                 uint16_t type, uint8_t meta, uint32_t how, size_t size,
                 struct kr_cell *cell);
void *packed_put_key(kr_module *self, kr_db *db, struct kr_str key,
                     uint16_t type, uint8_t meta, uint32_t how, size_t size,
                     struct kr_cell *cell);

/* Room for `size` bytes, of which the listpack takes no more.  Answers where it
 * is now.  Asking for less gives room back, at the host's leisure. */
void *packed_resize(kr_module *self, struct kr_cell *cell, size_t size);

/* Replace whatever run of bytes the value is by a copy of `listpack`.  The
 * caller sets the cell's meta. */
void packed_write(kr_module *self, struct kr_cell *cell, const void *listpack);

/* Give the value a box of another kind (a table): `box` takes the place of the
 * bytes, which are freed.  The caller sets the cell's meta. */
void packed_replace(kr_module *self, struct kr_cell *cell, void *box);

/* --- For the type's functions, of either format -------------------------- */

void packed_free(kr_module *self, void *box); /* [any] */

/* Bytes of the block; 0 if inline. */
size_t packed_memory(const struct kr_peek *value);

/* A copy of a value; true, or no memory.  Inline ones are borrowed: `value` must
 * live as long as `out`. */
bool packed_copy(kr_module *self, const struct kr_peek *value,
                 struct kr_value *out);

/* A value that is a copy of the long listpack `bytes`; true, or no memory.
 * Inline ones stand in the reader's room. */
bool packed_load(kr_module *self, kr_reader *in, struct kr_str bytes,
                 uint8_t meta, struct kr_value *out);

/* The same out of a block of the module's with a long listpack in it, which is
 * the value's or freed then. */
bool packed_adopt(kr_module *self, kr_reader *in, void *listpack, uint8_t meta,
                  struct kr_value *out);

/* --- Intsets: in an entry as in a block ---------------------------------- */

static inline void *packed_intset(const struct kr_cell *cell)
{
    return KR_UNLIKELY(cell->boxed) ? kr_cell_box(cell) : cell->data;
}

/* As packed_put() and its kin; the bytes are not initialised. */
void *packed_put_intset(kr_module *self, struct kr_call *call, uint32_t arg,
                        uint16_t type, uint8_t meta, size_t size,
                        struct kr_cell *cell);
void *packed_put_key_intset(kr_module *self, kr_db *db, struct kr_str key,
                            uint16_t type, uint8_t meta, uint32_t how,
                            size_t size, struct kr_cell *cell);
void *packed_resize_intset(kr_module *self, struct kr_cell *cell, size_t size);

/* Inline ones are borrowed, as in kr_codec->read_string(). */
bool packed_load_intset(kr_module *self, struct kr_str bytes, uint8_t meta,
                        struct kr_value *out);

#endif
