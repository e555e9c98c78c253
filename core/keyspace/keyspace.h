/* SPDX-License-Identifier: BSD-3-Clause */
/* keyspace - what the rest of the host asks of the databases.
 *
 * Modules reach the same things through <kr/keyspace.h> and <kr/type.h>. */
#ifndef CORE_KEYSPACE_KEYSPACE_H
#define CORE_KEYSPACE_KEYSPACE_H

#include <kr/keyspace.h>
#include <kr/type.h>

enum keyspace_policy { /* ORDER: the bits tell what a policy looks at */
                       POLICY_NOEVICTION,
                       POLICY_ALLKEYS_LRU,
                       POLICY_ALLKEYS_LFU,
                       POLICY_ALLKEYS_RANDOM,
                       POLICY_VOLATILE_LRU,
                       POLICY_VOLATILE_LFU,
                       POLICY_VOLATILE_RANDOM,
                       POLICY_VOLATILE_TTL,
};

/* Settings, written by the configuration; read at each use. */
struct keyspace_settings {
    int64_t databases;
    int64_t maxmemory; /* 0: no limit */
    int32_t policy;    /* enum keyspace_policy */
    int64_t samples;   /* maxmemory-samples */
    int64_t tenacity;  /* maxmemory-eviction-tenacity */
    int64_t lfu_log_factor;
    int64_t lfu_decay_time; /* minutes */
    bool lazy_expire, lazy_evict, lazy_server_del, lazy_user_del,
        lazy_user_flush;
    bool active_expire; /* DEBUG SET-ACTIVE-EXPIRE */
    int64_t active_expire_effort;
};
extern struct keyspace_settings keyspace_settings;

/* The secret of hashing: other wings hash before the databases are made.  Then
 * the databases, as many as the settings say. */
void keyspace_init_early(void);
void keyspace_init(void);
/* The other threads are about to end: what is freed from now on is freed here. */
void keyspace_keep_home(void);
void keyspace_fini(void);

/* Hash of a key, and the two prefetches of a pipeline: the bucket, and then
 * (when that has had time to arrive) the entry. */
uint64_t keyspace_hash(struct kr_str key);
void keyspace_prefetch_bucket(kr_db *db, uint64_t hash);
void keyspace_prefetch_entry(kr_db *db, uint64_t hash);
/* Look a key up without leaving a trace: expired keys are found, too. */
bool keyspace_peek(kr_db *db, struct kr_str key, uint64_t hash,
                   struct kr_cell *cell);

/* Hashes of keys among the arguments of the call that runs now, computed by
 * the dispatcher.  Calls look their keys up in order, so this is a place in
 * the list: the key at hand, and those that will come.
 *
 *     words    k1   v1   k2   v2   k3   v3        step 2
 *     hashes   h1        h2        h3
 *                        ^ data, hash, word       left 1
 *
 * data NULL and left 0: nothing is known. */
struct keyspace_hint {
    const char *data; /* of the key at hand */
    uint64_t hash;
    const struct kr_str *word;
    const uint64_t *hashes; /* that of the key at hand */
    uint32_t step;
    uint32_t left; /* keys behind it */
};
extern struct keyspace_hint keyspace_hint;

static inline void keyspace_forget_hint(void)
{
    keyspace_hint.data = NULL;
    keyspace_hint.left = 0;
}

/* Remove keys whose time has come, for at most `budget_us`.  Answers the ms
 * until there is more to do (0: at once), -1: nothing pending. */
int64_t keyspace_expire(int64_t now_ms, int64_t budget_us);

enum keyspace_room { ROOM_OK, ROOM_BUSY, ROOM_NONE };
/* Get below maxmemory by evicting for a bounded time.  ROOM_BUSY: still above,
 * go on at the next turn; ROOM_NONE: above and nothing to evict: -OOM. */
enum keyspace_room keyspace_make_room(void);
/* The counted memory that maxmemory looks at: without client output, and without
 * large values that are on their way out. */
size_t keyspace_memory(void);

/* Grow, shrink, and free flushed databases in small steps, from the tick. */
void keyspace_step(int64_t budget_us);

/* Types of a module go; false: values of it exist, named in `type`. */
bool type_may_forget(const kr_module *module, const char **type,
                     uint64_t *values);
void type_forget(kr_module *module);
kr_status type_register(kr_module *module, const struct kr_type *type,
                        uint16_t *slot);

/* Counters for INFO. */
struct keyspace_stats {
    uint64_t hits, misses, expired, evicted, lazy_pending, lazy_freed;
    uint64_t expired_time_cap, evicted_time_us;
    int64_t evicted_bytes;
    uint64_t changes; /* dirty */
};
extern struct keyspace_stats keyspace_stats;

extern const struct kr_keyspace keyspace_interface;
extern const struct kr_types type_interface;

#endif
