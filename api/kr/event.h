/* SPDX-License-Identifier: BSD-3-Clause */
/* event - be told what happens.
 *
 * Events have names and a payload struct that begins with its size.  The host
 * has those below; a module may declare its own ("repl.role").  Handlers run
 * at once, inside what happens, in the order of subscription; they must not
 * block.  An event that nobody has subscribed to costs one test. */
#ifndef KR_EVENT_H
#define KR_EVENT_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "key.*": kr_key_event.
 *   key.before    about to change or go; cell has the value as it was
 *   key.changed   has changed (or been created, deleted, renamed to)
 *   key.notify    a notification: kind and word are set
 *   key.expired   is being removed because its time has come
 *   key.evicted   is being removed because memory is short
 *   key.missed    was looked for by a read and is not there */
#define KR_EVENT_KEY_BEFORE  "key.before"
#define KR_EVENT_KEY_CHANGED "key.changed"
#define KR_EVENT_KEY_NOTIFY  "key.notify"
#define KR_EVENT_KEY_EXPIRED "key.expired"
#define KR_EVENT_KEY_EVICTED "key.evicted"
#define KR_EVENT_KEY_MISSED  "key.missed"
/*   key.loaded    has been read from a snapshot (kr_keyspace->place()) */
#define KR_EVENT_KEY_LOADED "key.loaded"
/*   key.ending    its value is about to go, for good, in whatever way; kind is
 *                 one of KR_END_.  It can still be read, also by commands and
 *                 when its time is over.  Not told of a flush. */
#define KR_EVENT_KEY_ENDING "key.ending"

#define KR_END_DELETED     0u /* or moved to another name */
#define KR_END_EXPIRED     1u
#define KR_END_EVICTED     2u
#define KR_END_OVERWRITTEN 3u /* another value takes its place */

struct kr_key_event {
    uint32_t size;
    uint32_t kind; /* KR_CLASS_ of key.notify, KR_END_ of key.ending */
    kr_db *db;
    struct kr_str key;
    struct kr_str word;   /* of key.notify */
    struct kr_cell *cell; /* NULL when there is no value */
    struct kr_call *call; /* whose doing, or NULL */
};

/* "db.flush.before", "db.flush", "db.swap": kr_db_event.  For a flush of all
 * databases `db` is NULL. */
#define KR_EVENT_FLUSH_BEFORE "db.flush.before"
#define KR_EVENT_FLUSH        "db.flush"
#define KR_EVENT_SWAP         "db.swap"

struct kr_db_event {
    uint32_t size;
    uint32_t async;
    kr_db *db;
    kr_db *other; /* of db.swap */
};

/* "client.connected", "client.gone" (its slots are still readable),
 * "client.reset" (RESET), "client.user" (another user): kr_client_event. */
#define KR_EVENT_CLIENT_CONNECTED "client.connected"
#define KR_EVENT_CLIENT_GONE      "client.gone"
#define KR_EVENT_CLIENT_RESET     "client.reset"
#define KR_EVENT_CLIENT_USER      "client.user"

/* With events about a client; it is good until the handler returns. */
struct kr_client_event {
    uint32_t size;
    uint32_t reserved;
    kr_client *client;
};

/* "host.tick" (hz times a second), "host.sleep" (before the loop waits),
 * "host.wait" (it waits now: nothing of the main thread runs until "host.wake",
 * which comes before anything else that does), "host.ready" (all modules active, before the first client),
 * "host.memory" (used memory is over the limit and eviction found nothing),
 * "journal.flush" (replies of this turn are about to be sent): no payload. */
#define KR_EVENT_TICK  "host.tick"
#define KR_EVENT_SLEEP "host.sleep"
#define KR_EVENT_WAIT  "host.wait"
#define KR_EVENT_WAKE  "host.wake"
#define KR_EVENT_READY "host.ready"

/* "host.shutdown": a handler may set `veto` with a text, unless `force`. */
#define KR_EVENT_SHUTDOWN "host.shutdown"

struct kr_shutdown_event {
    uint32_t size;
    uint32_t flags; /* KR_SHUTDOWN_ of loop.h */
    const char *veto;
};

