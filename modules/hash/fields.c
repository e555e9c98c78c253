/* SPDX-License-Identifier: BSD-3-Clause */
#include "fields.h"

#include <assert.h>

#define FIELDS_TIMED 0xfdu /* the value's first byte: a time comes first */
#define FIELDS_BATCH 32

/* --- The item ------------------------------------------------------------ */

static inline bool tail_is_timed(const char *tail)
{
    return (unsigned char)*tail == FIELDS_TIMED;
}

static size_t value_room(struct kr_str value)
{
    return value.size == FIELDS_TIMED ? value.size + 1 + sizeof(uint32_t)
                                      : item_string_room(value.size);
}

/* As item_string_put(), but one size longer takes the longer form. */
static void value_put(char *at, struct kr_str value)
{
    if (KR_UNLIKELY(value.size == FIELDS_TIMED)) {
        uint32_t size = FIELDS_TIMED;

        *at++ = (char)(unsigned char)ITEM_SIZE_4;
        memcpy(at, &size, sizeof(size));
        memcpy(at + sizeof(size), value.data, value.size);
        return;
    }
    item_string_put(at, value);
}

struct kr_str fields_value(const struct item *item)
{
    const char *tail = item_tail(item);

    return item_string(tail_is_timed(tail) ? tail + 1 + sizeof(int64_t) : tail);
}

int64_t fields_time(const struct item *item)
{
    const char *tail = item_tail(item);
    int64_t time;

    if (KR_LIKELY(!tail_is_timed(tail)))
        return FIELDS_NEVER;
    memcpy(&time, tail + 1, sizeof(time));
    return time;
}

static struct item *fields_item(const struct structure_host *host,
                                struct kr_str field, struct kr_str value,
                                int64_t time)
{
    size_t room = value_room(value);
    bool timed = time != FIELDS_NEVER;
    struct item *item =
        item_new(host, field, timed ? 1 + sizeof(time) + room : room);
    char *tail = item_tail(item);

    if (timed) {
        *tail++ = (char)(unsigned char)FIELDS_TIMED;
        memcpy(tail, &time, sizeof(time));
        tail += sizeof(time);
    }
    value_put(tail, value);
    return item;
}

/* --- The tree of times --------------------------------------------------- */

static void times_add(struct fields *f, const struct structure_host *host,
                      int64_t time, struct item *item)
{
    if (f->times == NULL) {
        f->times = structure_alloc(host, sizeof(*f->times));
        memset(f->times, 0, sizeof(*f->times));
    }
    tree_insert(f->times, host, (double)time, item);
}

static void times_drop(struct fields *f, const struct structure_host *host,
                       int64_t time, const struct item *item)
{
    tree_erase(f->times, host, (double)time, item_key(item));
    if (tree_count(f->times) == 0) {
        structure_free(host, f->times);
        f->times = NULL;
    }
}

int64_t fields_earliest(const struct fields *f)
{
    struct tree_place at;
    struct tree_entry first;

    if (KR_LIKELY(f->times == NULL))
        return FIELDS_NEVER;
    tree_seek(f->times, 0, &at);
    tree_forward(&at, &first, 1);
    return (int64_t)first.score;
}

uint64_t fields_expired(const struct fields *f, int64_t now)
{
    return f->times == NULL
               ? 0
               : tree_seek_score(f->times, (double)now, false, NULL);
}

size_t fields_due(const struct fields *f, int64_t now, struct item **items,
                  size_t max)
{
    uint64_t due = fields_expired(f, now);
    struct tree_entry batch[FIELDS_BATCH];
    struct tree_place at;
    size_t count = 0;

    if (due == 0)
        return 0;
    if (max > due)
        max = (size_t)due;
    tree_seek(f->times, 0, &at);
    while (count < max) {
        size_t wanted = max - count < FIELDS_BATCH ? max - count : FIELDS_BATCH;
        size_t got = tree_forward(&at, batch, wanted);

        for (size_t i = 0; i < got; i++)
            items[count++] = batch[i].item;
    }
    return count;
}

/* --- One field ----------------------------------------------------------- */

bool fields_seek(const struct fields *f, const struct structure_host *host,
                 struct kr_str field, struct fields_place *place)
{
    place->hash = host->hash(field);
    place->item = htable_find(&f->table, field, place->hash, &place->at);
    return place->item != NULL;
}

void fields_add(struct fields *f, const struct structure_host *host,
                const struct fields_place *place, struct kr_str field,
                struct kr_str value, int64_t time)
{
    struct item *item = fields_item(host, field, value, time);

    htable_insert(&f->table, host, place->hash, item);
    if (KR_UNLIKELY(time != FIELDS_NEVER))
        times_add(f, host, time, item);
}

/* Another item in the place of the one that is there, which goes. */
static void fields_replace(struct fields *f, const struct structure_host *host,
                           struct fields_place *place, struct kr_str value,
                           int64_t time)
{
    struct item *old = place->item;
    int64_t old_time = fields_time(old);

    place->item = fields_item(host, item_key(old), value, time);
    htable_replace(&place->at, place->item);
    if (time == old_time && time != FIELDS_NEVER) {
        tree_replace(f->times, (double)time, old, place->item);
    } else {
        if (old_time != FIELDS_NEVER)
            times_drop(f, host, old_time, old);
        if (time != FIELDS_NEVER)
            times_add(f, host, time, place->item);
    }
    structure_free(host, old);
}

