/* SPDX-License-Identifier: BSD-3-Clause */
/* listpack - strings and numbers in one run of bytes, as Redis has them.
 *
 *   0        4      6                                        size - 1
 *   +--------+------+---------+---------+-- ... --+---------+------+
 *   |  size  | count| entry 0 | entry 1 |         | entry n |  ff  |
 *   +--------+------+---------+---------+-- ... --+---------+------+
 *    u32      u16    \         \
 *                     \         `----------------------------.
 *                      +------+-----------------+------------+
 *                      | head | payload         | backlength |
 *                      +------+-----------------+------------+
 *
 *   head                            payload
 *   0nnnnnnn                        none: the number is 0 ... 127
 *   10ssssss                        s bytes, at most 63
 *   110nnnnn nnnnnnnn               none: -4096 ... 4095, high bits first
 *   1110ssss ssssssss               s bytes, at most 4095, high bits first
 *   f0 u32                          that many bytes
 *   f1, f2, f3, f4                  a number of 2, 3, 4, 8 bytes
 *   ff                              the end; f5 ... fe are not used
 *
 * All that is wider than a byte is little-endian where nothing else is said.
 * The backlength is the size of head and payload, for who comes from behind:
 * groups of 7 bits, the highest group first, and a set top bit says that there
 * is another byte before this one.  It takes 1 byte up to 127, then 2, 3, 4 and
 * 5 while below 2^14 - 1, 2^21 - 1, 2^28 - 1: one less than would fit, which is
 * a part of the format.
 *
 * `count` is 65535 if there are that many entries or more, or if nobody has
 * counted; then counting walks all.
 *
 * In the short form, which is for memory only, three bytes say the same of a
 * listpack of at most LISTPACK_SHORT_MAX bytes:
 *
 *            3                    6
 *            +--------------------+---------+-- ... --+------+
 *            | 1 | size | count   | entry 0 |         |  ff  |
 *            +--------------------+---------+-- ... --+------+
 *              1     13      10 bits, high bits first
 *
 * It is addressed as if the header had its six bytes, so that all places are
 * the same, and so is `size`; what stands in the three bytes before its own is
 * neither read nor written.  The long form has no set bit there, since sizes
 * end at 2^30.  Everything here takes both forms where it does not say "long",
 * and an edit keeps the form; listpack_copy() changes it.
 *
 * Invariant: entries are canonical.  What reads as an int64 (no sign but one
 * '-', no needless zero) is a number, and each entry has the shortest head that
 * can hold it.  So equal elements have equal bytes, and listpack_find()
 * compares bytes.  Foreign bytes need listpack_check() first, and
 * listpack_canonise() if it says so.
 *
 * Places are offsets from the beginning; 0, where no entry can be, means none.
 * They stay good when the bytes move, and an edit moves only what follows it.
 * "The end" is the place of the ff.
 *
 * Costs: a step about 2 ns, either way; an edit moves the bytes behind it;
 * seeking walks from the nearer end.  Nothing here allocates: before an edit
 * that grows, the caller makes the bytes as large as the new size, which must
 * not exceed LISTPACK_SIZE_MAX; after one that shrinks, listpack_size() says
 * what is left.  Elements to insert must not lie in the listpack itself. */
#ifndef COMPACT_LISTPACK_H
#define COMPACT_LISTPACK_H

#include <kr/base.h>

#define LISTPACK_HEADER        6u     /* bytes before the first entry */
#define LISTPACK_EMPTY         7u     /* bytes of a listpack without entries */
#define LISTPACK_ENTRY_MIN     2u     /* bytes of the smallest entry */
#define LISTPACK_COUNT_UNKNOWN 65535u /* in the header */
#define LISTPACK_SIZE_MAX      (1u << 30) /* bytes, as Redis */
#define LISTPACK_SHORT_SAVES   3u /* bytes that the short form does not have */
#define LISTPACK_SHORT_MAX     2053u /* the largest size that it can have */
#define LISTPACK_TEXT          20u   /* room that any number's text needs */

/* An element as it is read. */
struct listpack_item {
    struct kr_str bytes; /* if no number: borrowed from the listpack */
    int64_t number;      /* if it is one */
    bool is_number;
};

/* An element ready to be written or looked for; its fields are listpack.c's,
 * but for `size`. */
struct listpack_element {
    struct kr_str payload;
    size_t size; /* bytes of the whole entry */
    uint8_t head_size;
    uint8_t head[9]; /* a number's are all here */
};

/* --- The whole ----------------------------------------------------------- */

/* Write an empty listpack, LISTPACK_EMPTY bytes; the short form of one leaves
 * the first LISTPACK_SHORT_SAVES of them alone. */
void listpack_init(void *listpack);
void listpack_init_short(void *listpack);

/* Write `from` to where there is room for it, in the long form or the short one
 * whatever it has. */
void listpack_copy(void *to, const void *from);
void listpack_copy_short(void *to, const void *from);

/* Its bytes.  O(1). */
size_t listpack_size(const void *listpack);

/* Its entries.  O(1), or a walk if the header does not know. */
size_t listpack_count(const void *listpack);

enum listpack_verdict {
    LISTPACK_BROKEN,  /* touch it not */
    LISTPACK_FOREIGN, /* sound, but to be made canonical */
    LISTPACK_SOUND,
};

