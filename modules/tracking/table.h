/* SPDX-License-Identifier: BSD-3-Clause */
/* table - the keys that clients may have cached, and which clients.
 *
 *      +------+---------+-------+------+------+-- ...
 *      | size | key ... | count | room | id 0 | id 1      one item a key
 *      +------+---------+-------+------+------+-- ...
 *
 * Ids ascend, so a client that reads a key again is found in O(log clients).  A
 * key is of any database.  It leaves the table with its first change: a client
 * that wants to be told again reads it again. */
#ifndef TRACKING_TABLE_H
#define TRACKING_TABLE_H

#include "../structure/htable.h"

struct table {
    const struct structure_host *host;
    struct htable keys;
    uint64_t items; /* pairs of a key and a client */
};

void table_remember(struct table *table, struct kr_str key, uint64_t id);

/* Forget the key, and call `fn` for each client that may have it. */
void table_forget(struct table *table, struct kr_str key,
                  void (*fn)(uint64_t id, void *ctx), void *ctx);

void table_clear(struct table *table);

/* Any key, borrowed until the table changes; the table is not empty. */
struct kr_str table_any(const struct table *table, uint64_t *seed);

#endif
