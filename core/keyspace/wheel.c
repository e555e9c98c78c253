/* SPDX-License-Identifier: BSD-3-Clause */
/* wheel - where an item lies, and when it moves.
 *
 * Number the buckets of level k from tick 0 on: tick t is in bucket t >> 8k,
 * and that one lies at place (t >> 8k) mod 512.  An item goes to the lowest
 * level whose two windows reach it: level k, when (due >> 8k+8) is that of the
 * present tick or one more.
 *
 * Invariants (wheel_check() verifies them), with the present tick = w->tick:
 *   - an item of level k has 0 <= (due >> 8k) - (tick >> 8k) < 512, so its
 * place and its low bits give its tick;
 *   - above level 0, an addition goes two buckets ahead at least.  So the
 * bucket of the present and the next one only ever lose items: emptying them is
 *     work that ends, and may stop after any item;
 *   - the tick never passes a bucket that has items, and no tick is delivered
 *     before the buckets of all levels that contain it are empty.  Hence the
 *     order, whatever the budgets were.
 *
 * A clock that is set back by more than a second does not turn the wheel back,
 * which would move every item: its ticks go on from where they are, and the
 * difference (`skew`) is added to all times from now on.  Items that were there
 * fall due early by as much, and their owner adds them again. */
#include "core/keyspace/wheel.h"

#include <assert.h>
#include <string.h>

#include "core/memory/memory.h"

#define WHEEL_TICK_BITS   24 /* of the due tick, in an item */
#define WHEEL_TICK_MASK   ((UINT64_C(1) << WHEEL_TICK_BITS) - 1)
#define WHEEL_BACK_MAX    64 /* ticks that the clock may go back unnoticed */
#define WHEEL_CHUNK_FIRST 7
#define WHEEL_CHUNK_MAX   63

/* Lists are words: the address of the newest chunk, and its items above. */
struct wheel_chunk {
    uint64_t next;
    uint64_t item[];
};

/* --- Lists of chunks ----------------------------------------------------- */

static struct wheel_chunk *list_chunk(uint64_t list)
{
    return (struct wheel_chunk *)(uintptr_t)(list & ((UINT64_C(1) << 48) - 1));
}

static uint64_t list_count(uint64_t list)
{
    return list >> 48;
}

/* How many items the chunk before `next` has room for. */
static uint64_t chunk_room(uint64_t next)
{
    uint64_t room = 2 * list_count(next) + 1;

    if (next == 0)
        return WHEEL_CHUNK_FIRST;
    return room < WHEEL_CHUNK_MAX ? room : WHEEL_CHUNK_MAX;
}

static size_t chunk_size(uint64_t next)
{
    return sizeof(struct wheel_chunk) + chunk_room(next) * sizeof(uint64_t);
}

static void list_push(struct wheel *w, uint64_t *list, uint64_t item)
{
    if (*list == 0 ||
        list_count(*list) == chunk_room(list_chunk(*list)->next)) {
        struct wheel_chunk *chunk = memory_alloc(chunk_size(*list));

        assert((uintptr_t)chunk >> 48 == 0);
        w->memory += chunk_size(*list);
        chunk->next = *list;
        *list = (uint64_t)(uintptr_t)chunk;
    }
    list_chunk(*list)->item[list_count(*list)] = item;
    *list += UINT64_C(1) << 48;
}

/* Free the newest chunk, with what is in it. */
static void list_drop_chunk(struct wheel *w, uint64_t *list)
{
    struct wheel_chunk *chunk = list_chunk(*list);

    *list = chunk->next;
    w->memory -= chunk_size(*list);
    memory_free(chunk);
}

static uint64_t list_pop(struct wheel *w, uint64_t *list)
{
    uint64_t item = list_chunk(*list)->item[list_count(*list) - 1];

    *list -= UINT64_C(1) << 48;
    if (list_count(*list) == 0)
        list_drop_chunk(w, list);
    return item;
}

/* --- Levels -------------------------------------------------------------- */

/* The number of the bucket of level `level` that has `tick`. */
static uint64_t bucket_number(uint64_t tick, unsigned level)
{
    return tick >> 8 * level;
}

static struct wheel_level *wheel_level(struct wheel *w, unsigned level)
{
    if (w->level[level] == NULL) {
        w->level[level] = memory_calloc(1, sizeof(struct wheel_level));
        w->memory += sizeof(struct wheel_level);
    }
    return w->level[level];
}

