/* SPDX-License-Identifier: BSD-3-Clause */
/* describe - figures of keys and tables, for people. */
#include "core/keyspace/db.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/keyspace/type.h"
#include "core/memory/memory.h"

/* A key's share of its table is the average's, rounded up. */
size_t describe_key_memory(const struct kr_cell *cell, size_t samples)
{
    const struct entry *e = cell->entry;
    const struct kr_type *type = type_of_entry(e);
    uint64_t count = table_count(&cell->db->table);
    size_t bytes = memory_usable(e);

    bytes += (table_memory(&cell->db->table) + count - 1) / count;
    if (!entry_boxed(e) || entry_box(e) == NULL)
        return bytes;
    if (type != NULL && type->memory != NULL) {
        struct kr_subject subject =
            KR_SUBJECT(entry_key(e), (int32_t)cell->db->index);
        struct kr_peek peek = entry_peek(e);

        type_about(&subject);
        bytes += type->memory(&peek, samples);
        type_about(NULL);
    }
    return bytes;
}

/* --- A text that stops at its room --------------------------------------- */

struct describe_text {
    char *at;
    size_t size;
    size_t used; /* without the NUL */
};

KR_PRINTF(2, 3)
static void describe_add(struct describe_text *t, const char *format, ...)
{
    size_t room = t->size - t->used;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->at + t->used, room, format, args);
    va_end(args);
    if (n > 0)
        t->used += (size_t)n < room ? (size_t)n : room - 1;
}

static void describe_chains(struct describe_text *t,
                            const struct table_stats *stats)
{
    uint64_t chains = 0;

    for (unsigned i = 0; i < TABLE_STATS_CHAINS; i++)
        chains += stats->chains[i];
    describe_add(t, " Chain length distribution (in cache lines):\n");
    for (unsigned i = 0; i < TABLE_STATS_CHAINS; i++) {
        if (stats->chains[i] != 0)
            describe_add(t, "   %s%u: %" PRIu64 " (%.02f%%)\n",
                         i == TABLE_STATS_CHAINS - 1 ? ">= " : "", i + 1,
                         stats->chains[i],
                         (double)stats->chains[i] * 100 / (double)chains);
    }
}

size_t describe_table(const kr_db *db, bool full, char *text, size_t size)
{
    struct describe_text t = {text, size, 0};
    struct table_stats stats;

    if (size == 0)
        return 0;
    table_stats(&db->table, &stats);
    describe_add(&t, "[Dictionary HT]\n");
    if (stats.count == 0) {
        describe_add(&t, "No stats available for empty dictionaries\n");
    } else {
        describe_add(&t, "Hash table 0 stats (main hash table):\n");
        describe_add(&t, " table size: %" PRIu64 "\n",
                     stats.buckets * TABLE_SLOTS);
        describe_add(&t, " number of elements: %" PRIu64 "\n", stats.count);
        describe_add(&t, " cache lines: %" PRIu64 ", overflow: %" PRIu64 "\n",
                     stats.buckets, stats.overflow);
        describe_add(&t, " longest chain: %" PRIu64 " elements\n",
                     stats.fullest);
        describe_add(&t, " bytes: %zu\n", stats.memory);
        if (full)
            describe_chains(&t, &stats);
    }
    describe_add(&t, "[Expires HT]\n");
    describe_add(&t, " number of elements: %" PRIu64 ", bytes: %zu\n",
                 db->expiring, wheel_memory(&db->wheel));
    return t.used;
}
