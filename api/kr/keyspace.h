/* SPDX-License-Identifier: BSD-3-Clause */
/* keyspace - databases, keys, their values and their expiry.
 *
 * A look-up fills a cell, the visible view of one key's value:
 *
 *   struct kr_cell                     the key's entry (the host's)
 *   +--------+--------+------+------+  +------+--------+-----+-------------+
 *   | data --+-length-+-type-+-meta-|->| head | expiry | key | payload     |
 *   +--------+--------+------+------+  +------+--------+-----+-------------+
 *       `--------------------------------------------------->^
 *
 * A cell is good until the next call that may change the keyspace other than
 * through this very cell: functions that take `struct kr_cell *` keep it good.
 * Inline: `data` points at `length` bytes.  Boxed: `data` points at the word.
 * Payloads are not aligned, unless the type asks for it: use memcpy.
 *
 * Who changes a value tells of it once: changed().  That moves the count of
 * changes, wakes watchers, feeds tracking and the events.  Before the first
 * change, look up with KR_FIND_WRITE: it announces "about to change" to those
 * who need the value as it was.  An emptied value must be erased: no key holds
 * an empty list. */
#ifndef KR_KEYSPACE_H
#define KR_KEYSPACE_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>
#include <kr/type.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_cell {
    void *data;
    uint32_t length; /* inline: bytes */
    uint16_t type;   /* slot */
    uint8_t meta;
    bool boxed;
    void *entry; /* the host's */
    kr_db *db;
    uint64_t hash; /* of the key, the host's */
};

#define KR_FIND_READ     0u
#define KR_FIND_WRITE    (1u << 0) /* a change will follow */
#define KR_FIND_NO_TOUCH (1u << 1) /* leave age and frequency alone */
#define KR_FIND_NO_STATS (1u << 2) /* count neither hit nor miss */
#define KR_FIND_EXPIRED  (1u << 3) /* find it even when it has expired */
#define KR_FIND_QUIET    (KR_FIND_NO_TOUCH | KR_FIND_NO_STATS)

#define KR_PUT_KEEP_EXPIRY (1u << 0) /* a replaced key keeps its expiry */
#define KR_PUT_ALIGNED     (1u << 1) /* as KR_TYPE_ALIGNED */
#define KR_PUT_BOXED       (1u << 2) /* length is ignored; the word is NULL */
#define KR_PUT_SAME        (1u << 3) /* the value goes on in another form */

#define KR_NO_EXPIRY INT64_MIN

/* Kinds of keyspace notification: the letters of notify-keyspace-events. */
#define KR_CLASS_GENERIC (1u << 0)  /* g */
#define KR_CLASS_STRING  (1u << 1)  /* $ */
#define KR_CLASS_LIST    (1u << 2)  /* l */
#define KR_CLASS_SET     (1u << 3)  /* s */
#define KR_CLASS_HASH    (1u << 4)  /* h */
#define KR_CLASS_ZSET    (1u << 5)  /* z */
#define KR_CLASS_EXPIRED (1u << 6)  /* x */
#define KR_CLASS_EVICTED (1u << 7)  /* e */
#define KR_CLASS_STREAM  (1u << 8)  /* t */
#define KR_CLASS_MISS    (1u << 9)  /* m */
#define KR_CLASS_MODULE  (1u << 10) /* d */
#define KR_CLASS_NEW     (1u << 11) /* n */

/* What a scan step or an iteration hands out; the key is borrowed until the
 * callback returns. */
typedef void (*kr_each_key)(void *ctx, struct kr_str key, struct kr_cell *cell);

typedef struct kr_watch kr_watch;

struct kr_keyspace {
    uint32_t size;
    uint32_t reserved;

    /* --- Look up ------------------------------------------------------------- */

    /* Find argv[arg] of the call in its database.  The dispatcher has often
     * hashed and prefetched it already.  About 15 ns and a cache miss. */
    bool (*find_arg)(struct kr_call *call, uint32_t arg, uint32_t how,
                     struct kr_cell *cell);
    /* Find any key.  An expired key is not there (and goes). */
    bool (*find)(kr_db *db, struct kr_str key, uint32_t how,
                 struct kr_cell *cell);
    /* The cell's key, borrowed as the cell is. */
    struct kr_str (*key)(const struct kr_cell *cell);

    /* --- Change -------------------------------------------------------------- */