static uint64_t *level_list(struct wheel_level *l, uint64_t number)
{
    return &l->bucket[number % WHEEL_BUCKETS];
}

/* Call it when the list of a bucket has changed. */
static void level_mark(struct wheel_level *l, uint64_t number)
{
    uint64_t place = number % WHEEL_BUCKETS;
    uint64_t bit = UINT64_C(1) << place % 64;

    if (l->bucket[place] != 0)
        l->occupied[place / 64] |= bit;
    else
        l->occupied[place / 64] &= ~bit;
}

static uint64_t level_pop(struct wheel *w, struct wheel_level *l,
                          uint64_t number)
{
    uint64_t *list = level_list(l, number);
    uint64_t item = list_pop(w, list);

    l->items--;
    if (*list == 0)
        level_mark(l, number);
    return item;
}

/* How far from place `from` on, round the ring, is the first bucket that has
 * items?  WHEEL_BUCKETS if there is none. */
static uint64_t level_distance(const struct wheel_level *l, uint64_t from)
{
    const uint64_t words = WHEEL_BUCKETS / 64;
    uint64_t place = from % WHEEL_BUCKETS;
    uint64_t word = l->occupied[place / 64] & UINT64_MAX << place % 64;

    /* Once more round to the first word, for what is before `from` in it. */
    for (uint64_t i = place / 64; i <= place / 64 + words; i++) {
        if (i > place / 64)
            word = l->occupied[i % words];
        if (word != 0)
            return (i * 64 + (uint64_t)__builtin_ctzll(word) - place) %
                   WHEEL_BUCKETS;
    }
    return WHEEL_BUCKETS;
}

static uint64_t item_make(uint64_t hash, uint64_t due)
{
    return hash << 32 | hash >> 56 << WHEEL_TICK_BITS | (due & WHEEL_TICK_MASK);
}

static struct wheel_item item_read(uint64_t item)
{
    return (struct wheel_item){
        .hash = item >> 32 | (item >> WHEEL_TICK_BITS & 0xff) << 56,
        .stamp = (uint16_t)item,
    };
}

/* The due tick of an item in bucket `number` of `level`. */
static uint64_t item_due(uint64_t item, unsigned level, uint64_t number)
{
    uint64_t within = (UINT64_C(1) << 8 * level) - 1;

    return number << 8 * level | (item & within);
}

/* To the lowest level that reaches `due`, which is not before the present. */
static void wheel_place(struct wheel *w, uint64_t item, uint64_t due)
{
    struct wheel_level *l;
    unsigned level = 0;

    while (level < WHEEL_LEVELS - 1 &&
           bucket_number(due, level + 1) - bucket_number(w->tick, level + 1) >
               1)
        level++;
    l = wheel_level(w, level);
    list_push(w, level_list(l, bucket_number(due, level)), item);
    level_mark(l, bucket_number(due, level));
    l->items++;
}

/* --- Adding -------------------------------------------------------------- */

void wheel_init(struct wheel *w, int64_t now_ms)
{
    memset(w, 0, sizeof(*w));
    w->tick = now_ms > 0 ? (uint64_t)now_ms / WHEEL_TICK_MS : 0;
    w->floor = w->tick;
}

/* Beyond the last level: to its last bucket, at the same place within it. */
static uint64_t wheel_due_limit(const struct wheel *w, uint64_t due)
{
    const unsigned top = WHEEL_LEVELS - 1;
    uint64_t last = bucket_number(w->tick, top) + WHEEL_BUCKETS - 1;

    if (bucket_number(due, top) <= last)
        return due;
    return item_due(due, top, last);
}

uint16_t wheel_add(struct wheel *w, uint64_t hash, int64_t due_ms)
{
    uint64_t ms = due_ms > 0 ? (uint64_t)due_ms : 0;
    uint64_t due = ms / WHEEL_TICK_MS + (ms % WHEEL_TICK_MS != 0) + w->skew;

    if (due < w->floor)
        due = w->floor;
    due = wheel_due_limit(w, due);
    wheel_place(w, item_make(hash, due), due);
    w->pending++;
    return (uint16_t)due;
}

