/* SPDX-License-Identifier: BSD-3-Clause */
/* tracking - what the files of the module share: its state. */
#ifndef TRACKING_TRACKING_H
#define TRACKING_TRACKING_H

#include <kr/client.h>
#include <kr/event.h>
#include <kr/gate.h>
#include <kr/module.h>

#include "broadcast.h"
#include "table.h"
#include "tracker.h"

#define TRACKING_LAYOUT                                                        \
    2u /* of all below and of trackers, kr_descriptor.layout */

struct tracking {
    kr_module *self;
    kr_client_slot *slot; /* of struct tracker */
    kr_gate *gate;        /* of who reads: what it has read, and is done */
    struct table table;
    struct broadcast broadcast;
    uint64_t trackers; /* while there are none, nothing is subscribed to */
    uint64_t seed;     /* of chance: which keys go when there are too many */
    kr_subscription *changes[3];
    kr_subscription *flushes;
    kr_subscription *sleep;
};

/* NULL: tracking is off. */
static inline struct tracker *tracker_of(const struct tracking *tracking,
                                         const kr_client *client)
{
    return kr_clients->get(client, tracking->slot);
}

/* Begin, or go on in another way; what is not in `flags` ends.  `prefixes` are
 * added to those that it has. */
void tracker_on(struct tracking *tracking, kr_client *client, int64_t redirect,
                uint32_t flags, uint32_t count, const struct kr_str *prefixes);
void tracker_off(struct tracking *tracking, kr_client *client);

#endif
