/* SPDX-License-Identifier: BSD-3-Clause */
#include "packed.h"

#include <kr/memory.h>

#include <assert.h>

/* A block goes back into the entry when it would fill half of what fits there,
 * so that a value at the border does not go to and fro. */
#define PACKED_RETURN (KR_INLINE_MAX / 2)

static_assert(PACKED_INLINE_MAX <= LISTPACK_SHORT_MAX,
              "what stands in an entry has a short form");

/* A block that uses less than half of its room gives some back. */
static bool packed_is_loose(const void *box, size_t size)
{
    return kr_memory->usable(box) / 2 > size;
}

/* The block, with room for `size` bytes. */
static void *packed_fit_box(kr_module *self, struct kr_cell *cell, size_t size)
{
    void *box = kr_cell_box(cell);

    if (size > kr_memory->usable(box) || packed_is_loose(box, size)) {
        box = kr_memory->realloc(self, box, size);
        kr_cell_set_box(cell, box);
    }
    return box;
}

/* Room for `size` bytes in the entry, where the value is already. */
static inline void packed_fit_entry(struct kr_cell *cell, size_t size)
{
    if (size != cell->length)
        kr_keyspace->reshape(cell, 0, (uint32_t)size);
}

void packed_replace(kr_module *self, struct kr_cell *cell, void *box)
{
    if (cell->boxed)
        kr_memory->free(self, kr_cell_box(cell));
    else
        kr_keyspace->reshape(cell, KR_PUT_BOXED, 0);
    kr_cell_set_box(cell, box);
}

/* --- The listpack -------------------------------------------------------- */

struct kr_str packed_saved(const struct kr_peek *value,
                           unsigned char room[PACKED_INLINE_MAX])
{
    const void *listpack = packed_peek(value);

    if (value->boxed)
        return kr_str(listpack, listpack_size(listpack));
    listpack_copy(room, listpack);
    return kr_str((const char *)room, listpack_size(room));
}

/* Bytes of the entry's that a listpack needs which is not boxed. */
static inline uint32_t packed_short_size(size_t size)
{
    return (uint32_t)(size - LISTPACK_SHORT_SAVES);
}

static void *packed_begin(kr_module *self, size_t size, struct kr_cell *cell)
{
    void *listpack;

    if (cell->boxed) {
        listpack = kr_memory->alloc(self, size);
        kr_cell_set_box(cell, listpack);
        listpack_init(listpack);
    } else {
        listpack = packed_short(cell->data);
        listpack_init_short(listpack);
    }
    return listpack;
}

void *packed_put(kr_module *self, struct kr_call *call, uint32_t arg,
                 uint16_t type, uint8_t meta, uint32_t how, size_t size,
                 struct kr_cell *cell)
{
    bool fits = size <= PACKED_INLINE_MAX;

    kr_keyspace->put(call, arg, type, meta, fits ? how : how | KR_PUT_BOXED,
                     fits ? packed_short_size(size) : 0, cell);
    return packed_begin(self, size, cell);
}

void *packed_put_key(kr_module *self, kr_db *db, struct kr_str key,
                     uint16_t type, uint8_t meta, uint32_t how, size_t size,
                     struct kr_cell *cell)
{
    bool fits = size <= PACKED_INLINE_MAX;

    kr_keyspace->put_key(db, key, type, meta, fits ? how : how | KR_PUT_BOXED,
                         fits ? packed_short_size(size) : 0, cell);
    return packed_begin(self, size, cell);
}

/* Out of the entry.  The bytes are copied before the entry gives them up. */
static void *packed_box(kr_module *self, struct kr_cell *cell, size_t size)
{
    void *box = kr_memory->alloc(self, size);

    listpack_copy(box, packed_short(cell->data));
    packed_replace(self, cell, box);
    return box;
}

/* Into the entry. */
static void *packed_unbox(kr_module *self, struct kr_cell *cell, size_t size)
{
    void *box = kr_cell_box(cell);

    kr_keyspace->reshape(cell, 0, packed_short_size(size));
    listpack_copy_short(packed_short(cell->data), box);
    kr_memory->free(self, box);
    return packed_short(cell->data);
}

void *packed_resize(kr_module *self, struct kr_cell *cell, size_t size)
{
    if (KR_UNLIKELY(cell->boxed))
        return size <= PACKED_RETURN ? packed_unbox(self, cell, size)
                                     : packed_fit_box(self, cell, size);
    if (KR_UNLIKELY(size > PACKED_INLINE_MAX))
        return packed_box(self, cell, size);
    packed_fit_entry(cell, packed_short_size(size));
    return packed_short(cell->data);
}