/* --- Time passes --------------------------------------------------------- */

/* The first tick that may have an item; UINT64_MAX if there is none. */
static uint64_t wheel_first(const struct wheel *w, unsigned *level)
{
    uint64_t first = UINT64_MAX;

    if (w->sweep_list != 0) {
        first = w->sweep_window << 8 * w->sweep_level;
        *level = WHEEL_LEVELS;
    }
    for (unsigned k = 0; k < WHEEL_LEVELS; k++) {
        const struct wheel_level *l = w->level[k];
        uint64_t number = bucket_number(w->tick, k), distance, start;

        if (l == NULL || l->items == 0)
            continue;
        distance = level_distance(l, number);
        start = (number + distance) << 8 * k;
        if (distance < WHEEL_BUCKETS && start < first) {
            first = start;
            *level = k;
        }
    }
    return first;
}

static bool sweep_is_due(const struct wheel *w)
{
    return w->sweep_list != 0 &&
           w->sweep_window << 8 * w->sweep_level <= w->tick;
}

/* What the compaction holds still counts as its level's. */
static uint64_t sweep_pop(struct wheel *w)
{
    w->level[w->sweep_level]->items--;
    return list_pop(w, &w->sweep_list);
}

/* Put back what the compaction holds, unexamined.  Answers the budget left. */
static size_t sweep_put_back(struct wheel *w, size_t budget)
{
    for (; budget > 0 && w->sweep_list != 0; budget--) {
        uint64_t item = sweep_pop(w);

        wheel_place(w, item, item_due(item, w->sweep_level, w->sweep_window));
    }
    return budget;
}

/* Empty, from the top level down, the buckets that are `ahead` of the present
 * one.  Answers the budget left: if not 0, they are empty. */
static size_t wheel_cascade(struct wheel *w, uint64_t ahead, size_t budget)
{
    for (unsigned k = WHEEL_LEVELS - 1; k > 0; k--) {
        uint64_t number = bucket_number(w->tick, k) + ahead;
        struct wheel_level *l = w->level[k];

        if (l == NULL)
            continue;
        for (; budget > 0 && *level_list(l, number) != 0; budget--) {
            uint64_t item = level_pop(w, l, number);

            wheel_place(w, item, item_due(item, k, number));
        }
    }
    return budget;
}

/* Hand over the items of the present tick.  Answers the budget left. */
static size_t wheel_deliver(struct wheel *w, size_t budget, wheel_due_fn due,
                            void *ctx)
{
    struct wheel_level *l = w->level[0];

    while (budget > 0 && l != NULL && *level_list(l, w->tick) != 0) {
        struct wheel_item items[WHEEL_BATCH];
        size_t count = 0;

        for (; budget > 0 && count < WHEEL_BATCH; budget--) {
            if (*level_list(l, w->tick) == 0)
                break;
            items[count++] = item_read(level_pop(w, l, w->tick));
        }
        w->pending -= count;
        due(items, count, ctx);
    }
    return budget;
}

/* The tick of a time.  When the clock was set back, time stands still. */
static uint64_t wheel_now(struct wheel *w, int64_t now_ms)
{
    uint64_t ms = now_ms > 0 ? (uint64_t)now_ms : 0;
    uint64_t now = ms / WHEEL_TICK_MS + w->skew;

    if (now + WHEEL_BACK_MAX < w->tick)
        w->skew += w->tick - now;
    return now < w->tick ? w->tick : now;
}

/* Without items there is nothing to keep. */
static void wheel_trim(struct wheel *w)
{
    if (w->pending != 0)
        return;
    for (unsigned k = 0; k < WHEEL_LEVELS; k++) {
        memory_free(w->level[k]);
        w->level[k] = NULL;
    }
    w->memory = 0;
    w->sweeping = false;
}

bool wheel_advance(struct wheel *w, int64_t now_ms, size_t budget,
                   wheel_due_fn due, void *ctx)
{
    uint64_t now = wheel_now(w, now_ms);
    uint64_t first;
    unsigned level;

    w->floor = now + 1;
    while ((first = wheel_first(w, &level)) <= now && budget > 0) {
        if (first > w->tick)
            w->tick = first;
        if (sweep_is_due(w))
            budget = sweep_put_back(w, budget);
        budget = wheel_cascade(w, 0, budget);
        budget = wheel_deliver(w, budget, due, ctx);
    }
    if (first > now) {
        w->tick = now;
        wheel_cascade(w, 1, budget);
    }
    w->floor = w->tick;
    wheel_trim(w);
    return first <= now;
}

