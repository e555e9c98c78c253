/* SPDX-License-Identifier: BSD-3-Clause */
/* tracker - a client that caches keys, and how it wants to be told.
 *
 * It exists from CLIENT TRACKING ON to OFF, RESET or the client's end. */
#ifndef TRACKING_TRACKER_H
#define TRACKING_TRACKER_H

#include <kr/client.h>

#include <sys/queue.h>

#define TRACKER_BCAST   (1u << 0) /* of all keys with its prefixes */
#define TRACKER_OPTIN   (1u << 1) /* only keys behind CLIENT CACHING YES */
#define TRACKER_OPTOUT  (1u << 2) /* all but those behind CLIENT CACHING NO */
#define TRACKER_NOLOOP  (1u << 3) /* not of its own changes */
#define TRACKER_CACHING (1u << 4) /* CLIENT CACHING was said */
#define TRACKER_BROKEN  (1u << 5) /* whom to tell is gone */
#define TRACKER_READ    (1u << 6) /* its script has read something */

struct interest;
LIST_HEAD(interests, interest);

/* A message that waits for the end of the client's own command. */
struct pending {
    STAILQ_ENTRY(pending) link;
    bool all; /* everything is invalid; there is no key */
    size_t size;
    char key[];
};
STAILQ_HEAD(pendings, pending);

struct tracker {
    kr_client *client;
    uint64_t id;
    int64_t redirect;           /* a client's id, 0: itself */
    uint32_t flags;             /* TRACKER_ */
    struct interests interests; /* of BCAST: its prefixes */
    struct pendings pendings;
    uint64_t bytes;   /* of its prefixes */
    uint64_t charged; /* of them, to the client */
};

#endif
