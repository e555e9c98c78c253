/* SPDX-License-Identifier: BSD-3-Clause */
#include "listpack.h"

#include <assert.h>
#include <endian.h>

#define HEAD_TEXT6    0x80u
#define HEAD_NUMBER13 0xc0u
#define HEAD_TEXT12   0xe0u
#define HEAD_TEXT32   0xf0u
#define HEAD_NUMBER16 0xf1u
#define HEAD_NUMBER24 0xf2u
#define HEAD_NUMBER32 0xf3u
#define HEAD_NUMBER64 0xf4u
#define HEAD_END      0xffu

#define BACK_MAX 5u /* bytes of a backlength */

/* Bytes of the whole entry where the first byte tells; 0 where it does not, is
 * the end, or is no head. */
/* clang-format off */
static const uint8_t listpack_entry_sizes[256] = {
    [0x00 ... 0x7f] = 2,
    [HEAD_TEXT6] =
     2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
    18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
    34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
    50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65,
    [HEAD_NUMBER13 ... HEAD_TEXT12 - 1] = 3,
    [HEAD_NUMBER16] = 4, [HEAD_NUMBER24] = 5,
    [HEAD_NUMBER32] = 6, [HEAD_NUMBER64] = 10,
};
/* clang-format on */

/* --- Bytes --------------------------------------------------------------- */

static inline uint16_t listpack_load16(const uint8_t *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof(value));
    return le16toh(value);
}

static inline uint32_t listpack_load32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return le32toh(value);
}

static inline uint64_t listpack_load64(const uint8_t *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
    return le64toh(value);
}

/* The low `count` bytes of `value`. */
static inline void listpack_store(uint8_t *p, uint64_t value, size_t count)
{
    value = htole64(value);
    memcpy(p, &value, count);
}

/* memcmp() == 0 without the call for what is short.  Longer elements of one
 * kind tend to begin alike ("user:1000:"), so their ends are compared first. */
static inline bool listpack_same(const uint8_t *a, const char *b, size_t size)
{
    if (size >= 8) {
        uint64_t x, y;

        memcpy(&x, a + size - 8, 8);
        memcpy(&y, b + size - 8, 8);
        return x == y && memcmp(a, b, size - 8) == 0;
    }
    if (size >= 4) {
        uint32_t x[2], y[2];

        memcpy(&x[0], a, 4);
        memcpy(&y[0], b, 4);
        memcpy(&x[1], a + size - 4, 4);
        memcpy(&y[1], b + size - 4, 4);
        return x[0] == y[0] && x[1] == y[1];
    }
    for (size_t i = 0; i < size; i++) {
        if (a[i] != (uint8_t)b[i])
            return false;
    }
    return true;
}

/* --- Backlengths --------------------------------------------------------- */

/* The limits are Redis's: "<" where "<=" would do. */
static inline size_t listpack_back_size(size_t body)
{
    return body <= 127               ? 1
           : body < (1u << 14) - 1   ? 2
           : body < (1u << 21) - 1   ? 3
           : body < (1ull << 28) - 1 ? 4
                                     : 5;
}

static inline size_t listpack_put_back(uint8_t *p, size_t body)
{
    size_t size = listpack_back_size(body);

    for (size_t i = size; i-- > 0; body >>= 7)
        p[i] = (uint8_t)((body & 127) | (i ? 128 : 0));
    return size;
}

/* Bytes of the entry that ends before `p`. */
static inline size_t listpack_back(const uint8_t *p)
{
    size_t body = *--p & 127, size = 1;

    for (; *p & 128 && size < BACK_MAX; size++)
        body |= (size_t)(*--p & 127) << (7 * size);
    return body + size;
}

/* --- Entries ------------------------------------------------------------- */

static inline bool listpack_is_number_head(uint8_t head)
{
    return head < HEAD_TEXT6 || (head >= HEAD_NUMBER13 && head < HEAD_TEXT12) ||
           (head >= HEAD_NUMBER16 && head <= HEAD_NUMBER64);
}

