/* SPDX-License-Identifier: BSD-3-Clause */
#include "packed.h"

#include <kr/memory.h>

/* A block goes back into the entry when it would fill half of what fits there,
 * so that a value at the border does not go to and fro. */
#define PACKED_RETURN (KR_INLINE_MAX / 2)

/* A block that uses less than half of its room gives some back. */
static bool packed_is_loose(const void *box, size_t size)
{
    return kr_memory->usable(box) / 2 > size;
}

/* --- Making and editing -------------------------------------------------- */

static void *packed_begin(kr_module *self, size_t size, struct kr_cell *cell)
{
    if (cell->boxed)
        kr_cell_set_box(cell, kr_memory->alloc(self, size));
    return packed_bytes(cell);
}

void *packed_put(kr_module *self, struct kr_call *call, uint32_t arg,
                 uint16_t type, uint8_t meta, uint32_t how, size_t size,
                 struct kr_cell *cell)
{
    bool fits = size <= KR_INLINE_MAX;

    kr_keyspace->put(call, arg, type, meta, fits ? how : how | KR_PUT_BOXED,
                     fits ? (uint32_t)size : 0, cell);
    return packed_begin(self, size, cell);
}

void *packed_put_key(kr_module *self, kr_db *db, struct kr_str key,
                     uint16_t type, uint8_t meta, uint32_t how, size_t size,
                     struct kr_cell *cell)
{
    bool fits = size <= KR_INLINE_MAX;

    kr_keyspace->put_key(db, key, type, meta, fits ? how : how | KR_PUT_BOXED,
                         fits ? (uint32_t)size : 0, cell);
    return packed_begin(self, size, cell);
}

/* Out of the entry.  The bytes are copied before the entry gives them up. */
static void *packed_box(kr_module *self, struct kr_cell *cell, size_t size)
{
    void *box = kr_memory->alloc(self, size);

    memcpy(box, cell->data, cell->length);
    kr_keyspace->reshape(cell, KR_PUT_BOXED, 0);
    kr_cell_set_box(cell, box);
    return box;
}

/* Into the entry; the block may be the smaller one, as of a value that was just
 * loaded. */
static void *packed_unbox(kr_module *self, struct kr_cell *cell, size_t size)
{
    void *box = kr_cell_box(cell);
    size_t room = kr_memory->usable(box);

    kr_keyspace->reshape(cell, 0, (uint32_t)size);
    memcpy(cell->data, box, size < room ? size : room);
    kr_memory->free(self, box);
    return cell->data;
}

void *packed_resize(kr_module *self, struct kr_cell *cell, size_t size)
{
    void *box;

    if (KR_LIKELY(!cell->boxed)) {
        if (KR_UNLIKELY(size > KR_INLINE_MAX))
            return packed_box(self, cell, size);
        if (size != cell->length)
            kr_keyspace->reshape(cell, 0, (uint32_t)size);
        return cell->data;
    }
    if (size <= PACKED_RETURN)
        return packed_unbox(self, cell, size);
    box = kr_cell_box(cell);
    if (size > kr_memory->usable(box) || packed_is_loose(box, size)) {
        box = kr_memory->realloc(self, box, size);
        kr_cell_set_box(cell, box);
    }
    return box;
}

void packed_replace(kr_module *self, struct kr_cell *cell, void *box)
{
    if (cell->boxed)
        kr_memory->free(self, kr_cell_box(cell));
    else
        kr_keyspace->reshape(cell, KR_PUT_BOXED, 0);
    kr_cell_set_box(cell, box);
}

/* --- For the type's functions -------------------------------------------- */

void packed_free(kr_module *self, void *box)
{
    kr_memory->free(self, box);
}

size_t packed_memory(const struct kr_peek *value)
{
    return value->boxed ? kr_memory->usable(packed_peek(value)) : 0;
}

bool packed_load(kr_module *self, struct kr_str bytes, uint8_t meta,
                 struct kr_value *out)
{
    out->meta = meta;
    out->boxed = bytes.size > KR_INLINE_MAX;
    if (!out->boxed) {
        out->bytes = bytes;
        return true;
    }
    out->box = kr_memory->try_alloc(self, bytes.size);
    if (!out->box)
        return false;
    memcpy(out->box, bytes.data, bytes.size);
    return true;
}
