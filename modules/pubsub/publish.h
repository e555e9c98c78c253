/* SPDX-License-Identifier: BSD-3-Clause */
/* publish - a message on its way to many.
 *
 * It is encoded once for each protocol that a receiver speaks, and the bytes are
 * handed to each of them.  Of a long message only the beginning is: the text
 * itself goes by reference, from one blob.
 *
 *   >3 $7 message $4 news  |  $5 hello          text of up to PUBLISH_INLINE_MAX
 *   >3 $7 message $4 news  |  (blob)            more */
#ifndef PUBSUB_PUBLISH_H
#define PUBSUB_PUBLISH_H

#include <kr/reply.h>

#include "subscriber.h"

struct kr_blob;

#define PUBLISH_INLINE_MAX 16384u /* bytes that are copied for each receiver */

/* Sinks that are kept from one message to the next, by protocol - 2. */
struct publisher {
    struct kr_reply *sinks[2];
};

void publisher_init(struct publisher *publisher);
void publisher_fini(struct publisher *publisher);

/* Send `text` to the subscribers of `channel`, those of patterns included if it
 * is no shard channel.  How many times it was sent. */
uint64_t publish(struct publisher *publisher, const struct subscribers *s,
                 enum topic_kind kind, struct kr_str channel,
                 struct kr_str text);

#endif
