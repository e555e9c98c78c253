/* SPDX-License-Identifier: BSD-3-Clause */
/* entry - a key, what is known of it, and its value: one allocation.
 *
 *   0        8          16          16+k                  16+k+n
 *   +--------+----------+-----------+---------------------+
 *   | head   | expiry   | key       | payload             |
 *   +--------+----------+-----------+---------------------+
 *             only if it  k bytes;    n inline bytes, or the word of a boxed
 *             expires     a long key  value (8 bytes); at the next multiple
 *                         after its   of 8 if the type wants it aligned
 *                         u32 length
 *
 *   head      bit 63     53 52   48 47  42 41   40     32 31   24 23        0
 *                 +--------+-------+------+----+---------+-------+----------+
 *                 | inline | flags | meta |mark| type    | key   | age      |
 *                 | length |       |      |    | slot    | length| LRU, LFU |
 *                 +--------+-------+------+----+---------+-------+----------+
 *                 key length 255: a u32 with the length precedes the key.
 *
 *   expiry    bit 63      48 47                                           0
 *                 +---------+---------------------------------------------+
 *                 | stamp   | ms since 1970                               |
 *                 +---------+---------------------------------------------+
 *                 With ENTRY_FAR all 64 bits are the time: 2^48 ms are reached
 *                 in the year 10889, and such a key has no item in the wheel.
 *
 * The stamp is that of the wheel's item which will bring this key up; an item
 * with another stamp is stale.  So a key may change its expiry, or go, without
 * anybody looking for its item.
 *
 * Sizes: key and value of 16 bytes 40, with an expiry 48; key of 16 bytes and
 * an int64 32.
 *
 * An entry knows neither its database nor its hash.  Functions that change its
 * layout return its new address: whoever calls them tells the table. */
#ifndef CORE_KEYSPACE_ENTRY_H
#define CORE_KEYSPACE_ENTRY_H

#include <assert.h>

#include <kr/keyspace.h>
#include <kr/type.h>

struct entry {
    uint64_t head;
    unsigned char bytes[];
};

#define ENTRY_AGE_BITS   24
#define ENTRY_AGE_MASK   UINT64_C(0xffffff)
#define ENTRY_KEY_SHIFT  24
#define ENTRY_TYPE_SHIFT 32
#define ENTRY_META_SHIFT 42
#define ENTRY_SIZE_SHIFT 53
#define ENTRY_LONG_KEY   255u
#define ENTRY_EXPIRES    (UINT64_C(1) << 48)
#define ENTRY_BOXED      (UINT64_C(1) << 49)
#define ENTRY_ALIGNED    (UINT64_C(1) << 50)
#define ENTRY_FAR        (UINT64_C(1) << 51)
/* Does the value have the layout that its type's module has now?  If the bit is
 * the one that the type's slot has; see type.h. */
#define ENTRY_PARITY (UINT64_C(1) << 52)
/* Has who goes through all keys been here?  If the bit is `keyspace.mark`; it
 * stays with the key, whatever form its value takes. */
#define ENTRY_MARK      (UINT64_C(1) << 41)
#define ENTRY_FLAGS     (UINT64_C(0x1f) << 48 | ENTRY_MARK)
#define ENTRY_NEAR_BITS 48
#define ENTRY_NEAR_MASK ((UINT64_C(1) << ENTRY_NEAR_BITS) - 1)
#define ENTRY_TYPES     512u

static_assert(KR_INLINE_MAX < 1u << 11, "the inline length has 11 bits");
static_assert(KR_META_MAX < 1u << 6, "meta has 6 bits");

/* --- Reading ------------------------------------------------------------- */

static inline uint32_t entry_age(const struct entry *e)
{
    return (uint32_t)(e->head & ENTRY_AGE_MASK);
}

/* Written only when it differs: a read must not dirty the line, nor a page
 * that a child shares. */
static inline void entry_set_age(struct entry *e, uint32_t age)
{
    uint64_t head = (e->head & ~ENTRY_AGE_MASK) | (age & ENTRY_AGE_MASK);

    if (e->head != head)
        e->head = head;
}

static inline uint16_t entry_type(const struct entry *e)
{
    return (uint16_t)(e->head >> ENTRY_TYPE_SHIFT & (ENTRY_TYPES - 1));
}

static inline uint8_t entry_meta(const struct entry *e)
{
    return (uint8_t)(e->head >> ENTRY_META_SHIFT & KR_META_MAX);
}

static inline void entry_set_meta(struct entry *e, uint8_t meta)
{
    e->head = (e->head & ~((uint64_t)KR_META_MAX << ENTRY_META_SHIFT)) |
              (uint64_t)(meta & KR_META_MAX) << ENTRY_META_SHIFT;
}

static inline bool entry_boxed(const struct entry *e)
{
    return e->head & ENTRY_BOXED;
}

static inline bool entry_expires(const struct entry *e)
{
    return e->head & ENTRY_EXPIRES;
}

/* Bytes of an inline payload; 0 when boxed. */
static inline uint32_t entry_length(const struct entry *e)
{
    return (uint32_t)(e->head >> ENTRY_SIZE_SHIFT);
}

static inline struct kr_str entry_key(const struct entry *e)
{
    const unsigned char *at = e->bytes + (entry_expires(e) ? 8 : 0);
    size_t size = e->head >> ENTRY_KEY_SHIFT & 0xff;

    if (KR_UNLIKELY(size == ENTRY_LONG_KEY)) {
        uint32_t n;

        memcpy(&n, at, sizeof(n));
        size = n;
        at += sizeof(n);
    }
    return kr_str((const char *)at, size);
}