/* Most values are replaced by one as long: then nothing moves. */
void fields_set_value(struct fields *f, const struct structure_host *host,
                      struct fields_place *place, struct kr_str value)
{
    struct kr_str old = fields_value(place->item);

    if (old.size != value.size)
        fields_replace(f, host, place, value, fields_time(place->item));
    else if (value.size != 0)
        memmove((char *)(uintptr_t)old.data, value.data, value.size);
}

void fields_set_time(struct fields *f, const struct structure_host *host,
                     struct fields_place *place, int64_t time)
{
    if (time != fields_time(place->item))
        fields_replace(f, host, place, fields_value(place->item), time);
}

void fields_remove(struct fields *f, const struct structure_host *host,
                   struct fields_place *place)
{
    int64_t time = fields_time(place->item);

    htable_erase(&f->table, host, place->hash, &place->at);
    if (KR_UNLIKELY(time != FIELDS_NEVER))
        times_drop(f, host, time, place->item);
    structure_free(host, place->item);
    place->item = NULL;
}

/* The tree forgets an item while it moves: it must not meet freed bytes. */
void fields_move(struct fields *f, const struct structure_host *host,
                 struct item *item, void *(*move)(kr_mover *mover, void *block),
                 kr_mover *mover)
{
    int64_t time = fields_time(item);
    struct fields_place place;
    struct item *moved;

    fields_seek(f, host, item_key(item), &place);
    if (time != FIELDS_NEVER)
        times_drop(f, host, time, item);
    moved = move(mover, item);
    if (moved != NULL)
        htable_replace(&place.at, moved);
    else
        moved = item;
    if (time != FIELDS_NEVER)
        times_add(f, host, time, moved);
}

/* --- The whole ----------------------------------------------------------- */

struct fields *fields_new(const struct structure_host *host)
{
    struct fields *f = structure_alloc(host, sizeof(*f));

    memset(f, 0, sizeof(*f));
    return f;
}

static bool fields_release(struct item *item, void *ctx)
{
    structure_free(ctx, item);
    return true;
}

/* The tree first: it reads items to find its way. */
bool fields_clear_step(struct fields *f, const struct structure_host *host,
                       size_t budget)
{
    if (f->times != NULL) {
        if (!tree_clear_step(f->times, host, budget, NULL, NULL))
            return false;
        structure_free(host, f->times);
        f->times = NULL;
    }
    return htable_clear_step(&f->table, host, budget, fields_release,
                             (void *)(uintptr_t)host);
}

void fields_free(struct fields *f, const struct structure_host *host)
{
    while (!fields_clear_step(f, host, SIZE_MAX))
        ;
    structure_free(host, f);
}

struct copy {
    struct fields *to;
    const struct structure_host *host;
};

static bool copy_visit(struct item *item, void *ctx)
{
    struct copy *copy = ctx;
    struct fields_place place = {.hash = copy->host->hash(item_key(item))};

    fields_add(copy->to, copy->host, &place, item_key(item), fields_value(item),
               fields_time(item));
    return true;
}

struct fields *fields_copy(struct fields *f, const struct structure_host *host)
{
    struct copy copy = {fields_new(host), host};

    htable_reserve(&copy.to->table, host, fields_count(f));
    htable_each(&f->table, host, copy_visit, &copy);
    return copy.to;
}

/* --- Looking at it ------------------------------------------------------- */

size_t fields_memory(const struct fields *f)
{
    size_t bytes = sizeof(*f) + htable_memory(&f->table);

    if (f->times != NULL)
        bytes += sizeof(*f->times) + tree_memory(f->times);
    return bytes;
}

struct census {
    const struct fields *fields;
    uint64_t timed;
    const char *wrong;
};

static bool census_visit(struct item *item, void *ctx)
{
    struct census *census = ctx;
    int64_t time = fields_time(item);
    uint64_t position;
    struct tree_place at;
    struct tree_entry entry;

    if (time == FIELDS_NEVER)
        return true;
    census->timed++;
    if (census->fields->times == NULL ||
        !tree_find(census->fields->times, (double)time, item_key(item),
                   &position, &at))
        census->wrong = "a time is not in the tree";
    else if (tree_forward(&at, &entry, 1) != 1 || entry.item != item)
        census->wrong = "the tree has another item of that name";
    return census->wrong == NULL;
}

const char *fields_check(struct fields *f, const struct structure_host *host)
{
    struct census census = {.fields = f};

    census.wrong = htable_check(&f->table, host);
    if (census.wrong == NULL && f->times != NULL)
        census.wrong = tree_check(f->times);
    if (census.wrong != NULL)
        return census.wrong;
    htable_each(&f->table, host, census_visit, &census);
    if (census.wrong != NULL)
        return census.wrong;
    if (f->times != NULL && tree_count(f->times) == 0)
        return "an empty tree has not been given up";
    if (f->times != NULL && tree_count(f->times) != census.timed)
        return "the tree has items that the table has not";
    return NULL;
}
