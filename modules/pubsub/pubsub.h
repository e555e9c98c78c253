/* SPDX-License-Identifier: BSD-3-Clause */
/* pubsub - what the files of the module share: its state. */
#ifndef PUBSUB_PUBSUB_H
#define PUBSUB_PUBSUB_H

#include <kr/args.h>
#include <kr/client.h>
#include <kr/gate.h>
#include <kr/module.h>

#include "publish.h"
#include "subscriber.h"

#define PUBSUB_LAYOUT                                                          \
    2u /* of all below and of subscribers, kr_descriptor.layout */

struct pubsub {
    kr_module *self;
    struct subscribers subscribers;
    struct publisher publisher;
    kr_client_slot *slot; /* of struct subscriber */
    kr_gate *gate;        /* what a subscribed client may say in RESP2 */
};

static inline struct pubsub *pubsub_of(const struct kr_call *call)
{
    return call->state;
}

/* NULL: it has never been one. */
static inline struct subscriber *pubsub_subscriber(const struct pubsub *pubsub,
                                                   const kr_client *client)
{
    return kr_clients->get(client, pubsub->slot);
}

/* The same, made if there is none. */
struct subscriber *pubsub_need_subscriber(struct pubsub *pubsub,
                                          kr_client *client);

/* Whenever its subscriptions have changed: the client's mode follows from
 * whether it is subscribed to anything, and it pays for what they take. */
void pubsub_settle(const struct pubsub *pubsub, struct subscriber *subscriber);

#endif