    /* Create the key, or replace its value, with `length` uninitialised bytes
     * of payload (or a NULL word) of type `type`.  The old value is freed, its
     * expiry removed unless asked otherwise.  Always succeeds; one look-up. */
    void (*put)(struct kr_call *call, uint32_t arg, uint16_t type, uint8_t meta,
                uint32_t how, uint32_t length, struct kr_cell *cell);
    void (*put_key)(kr_db *db, struct kr_str key, uint16_t type, uint8_t meta,
                    uint32_t how, uint32_t length, struct kr_cell *cell);
    /* Give the value that `cell` names another payload: `length` inline bytes,
     * of which the old ones that fit are kept, or a boxed word (NULL at first)
     * with KR_PUT_BOXED.  An old box is NOT freed: it was the caller's to take
     * over.  May move the entry. */
    void (*reshape)(struct kr_cell *cell, uint32_t how, uint32_t length);
    void (*set_meta)(struct kr_cell *cell, uint8_t meta);
    /* Place a value made outside (copied, loaded) under `key`, replacing what
     * is there.  Takes a box over. */
    void (*adopt)(kr_db *db, struct kr_str key, uint16_t type, uint32_t how,
                  const struct kr_value *value, struct kr_cell *cell);
    /* Remove the key and free its value; `lazy`: large ones on another thread.
     * The cell is void afterwards. */
    void (*erase)(struct kr_cell *cell, bool lazy);
    /* Move the key with its value and expiry to another name or database.  The
     * target must be absent.  The cell then names the target; it is void if a
     * listener of "key.ending" has removed the key. */
    void (*rename)(struct kr_cell *cell, kr_db *db, struct kr_str key);
    /* Tell of a change to `key`: once a command and key.  `event` is the
     * notification's word ("set"), of `kind`; an empty one notifies nobody. */
    void (*changed)(struct kr_call *call, kr_db *db, struct kr_str key,
                    uint32_t kind, struct kr_str event);
    /* Only the notification. */
    void (*notify)(kr_db *db, struct kr_str key, uint32_t kind,
                   struct kr_str event);

    /* --- Expiry and age ------------------------------------------------------ */

    /* Milliseconds since 1970, or KR_NO_EXPIRY. */
    int64_t (*expiry)(const struct kr_cell *cell);
    /* KR_NO_EXPIRY removes it.  A time in the past is accepted: the key is
     * gone at the next look-up.  May move the entry. */
    void (*set_expiry)(struct kr_cell *cell, int64_t when_ms);
    /* Must an expired key be removed by this server (a primary does, and one
     * that is not loading)?  EXPIRE in the past asks. */
    bool (*may_expire)(void);
    /* Seconds since the key was last used, or its frequency counter; which of
     * the two is kept follows maxmemory-policy: `lfu` answers that. */
    uint64_t (*idle_ms)(const struct kr_cell *cell);
    uint32_t (*frequency)(const struct kr_cell *cell);
    bool (*counts_frequency)(void);
    void (*set_idle_ms)(struct kr_cell *cell, uint64_t idle_ms);
    void (*set_frequency)(struct kr_cell *cell, uint32_t counter);

    /* --- Databases ----------------------------------------------------------- */

    /* How many there are; the one at an index; the index of one.  O(1). */
    int32_t (*db_count)(void);
    kr_db *(*db)(int32_t index); /* NULL when out of range */
    int32_t (*db_index)(const kr_db *db);
    uint64_t (*count)(const kr_db *db);          /* keys */
    uint64_t (*count_expiring)(const kr_db *db); /* those with an expiry */
    /* One step of a scan: call `each` for a few keys and answer the next
     * cursor, 0 at the end.  A key that is there all the time is handed out at
     * least once, however the table grows or shrinks meanwhile.  `each` must
     * not change the database.  Expired keys are handed out too: a caller that
     * cares looks at expiry(). */
    uint64_t (*scan)(kr_db *db, uint64_t cursor, kr_each_key each, void *ctx);
    /* A random key, each about as likely; false in an empty database. */
    bool (*random)(kr_db *db, struct kr_cell *cell);
    /* Every key, in no order.  `each` may erase the key it was given. */
    void (*each)(kr_db *db, kr_each_key each, void *ctx);
    /* Empty one database, or all with NULL; `async` frees on another thread.
     * Answers the number of keys. */
    uint64_t (*flush)(kr_db *db, bool async);
    /* Exchange the contents of two databases; clients stay where they are. */
    void (*swap)(kr_db *a, kr_db *b);

    /* --- Watching a key ------------------------------------------------------ */

    /* From now on remember whether the key changes (or expires, is evicted,
     * flushed, swapped to another value).  Costs writers one test while nobody
     * watches, and a look-up by key while somebody does. */
    kr_watch *(*watch)(kr_db *db, struct kr_str key);
    bool (*watch_changed)(const kr_watch *watch);
    void (*unwatch)(kr_watch *watch);

    /* --- For DEBUG and MEMORY ------------------------------------------------ */

    /* Bytes of one key in all: entry, payload, table slot, from `samples`. */
    size_t (*key_memory)(const struct kr_cell *cell, size_t samples);
    /* Bytes of the database's tables without entries: keys, expiries. */
    size_t (*table_memory)(const kr_db *db);
    size_t (*expiry_memory)(const kr_db *db);
    /* A text about the table's shape (DEBUG HTSTATS), into `text`. */
    size_t (*describe)(const kr_db *db, bool full, char *text, size_t size);

