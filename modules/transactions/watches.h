/* SPDX-License-Identifier: BSD-3-Clause */
/* watches - the keys that a client watches: a short list, each key once.
 *
 * The host remembers whether a key has changed (kr_keyspace->watch()); here is
 * whose they are.  Adding looks at all of them, by hash: O(watched). */
#ifndef TRANSACTIONS_WATCHES_H
#define TRANSACTIONS_WATCHES_H

#include <kr/client.h>
#include <kr/keyspace.h>
#include <kr/module.h>

struct watched;

/* All zero is an empty one. */
struct watches {
    struct watched *first;
    size_t bytes; /* charged to the client */
};

void watches_add(kr_module *self, struct watches *watches, kr_client *client,
                 kr_db *db, struct kr_str key);
bool watches_changed(const struct watches *watches);
void watches_clear(kr_module *self, struct watches *watches, kr_client *client);

#endif