/* Bytes of the entry at `p`, which is not the end, if the table has none. */
static size_t listpack_long_size(const uint8_t *p)
{
    size_t body = *p < HEAD_TEXT32 ? 2 + (((size_t)*p & 15) << 8 | p[1])
                                   : 5 + (size_t)listpack_load32(p + 1);

    return body + listpack_back_size(body);
}

static inline size_t listpack_step(const uint8_t *p)
{
    size_t size = listpack_entry_sizes[*p];

    return KR_LIKELY(size) ? size : listpack_long_size(p);
}

static inline int64_t listpack_decode_number(const uint8_t *p)
{
    switch (*p) {
    case HEAD_NUMBER16:
        return (int16_t)listpack_load16(p + 1);
    case HEAD_NUMBER24: /* its sign bit goes where int32's is, and back */
        return (int32_t)((uint32_t)listpack_load16(p + 1) << 8 | (uint32_t)p[3]
                                                                     << 24) >>
               8;
    case HEAD_NUMBER32:
        return (int32_t)listpack_load32(p + 1);
    case HEAD_NUMBER64:
        return (int64_t)listpack_load64(p + 1);
    default: /* 13 bits: moved from 0 ... 8191 to -4096 ... 4095 */
        return ((((*p & 31) << 8 | p[1]) ^ 4096) - 4096);
    }
}

static inline void listpack_decode(const uint8_t *p, struct listpack_item *item)
{
    uint8_t head = *p;

    item->bytes = (struct kr_str){NULL, 0};
    item->number = 0;
    item->is_number = listpack_is_number_head(head);
    if (head < HEAD_TEXT6)
        item->number = head;
    else if (head < HEAD_NUMBER13)
        item->bytes = kr_str((const char *)p + 1, head & 63);
    else if (item->is_number)
        item->number = listpack_decode_number(p);
    else if (head < HEAD_TEXT32)
        item->bytes =
            kr_str((const char *)p + 2, ((size_t)head & 15) << 8 | p[1]);
    else
        item->bytes = kr_str((const char *)p + 5, listpack_load32(p + 1));
}

/* --- Numbers as text ----------------------------------------------------- */

static bool listpack_parse(struct kr_str text, int64_t *number)
{
    bool negative = text.data[0] == '-';
    const char *p = text.data + negative;
    size_t digits = text.size - negative;
    uint64_t sum = 0;

    if (digits == 0 || digits > 19) /* 19 nines fit a uint64 */
        return false;
    if (*p == '0') {
        *number = 0;
        return text.size == 1;
    }
    for (size_t i = 0; i < digits; i++) {
        unsigned digit = (unsigned char)p[i] - (unsigned)'0';

        if (digit > 9)
            return false;
        sum = sum * 10 + digit;
    }
    if (sum > (uint64_t)INT64_MAX + negative)
        return false;
    *number = (int64_t)(negative ? 0 - sum : sum);
    return true;
}

/* Most texts are no numbers: the size tells, and the first byte. */
static inline bool listpack_reads_as_number(struct kr_str text, int64_t *number)
{
    return text.size - 1 < LISTPACK_TEXT &&
           (unsigned char)(text.data[0] - '-') <= '9' - '-' &&
           listpack_parse(text, number);
}

