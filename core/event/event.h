/* SPDX-License-Identifier: BSD-3-Clause */
/* event - named events, their subscribers, and the word that says who listens.
 *
 * The host's own events have fixed numbers, and a bit each in `event_armed`:
 * raising one that nobody listens to is one test.  Modules declare further
 * ones by name. */
#ifndef CORE_EVENT_EVENT_H
#define CORE_EVENT_EVENT_H

#include <kr/event.h>
#include <kr/info.h>
#include <kr/loading.h>
#include <kr/program.h>

enum event_id { /* ORDER: names in event.c */
                EVENT_KEY_BEFORE,
                EVENT_KEY_CHANGED,
                EVENT_KEY_NOTIFY,
                EVENT_KEY_EXPIRED,
                EVENT_KEY_EVICTED,
                EVENT_KEY_MISSED,
                EVENT_KEY_LOADED,
                EVENT_KEY_ENDING,
                EVENT_FLUSH_BEFORE,
                EVENT_FLUSH,
                EVENT_SWAP,
                EVENT_CLIENT_CONNECTED,
                EVENT_CLIENT_GONE,
                EVENT_CLIENT_RESET,
                EVENT_CLIENT_USER,
                EVENT_TICK,
                EVENT_SLEEP,
                EVENT_WAIT,
                EVENT_WAKE,
                EVENT_LOAD,
                EVENT_LOADING_BEGIN,
                EVENT_LOADING_PROGRESS,
                EVENT_LOADING_END,
                EVENT_SAVE_BEGIN,
                EVENT_SAVE_END,
                EVENT_CHILD_BORN,
                EVENT_CHILD_GONE,
                EVENT_READY,
                EVENT_SHUTDOWN,
                EVENT_SLOW,
                EVENT_CONFIG_CHANGED,
                EVENT_MODULE_LOADED,
                EVENT_MODULE_UNLOADED,
                EVENT_MODULE_CHANGED,
                EVENT_COMMAND_CHANGED,
                EVENT_INFO_RESET,
                EVENT_LATENCY,
                EVENT_OVERRUN,
                EVENT_PROGRAM,
                EVENT_COUNT
};

/* Bit i: event i has a subscriber.  A plain variable, because the hot paths of
 * the keyspace test it for every command. */
extern uint64_t event_armed;

static inline bool event_is_armed(enum event_id id)
{
    return KR_UNLIKELY(event_armed >> id & 1);
}

/* Tell all subscribers.  Subscribing and unsubscribing within is fine. */
void event_raise(enum event_id id, const void *payload);

/* Host code listens too: no module, until the end. */
void event_listen(enum event_id id, kr_event_fn fn, void *ctx);

/* Drop all subscriptions and declared events of a module. */
void event_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle(). */
void event_settle_upgrade(kr_module *module, bool good);

extern const struct kr_events event_interface;

#endif
