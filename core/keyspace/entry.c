/* SPDX-License-Identifier: BSD-3-Clause */
/* entry - fitting new contents into an old allocation.
 *
 * A SET over a SET of like size is the commonest write there is: it must not
 * see the allocator.  What an entry occupies is known from its head, so equal
 * sizes need not even ask how much room there is; other sizes ask once. */
#include "core/keyspace/entry.h"

#include <assert.h>

#include "core/memory/memory.h"

/* An allocation of up to so many bytes is kept however little is used of it:
 * a smaller one would hardly be smaller. */
#define ENTRY_KEEP_BYTES 64

static uint64_t entry_head(size_t key_size, const struct entry_form *form,
                           uint32_t age)
{
    uint64_t short_size = key_size < ENTRY_LONG_KEY ? key_size : ENTRY_LONG_KEY;
    uint64_t length = form->flags & ENTRY_BOXED ? 0 : form->length;

    assert(length <= KR_INLINE_MAX && form->type < ENTRY_TYPES);
    return (age & ENTRY_AGE_MASK) | short_size << ENTRY_KEY_SHIFT |
           (uint64_t)form->type << ENTRY_TYPE_SHIFT |
           (uint64_t)(form->meta & KR_META_MAX) << ENTRY_META_SHIFT |
           form->flags | length << ENTRY_SIZE_SHIFT;
}

static size_t form_size(const struct entry_form *form, size_t key_size)
{
    return entry_offset(form->flags, key_size) +
           (form->flags & ENTRY_BOXED ? sizeof(void *) : form->length);
}

/* The key may come from this very entry: it is moved before its length, which
 * may lie over where it was. */
static void entry_put_key(struct entry *e, struct kr_str key)
{
    unsigned char *at = e->bytes + (entry_expires(e) ? 8 : 0);
    uint32_t n = (uint32_t)key.size;

    if (KR_LIKELY(key.size < ENTRY_LONG_KEY)) {
        if (key.size != 0)
            memmove(at, key.data, key.size);
        return;
    }
    assert(key.size <= UINT32_MAX);
    memmove(at + sizeof(n), key.data, key.size);
    memcpy(at, &n, sizeof(n));
}

static void entry_clear_box(struct entry *e)
{
    void *box = NULL;

    if (entry_boxed(e))
        memcpy(entry_payload(e), &box, sizeof(box));
}

struct entry *entry_new(struct kr_str key, const struct entry_form *form,
                        uint32_t age)
{
    struct entry *e = memory_alloc(form_size(form, key.size));

    e->head = entry_head(key.size, form, age);
    entry_put_key(e, key);
    entry_clear_box(e);
    return e;
}

/* Is an allocation of `room` bytes right for `size`? */
static bool entry_fits(size_t size, size_t room)
{
    return size <= room && (room <= ENTRY_KEEP_BYTES || size >= room / 2);
}

/* Change head and the place of the key within the allocation, which is large
 * enough for both forms.  The payload is left behind. */
static void entry_reform(struct entry *e, struct kr_str key,
                         const struct entry_form *form)
{
    bool moves = (e->head ^ form->flags) & ENTRY_EXPIRES;

    e->head = entry_head(key.size, form, entry_age(e));
    if (moves)
        entry_put_key(e, key);
}

struct entry *entry_renew(struct entry *e, const struct entry_form *form)
{
    struct kr_str key = entry_key(e);
    size_t size = form_size(form, key.size);
    struct entry *fresh;

    if (KR_LIKELY(size == entry_size(e)) ||
        entry_fits(size, memory_usable(e))) {
        entry_reform(e, key, form);
        entry_clear_box(e);
        return e;
    }
    fresh = entry_new(key, form, entry_age(e));
    if (entry_expires(e) && entry_expires(fresh))
        memcpy(fresh->bytes, e->bytes, 8);
    memory_free(e);
    return fresh;
}

/* Where a payload goes that may overlap the key's new place: first out of the
 * way of whichever moves up. */
static void entry_reshape_here(struct entry *e, struct kr_str key,
                               const struct entry_form *form, size_t keep)
{
    char *old = entry_payload(e);
    char *new = (char *)e + entry_offset(form->flags, key.size);

    if (new > old) {
        memmove(new, old, keep);
        entry_reform(e, key, form);
    } else {
        entry_reform(e, key, form);
        memmove(new, old, keep);
    }
}

struct entry *entry_reshape(struct entry *e, const struct entry_form *form)
{
    struct kr_str key = entry_key(e);
    bool boxes = form->flags & ENTRY_BOXED;
    size_t size = form_size(form, key.size);
    size_t old = entry_boxed(e) ? sizeof(void *) : entry_length(e);
    size_t new = boxes ? sizeof(void *) : form->length;
    /* A word stays a word, bytes stay bytes; one never becomes the other. */
    size_t keep = entry_boxed(e) == boxes ? (old < new ? old : new) : 0;
    bool same_word = boxes && entry_boxed(e);
    struct entry *fresh;

    if (size == entry_size(e) || entry_fits(size, memory_usable(e))) {
        entry_reshape_here(e, key, form, keep);
        if (!same_word)
            entry_clear_box(e);
        return e;
    }
    if (!((e->head ^ form->flags) & (ENTRY_EXPIRES | ENTRY_ALIGNED)) &&
        size > entry_size(e)) {
        /* Nothing before the payload's end moves, and the allocator may find
         * room behind it. */
        e = memory_realloc(e, size);
        e->head = entry_head(key.size, form, entry_age(e));
        if (!same_word)
            entry_clear_box(e);
        return e;
    }
    fresh = entry_new(key, form, entry_age(e));
    if (entry_expires(e) && entry_expires(fresh))
        memcpy(fresh->bytes, e->bytes, 8);
    memcpy(entry_payload(fresh), entry_payload(e), keep);
    memory_free(e);
    return fresh;
}

void entry_write_expiry(struct entry *e, int64_t when_ms, uint16_t stamp)
{
    uint64_t word = (uint64_t)when_ms;

    assert(entry_expires(e) && when_ms >= 0);
    e->head &= ~ENTRY_FAR;
    if (word > ENTRY_NEAR_MASK)
        e->head |= ENTRY_FAR;
    else
        word |= (uint64_t)stamp << ENTRY_NEAR_BITS;
    memcpy(e->bytes, &word, sizeof(word));
}

struct entry *entry_rekey(struct entry *e, struct kr_str key)
{
    struct entry_form form = entry_form(e);
    struct entry *fresh = entry_new(key, &form, entry_age(e));

    if (entry_expires(e))
        memcpy(fresh->bytes, e->bytes, 8);
    memcpy(entry_payload(fresh), entry_payload(e),
           entry_boxed(e) ? sizeof(void *) : entry_length(e));
    memory_free(e);
    return fresh;
}

void entry_free(struct entry *e)
{
    memory_free(e);
}
