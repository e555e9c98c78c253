/* SPDX-License-Identifier: BSD-3-Clause */
/* member - a member on its way into, out of or between sets.
 *
 * The encodings ask different things of it: an intset its number, a listpack
 * its element, a table its bytes and their hash.  Each is worked out when it is
 * asked for first, and kept: a member that is looked for in five tables is
 * hashed once. */
#ifndef SET_MEMBER_H
#define SET_MEMBER_H

#include <kr/base.h>
#include <kr/text.h>

#include "../compact/listpack.h"

#define MEMBER_BYTES  (1u << 0) /* `bytes` is there */
#define MEMBER_READ   (1u << 1) /* it is known whether it is a number */
#define MEMBER_NUMBER (1u << 2) /* it is */
#define MEMBER_HASHED (1u << 3)

struct member {
    uint32_t known; /* MEMBER_ */
    struct kr_str bytes;
    int64_t number;
    uint64_t hash;
    char text[KR_INT64_TEXT];
};

/* --- Making one; bytes are borrowed -------------------------------------- */

static inline void member_set(struct member *m, struct kr_str bytes)
{
    m->known = MEMBER_BYTES;
    m->bytes = bytes;
}

static inline void member_set_number(struct member *m, int64_t number)
{
    m->known = MEMBER_READ | MEMBER_NUMBER;
    m->number = number;
}

/* Listpacks are canonical: what reads as a number is one. */
static inline void member_set_item(struct member *m,
                                   const struct listpack_item *item)
{
    if (item->is_number) {
        member_set_number(m, item->number);
        return;
    }
    m->known = MEMBER_BYTES | MEMBER_READ;
    m->bytes = item->bytes;
}

/* --- Asking -------------------------------------------------------------- */

static inline struct kr_str member_bytes(struct member *m)
{
    if (!(m->known & MEMBER_BYTES)) {
        m->bytes = kr_str(m->text, listpack_number_text(m->number, m->text));
        m->known |= MEMBER_BYTES;
    }
    return m->bytes;
}

static inline bool member_is_number(struct member *m)
{
    if (!(m->known & MEMBER_READ)) {
        m->known |= MEMBER_READ;
        if (kr_text->to_int64(m->bytes, &m->number))
            m->known |= MEMBER_NUMBER;
    }
    return (m->known & MEMBER_NUMBER) != 0;
}

static inline uint64_t member_hash(struct member *m)
{
    if (!(m->known & MEMBER_HASHED)) {
        m->hash = kr_text->hash(member_bytes(m));
        m->known |= MEMBER_HASHED;
    }
    return m->hash;
}

static inline struct listpack_element member_element(struct member *m)
{
    struct listpack_item item = {.is_number = member_is_number(m)};

    if (item.is_number)
        item.number = m->number;
    else
        item.bytes = m->bytes;
    return listpack_element_of(&item);
}

#endif