/* Are these bytes from outside a listpack, long?  Reads no byte beyond them. */
bool listpack_check_header(struct kr_str bytes); /* size and end; O(1) */
enum listpack_verdict listpack_check(struct kr_str bytes); /* all; O(bytes) */

/* Write every entry of a FOREIGN listpack anew, in place; it gets no larger.
 * A SOUND one does not change. */
void listpack_canonise(void *listpack);

/* --- Elements ------------------------------------------------------------ */

/* Bytes, as a number if they read as one; borrowed by the element. */
struct listpack_element listpack_element(struct kr_str bytes);
struct listpack_element listpack_number(int64_t number);

/* Bytes as they would be read back from a listpack: a number if they are one. */
struct listpack_item listpack_item(struct kr_str bytes);

/* What was read from another listpack; without reading it as a number again. */
struct listpack_element listpack_element_of(const struct listpack_item *item);

/* The bytes that they add to a listpack. */
size_t listpack_elements_size(const struct listpack_element *elements,
                              size_t count);

/* --- Places -------------------------------------------------------------- */

/* Each answers 0 if there is none. */
size_t listpack_first(const void *listpack);
size_t listpack_last(const void *listpack);
size_t listpack_next(const void *listpack, size_t at);
size_t listpack_prev(const void *listpack, size_t at); /* at may be the end */

/* The entry number `index`, from 0; from -1 backwards from the last. */
size_t listpack_seek(const void *listpack, int64_t index);

static inline size_t listpack_end(const void *listpack)
{
    return listpack_size(listpack) - 1;
}

/* Bytes of the entry at `at`; at + that is where an element after it goes. */
size_t listpack_entry_size(const void *listpack, size_t at);

/* --- Read ---------------------------------------------------------------- */

void listpack_get(const void *listpack, size_t at, struct listpack_item *item);

/* Write a number as text, LISTPACK_TEXT bytes without NUL; answers its size. */
size_t listpack_number_text(int64_t number, char *text);

/* The element as bytes: its own, or `text`. */
static inline struct kr_str
listpack_item_bytes(const struct listpack_item *item, char *text)
{
    if (!item->is_number)
        return item->bytes;
    return kr_str(text, listpack_number_text(item->number, text));
}

static inline struct kr_str listpack_bytes(const void *listpack, size_t at,
                                           char *text)
{
    struct listpack_item item;

    listpack_get(listpack, at, &item);
    return listpack_item_bytes(&item, text);
}

/* Is the element at `at` this one?  O(its bytes). */
bool listpack_equal(const void *listpack, size_t at,
                    const struct listpack_element *element);

/* The first entry from `at` on that is `element`, of every `skip` + 1st one:
 * the fields of a hash are found with 1.  0 if there is none, or at is 0. */
size_t listpack_find(const void *listpack, size_t at,
                     const struct listpack_element *element, size_t skip);

/* Read up to `max` elements from *at on; answers how many, and *at is where to
 * go on, 0 behind the last one. */
size_t listpack_items(const void *listpack, size_t *at,
                      struct listpack_item *items, size_t max);

/* The same as bytes; numbers go into `texts`, max * LISTPACK_TEXT bytes. */
size_t listpack_batch(const void *listpack, size_t *at, struct kr_str *out,
                      size_t max, char *texts);

/* The same backwards: *at is read first, 0 before the first one. */
size_t listpack_batch_back(const void *listpack, size_t *at, struct kr_str *out,
                           size_t max, char *texts);

/* For random picks: read the records number indices[0..count), each `width`
 * entries, into items[0..count * width).  Indices ascend; one may repeat; all
 * must exist.  One walk, however many. */
void listpack_pick(const void *listpack, const uint32_t *indices, size_t count,
                   size_t width, struct listpack_item *items);

/* --- Edit: the bytes have room for the new size -------------------------- */

/* Insert before the entry at `at`, or at the end. */
void listpack_insert(void *listpack, size_t at,
                     const struct listpack_element *elements, size_t count);

static inline void listpack_append(void *listpack,
                                   const struct listpack_element *elements,
                                   size_t count)
{
    listpack_insert(listpack, listpack_end(listpack), elements, count);
}

static inline void listpack_prepend(void *listpack,
                                    const struct listpack_element *elements,
                                    size_t count)
{
    listpack_insert(listpack, LISTPACK_HEADER, elements, count);
}

/* Replace the one entry at `at`.  The new size is the old one - entry_size() +
 * element->size. */
void listpack_replace(void *listpack, size_t at,
                      const struct listpack_element *element);

/* Delete up to `count` entries from `at` on.  Answers where the entry that
 * followed them is now, 0 if none did. */
size_t listpack_delete(void *listpack, size_t at, size_t count);

/* The same from entry number `index` on, as in listpack_seek(); answers how
 * many there were. */
size_t listpack_delete_range(void *listpack, int64_t index, size_t count);

/* The same at the beginning without moving what is behind it: the header moves,
 * into the bytes before the listpack, which are the caller's, or away from
 * them.  Both answer where the listpack begins then.  O(bytes added), and
 * O(count).  Long. */
void *listpack_prepend_left(void *listpack,
                            const struct listpack_element *elements,
                            size_t count);
void *listpack_delete_left(void *listpack, size_t count);

/* Add the entries of `other` behind, or before, those of `listpack`.  The new
 * size is both together - LISTPACK_EMPTY. */
void listpack_merge(void *listpack, const void *other, bool before);

#endif
