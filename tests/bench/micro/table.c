/* SPDX-License-Identifier: BSD-3-Clause */
/* table - nanoseconds and bytes of the keyspace's table, from 1e3 entries up.
 *
 *     micro-table [entries at most, 10000000]
 *
 * Entries are 48 bytes with a key of 8 bytes inside, so a hit costs a line of
 * the table and one of the entry.  Keys are looked up in an order by chance,
 * and each lookup waits for the one before, as it would with a command's work
 * between them.  "ahead" takes batches of 16: all buckets are fetched, then all
 * entries, then they are looked up, as for the keys of a pipeline. */
#include "core/keyspace/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory/memory.h"

#define LOOKUPS UINT64_C(2000000)
#define AHEAD   16

struct entry {
    uint64_t key;
    char rest[40];
};

struct bench {
    struct table table;
    struct entry *entries;
    uint64_t count;
    uint64_t found; /* printed, so that no lookup is optimised away */
};

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t entry_hash(const void *entry, const void *ctx)
{
    (void)ctx;
    return mix(((const struct entry *)entry)->key);
}

static double now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static struct entry *find(const struct table *t, uint64_t key, uint64_t hash,
                          struct table_place *at)
{
    struct entry *e;

    for (e = table_first(t, hash, at); e != NULL; e = table_next(hash, at)) {
        if (e->key == key)
            return e;
    }
    return NULL;
}

/* The i-th key of an order by chance; `from` moves past the keys of hits. */
static uint64_t key_at(const struct bench *b, uint64_t i, uint64_t from)
{
    return from + (uint64_t)((unsigned __int128)mix(i) * b->count >> 64);
}

static double bench_insert(struct bench *b)
{
    double start = now_ns();

    for (uint64_t i = 0; i < b->count; i++) {
        b->entries[i].key = i;
        table_insert(&b->table, mix(i), &b->entries[i]);
    }
    return (now_ns() - start) / (double)b->count;
}

static double bench_find(struct bench *b, uint64_t from)
{
    struct table_place at;
    uint64_t wait = 0;
    double start = now_ns();

    for (uint64_t i = 0; i < LOOKUPS; i++) {
        uint64_t key = key_at(b, i ^ wait, from);
        struct entry *e = find(&b->table, key, mix(key), &at);

        wait = e != NULL ? (uint64_t)e->rest[0] : at.untried; /* always 0 */
        b->found += e != NULL;
    }
    return (now_ns() - start) / (double)LOOKUPS;
}

static double bench_find_ahead(struct bench *b)
{
    struct table_place at;
    uint64_t wait = 0;
    double start = now_ns();

    for (uint64_t i = 0; i < LOOKUPS; i += AHEAD) {
        uint64_t keys[AHEAD], hashes[AHEAD];

        for (uint64_t j = 0; j < AHEAD; j++) {
            keys[j] = key_at(b, (i + j) ^ wait, 0);
            hashes[j] = mix(keys[j]);
            table_prefetch_bucket(&b->table, hashes[j]);
        }
        for (uint64_t j = 0; j < AHEAD; j++)
            table_prefetch_entry(&b->table, hashes[j]);
        for (uint64_t j = 0; j < AHEAD; j++) {
            struct entry *e = find(&b->table, keys[j], hashes[j], &at);

            wait |= (uint64_t)e->rest[0];
            b->found++;
        }
    }
    return (now_ns() - start) / (double)LOOKUPS;
}

static double bench_erase(struct bench *b)
{
    struct table_place at;
    double start = now_ns();

    for (uint64_t i = 0; i < b->count; i++) {
        uint64_t hash = mix(i);

        b->found += find(&b->table, i, hash, &at) != NULL;
        table_erase(&b->table, hash, &at);
    }
    return (now_ns() - start) / (double)b->count;
}

static void bench_run(uint64_t count)
{
    struct bench b = {.count = count};
    size_t before;
    double insert, hit, miss, ahead, erase, bytes, over;

    b.entries = memory_alloc(count * sizeof(b.entries[0]));
    memset(b.entries, 0, count * sizeof(b.entries[0]));
    before = memory_used();
    table_init(&b.table, entry_hash, NULL);
    insert = bench_insert(&b);
    bytes = (double)(memory_used() - before) / (double)count;
    over = 100.0 * (double)b.table.overflow / (double)b.table.buckets;
    hit = bench_find(&b, 0);
    miss = bench_find(&b, count);
    ahead = bench_find_ahead(&b);
    erase = bench_erase(&b);
    printf("%9llu %8.1f %8.1f %8.1f %8.1f %8.1f %8.2f %7.1f%%   %llu\n",
           (unsigned long long)count, insert, hit, ahead, miss, erase, bytes,
           over, (unsigned long long)b.found);
    memory_free(b.entries);
}

int main(int argc, char **argv)
{
    uint64_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;

    printf("  entries   insert      hit    ahead     miss    erase  bytes/e "
           "overflow   (found)\n");
    for (uint64_t decade = 1000; decade <= most; decade *= 10) {
        for (uint64_t step = 1; step <= 5 && decade * step <= most; step += 2)
            bench_run(decade * step);
    }
    return 0;
}
