/* SPDX-License-Identifier: BSD-3-Clause */
/* id - the name of an entry: milliseconds and a sequence number.
 *
 *   text     1526919030474-55
 *   key      16 bytes, both numbers with the highest byte first, so that keys
 *            are in order as bytes; the form in indexes and in RDB files
 *   score    milliseconds and the sequence's first 4095 numbers as a double, for
 *            structure/tree.h.  Exact until the year 2039; later, and for high
 *            sequences, ids share a score and are told apart by the key, which
 *            is slower.  The order is never another one: a sum that is rounded
 *            is at most as much as the next millisecond's. */
#ifndef STREAM_ID_H
#define STREAM_ID_H

#include <kr/base.h>

#include <endian.h>

struct stream_id {
    uint64_t ms;
    uint64_t seq;
};

#define ID_KEY  16u /* bytes */
#define ID_TEXT 42u /* room that any id needs as text */
#define ID_MIN  ((struct stream_id){0, 0})
#define ID_MAX  ((struct stream_id){UINT64_MAX, UINT64_MAX})

static inline int id_compare(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static inline bool id_is_zero(struct stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

static inline void id_to_key(struct stream_id id, char *key)
{
    uint64_t words[2] = {htobe64(id.ms), htobe64(id.seq)};

    memcpy(key, words, ID_KEY);
}

static inline struct stream_id id_from_key(const char *key)
{
    uint64_t words[2];

    memcpy(words, key, ID_KEY);
    return (struct stream_id){be64toh(words[0]), be64toh(words[1])};
}

static inline double id_score(struct stream_id id)
{
    return (double)id.ms * 4096 + (double)(id.seq < 4095 ? id.seq : 4095);
}

/* The next, or the previous one; false: there is none, and the id is now the
 * other end. */
bool id_next(struct stream_id *id);
bool id_previous(struct stream_id *id);

/* The id that the clock makes: above `last`, though the clock went back. */
static inline struct stream_id id_after(struct stream_id last, uint64_t now_ms)
{
    if (now_ms > last.ms)
        return (struct stream_id){now_ms, 0};
    id_next(&last);
    return last;
}

/* Write the text, without NUL; answers its size. */
size_t id_text(struct stream_id id, char *text);

/* --- Reading ------------------------------------------------------------- */

#define ID_ENDS (1u << 0) /* "-" and "+" are the lowest and the highest id */
#define ID_AUTO (1u << 1) /* "5-*" may leave the sequence to the stream */

/* Read what a client typed: "5-3", or "5" with `seq` in its place; `allowed`:
 * ID_.  *automatic, if not NULL, is set where the sequence is "*". */
bool id_parse(struct kr_str text, uint32_t allowed, uint64_t seq,
              struct stream_id *id, bool *automatic);

#endif
