/* SPDX-License-Identifier: BSD-3-Clause */
/* pubsub - send messages to subscribed clients from another module.
 *
 * The module `pubsub` offers this; notifications of the keyspace go through it.
 * Messages are for clients: a module that wants to be told of something
 * subscribes to an event (event.h). */
#ifndef KR_PUBSUB_H
#define KR_PUBSUB_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_pubsub {
    uint32_t size;
    uint32_t reserved;
    /* Is anybody subscribed to anything?  O(1): ask before a message is made. */
    bool (*any)(void);
    /* Send `message` to those who are subscribed to `channel` or to a pattern
     * that matches it; answers how many times it was sent.  It is encoded once
     * for each protocol; O(receivers + kinds of patterns). */
    uint64_t (*publish)(struct kr_str channel, struct kr_str message);
};
KR_INTERFACE(kr_pubsub, "pubsub.channels/1");

#ifdef __cplusplus
}
#endif
#endif
