/* SPDX-License-Identifier: BSD-3-Clause */
/* key - a key that a guest has opened.
 *
 * A handle holds the name, not the value: between two functions the guest may
 * have run any command.  Each function looks the value up again, about 15 ns.
 * Elements that are handed out are copies. */
#ifndef REDISABI_KEY_H
#define REDISABI_KEY_H

#include "context.h"

struct RedisModuleKey {
    RedisModuleCtx *ctx;
    struct guest *guest;
    RedisModuleString *name; /* a reference */
    kr_db *db;
    int mode;                    /* REDISMODULE_READ and so on */
    struct key_range *range;     /* key_range.c, or NULL */
    struct key_entries *entries; /* key_stream.c, or NULL */
};

/* Their ends, if they are there; the handle is about to go. */
KR_HIDDEN void key_range_end(RedisModuleKey *key);
KR_HIDDEN void key_entries_end(RedisModuleKey *key);

/* A handle in the caller's own memory, and its end. */
KR_HIDDEN void key_begin(RedisModuleKey *key, RedisModuleCtx *ctx, kr_db *db,
                         RedisModuleString *name, int mode);
KR_HIDDEN void key_end(RedisModuleKey *key);

/* The value as it is now; false: there is none.  `write`: a change follows. */
KR_HIDDEN bool key_find(RedisModuleKey *key, bool write, struct kr_cell *cell);
KR_HIDDEN struct kr_str key_name(const RedisModuleKey *key);

#endif
