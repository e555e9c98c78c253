/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include <kr/string.h>

uint16_t value_type;

/* memcpy() may not be given NULL, which an empty kr_str may hold. */
static void value_fill(void *to, struct kr_str bytes)
{
    if (bytes.size)
        memcpy(to, bytes.data, bytes.size);
}

/* --- Read ---------------------------------------------------------------- */

struct kr_str value_view(const struct kr_peek *value, char *scratch)
{
    if (value->boxed) {
        struct kr_blob *blob;

        memcpy(&blob, value->data, sizeof(blob));
        return kr_str(blob->data, blob->size);
    }
    if (value->meta == VALUE_INT) {
        int64_t number;

        memcpy(&number, value->data, sizeof(number));
        return kr_str(scratch, kr_text->from_int64(number, scratch));
    }
    return kr_str((const char *)value->data, value->length);
}

/* --- Set ----------------------------------------------------------------- */

/* Most strings are no numbers: the first byte tells, and the size. */
static inline bool value_is_number(struct kr_str bytes, int64_t *number)
{
    return bytes.size - 1 < KR_INT64_TEXT - 1 &&
           (unsigned char)(bytes.data[0] - '-') <= '9' - '-' &&
           kr_text->to_int64(bytes, number);
}

static inline enum value_meta value_meta_of(size_t size)
{
    return size <= VALUE_EMBSTR_MAX ? VALUE_EMBSTR : VALUE_RAW;
}

bool value_copy(struct kr_str bytes, bool numbers, struct value_source *source)
{
    source->blob = NULL;
    if (numbers && value_is_number(bytes, &source->number)) {
        source->meta = VALUE_INT;
        return true;
    }
    source->bytes = bytes;
    source->meta = value_meta_of(bytes.size);
    if (KR_LIKELY(bytes.size <= VALUE_INLINE_MAX))
        return true;
    if (!(source->blob = kr_memory->blob_new(bytes.size, 0)))
        return false;
    memcpy(source->blob->data, bytes.data, bytes.size);
    return true;
}

bool value_take(struct kr_call *call, uint32_t arg, struct value_source *source)
{
    struct kr_str bytes = call->argv[arg];

    if (KR_UNLIKELY(bytes.size >= VALUE_TAKE_MIN)) {
        source->meta = VALUE_RAW;
        source->blob = kr_calls->take(call, arg);
        if (source->blob)
            return true;
    } else if (KR_LIKELY(value_copy(bytes, true, source))) {
        return true;
    }
    kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
    return false;
}

/* How the keyspace is asked for room. */
static inline uint32_t value_shape(const struct value_source *source,
                                   uint32_t how, uint32_t *length)
{
    *length = source->meta == VALUE_INT ? (uint32_t)sizeof(int64_t)
              : source->blob            ? 0
                                        : (uint32_t)source->bytes.size;
    return source->blob ? how | KR_PUT_BOXED : how;
}

static inline void value_write(const struct value_source *source,
                               struct kr_cell *cell)
{
    if (KR_UNLIKELY(source->blob != NULL))
        kr_cell_set_box(cell, source->blob);
    else if (source->meta == VALUE_INT)
        memcpy(cell->data, &source->number, sizeof(source->number));
    else
        value_fill(cell->data, source->bytes);
}

void value_put(struct kr_call *call, uint32_t key, uint32_t how,
               const struct value_source *source, struct kr_cell *cell)
{
    uint32_t length;

    how = value_shape(source, how, &length);
    kr_keyspace->put(call, key, value_type, (uint8_t)source->meta, how, length,
                     cell);
    value_write(source, cell);
}

void value_put_key(kr_db *db, struct kr_str key, uint32_t how,
                   const struct value_source *source, struct kr_cell *cell)
{
    uint32_t length;

    how = value_shape(source, how, &length);
    kr_keyspace->put_key(db, key, value_type, (uint8_t)source->meta, how,
                         length, cell);
    value_write(source, cell);
}

/* --- Edit ---------------------------------------------------------------- */

char *value_create(kr_db *db, struct kr_str key, uint32_t how, size_t size,
                   struct kr_cell *cell)
{
    struct value_source source = {.meta = VALUE_RAW};

    if (size > VALUE_INLINE_MAX) {
        if (!(source.blob = kr_memory->blob_new(size, 0)))
            return NULL;
        memset(source.blob->data, 0, size);
        value_put_key(db, key, how, &source, cell);
        return source.blob->data;
    }
    kr_keyspace->put_key(db, key, value_type, VALUE_RAW, how, (uint32_t)size,
                         cell);
    memset(cell->data, 0, size);
    return cell->data;
}

static void value_set_meta(struct kr_cell *cell, enum value_meta meta)
{
    if (cell->meta != meta)
        kr_keyspace->set_meta(cell, (uint8_t)meta);
}

/* A blob stays one, however short it gets: it may grow again. */
static char *value_resize_blob(struct kr_cell *cell, size_t size)
{
    struct kr_blob *blob = kr_memory->blob_resize(kr_cell_box(cell), size);

    if (!blob)
        return NULL;
    kr_cell_set_box(cell, blob);
    return blob->data;
}

/* From the entry into a blob. */
static char *value_move_out(struct kr_cell *cell, struct kr_str old,
                            size_t size)
{
    struct kr_blob *blob = kr_memory->blob_new(size, 0);

    if (!blob)
        return NULL;
    value_fill(blob->data, old);
    memset(blob->data + old.size, 0, size - old.size);
    kr_keyspace->reshape(cell, KR_PUT_BOXED, 0);
    kr_cell_set_box(cell, blob);
    value_set_meta(cell, VALUE_RAW);
    return blob->data;
}

char *value_resize(struct kr_cell *cell, size_t size)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str old;

    if (cell->boxed)
        return value_resize_blob(cell, size);
    old = value_bytes(cell, scratch);
    if (size > VALUE_INLINE_MAX)
        return value_move_out(cell, old, size);
    if (cell->length != size)
        kr_keyspace->reshape(cell, 0, (uint32_t)size);
    if (old.size > size)
        old.size = size;
    if (cell->meta == VALUE_INT) /* other bytes are where they were */
        value_fill(cell->data, old);
    memset((char *)cell->data + old.size, 0, size - old.size);
    value_set_meta(cell, VALUE_RAW);
    return cell->data;
}

char *value_edit(struct kr_cell *cell, size_t size)
{
    char scratch[KR_INT64_TEXT];
    size_t old = value_bytes(cell, scratch).size;

    return value_resize(cell, size > old ? size : old);
}

void value_set_number(struct kr_cell *cell, int64_t number)
{
    if (KR_UNLIKELY(cell->meta != VALUE_INT)) {
        struct kr_blob *blob = cell->boxed ? kr_cell_box(cell) : NULL;

        kr_keyspace->reshape(cell, 0, sizeof(number));
        value_set_meta(cell, VALUE_INT);
        kr_memory->blob_release(blob);
    }
    memcpy(cell->data, &number, sizeof(number));
}
