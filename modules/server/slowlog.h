/* SPDX-License-Identifier: BSD-3-Clause */
/* slowlog - the commands that took long, and handlers of modules that did; newest
 * first.
 *
 *   newest -> entry -> entry -> ... -> oldest          at most slowlog_max_len
 *
 * An entry is one allocation: the struct, its words, their bytes. */
#ifndef SERVER_SLOWLOG_H
#define SERVER_SLOWLOG_H

#include <stdint.h>

struct server;
struct slow_entry;
struct kr_slow_event;
struct kr_overrun_event;

struct slowlog {
    struct slow_entry *newest;
    struct slow_entry *oldest;
    int64_t next_id;
    int64_t count;
};

/* Parameters, written by the host. */
extern int64_t slowlog_slower_than; /* us; negative: off */
extern int64_t slowlog_max_len;

/* From how many ns on the slow log wants to know of a call. */
uint64_t slowlog_limit(void);

/* A call was slow for somebody; keep it if it was for us.  O(32) words. */
void slowlog_note(struct server *server, const struct kr_slow_event *event);

/* So is a handler of a module, which stands in it as MODULE, the module's name
 * and what it was, without a client. */
void slowlog_note_module(struct server *server,
                         const struct kr_overrun_event *event);

/* Drop the oldest entries beyond slowlog_max_len. */
void slowlog_trim(struct server *server);

void slowlog_fini(struct server *server);

#endif