    /* May what has expired go before anybody looks for it?  As may_expire(),
     * and nobody has switched it off (DEBUG SET-ACTIVE-EXPIRE). */
    bool (*expires_actively)(void);
    /* As changed(), but it does not count: for the second key of one change, as
     * the name that a key had before RENAME. */
    void (*changed_too)(struct kr_call *call, kr_db *db, struct kr_str key,
                        uint32_t kind, struct kr_str event);

    /* --- For loading --------------------------------------------------------- */

    /* Place a value made outside under a key that is not there, with its expiry
     * or KR_NO_EXPIRY; takes a box over.  The cell is good until the next call
     * of place() or settle(), and the key is there from settle() on: a few dozen
     * go into the table together, which then waits for memory once for all of
     * them.  Nobody is told. */
    void (*place)(kr_db *db, struct kr_str key, uint16_t type,
                  const struct kr_value *value, int64_t when_ms,
                  struct kr_cell *cell);
    /* All that was placed is there now.  false: of some key there was one
     * already, since the last time; the first one stands.  Before anything else
     * is done with the keyspace. */
    bool (*settle)(void);
    /* About `keys` keys will come into the empty database: make the table for
     * them now, if there is memory.  0: they have come. */
    void (*reserve)(kr_db *db, uint64_t keys);

    /* --- Marks ---------------------------------------------------------------
     *
     * For who has to be at every key once, as it is at this moment, while keys
     * go on to change: he marks those that scan() gives him and, in time, those
     * of the event "key.before".  A mark stays with its key, whatever is done to
     * it, and keys that come have one.  There is one walk at a time. */

    /* From now on no key has a mark.  KR_EBUSY: keys that somebody has left
     * without one have to get theirs first.  O(databases).  [main] */
    kr_status (*unmark)(void);
    /* Give the key a mark; false: it has one.  A few ns.  [main] */
    bool (*mark)(const struct kr_cell *cell);
    /* Keys of the database without a mark.  O(1).  [main] */
    uint64_t (*unmarked)(const kr_db *db);
    /* Is there a memory limit with a policy that looks at how long ago or how
     * often each key was used?  [main], O(1) */
    bool (*ages_matter)(void);
    /* As erase(), of a key whose time turns out to be over (EXPIRE with one that
     * has passed): "key.ending" tells the difference. */
    void (*expire)(struct kr_cell *cell, bool lazy);
};
KR_INTERFACE(kr_keyspace, "kr.keyspace/1");

/* --- Shorthand ----------------------------------------------------------- */

/* Find argument `arg` and check its type.  false: it is not there, or of
 * another type, in which case WRONGTYPE has been replied and *wrong set. */
static inline bool kr_find_typed(struct kr_call *call, uint32_t arg,
                                 uint32_t how, uint16_t type,
                                 struct kr_cell *cell, bool *wrong)
{
    *wrong = false;
    if (!kr_keyspace->find_arg(call, arg, how, cell))
        return false;
    if (KR_LIKELY(cell->type == type))
        return true;
    *wrong = true;
    kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
    return false;
}

/* As changed(), for what counts as `n` changes in INFO and for the `save`
 * points: elements added or removed.  With 0 it is told and does not count. */
static inline void kr_changed_by(struct kr_call *call, kr_db *db,
                                 struct kr_str key, uint32_t kind,
                                 struct kr_str event, uint64_t n)
{
    if (KR_UNLIKELY(n == 0)) {
        kr_keyspace->changed_too(call, db, key, kind, event);
        return;
    }
    kr_keyspace->changed(call, db, key, kind, event);
    if (n > 1)
        kr_calls->touch(call, n - 1);
}

/* The boxed word of a cell. */
static inline void *kr_cell_box(const struct kr_cell *cell)
{
    void *box;

    memcpy(&box, cell->data, sizeof(box));
    return box;
}

/* Make `box` the boxed word of a cell, which does not free the old one. */
static inline void kr_cell_set_box(struct kr_cell *cell, void *box)
{
    memcpy(cell->data, &box, sizeof(box));
}

/* The payload of an inline cell, borrowed as the cell is. */
static inline struct kr_str kr_cell_bytes(const struct kr_cell *cell)
{
    return kr_str((const char *)cell->data, cell->length);
}

/* The cell's value as the functions of its type see it. */
static inline struct kr_peek kr_cell_peek(const struct kr_cell *cell)
{
    struct kr_peek peek = {cell->data, cell->length, cell->meta, cell->boxed,
                           0};

    return peek;
}

#ifdef __cplusplus
}
#endif
#endif
