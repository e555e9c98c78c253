/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

/* The head of an item's tail; the ids follow.  Nothing there is aligned. */
struct readers {
    uint32_t count;
    uint32_t room;
};

static struct readers readers_of(const struct item *item)
{
    struct readers readers;

    memcpy(&readers, item_tail(item), sizeof(readers));
    return readers;
}

static char *readers_at(const struct item *item, uint32_t i)
{
    return item_tail(item) + sizeof(struct readers) + i * sizeof(uint64_t);
}

static uint64_t readers_id(const struct item *item, uint32_t i)
{
    uint64_t id;

    memcpy(&id, readers_at(item, i), sizeof(id));
    return id;
}

/* An item of that key with room for so many ids, those of `old` in it. */
static struct item *readers_new(const struct structure_host *host,
                                struct kr_str key, const struct item *old,
                                uint32_t room)
{
    struct readers readers = {.room = room};
    struct item *item =
        item_new(host, key, sizeof(readers) + (size_t)room * sizeof(uint64_t));

    if (old) {
        readers.count = readers_of(old).count;
        memcpy(readers_at(item, 0), readers_at(old, 0),
               readers.count * sizeof(uint64_t));
    }
    memcpy(item_tail(item), &readers, sizeof(readers));
    return item;
}

/* The place of the id, or where it would be. */
static uint32_t readers_find(const struct item *item, uint64_t id, bool *found)
{
    uint32_t low = 0, high = readers_of(item).count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (readers_id(item, middle) < id)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < readers_of(item).count && readers_id(item, low) == id;
    return low;
}

static void readers_insert(struct item *item, uint32_t at, uint64_t id)
{
    struct readers readers = readers_of(item);

    memmove(readers_at(item, at + 1), readers_at(item, at),
            (readers.count - at) * sizeof(id));
    memcpy(readers_at(item, at), &id, sizeof(id));
    readers.count++;
    memcpy(item_tail(item), &readers, sizeof(readers));
}

void table_remember(struct table *table, struct kr_str key, uint64_t id)
{
    const struct structure_host *host = table->host;
    uint64_t hash = host->hash(key);
    struct htable_place place;
    struct item *item = htable_find(&table->keys, key, hash, &place);
    struct readers readers;
    bool found = false;
    uint32_t at = 0;

    if (!item) {
        item = readers_new(host, key, NULL, 1);
        htable_insert(&table->keys, host, hash, item);
    } else {
        at = readers_find(item, id, &found);
        if (found)
            return;
        readers = readers_of(item);
        if (readers.count == readers.room) {
            struct item *larger =
                readers_new(host, key, item, readers.room * 2);

            htable_replace(&place, larger);
            structure_free(host, item);
            item = larger;
        }
    }
    readers_insert(item, at, id);
    table->items++;
}

void table_forget(struct table *table, struct kr_str key,
                  void (*fn)(uint64_t id, void *ctx), void *ctx)
{
    uint64_t hash = table->host->hash(key);
    struct htable_place place;
    struct item *item;
    uint32_t count;

    if (htable_count(&table->keys) == 0)
        return;
    item = htable_find(&table->keys, key, hash, &place);
    if (!item)
        return;
    htable_erase(&table->keys, table->host, hash, &place);
    count = readers_of(item).count;
    table->items -= count;
    for (uint32_t i = 0; i < count; i++)
        fn(readers_id(item, i), ctx);
    structure_free(table->host, item);
}

static bool table_free(struct item *item, void *ctx)
{
    structure_free(ctx, item);
    return true;
}

void table_clear(struct table *table)
{
    /* The host is handed on without its const: only alloc() and free() of it
     * are called. */
    void *host = (void *)(uintptr_t)table->host;

    while (
        !htable_clear_step(&table->keys, table->host, 1024, table_free, host))
        ;
    table->items = 0;
}

struct kr_str table_any(const struct table *table, uint64_t *seed)
{
    return item_key(htable_random(&table->keys, seed));
}