size_t listpack_number_text(int64_t number, char *text)
{
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char digits[LISTPACK_TEXT];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        digits[--at] = '-';
    memcpy(text, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

/* --- Elements ------------------------------------------------------------ */

static void listpack_finish(struct listpack_element *e)
{
    size_t body = e->head_size + e->payload.size;

    e->size = body + listpack_back_size(body);
}

struct listpack_element listpack_number(int64_t number)
{
    struct listpack_element e = {.head_size = 1};
    uint64_t bits = (uint64_t)number;

    if (number >= 0 && number <= 127) {
        e.head[0] = (uint8_t)number;
    } else if (number >= -4096 && number <= 4095) {
        e.head_size = 2;
        e.head[0] = (uint8_t)(HEAD_NUMBER13 | (bits >> 8 & 31));
        e.head[1] = (uint8_t)bits;
    } else if (number == (int16_t)number) {
        e.head_size = 3;
        e.head[0] = HEAD_NUMBER16;
    } else if (number >= -(1 << 23) && number < 1 << 23) {
        e.head_size = 4;
        e.head[0] = HEAD_NUMBER24;
    } else if (number == (int32_t)number) {
        e.head_size = 5;
        e.head[0] = HEAD_NUMBER32;
    } else {
        e.head_size = 9;
        e.head[0] = HEAD_NUMBER64;
    }
    if (e.head_size > 2)
        listpack_store(e.head + 1, bits, e.head_size - 1u);
    listpack_finish(&e);
    return e;
}

static struct listpack_element listpack_text(struct kr_str bytes)
{
    struct listpack_element e = {.payload = bytes, .head_size = 1};

    if (bytes.size < 64) {
        e.head[0] = (uint8_t)(HEAD_TEXT6 | bytes.size);
    } else if (bytes.size < 4096) {
        e.head_size = 2;
        e.head[0] = (uint8_t)(HEAD_TEXT12 | bytes.size >> 8);
        e.head[1] = (uint8_t)bytes.size;
    } else {
        e.head_size = 5;
        e.head[0] = HEAD_TEXT32;
        listpack_store(e.head + 1, bytes.size, 4);
    }
    listpack_finish(&e);
    return e;
}

struct listpack_element listpack_element(struct kr_str bytes)
{
    int64_t number;

    if (listpack_reads_as_number(bytes, &number))
        return listpack_number(number);
    return listpack_text(bytes);
}

struct listpack_item listpack_item(struct kr_str bytes)
{
    struct listpack_item item = {.bytes = bytes};

    item.is_number = listpack_reads_as_number(bytes, &item.number);
    if (item.is_number)
        item.bytes = (struct kr_str){NULL, 0};
    return item;
}

struct listpack_element listpack_element_of(const struct listpack_item *item)
{
    return item->is_number ? listpack_number(item->number)
                           : listpack_text(item->bytes);
}

size_t listpack_elements_size(const struct listpack_element *elements,
                              size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += elements[i].size;
    return size;
}

/* Write the entry; memmove() because listpack_canonise() moves it to the left
 * over itself. */
static uint8_t *listpack_put(uint8_t *p, const struct listpack_element *e)
{
    if (e->head_size == 1)
        p[0] = e->head[0];
    else
        memcpy(p, e->head, e->head_size);
    p += e->head_size;
    if (e->payload.size)
        memmove(p, e->payload.data, e->payload.size);
    p += e->payload.size;
    return p + listpack_put_back(p, e->head_size + e->payload.size);
}

/* --- The whole ----------------------------------------------------------- */

#define SHORT_MARK       0x80u /* in byte 3, the highest of a long size */
#define SHORT_COUNT_BITS 10u
#define SHORT_COUNT_MAX  ((1u << SHORT_COUNT_BITS) - 1)

static_assert(LISTPACK_SHORT_MAX ==
                  LISTPACK_EMPTY + LISTPACK_ENTRY_MIN * SHORT_COUNT_MAX,
              "a short listpack always knows its count");
static_assert(LISTPACK_SHORT_MAX < 1u << (23 - SHORT_COUNT_BITS),
              "the size has 13 bits");

static inline bool listpack_is_short(const uint8_t *lp)
{
    return lp[3] & SHORT_MARK;
}

/* Size and count. */
static inline uint32_t listpack_short_word(const uint8_t *lp)
{
    return (uint32_t)(lp[3] & ~SHORT_MARK) << 16 | (uint32_t)lp[4] << 8 | lp[5];
}

static inline void listpack_set_short(uint8_t *lp, size_t size, size_t count)
{
    uint32_t word = (uint32_t)(size << SHORT_COUNT_BITS | count);

    assert(size <= LISTPACK_SHORT_MAX && count <= SHORT_COUNT_MAX);
    lp[3] = (uint8_t)(SHORT_MARK | word >> 16);
    lp[4] = (uint8_t)(word >> 8);
    lp[5] = (uint8_t)word;
}

/* As it is in the header: LISTPACK_COUNT_UNKNOWN, perhaps. */
static inline size_t listpack_stated_count(const uint8_t *lp)
{
    return listpack_is_short(lp) ? listpack_short_word(lp) & SHORT_COUNT_MAX
                                 : listpack_load16(lp + 4);
}

static void listpack_set_size(uint8_t *lp, size_t size)
{
    assert(size <= LISTPACK_SIZE_MAX);
    if (listpack_is_short(lp))
        listpack_set_short(lp, size, listpack_stated_count(lp));
    else
        listpack_store(lp, size, 4);
}

static void listpack_set_count(uint8_t *lp, size_t count)
{
    if (listpack_is_short(lp)) {
        listpack_set_short(lp, listpack_size(lp), count);
        return;
    }
    if (count > LISTPACK_COUNT_UNKNOWN)
        count = LISTPACK_COUNT_UNKNOWN;
    listpack_store(lp + 4, count, 2);
}

static void listpack_set_long(uint8_t *lp, size_t size, size_t count)
{
    listpack_store(lp, size, 4);
    listpack_store(lp + 4, count, 2);
}

void listpack_init(void *listpack)
{
    listpack_set_long(listpack, LISTPACK_EMPTY, 0);
    ((uint8_t *)listpack)[LISTPACK_HEADER] = HEAD_END;
}

void listpack_init_short(void *listpack)
{
    listpack_set_short(listpack, LISTPACK_EMPTY, 0);
    ((uint8_t *)listpack)[LISTPACK_HEADER] = HEAD_END;
}

static void listpack_copy_entries(uint8_t *to, const uint8_t *from)
{
    memcpy(to + LISTPACK_HEADER, from + LISTPACK_HEADER,
           listpack_size(from) - LISTPACK_HEADER);
}

void listpack_copy(void *to, const void *from)
{
    listpack_set_long(to, listpack_size(from), listpack_stated_count(from));
    listpack_copy_entries(to, from);
}

void listpack_copy_short(void *to, const void *from)
{
    listpack_set_short(to, listpack_size(from), listpack_count(from));
    listpack_copy_entries(to, from);
}

size_t listpack_size(const void *listpack)
{
    const uint8_t *lp = listpack;

    return listpack_is_short(lp) ? listpack_short_word(lp) >> SHORT_COUNT_BITS
                                 : listpack_load32(lp);
}

static size_t listpack_walk(const uint8_t *lp)
{
    const uint8_t *p = lp + LISTPACK_HEADER;
    size_t count = 0;

    for (; *p != HEAD_END; count++)
        p += listpack_step(p);
    return count;
}

size_t listpack_count(const void *listpack)
{
    const uint8_t *lp = listpack;
    size_t count = listpack_stated_count(lp);

    return KR_LIKELY(count != LISTPACK_COUNT_UNKNOWN) ? count
                                                      : listpack_walk(lp);
}

/* Keep the header's count through an edit.  One that was lost is found again
 * as soon as the bytes are too few for 65535 entries. */
static void listpack_recount(uint8_t *lp, size_t added, size_t gone)
{
    size_t count = listpack_stated_count(lp);

    if (KR_LIKELY(count != LISTPACK_COUNT_UNKNOWN))
        listpack_set_count(lp, count + added - gone);
    else if (listpack_size(lp) <
             LISTPACK_EMPTY + LISTPACK_ENTRY_MIN * LISTPACK_COUNT_UNKNOWN)
        listpack_set_count(lp, listpack_walk(lp));
}

bool listpack_check_header(struct kr_str bytes)
{
    const uint8_t *lp = (const uint8_t *)bytes.data;

    return bytes.size >= LISTPACK_EMPTY && !listpack_is_short(lp) &&
           listpack_size(lp) == bytes.size && lp[bytes.size - 1] == HEAD_END;
}

/* Check the entry at `p`, of which at most `left` bytes may be read; answers
 * its size, 0 if it is broken. */
static inline size_t listpack_check_entry(const uint8_t *p, size_t left)
{
    size_t size = listpack_entry_sizes[*p], head, body;
    uint8_t back[BACK_MAX];
    struct listpack_item item;

    if (KR_LIKELY(size)) /* one byte of backlength */
        return size <= left && p[size - 1] == size - 1 ? size : 0;
    head = *p < HEAD_TEXT32 ? 2 : 5;
    if (*p > HEAD_TEXT32 || head > left)
        return 0;
    listpack_decode(p, &item); /* reads only the head */
    body = head + item.bytes.size;
    size = body + listpack_put_back(back, body);
    if (size > left || memcmp(p + body, back, size - body) != 0)
        return 0;
    return size;
}

/* Would we have written the entry at `p`, of `size` bytes, as it is? */
static inline bool listpack_is_canonical(const uint8_t *p, size_t size)
{
    struct listpack_item item;
    int64_t number;

    if (*p < HEAD_TEXT6)
        return true;
    listpack_decode(p, &item);
    if (item.is_number)
        return listpack_number(item.number).size == size;
    return !listpack_reads_as_number(item.bytes, &number) &&
           (*p < HEAD_NUMBER13 ||
            item.bytes.size >= (*p < HEAD_TEXT32 ? 64u : 4096u));
}

enum listpack_verdict listpack_check(struct kr_str bytes)
{
    enum listpack_verdict verdict = LISTPACK_SOUND;
    const uint8_t *p, *end;
    size_t count = 0, claimed;

    if (!listpack_check_header(bytes))
        return LISTPACK_BROKEN;
    p = (const uint8_t *)bytes.data + LISTPACK_HEADER;
    end = (const uint8_t *)bytes.data + bytes.size - 1;
    for (; p < end; count++) {
        size_t size = listpack_check_entry(p, (size_t)(end - p));

        if (size == 0)
            return LISTPACK_BROKEN;
        if (!listpack_is_canonical(p, size))
            verdict = LISTPACK_FOREIGN;
        p += size;
    }
    claimed = listpack_stated_count((const uint8_t *)bytes.data);
    return claimed == LISTPACK_COUNT_UNKNOWN || claimed == count
               ? verdict
               : LISTPACK_BROKEN;
}

void listpack_canonise(void *listpack)
{
    uint8_t *lp = listpack, *from = lp + LISTPACK_HEADER, *to = from;
    size_t count = 0;

    for (; *from != HEAD_END; count++) {
        struct listpack_element e;
        struct listpack_item item;
        size_t size = listpack_step(from);

        listpack_decode(from, &item);
        e = item.is_number ? listpack_number(item.number)
                           : listpack_element(item.bytes);
        to = listpack_put(to, &e);
        from += size;
    }
    *to++ = HEAD_END;
    listpack_set_size(lp, (size_t)(to - lp));
    if (listpack_stated_count(lp) != LISTPACK_COUNT_UNKNOWN)
        listpack_set_count(lp, count);
}

/* --- Places -------------------------------------------------------------- */

size_t listpack_first(const void *listpack)
{
    const uint8_t *lp = listpack;

    return lp[LISTPACK_HEADER] == HEAD_END ? 0 : LISTPACK_HEADER;
}

size_t listpack_prev(const void *listpack, size_t at)
{
    const uint8_t *lp = listpack;

    return at == LISTPACK_HEADER ? 0 : at - listpack_back(lp + at);
}

size_t listpack_last(const void *listpack)
{
    return listpack_prev(listpack, listpack_end(listpack));
}

size_t listpack_next(const void *listpack, size_t at)
{
    const uint8_t *lp = listpack;

    at += listpack_step(lp + at);
    return lp[at] == HEAD_END ? 0 : at;
}

static size_t listpack_seek_forward(const uint8_t *lp, uint64_t steps)
{
    const uint8_t *p = lp + LISTPACK_HEADER;

    for (; *p != HEAD_END; steps--) {
        if (steps == 0)
            return (size_t)(p - lp);
        p += listpack_step(p);
    }
    return 0;
}

static size_t listpack_seek_back(const uint8_t *lp, uint64_t steps)
{
    size_t at = listpack_end(lp);

    do
        at = listpack_prev(lp, at);
    while (at && --steps);
    return at;
}

size_t listpack_seek(const void *listpack, int64_t index)
{
    const uint8_t *lp = listpack;
    int64_t count = (int64_t)listpack_stated_count(lp);

    if (count == LISTPACK_COUNT_UNKNOWN)
        return index < 0 ? listpack_seek_back(lp, 0 - (uint64_t)index)
                         : listpack_seek_forward(lp, (uint64_t)index);
    if (index < 0)
        index += count;
    if (index < 0 || index >= count)
        return 0;
    return index < count / 2
               ? listpack_seek_forward(lp, (uint64_t)index)
               : listpack_seek_back(lp, (uint64_t)(count - index));
}

size_t listpack_entry_size(const void *listpack, size_t at)
{
    return listpack_step((const uint8_t *)listpack + at);
}

/* --- Read ---------------------------------------------------------------- */

void listpack_get(const void *listpack, size_t at, struct listpack_item *item)
{
    listpack_decode((const uint8_t *)listpack + at, item);
}

/* The first byte has been compared; a head that begins alike is as long. */
static inline bool listpack_match(const uint8_t *p,
                                  const struct listpack_element *e)
{
    if (e->head_size > 1 && memcmp(p + 1, e->head + 1, e->head_size - 1u) != 0)
        return false;
    return listpack_same(p + e->head_size, e->payload.data, e->payload.size);
}

bool listpack_equal(const void *listpack, size_t at,
                    const struct listpack_element *element)
{
    const uint8_t *p = (const uint8_t *)listpack + at;

    return *p == element->head[0] && listpack_match(p, element);
}

/* The end is met as a head whose size the table does not know, so that a step
 * costs one test. */
static inline size_t listpack_find_every(const uint8_t *lp, size_t at,
                                         const struct listpack_element *e,
                                         size_t stride)
{
    const uint8_t *p = lp + at;
    uint8_t first = e->head[0];

    for (;;) {
        if (*p == first && listpack_match(p, e))
            return (size_t)(p - lp);
        for (size_t i = 0; i < stride; i++) {
            size_t size = listpack_entry_sizes[*p];

            if (KR_UNLIKELY(size == 0)) {
                if (*p == HEAD_END)
                    return 0;
                size = listpack_long_size(p);
            }
            p += size;
        }
    }
}

size_t listpack_find(const void *listpack, size_t at,
                     const struct listpack_element *element, size_t skip)
{
    if (at == 0)
        return 0;
    if (skip == 0)
        return listpack_find_every(listpack, at, element, 1);
    if (skip == 1)
        return listpack_find_every(listpack, at, element, 2);
    return listpack_find_every(listpack, at, element, skip + 1);
}

size_t listpack_items(const void *listpack, size_t *at,
                      struct listpack_item *items, size_t max)
{
    const uint8_t *lp = listpack, *p = lp + *at;
    size_t count = 0;

    if (*at == 0)
        return 0;
    for (; count < max && *p != HEAD_END; count++) {
        listpack_decode(p, &items[count]);
        p += listpack_step(p);
    }
    *at = *p == HEAD_END ? 0 : (size_t)(p - lp);
    return count;
}

size_t listpack_batch(const void *listpack, size_t *at, struct kr_str *out,
                      size_t max, char *texts)
{
    const uint8_t *lp = listpack, *p = lp + *at;
    struct listpack_item item;
    size_t count = 0;

    if (*at == 0)
        return 0;
    for (; count < max && *p != HEAD_END; count++) {
        listpack_decode(p, &item);
        out[count] = listpack_item_bytes(&item, texts + count * LISTPACK_TEXT);
        p += listpack_step(p);
    }
    *at = *p == HEAD_END ? 0 : (size_t)(p - lp);
    return count;
}

size_t listpack_batch_back(const void *listpack, size_t *at, struct kr_str *out,
                           size_t max, char *texts)
{
    size_t count = 0;

    for (; count < max && *at; count++) {
        out[count] =
            listpack_bytes(listpack, *at, texts + count * LISTPACK_TEXT);
        *at = listpack_prev(listpack, *at);
    }
    return count;
}

void listpack_pick(const void *listpack, const uint32_t *indices, size_t count,
                   size_t width, struct listpack_item *items)
{
    size_t at = LISTPACK_HEADER;
    uint64_t entry = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t wanted = (uint64_t)indices[i] * width;
        size_t from;

        for (; entry < wanted; entry++)
            at += listpack_step((const uint8_t *)listpack + at);
        from = at;
        listpack_items(listpack, &from, items + i * width, width);
    }
}

/* --- Edit ---------------------------------------------------------------- */

/* Replace the bytes [from, to), which are `gone` entries. */
static void listpack_splice(uint8_t *lp, size_t from, size_t to, size_t gone,
                            const struct listpack_element *elements,
                            size_t count)
{
    size_t size = listpack_size(lp);
    size_t added = listpack_elements_size(elements, count);
    uint8_t *p = lp + from;

    if (added != to - from) {
        memmove(p + added, lp + to, size - to);
        listpack_set_size(lp, size - (to - from) + added);
    }
    for (size_t i = 0; i < count; i++)
        p = listpack_put(p, &elements[i]);
    if (count != gone)
        listpack_recount(lp, count, gone);
}

void listpack_insert(void *listpack, size_t at,
                     const struct listpack_element *elements, size_t count)
{
    listpack_splice(listpack, at, at, 0, elements, count);
}

void listpack_replace(void *listpack, size_t at,
                      const struct listpack_element *element)
{
    listpack_splice(listpack, at, at + listpack_entry_size(listpack, at), 1,
                    element, 1);
}

/* Where the `*count` entries from `at` on are over; *count becomes how many
 * there are. */
static size_t listpack_after(const uint8_t *lp, size_t at, size_t *count)
{
    const uint8_t *p = lp + at;
    size_t passed = 0;

    for (; passed < *count && *p != HEAD_END; passed++)
        p += listpack_step(p);
    *count = passed;
    return (size_t)(p - lp);
}

size_t listpack_delete(void *listpack, size_t at, size_t count)
{
    uint8_t *lp = listpack;
    size_t to = listpack_after(lp, at, &count);

    listpack_splice(lp, at, to, count, NULL, 0);
    return lp[at] == HEAD_END ? 0 : at;
}

size_t listpack_delete_range(void *listpack, int64_t index, size_t count)
{
    uint8_t *lp = listpack;
    size_t known = listpack_stated_count(lp), from, to, left;

    from = listpack_seek(lp, index);
    if (from == 0)
        return 0;
    left = index < 0 ? (size_t)-index : known - (size_t)index;
    if (count >= left && known != LISTPACK_COUNT_UNKNOWN) {
        to = listpack_end(lp); /* all the rest: no need to walk */
        count = left;
    } else {
        to = listpack_after(lp, from, &count);
    }
    listpack_splice(lp, from, to, count, NULL, 0);
    return count;
}

void *listpack_prepend_left(void *listpack,
                            const struct listpack_element *elements,
                            size_t count)
{
    size_t added = listpack_elements_size(elements, count);
    uint8_t *lp = (uint8_t *)listpack - added;
    uint8_t *p = lp + LISTPACK_HEADER;

    assert(!listpack_is_short(listpack));
    memmove(lp, listpack, LISTPACK_HEADER);
    for (size_t i = 0; i < count; i++)
        p = listpack_put(p, &elements[i]);
    listpack_set_size(lp, listpack_size(lp) + added);
    listpack_recount(lp, count, 0);
    return lp;
}

void *listpack_delete_left(void *listpack, size_t count)
{
    uint8_t *lp = listpack;
    size_t gone = listpack_after(lp, LISTPACK_HEADER, &count) - LISTPACK_HEADER;

    assert(!listpack_is_short(lp));
    memmove(lp + gone, lp, LISTPACK_HEADER);
    lp += gone;
    listpack_set_size(lp, listpack_size(lp) - gone);
    listpack_recount(lp, 0, count);
    return lp;
}

void listpack_merge(void *listpack, const void *other, bool before)
{
    uint8_t *lp = listpack;
    size_t size = listpack_size(lp);
    size_t added = listpack_size(other) - LISTPACK_EMPTY;
    size_t count = listpack_stated_count(other);
    size_t at = before ? LISTPACK_HEADER : size - 1;

    memmove(lp + at + added, lp + at, size - at);
    memcpy(lp + at, (const uint8_t *)other + LISTPACK_HEADER, added);
    listpack_set_size(lp, size + added);
    if (count == LISTPACK_COUNT_UNKNOWN)
        listpack_set_count(lp, LISTPACK_COUNT_UNKNOWN);
    listpack_recount(lp, count, 0);
}
