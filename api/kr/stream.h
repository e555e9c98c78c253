/* SPDX-License-Identifier: BSD-3-Clause */
/* stream - read and make streams from another module.
 *
 * The module `stream` offers this.  An entry has an id, above that of all before
 * it, and pairs of fields and values; a stream without entries is one still, so
 * nobody erases it.  Who changes a stream looks it up with KR_FIND_WRITE and
 * tells of the change afterwards by kr_keyspace->changed(): nothing here does.
 *
 *   struct kr_stream_walk walk;
 *
 *   kr_streams->walk(&cell, KR_STREAM_MIN, KR_STREAM_MAX, false, &walk);
 *   while (kr_streams->next(&walk))
 *       for (uint32_t i = 0; i < walk.count; i++)
 *           use(walk.id, walk.field[i], walk.value[i]); */
#ifndef KR_STREAM_H
#define KR_STREAM_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Milliseconds since 1970, and a number among those of the same one. */
struct kr_stream_id {
    uint64_t ms;
    uint64_t seq;
};

/* The id `ms`-`seq`.  [any] */
static inline struct kr_stream_id kr_stream_id(uint64_t ms, uint64_t seq)
{
    struct kr_stream_id id = {ms, seq};

    return id;
}

#define KR_STREAM_MIN  kr_stream_id(0, 0)
#define KR_STREAM_MAX  kr_stream_id(UINT64_MAX, UINT64_MAX)
#define KR_STREAM_ROOM 32u /* pairs of a batch */

/* A batch has pairs of one entry: all, or `left` more are in the next batches.
 * The strings are borrowed: from the value, or from `text`, where numbers are
 * written.  They are good until the next batch and as long as the cell is; the
 * value must not change during a walk.  To give up early is to stop asking.  It
 * takes about 3 KiB of the caller's stack. */
struct kr_stream_walk {
    const struct kr_cell *cell;
    struct kr_stream_id id; /* of the entry */
    uint64_t pairs;         /* of the entry, in all */
    uint64_t left;          /* of them, after this batch */
    uint32_t count;         /* in this batch */
    uint32_t flags;         /* the type's */
    uint64_t place[32];     /* where to go on: the type's */
    struct kr_str field[KR_STREAM_ROOM];
    struct kr_str value[KR_STREAM_ROOM];
    char text[KR_STREAM_ROOM][2][KR_INT64_TEXT];
};

struct kr_streams {
    uint32_t size;
    uint32_t reserved;

    /* --- Read ---------------------------------------------------------------- */

    /* Is the cell's value a stream?  O(1). */
    bool (*is_stream)(const struct kr_cell *cell);
    /* Entries.  O(1). */
    uint64_t (*count)(const struct kr_cell *cell);
    /* The highest id that was ever given, 0-0 if none was.  O(1). */
    struct kr_stream_id (*last_id)(const struct kr_cell *cell);
    /* Begin with the first entry from `from` to `to`, both included, or with
     * `back` with the last one.  O(log n). */
    void (*walk)(const struct kr_cell *cell, struct kr_stream_id from,
                 struct kr_stream_id to, bool back,
                 struct kr_stream_walk *walk);
    /* The next batch; false at the end. */
    bool (*next)(struct kr_stream_walk *walk);

    /* --- Change -------------------------------------------------------------- */

    /* A new stream without entries in place of whatever the key held. */
    void (*put)(kr_db *db, struct kr_str key, struct kr_cell *cell);
    /* Append an entry of `pairs` fields and values: field, value, field, value.  Copied.  *id is its id, or 0-0 for the next one by the
     * clock, which is written there.  Clients that wait for the key are woken.
     * KR_ERANGE: the id is not above the last one; KR_ENOMEM: too large.
     * O(bytes). */
    kr_status (*add)(struct kr_cell *cell, struct kr_stream_id *id,
                     uint64_t pairs, const struct kr_str *words);
    /* Delete an entry; false: no such entry. */
    bool (*remove)(struct kr_cell *cell, struct kr_stream_id id);
    /* Keep only the last `count` entries, or those from `id` on; answers how many
     * have gone.  What was a lot is freed on another thread. */
    uint64_t (*keep_last)(struct kr_cell *cell, uint64_t count);
    uint64_t (*keep_from)(struct kr_cell *cell, struct kr_stream_id id);

    /* --- Appended ------------------------------------------------------------ */

    /* The same by whole nodes, as "~" has it: more may stay, and what goes are
     * at most as many entries as fill a hundred nodes. */
    uint64_t (*keep_about_last)(struct kr_cell *cell, uint64_t count);
    uint64_t (*keep_about_from)(struct kr_cell *cell, struct kr_stream_id id);
};
KR_INTERFACE(kr_streams, "stream.values/1");

#ifdef __cplusplus
}
#endif
#endif
