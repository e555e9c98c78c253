/* SPDX-License-Identifier: BSD-3-Clause */
/* broadcast - clients that want to be told of all keys with a prefix.
 *
 *   prefixes            prefix "user:"
 *   +---------+         +--------------------------+
 *   | "user:"-+-------> | interests                +--> client 7, client 9
 *   | "job:"  |         | keys changed in this turn+--> user:1 (by 7), user:5
 *   +---------+         +--------------------------+
 *
 * Keys are gathered while commands run, each with who changed it last, and sent
 * when the loop is about to wait: one message for each client and prefix.  A key
 * looks its own prefixes up, one look-up for each length that there is. */
#ifndef TRACKING_BROADCAST_H
#define TRACKING_BROADCAST_H

#include "../structure/htable.h"
#include "tracker.h"

struct prefix {
    LIST_ENTRY(prefix) link;
    LIST_ENTRY(prefix) dirty;
    LIST_HEAD(, interest) interests;
    struct htable keys; /* items: key, id of who changed it last */
    uint64_t hash;
    char item[] __attribute__((aligned(8))); /* prefix, pointer to this */
};

/* One client's in one prefix. */
struct interest {
    LIST_ENTRY(interest) of_prefix;
    LIST_ENTRY(interest) of_tracker;
    struct prefix *prefix;
    struct tracker *tracker;
};

struct broadcast {
    const struct structure_host *host;
    struct htable prefixes;
    LIST_HEAD(, prefix) all;
    LIST_HEAD(, prefix) dirty; /* with keys */
    size_t *lengths;           /* of prefixes, each once, ascending */
    uint64_t *with_length;     /* how many prefixes have it */
    size_t length_count;
};

static inline struct kr_str prefix_text(const struct prefix *prefix)
{
    return item_key((const struct item *)(const void *)prefix->item);
}

void broadcast_init(struct broadcast *b, const struct structure_host *host);
void broadcast_fini(struct broadcast *b); /* there are no interests left */

/* The tracker wants keys with that prefix; nothing if it does already. */
void broadcast_add(struct broadcast *b, struct tracker *tracker,
                   struct kr_str prefix);
/* The tracker wants nothing any more. */
void broadcast_remove(struct broadcast *b, struct tracker *tracker);

/* A key has changed; `by` is the id of whose doing it was, or 0. */
void broadcast_note(struct broadcast *b, struct kr_str key, uint64_t by);

/* Hand out what has been gathered: `send` is called for each prefix and client
 * with the keys in the order of their bytes, those that the client has changed
 * itself left out if it said NOLOOP; at least one. */
void broadcast_flush(struct broadcast *b,
                     void (*send)(struct tracker *tracker, size_t count,
                                  const struct kr_str *keys, void *ctx),
                     void *ctx);

#endif
