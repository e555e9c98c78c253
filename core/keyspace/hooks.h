/* SPDX-License-Identifier: BSD-3-Clause */
/* hooks - what the keyspace asks of wings above it, without knowing them.
 *
 * Written once by the dispatcher and by whoever blocks clients; any of the
 * functions may be NULL. */
#ifndef CORE_KEYSPACE_HOOKS_H
#define CORE_KEYSPACE_HOOKS_H

#include <kr/keyspace.h>

struct keyspace_hooks {
    /* The host has removed the key because its time had come, or because
     * memory is short: journal its deletion, `lazily` as UNLINK.  `key` is
     * borrowed. */
    void (*removed)(kr_db *db, struct kr_str key, bool lazily);
    /* The key has gone, in whatever way, or holds a value of another type:
     * clients parked with KR_PARK_WAKE_ON_DELETE want to know.  Keep it NULL
     * while there are none. */
    void (*gone)(kr_db *db, struct kr_str key);
    /* The contents of `db` have been exchanged for others: clients parked on
     * any of its keys may find them now. */
    void (*swapped)(kr_db *db);
    /* Memory is above the limit: free what is only kept for speed, before a
     * key is given up. */
    void (*spare)(void);
    /* Another server decides what expires (this one is a replica): expired
     * keys are invisible, but stay until it says so. */
    bool follows;
    /* Nothing may change for now (CLIENT PAUSE): what has expired is invisible,
     * and stays; nothing is evicted. */
    bool still;
    /* A snapshot is being loaded: nothing expires, is evicted or announced. */
    bool loading;
    /* A child is reading our memory: ages are left alone, so that reads do not
     * make the kernel copy pages. */
    bool child;
};

/* A plain variable: the hot paths test its flags. */
extern struct keyspace_hooks keyspace_hooks;

#endif