void packed_write(kr_module *self, struct kr_cell *cell, const void *listpack)
{
    size_t size = listpack_size(listpack);
    void *box;

    if (cell->boxed || size > PACKED_INLINE_MAX) {
        box = kr_memory->alloc(self, size);
        listpack_copy(box, listpack);
        packed_replace(self, cell, box);
        packed_resize(self, cell, size); /* into the entry, perhaps */
    } else {
        packed_fit_entry(cell, packed_short_size(size));
        listpack_copy_short(packed_short(cell->data), listpack);
    }
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

/* A boxed value that is a copy of these bytes. */
static bool packed_copy_box(kr_module *self, const void *bytes, size_t size,
                            struct kr_value *out)
{
    out->boxed = true;
    out->box = kr_memory->try_alloc(self, size);
    if (!out->box)
        return false;
    memcpy(out->box, bytes, size);
    return true;
}

bool packed_copy(kr_module *self, const struct kr_peek *value,
                 struct kr_value *out)
{
    const void *box = packed_peek(value);

    out->meta = value->meta;
    if (value->boxed)
        return packed_copy_box(self, box, kr_memory->usable(box), out);
    out->boxed = false;
    out->bytes = kr_str(value->data, value->length);
    return true;
}

/* In the reader's room.  The listpack may stand there itself, so that there is
 * a copy between them. */
static bool packed_load_short(kr_reader *in, const void *listpack,
                              struct kr_value *out)
{
    unsigned char between[PACKED_INLINE_MAX];
    uint32_t size = packed_short_size(listpack_size(listpack));
    void *room;

    listpack_copy_short(between, listpack);
    room = kr_codec->read_room(in, size);
    if (!room)
        return false;
    memcpy(room, between + LISTPACK_SHORT_SAVES, size);
    out->boxed = false;
    out->bytes = kr_str(room, size);
    return true;
}

bool packed_load(kr_module *self, kr_reader *in, struct kr_str bytes,
                 uint8_t meta, struct kr_value *out)
{
    out->meta = meta;
    return bytes.size <= PACKED_INLINE_MAX
               ? packed_load_short(in, bytes.data, out)
               : packed_copy_box(self, bytes.data, bytes.size, out);
}

bool packed_adopt(kr_module *self, kr_reader *in, void *listpack, uint8_t meta,
                  struct kr_value *out)
{
    size_t size = listpack_size(listpack);
    bool fine = true;

    out->meta = meta;
    if (size <= PACKED_INLINE_MAX) {
        fine = packed_load_short(in, listpack, out);
        kr_memory->free(self, listpack);
    } else {
        out->boxed = true;
        out->box = kr_memory->realloc(self, listpack, size);
    }
    return fine;
}

/* --- Intsets ------------------------------------------------------------- */

static void *packed_begin_intset(kr_module *self, size_t size,
                                 struct kr_cell *cell)
{
    if (cell->boxed)
        kr_cell_set_box(cell, kr_memory->alloc(self, size));
    return packed_intset(cell);
}

void *packed_put_intset(kr_module *self, struct kr_call *call, uint32_t arg,
                        uint16_t type, uint8_t meta, size_t size,
                        struct kr_cell *cell)
{
    bool fits = size <= KR_INLINE_MAX;

    kr_keyspace->put(call, arg, type, meta, fits ? 0 : KR_PUT_BOXED,
                     fits ? (uint32_t)size : 0, cell);
    return packed_begin_intset(self, size, cell);
}

void *packed_put_key_intset(kr_module *self, kr_db *db, struct kr_str key,
                            uint16_t type, uint8_t meta, uint32_t how,
                            size_t size, struct kr_cell *cell)
{
    bool fits = size <= KR_INLINE_MAX;

    kr_keyspace->put_key(db, key, type, meta, fits ? how : how | KR_PUT_BOXED,
                         fits ? (uint32_t)size : 0, cell);
    return packed_begin_intset(self, size, cell);
}

/* Out of the entry, and into it: the block may be the smaller one, as of a value
 * that was just loaded. */
static void *packed_box_intset(kr_module *self, struct kr_cell *cell,
                               size_t size)
{
    void *box = kr_memory->alloc(self, size);

    memcpy(box, cell->data, cell->length);
    packed_replace(self, cell, box);
    return box;
}

static void *packed_unbox_intset(kr_module *self, struct kr_cell *cell,
                                 size_t size)
{
    void *box = kr_cell_box(cell);
    size_t room = kr_memory->usable(box);

    kr_keyspace->reshape(cell, 0, (uint32_t)size);
    memcpy(cell->data, box, size < room ? size : room);
    kr_memory->free(self, box);
    return cell->data;
}

void *packed_resize_intset(kr_module *self, struct kr_cell *cell, size_t size)
{
    if (KR_UNLIKELY(cell->boxed))
        return size <= PACKED_RETURN ? packed_unbox_intset(self, cell, size)
                                     : packed_fit_box(self, cell, size);
    if (KR_UNLIKELY(size > KR_INLINE_MAX))
        return packed_box_intset(self, cell, size);
    packed_fit_entry(cell, size);
    return cell->data;
}

bool packed_load_intset(kr_module *self, struct kr_str bytes, uint8_t meta,
                        struct kr_value *out)
{
    out->meta = meta;
    if (bytes.size > KR_INLINE_MAX)
        return packed_copy_box(self, bytes.data, bytes.size, out);
    out->boxed = false;
    out->bytes = bytes;
    return true;
}
