/* SPDX-License-Identifier: BSD-3-Clause */
/* wheel - what expires when: eight bytes a key, in time order.
 *
 * Time is cut into ticks of 16 ms.  An item is forty bits of a key's hash, by
 * which its table finds the entry again, and the low bits of the tick at which
 * it falls due; the rest of the tick follows from where the item lies.
 *
 *   item   bit 63                32 31      24 23                      0
 *              +-------------------+----------+------------------------+
 *              |   hash 0..31      | 56..63   | due tick 0..23         |
 *              +-------------------+----------+------------------------+
 *                                                     | stamp = 0..15  |
 *
 * Four levels of 512 buckets; a bucket of a level is as long as 256 of the
 * level below.  A level covers the window of 256 buckets that the present is in
 * and the next one, so buckets can be emptied into the level below long before
 * they are due, in slices of any size.
 *
 *   level          bucket        reaches at least
 *     0     1 tick   16 ms            4 s          now
 *     1     2^8       4 s            17 min    |....:...............|
 *     2     2^16     17 min           3 days   | this    | next     | 512
 * buckets 3     2^24      3 days        4.3 years  | window  | window   |
 *
 * A bucket is a list of chunks.  The first chunk made has 7 items, the ones
 * after it 15, 31, 63, 63 ...: 64 to 512 bytes.  A word that leads to a chunk
 * has the number of items in it in its top 16 bits; all chunks but the newest
 * are full.
 *
 *   bucket [5|.]--> [7 of 15 slots unused][7|.]--> [7 items][0]
 *
 * The wheel does not know whether its keys live.  Items are never removed; a
 * key that was deleted or has a new time leaves a stale item.  The contract:
 *
 *   - the key's owner keeps, beside the entry, the stamp that wheel_add() gave;
 *   - an item falls due: no such entry, or another stamp: drop it.  The entry
 *     expires later than now: wheel_add() again, and keep the new stamp.
 *     Otherwise it has expired;
 *   - so a later time for a key needs nothing from the wheel, and an earlier
 * one a wheel_add();
 *   - no item falls due late; some do early, those which were more than 4.3
 *     years ahead and those that were there when the clock was set back.
 *
 * Order: as long as the clock is not set back, items of a tick fall due before
 * those of the next tick, over all calls and budgets; within a tick in any
 * order. What was already past when it was added falls due with the next call.
 *
 * Costs: wheel_add() O(1), some 30 ns.  An item moves at most three times
 * before it falls due; with its delivery that is some 60 ns.  All functions do
 * bounded work; those with a budget count an item that is moved, delivered or
 * examined as one.  8.1 bytes an item in full buckets; at most 36 KiB more for
 * each level in use, where every bucket has one item.  An empty wheel owns no
 * memory.
 *
 * A wheel is moved by copying the struct; two are swapped the same way. */
#ifndef CORE_KEYSPACE_WHEEL_H
#define CORE_KEYSPACE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_LEVELS  4
#define WHEEL_BUCKETS 512
#define WHEEL_TICK_MS 16
#define WHEEL_NEVER   INT64_MAX

struct wheel_level {
    uint64_t occupied[WHEEL_BUCKETS / 64]; /* a bit for each bucket */
    uint64_t items; /* with those that the compaction holds */
    uint64_t bucket[WHEEL_BUCKETS];
};

/* Read the fields through the functions below. */
struct wheel {
    struct wheel_level *level[WHEEL_LEVELS]; /* NULL until used */
    uint64_t tick;  /* what is due before it has been delivered */
    uint64_t floor; /* no item may be added before this tick */
    uint64_t skew;  /* ticks by which the clock has been set back */
    uint64_t pending;
    size_t memory;
    /* The compaction: a bucket taken out to be examined, and the next one. */
    bool sweeping;
    uint8_t sweep_level;
    uint16_t sweep_next;
    uint64_t sweep_list;
    uint64_t sweep_window; /* number of the bucket since tick 0 */
};

/* An item as the wheel knows it: bits 32..55 of the hash are zero. */
struct wheel_item {
    uint64_t hash;
    uint16_t stamp;
};

#define WHEEL_BATCH 16

/* Up to WHEEL_BATCH items that have fallen due: several, so that the owner can
 * fetch their entries together.  May wheel_add(), nothing else. */
typedef void (*wheel_due_fn)(const struct wheel_item *items, size_t count,
                             void *ctx);
/* Is this the item of an entry that lives?  Leaves the wheel alone. */
typedef bool (*wheel_live_fn)(const struct wheel_item *item, void *ctx);

/* Allocates nothing.  Times are milliseconds of any clock, since its zero. */
void wheel_init(struct wheel *w, int64_t now_ms);

/* Give back all memory, at most `chunks` chunks of up to 63 items this time.
 * True when the wheel is empty. */
bool wheel_clear_step(struct wheel *w, size_t chunks);

/* `hash` falls due at `due_ms`, rounded up to a tick.  What is past, or added
 * by the callback for a time that this call has reached, falls due in the next
 * call.  Answers the stamp of the item. */
uint16_t wheel_add(struct wheel *w, uint64_t hash, int64_t due_ms);

/* Deliver what is due, spending at most `budget`; what is left of it empties
 * buckets that are due soon into the level below.  True when more is due at
 * once: the budget was too small. */
bool wheel_advance(struct wheel *w, int64_t now_ms, size_t budget,
                   wheel_due_fn due, void *ctx);

/* Items in the wheel, stale ones too. */
static inline uint64_t wheel_pending(const struct wheel *w)
{
    return w->pending;
}

/* Not after the time of the first item; WHEEL_NEVER if there is none.  It may
 * be the time at which a bucket wants to be emptied into the level below. */
int64_t wheel_next_due_ms(const struct wheel *w);

/* An item by chance from the bucket that comes first, or from anywhere: among
 * the buckets of a level, each is as likely as the other.  `*seed` is the
 * caller's state of chance.  False if the wheel is empty.  Items may be stale:
 * compare the stamp. */
bool wheel_sample_first(const struct wheel *w, uint64_t *seed,
                        struct wheel_item *item);
bool wheel_sample_any(const struct wheel *w, uint64_t *seed,
                      struct wheel_item *item);

/* --- Stale items --------------------------------------------------------- */

/* With `live` keys that expire, is it time to compact?  Then call
 * wheel_compact_step() with every wheel_add(), or from a timer, until it
 * says that it is done.  With a budget of b items for each addition there are
 * never more than (2 live + 1024) (1 + 1/b) items, live at its largest during
 * the sweep; and as a sweep begins when more than half of the items are stale,
 * an addition pays on average for the examination of two items. */
static inline bool wheel_wants_compact(const struct wheel *w, uint64_t live)
{
    return w->sweeping || w->pending > 2 * live + 1024;
}

/* Examine up to `budget` items and drop the stale ones.  True when the sweep is
 * done: what was stale when it began has been dropped or has fallen due. */
bool wheel_compact_step(struct wheel *w, size_t budget, wheel_live_fn live,
                        void *ctx);

/* --- Looking at it ------------------------------------------------------- */

/* Bytes allocated.  O(1). */
size_t wheel_memory(const struct wheel *w);

/* NULL, or the invariant that does not hold.  O(items). */
const char *wheel_check(const struct wheel *w);

#endif
