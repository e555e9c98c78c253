/* SPDX-License-Identifier: BSD-3-Clause */
/* packed - a value that is one run of bytes: a listpack or an intset in a cell.
 *
 *   inline   up to KR_INLINE_MAX bytes, in the key's own entry
 *   boxed    more: a block of the module's, whose address is the word
 *
 * The bytes know their own size (listpack_size(), intset_size()); the place may
 * have more room.  An edit is: packed_resize() to the new size when it grows,
 * the edit, packed_resize() to the new size when it has shrunk.  Addresses and
 * cells are good until the next packed_resize(), which updates the cell that it
 * is given.
 *
 * This is the one file of compact/ that knows the host: a module that uses it
 * imports kr_keyspace and kr_memory. */
#ifndef COMPACT_PACKED_H
#define COMPACT_PACKED_H

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/type.h>

/* --- The bytes ----------------------------------------------------------- */

static inline void *packed_bytes(const struct kr_cell *cell)
{
    return KR_UNLIKELY(cell->boxed) ? kr_cell_box(cell) : cell->data;
}

static inline void *packed_peek(const struct kr_peek *value)
{
    void *box;

    if (!value->boxed)
        return value->data;
    memcpy(&box, value->data, sizeof(box));
    return box;
}

/* --- Making and editing -------------------------------------------------- */

/* Create the key of argument `arg`, or replace its value, with room for `size`
 * bytes; `how` is KR_PUT_KEEP_EXPIRY or 0.  Answers where to write them. */
void *packed_put(kr_module *self, struct kr_call *call, uint32_t arg,
                 uint16_t type, uint8_t meta, uint32_t how, size_t size,
                 struct kr_cell *cell);
void *packed_put_key(kr_module *self, kr_db *db, struct kr_str key,
                     uint16_t type, uint8_t meta, uint32_t how, size_t size,
                     struct kr_cell *cell);

/* Room for `size` bytes, of which those that were there and fit are kept.
 * Answers where they are now.  Asking for less gives room back, at the host's
 * leisure. */
void *packed_resize(kr_module *self, struct kr_cell *cell, size_t size);

/* Give the value a box of another kind (a table): `box` takes the place of the
 * bytes, which are freed.  The caller sets the cell's meta. */
void packed_replace(kr_module *self, struct kr_cell *cell, void *box);

/* --- For the type's functions -------------------------------------------- */

void packed_free(kr_module *self, void *box); /* [any] */

/* Bytes of the block; 0 if inline. */
size_t packed_memory(const struct kr_peek *value);

/* A value of `size` bytes copied from outside; true, or no memory.  Inline ones
 * are borrowed: `bytes` must live as long as `out`. */
bool packed_load(kr_module *self, struct kr_str bytes, uint8_t meta,
                 struct kr_value *out);

#endif