/* "loading.begin", "loading.progress" (a few dozen times a second), "loading.end":
 * kr_loading_event.  The data set is being read, see loading.h. */
#define KR_EVENT_LOADING_BEGIN    "loading.begin"
#define KR_EVENT_LOADING_PROGRESS "loading.progress"
#define KR_EVENT_LOADING_END      "loading.end"

struct kr_loading_event {
    uint32_t size;
    uint32_t flags;         /* KR_LOADING_ */
    uint64_t loaded, total; /* bytes; total 0: unknown */
    bool ok;                /* of the end: it went well */
};

/* "save.begin", "save.end": kr_save_event.  The data set is being written.  With
 * KR_SAVE_CHILD that is told in the child, and nothing that a handler changes
 * is seen by the server.  [child] */
#define KR_EVENT_SAVE_BEGIN "save.begin"
#define KR_EVENT_SAVE_END   "save.end"

struct kr_save_event {
    uint32_t size;
    uint32_t flags; /* KR_SAVE_ of loading.h */
    bool ok;        /* of the end: it went well */
};

/* "child.born", "child.gone" (before the done() of its work): kr_fork_event. */
#define KR_EVENT_CHILD_BORN "child.born"
#define KR_EVENT_CHILD_GONE "child.gone"

struct kr_fork_event {
    uint32_t size;
    int32_t pid;
    const char *name; /* of the work */
};

/* "call.slow": kr_slow_event.  See kr_calls->set_slow_limit(). */
#define KR_EVENT_SLOW "call.slow"

struct kr_slow_event {
    uint32_t size;
    uint32_t reserved;
    struct kr_call *call; /* it has just ended */
    uint64_t nsec;
};

/* "config.changed": kr_name_event with the parameter's name; those of one change
 * follow one another.
 * "module.loaded", "module.unloaded", "module.changed" (upgraded): the module's.
 * "command.changed": commands were added or removed; no payload. */
#define KR_EVENT_CONFIG_CHANGED  "config.changed"
#define KR_EVENT_MODULE_LOADED   "module.loaded"
#define KR_EVENT_MODULE_UNLOADED "module.unloaded"
#define KR_EVENT_MODULE_CHANGED  "module.changed"
#define KR_EVENT_COMMAND_CHANGED "command.changed"

/* With events about something that has a name, which is borrowed. */
struct kr_name_event {
    uint32_t size;
    uint32_t left; /* of config.changed: so many more follow, of this change */
    struct kr_str name;
    uint32_t version; /* of a module's: 10203 is 1.2.3 */
};

/* "module.slow": kr_overrun_event.  A timer, an event handler, a post or the like
 * of a module has held everybody up for longer than module-time-limit. */
#define KR_EVENT_OVERRUN "module.slow"

struct kr_overrun_event {
    uint32_t size;
    uint32_t reserved;
    struct kr_str module; /* its name */
    struct kr_str what;   /* "timer", "handler of event host.tick" */
    uint64_t nsec;
};

typedef void (*kr_event_fn)(void *ctx, const void *payload);
typedef struct kr_event kr_event;
typedef struct kr_subscription kr_subscription;

struct kr_events {
    uint32_t size;
    uint32_t reserved;
    /* NULL: there is no such event (yet): see await(). */
    kr_subscription *(*subscribe)(kr_module *self, const char *event,
                                  kr_event_fn fn, void *ctx);
    void (*unsubscribe)(kr_subscription *subscription);
    /* An event of the module's own; it goes with the module. */
    kr_event *(*declare)(kr_module *self, const char *event);
    /* Does anybody listen?  O(1): ask before a payload is made. */
    bool (*armed)(const kr_event *event);
    void (*publish)(kr_event *event, const void *payload);
    /* As subscribe(), and an event that nobody has declared is waited for: who
     * declares it, be it later or again after an absence, finds the subscriber.
     * For events of modules that may come and go.  NULL: without a name or a
     * function. */
    kr_subscription *(*await)(kr_module *self, const char *event,
                              kr_event_fn fn, void *ctx);
};
KR_INTERFACE(kr_events, "kr.events/1");

#ifdef __cplusplus
}
#endif
#endif
