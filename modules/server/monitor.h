/* SPDX-License-Identifier: BSD-3-Clause */
/* monitor - MONITOR: clients that are shown every command.
 *
 * The gates are armed only while somebody watches.  A command is shown when it
 * has run, so that one that selects a database shows the new one, as in Redis,
 * and one that was refused is not shown.  A script is shown before it runs: what
 * it calls comes after it. */
#ifndef SERVER_MONITOR_H
#define SERVER_MONITOR_H

#include "page.h"

#include <kr/client.h>
#include <kr/gate.h>

struct server;

struct monitor {
    kr_gate *before;
    kr_gate *after;
    uint64_t *ids; /* of the clients that watch */
    size_t count;
    size_t capacity;
    struct page line; /* reused */
};

bool monitor_init(struct server *server);
void monitor_start(struct server *server);
void monitor_stop(struct server *server);
void monitor_fini(struct server *server);

/* The watchers of `then` become those of `now`. */
void monitor_move(struct server *now, struct server *then);

#endif