int64_t wheel_next_due_ms(const struct wheel *w)
{
    unsigned level;
    uint64_t first = wheel_first(w, &level);

    if (first == UINT64_MAX)
        return WHEEL_NEVER;
    if (first < w->tick)
        first = w->tick;
    return (int64_t)((first - w->skew) * WHEEL_TICK_MS);
}

/* --- Chance -------------------------------------------------------------- */

/* A step of splitmix64, brought below `bound`. */
static uint64_t chance_below(uint64_t *seed, uint64_t bound)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (uint64_t)((unsigned __int128)z * bound >> 64);
}

static struct wheel_item list_sample(uint64_t list, uint64_t *seed)
{
    uint64_t hops = chance_below(seed, 16);
    uint64_t at = list;

    while (hops-- > 0)
        at = list_chunk(at)->next != 0 ? list_chunk(at)->next : list;
    return item_read(list_chunk(at)->item[chance_below(seed, list_count(at))]);
}

/* A bucket's list, each with the same chance.  Where no bucket has items, the
 * level's are all with the compaction. */
static uint64_t level_list_by_chance(const struct wheel *w,
                                     const struct wheel_level *l,
                                     uint64_t *seed)
{
    uint64_t buckets = 0, n, word;
    size_t i = 0;

    for (size_t k = 0; k < WHEEL_BUCKETS / 64; k++)
        buckets += (uint64_t)__builtin_popcountll(l->occupied[k]);
    if (buckets == 0)
        return w->sweep_list;
    n = chance_below(seed, buckets);
    while (n >= (uint64_t)__builtin_popcountll(l->occupied[i]))
        n -= (uint64_t)__builtin_popcountll(l->occupied[i++]);
    for (word = l->occupied[i]; n > 0; n--)
        word &= word - 1;
    return l->bucket[i * 64 + (size_t)__builtin_ctzll(word)];
}

bool wheel_sample_first(const struct wheel *w, uint64_t *seed,
                        struct wheel_item *item)
{
    unsigned level = 0;
    uint64_t first = wheel_first(w, &level);

    if (first == UINT64_MAX)
        return false;
    *item = list_sample(
        level == WHEEL_LEVELS
            ? w->sweep_list
            : *level_list(w->level[level], bucket_number(first, level)),
        seed);
    return true;
}

bool wheel_sample_any(const struct wheel *w, uint64_t *seed,
                      struct wheel_item *item)
{
    uint64_t n;

    if (w->pending == 0)
        return false;
    n = chance_below(seed, w->pending);
    for (unsigned k = 0; k < WHEEL_LEVELS; k++) {
        struct wheel_level *l = w->level[k];

        if (l == NULL)
            continue;
        if (n < l->items) {
            *item = list_sample(level_list_by_chance(w, l, seed), seed);
            return true;
        }
        n -= l->items;
    }
    return false;
}

/* --- Stale items and the end --------------------------------------------- */

/* Take out the next bucket to examine.  From the top level down, so that what
 * the passing time moves meanwhile comes later, not never. */
static bool sweep_take(struct wheel *w)
{
    for (;;) {
        struct wheel_level *l = w->level[w->sweep_level];
        uint64_t number = bucket_number(w->tick, w->sweep_level);

        if (l != NULL && w->sweep_next < WHEEL_BUCKETS) {
            uint64_t place = w->sweep_next + level_distance(l, w->sweep_next);

            /* Beyond the ring's end there is nothing new. */
            if (place < WHEEL_BUCKETS) {
                w->sweep_next = (uint16_t)(place + 1);
                w->sweep_window = number + (place - number) % WHEEL_BUCKETS;
                w->sweep_list = l->bucket[place];
                l->bucket[place] = 0;
                level_mark(l, place);
                return true;
            }
        }
        if (w->sweep_level == 0)
            return false;
        w->sweep_level--;
        w->sweep_next = 0;
    }
}