/* Bytes before the payload of an entry with such flags and key. */
static inline size_t entry_offset(uint64_t flags, size_t key_size)
{
    size_t offset = sizeof(struct entry) + (flags & ENTRY_EXPIRES ? 8 : 0) +
                    (key_size >= ENTRY_LONG_KEY ? sizeof(uint32_t) : 0) +
                    key_size;

    return flags & ENTRY_ALIGNED ? (offset + 7) & ~(size_t)7 : offset;
}

static inline void *entry_payload(const struct entry *e)
{
    return (char *)(uintptr_t)e + entry_offset(e->head, entry_key(e).size);
}

/* Bytes of the whole entry. */
static inline size_t entry_size(const struct entry *e)
{
    return entry_offset(e->head, entry_key(e).size) +
           (entry_boxed(e) ? sizeof(void *) : entry_length(e));
}

/* Most keys have 8 to 16 bytes: two loads each that may overlap, and no call.
 */
static inline bool entry_bytes_equal(const char *a, const char *b, size_t size)
{
    uint64_t x[2];
    uint64_t y[2];

    if (size - 8 > 8)
        return memcmp(a, b, size) == 0;
    memcpy(&x[0], a, 8);
    memcpy(&y[0], b, 8);
    memcpy(&x[1], a + size - 8, 8);
    memcpy(&y[1], b + size - 8, 8);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool entry_is(const struct entry *e, struct kr_str key)
{
    struct kr_str own = entry_key(e);

    return own.size == key.size &&
           (key.size == 0 || entry_bytes_equal(own.data, key.data, key.size));
}

static inline void *entry_box(const struct entry *e)
{
    void *box;

    memcpy(&box, entry_payload(e), sizeof(box));
    return box;
}

static inline uint64_t entry_expiry_word(const struct entry *e)
{
    uint64_t word;

    memcpy(&word, e->bytes, sizeof(word));
    return word;
}

static inline int64_t entry_expiry(const struct entry *e)
{
    uint64_t word;

    if (!entry_expires(e))
        return KR_NO_EXPIRY;
    word = entry_expiry_word(e);
    return (int64_t)(e->head & ENTRY_FAR ? word : word & ENTRY_NEAR_MASK);
}

/* Has its time come?  A key lives through the millisecond of its expiry. */
static inline bool entry_expired(const struct entry *e, int64_t now_ms)
{
    return entry_expires(e) && entry_expiry(e) < now_ms;
}

/* Does the wheel's item with that stamp still stand for this entry? */
static inline bool entry_has_stamp(const struct entry *e, uint16_t stamp)
{
    return (e->head & (ENTRY_EXPIRES | ENTRY_FAR)) == ENTRY_EXPIRES &&
           entry_expiry_word(e) >> ENTRY_NEAR_BITS == stamp;
}

static inline uint16_t entry_stamp(const struct entry *e)
{
    return (uint16_t)(entry_expiry_word(e) >> ENTRY_NEAR_BITS);
}

static inline struct kr_peek entry_peek(const struct entry *e)
{
    struct kr_peek peek = {entry_payload(e), entry_length(e), entry_meta(e),
                           entry_boxed(e), 0};

    return peek;
}

static inline void entry_fill_cell(struct entry *e, kr_db *db, uint64_t hash,
                                   struct kr_cell *cell)
{
    cell->data = entry_payload(e);
    cell->length = entry_length(e);
    cell->type = entry_type(e);
    cell->meta = entry_meta(e);
    cell->boxed = entry_boxed(e);
    cell->entry = e;
    cell->db = db;
    cell->hash = hash;
}

/* --- Making and changing ------------------------------------------------- */

/* What an entry shall be.  `flags` are of ENTRY_; `length` counts for inline
 * payloads only. */
struct entry_form {
    uint64_t flags;
    uint32_t length;
    uint16_t type;
    uint8_t meta;
};

/* A new entry; its payload is uninitialised, or a NULL word.  So is its expiry
 * word if the flags ask for one. */
struct entry *entry_new(struct kr_str key, const struct entry_form *form,
                        uint32_t age);

/* Give `e` another form and a payload as new.  An expiry that both have stays.
 * The allocation is used again if the form fits and does not waste half of it;
 * else the answer is another address, and `e` has been freed. */
struct entry *entry_renew(struct entry *e, const struct entry_form *form);

/* Another form, with as much of the old payload as fits into the new one; for a
 * payload that becomes boxed, a NULL word. */
struct entry *entry_reshape(struct entry *e, const struct entry_form *form);

/* Write the expiry; the entry has a word for it.  Times from 2^48 on set
 * ENTRY_FAR, and the stamp is not kept. */
void entry_write_expiry(struct entry *e, int64_t when_ms, uint16_t stamp);

/* With another key: a new entry; `e` has been freed. */
struct entry *entry_rekey(struct entry *e, struct kr_str key);

/* The allocation only: a box has to be freed before. */
void entry_free(struct entry *e);

/* The form that `e` has. */
static inline struct entry_form entry_form(const struct entry *e)
{
    struct entry_form form = {e->head & ENTRY_FLAGS, entry_length(e),
                              entry_type(e), entry_meta(e)};

    return form;
}

#endif
