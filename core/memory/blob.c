/* SPDX-License-Identifier: BSD-3-Clause */
/* blob - large byte strings with a reference count.
 *
 *   0      8      16     24         32                 32 + size   32 +
 * capacity
 *   +------+------+------+----------+------------------+- - - - - -+
 *   | data | size | refs | capacity | bytes            | spare     |
 *   +--|---+------+------+----------+------------------+- - - - - -+
 *      +----------------------------^
 *
 * Head and bytes are one allocation: a blob costs one malloc, its bytes are
 * aligned to 16, and the allocator moves large ones by remapping pages.
 *
 * Invariants: data == bytes; size <= capacity; refs > 0.  While refs is 1 the
 * holder may write; a count that others may raise at any time is never 1, for
 * they would need a reference to do so.
 *
 * The last release must see all that other holders did before theirs: hence
 * acquire and release order there, and none for taking a reference. */
#include "core/memory/blob.h"

#include "core/memory/memory.h"

#include <assert.h>
#include <stdatomic.h>

#define BLOB_DOUBLE_MAX ((size_t)1 << 20) /* above, grow by this much */
#define BLOB_SHRINK_MIN ((size_t)4096)    /* less room is not worth a move */

struct blob {
    struct kr_blob seen;
    _Atomic size_t refs;
    size_t capacity;
    char bytes[];
};

static_assert(offsetof(struct blob, bytes) % 16 == 0, "bytes are aligned");

static struct blob *blob_of(const struct kr_blob *blob)
{
    return (struct blob *)(uintptr_t)blob;
}

struct kr_blob *blob_new(size_t size, size_t capacity)
{
    struct blob *b;
    size_t bytes;

    if (capacity < size)
        capacity = size;
    if (__builtin_add_overflow(capacity, sizeof(*b), &bytes) ||
        !(b = memory_try_alloc(bytes)))
        return NULL;
    b->seen.data = b->bytes;
    b->seen.size = size;
    b->capacity = capacity;
    atomic_init(&b->refs, 1);
    return &b->seen;
}

struct kr_blob *blob_retain(struct kr_blob *blob)
{
    atomic_fetch_add_explicit(&blob_of(blob)->refs, 1, memory_order_relaxed);
    return blob;
}

void blob_release(struct kr_blob *blob)
{
    if (blob && atomic_fetch_sub_explicit(&blob_of(blob)->refs, 1,
                                          memory_order_acq_rel) == 1)
        memory_free(blob_of(blob));
}

bool blob_shared(const struct kr_blob *blob)
{
    return atomic_load_explicit(&blob_of(blob)->refs, memory_order_acquire) > 1;
}

size_t blob_capacity(const struct kr_blob *blob)
{
    return blob_of(blob)->capacity;
}

size_t blob_usable(const struct kr_blob *blob)
{
    return memory_usable(blob_of(blob));
}

/* Room to have for `size` bytes when more was needed than there was. */
static size_t blob_room(size_t size)
{
    size_t spare = size < BLOB_DOUBLE_MAX ? size : BLOB_DOUBLE_MAX;
    size_t room;

    return __builtin_add_overflow(size, spare, &room) ? size : room;
}

/* Move to an allocation of `capacity`; NULL: it is as it was. */
static struct blob *blob_move(struct blob *b, size_t capacity)
{
    size_t bytes;

    if (__builtin_add_overflow(capacity, sizeof(*b), &bytes) ||
        !(b = memory_try_realloc(b, bytes)))
        return NULL;
    b->seen.data = b->bytes;
    b->capacity = capacity;
    return b;
}

struct kr_blob *blob_resize(struct kr_blob *blob, size_t size)
{
    struct blob *b = blob_of(blob);
    size_t kept = blob->size < size ? blob->size : size;
    struct blob *moved = b;

    if (blob_shared(blob)) {
        struct kr_blob *copy =
            blob_new(size, size > blob->size ? blob_room(size) : size);

        if (!copy)
            return NULL;
        memcpy(copy->data, blob->data, kept);
        memset(copy->data + kept, 0, size - kept);
        blob_release(blob);
        return copy;
    }
    if (size > b->capacity) {
        moved = blob_move(b, blob_room(size));
        if (!moved) /* the spare bytes may be what is too much */
            moved = blob_move(b, size);
        if (!moved)
            return NULL;
    } else if (b->capacity >= BLOB_SHRINK_MIN && size < b->capacity / 4) {
        b->seen.size = kept;
        moved = blob_move(b, size);
        if (!moved)
            moved = b;
    }
    memset(moved->bytes + kept, 0, size - kept);
    moved->seen.size = size;
    return &moved->seen;
}