bool wheel_compact_step(struct wheel *w, size_t budget, wheel_live_fn live,
                        void *ctx)
{
    if (!w->sweeping) {
        w->sweeping = true;
        w->sweep_level = WHEEL_LEVELS - 1;
        w->sweep_next = 0;
    }
    while (w->sweep_list != 0 || sweep_take(w)) {
        struct wheel_item read;
        uint64_t item;

        if (budget-- == 0)
            return false;
        item = sweep_pop(w);
        read = item_read(item);
        if (live(&read, ctx))
            wheel_place(w, item,
                        item_due(item, w->sweep_level, w->sweep_window));
        else
            w->pending--;
    }
    w->sweeping = false;
    wheel_trim(w);
    return true;
}

bool wheel_clear_step(struct wheel *w, size_t chunks)
{
    for (; chunks > 0 && w->sweep_list != 0; chunks--) {
        w->level[w->sweep_level]->items -= list_count(w->sweep_list);
        w->pending -= list_count(w->sweep_list);
        list_drop_chunk(w, &w->sweep_list);
    }
    for (unsigned k = 0; k < WHEEL_LEVELS; k++) {
        struct wheel_level *l = w->level[k];

        for (; chunks > 0 && l != NULL; chunks--) {
            uint64_t place = level_distance(l, 0);
            uint64_t count;

            if (place == WHEEL_BUCKETS)
                break;
            count = list_count(l->bucket[place]);
            list_drop_chunk(w, &l->bucket[place]);
            level_mark(l, place);
            l->items -= count;
            w->pending -= count;
        }
    }
    wheel_trim(w);
    return w->pending == 0;
}

/* --- Looking at it ------------------------------------------------------- */

size_t wheel_memory(const struct wheel *w)
{
    return w->memory;
}

/* Add up a list's items and bytes.  Does each belong to bucket `number`? */
static const char *check_list(uint64_t list, unsigned level, uint64_t number,
                              uint64_t *items, size_t *memory)
{
    const unsigned below = 8 * level;

    while (list != 0) {
        const struct wheel_chunk *chunk = list_chunk(list);

        if (list_count(list) == 0 || list_count(list) > chunk_room(chunk->next))
            return "a chunk has no items or too many";
        if (chunk->next != 0 && list_count(chunk->next) !=
                                    chunk_room(list_chunk(chunk->next)->next))
            return "a chunk is not full and not the newest";
        for (uint64_t i = 0; i < list_count(list); i++) {
            if (((chunk->item[i] ^ number << below) & WHEEL_TICK_MASK) >> below)
                return "an item is in a wrong bucket";
        }
        *items += list_count(list);
        *memory += chunk_size(chunk->next);
        list = chunk->next;
    }
    return NULL;
}

static const char *check_level(const struct wheel *w, unsigned level,
                               uint64_t *items, size_t *memory)
{
    const struct wheel_level *l = w->level[level];
    uint64_t present = bucket_number(w->tick, level), before = *items;
    const char *wrong;

    for (uint64_t d = 0; d < WHEEL_BUCKETS; d++) {
        uint64_t place = (present + d) % WHEEL_BUCKETS;
        bool bit = l->occupied[place / 64] >> place % 64 & 1;

        if (bit != (l->bucket[place] != 0))
            return "a bucket's bit is wrong";
        wrong = check_list(l->bucket[place], level, present + d, items, memory);
        if (wrong != NULL)
            return wrong;
    }
    if (w->sweep_list != 0 && w->sweep_level == level) {
        wrong =
            check_list(w->sweep_list, level, w->sweep_window, items, memory);
        if (wrong != NULL)
            return wrong;
    }
    if (*items - before != l->items)
        return "a level's count is not that of its items";
    return NULL;
}

const char *wheel_check(const struct wheel *w)
{
    const char *wrong = NULL;
    uint64_t items = 0;
    size_t memory = 0;

    for (unsigned k = 0; k < WHEEL_LEVELS && wrong == NULL; k++) {
        if (w->level[k] == NULL)
            continue;
        memory += sizeof(*w->level[k]);
        wrong = check_level(w, k, &items, &memory);
    }
    if (wrong != NULL)
        return wrong;
    if (w->sweep_list != 0 && !w->sweeping)
        return "the compaction holds items, and there is none";
    if (items != w->pending)
        return "the count is not that of the items";
    if (memory != w->memory)
        return "the memory is not that of levels and chunks";
    return NULL;
}
