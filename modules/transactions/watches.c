/* SPDX-License-Identifier: BSD-3-Clause */
#include "watches.h"

#include <kr/memory.h>
#include <kr/text.h>

struct watched {
    struct watched *next;
    kr_watch *watch;
    kr_db *db;
    uint64_t hash;
    size_t size;
    char key[];
};

static bool watches_has(const struct watches *watches, const kr_db *db,
                        struct kr_str key, uint64_t hash)
{
    for (const struct watched *w = watches->first; w; w = w->next)
        if (w->hash == hash && w->db == db &&
            kr_str_equal(kr_str(w->key, w->size), key))
            return true;
    return false;
}

void watches_add(kr_module *self, struct watches *watches, kr_client *client,
                 kr_db *db, struct kr_str key)
{
    uint64_t hash = kr_text->hash(key);
    struct watched *w;
    size_t bytes;

    if (watches_has(watches, db, key, hash))
        return;
    w = kr_memory->alloc(self, sizeof(*w) + key.size);
    w->next = watches->first;
    w->watch = kr_keyspace->watch(db, key);
    w->db = db;
    w->hash = hash;
    w->size = key.size;
    if (key.size > 0)
        memcpy(w->key, key.data, key.size);
    watches->first = w;
    bytes = kr_memory->usable(w);
    watches->bytes += bytes;
    kr_clients->charge(client, (int64_t)bytes);
}

bool watches_changed(const struct watches *watches)
{
    for (const struct watched *w = watches->first; w; w = w->next)
        if (kr_keyspace->watch_changed(w->watch))
            return true;
    return false;
}

void watches_clear(kr_module *self, struct watches *watches, kr_client *client)
{
    struct watched *next;

    for (struct watched *w = watches->first; w; w = next) {
        next = w->next;
        kr_keyspace->unwatch(w->watch);
        kr_memory->free(self, w);
    }
    kr_clients->charge(client, -(int64_t)watches->bytes);
    *watches = (struct watches){0};
}
