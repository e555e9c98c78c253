/* SPDX-License-Identifier: BSD-3-Clause */
/* item - one element, in one allocation, that several structures point to.
 *
 * First comes the key, which every structure reads in the same way; behind it
 * the tail, which is the business of the type:
 *
 *      of a set       | size | key ... |
 *      of a hash      | size | field ..... | size | value ... |
 *      of a sorted    | size | member ... | score, 8 bytes |
 *      set            ^
 *                     the address that an htable's slot and a tree's leaf hold
 *
 * A sorted set is an htable and a tree over the same items:
 *
 *      htable                       item                          tree
 *      slot  tag | pointer ------> | 6 | member | 1.5 | <-- pointer | 1.5  leaf
 *
 * The htable finds the item of a member, and the score that is asked for is
 * in the line that was just compared.  The tree keeps a copy of the score
 * beside its pointer, so that it reads an item only where scores are equal; it
 * never reads or writes the score in the item.  So the rules of sharing are:
 *
 *   - the score in the item and that in the tree change together: first
 *     tree_move() with the old one, then item_set_score();
 *   - an item is freed after both have forgotten it;
 *   - an item that moves in memory is made known to both: htable_replace() and
 *     tree_replace(), before the old bytes go.
 *
 * A size takes 1 byte up to 253, then 5, then 9:
 *
 *      0..253      254 + uint32      255 + uint64      (of this machine)
 *
 * The tail is not aligned: it is read and written with memcpy. */
#ifndef MODULES_STRUCTURE_ITEM_H
#define MODULES_STRUCTURE_ITEM_H

#include <kr/base.h>

#include "host.h"

/* Never defined: an item is its bytes. */
struct item;

#define ITEM_SIZE_4 254u
#define ITEM_SIZE_8 255u

/* --- A byte string with its size before it -------------------------------- */

/* Bytes that a string of `size` takes. */
static inline size_t item_string_room(size_t size)
{
    return size + (size < ITEM_SIZE_4 ? 1 : size <= UINT32_MAX ? 5 : 9);
}

/* Write `s` to `at`; answers the address after it. */
static inline char *item_string_put(char *at, struct kr_str s)
{
    if (KR_LIKELY(s.size < ITEM_SIZE_4)) {
        *at++ = (char)(unsigned char)s.size;
    } else if (s.size <= UINT32_MAX) {
        uint32_t size = (uint32_t)s.size;

        *at++ = (char)(unsigned char)ITEM_SIZE_4;
        memcpy(at, &size, sizeof(size));
        at += sizeof(size);
    } else {
        uint64_t size = s.size;

        *at++ = (char)(unsigned char)ITEM_SIZE_8;
        memcpy(at, &size, sizeof(size));
        at += sizeof(size);
    }
    if (s.size != 0)
        memcpy(at, s.data, s.size);
    return at + s.size;
}

static inline struct kr_str item_string(const char *at)
{
    unsigned char first = (unsigned char)*at++;

    if (KR_LIKELY(first < ITEM_SIZE_4))
        return kr_str(at, first);
    if (first == ITEM_SIZE_4) {
        uint32_t size;

        memcpy(&size, at, sizeof(size));
        return kr_str(at + sizeof(size), size);
    } else {
        uint64_t size;

        memcpy(&size, at, sizeof(size));
        return kr_str(at + sizeof(size), (size_t)size);
    }
}

/* --- The item -------------------------------------------------------------- */

static inline struct kr_str item_key(const struct item *item)
{
    return item_string((const char *)item);
}

/* Where the type's own bytes begin. */
static inline char *item_tail(const struct item *item)
{
    struct kr_str key = item_key(item);

    return (char *)(uintptr_t)(key.data + key.size);
}

/* An item with `key` and `tail` bytes to be written by the caller, who owns it
 * and frees it with structure_free(). */
static inline struct item *item_new(const struct structure_host *host,
                                    struct kr_str key, size_t tail)
{
    char *bytes =
        (char *)structure_alloc(host, item_string_room(key.size) + tail);

    item_string_put(bytes, key);
    return (struct item *)bytes;
}

/* The score of a sorted set's item. */
static inline double item_score(const struct item *item)
{
    double score;

    memcpy(&score, item_tail(item), sizeof(score));
    return score;
}

static inline void item_set_score(struct item *item, double score)
{
    memcpy(item_tail(item), &score, sizeof(score));
}

#endif
