/* SPDX-License-Identifier: BSD-3-Clause */
/* keys - what the files of the module share: its state. */
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

#include <kr/args.h>
#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/module.h>

#include <locale.h>

#define KEYS_VERSION 10000

/* Keys of one SCAN, from when they are seen until the cursor is known. */
struct keys_page {
    char *bytes; /* size, key, size, key ... */
    size_t used;
    size_t room;
    uint64_t count;
    bool failed; /* there was no memory */
};

struct keys {
    kr_module *self;
    /* The parameters lazyfree-lazy-...: free on another thread? */
    bool lazy_user_del;    /* DEL */
    bool lazy_user_flush;  /* FLUSHDB and FLUSHALL that do not say */
    bool lazy_server_del;  /* a key that RENAME writes over */
    bool lazy_expire;      /* a time in the past */
    bool compress;         /* rdbcompression: DUMP packs long strings */
    locale_t collate;      /* of SORT ALPHA; 0: C */
    struct keys_page page; /* kept from one SCAN to the next */
};

/* DEBUG SET-SKIP-CHECKSUM-VALIDATION: RESTORE believes any checksum. */
extern bool keys_skip_checksum;

static inline struct keys *keys_of(const struct kr_call *call)
{
    return call->state;
}

/* One change of one key, with its notification of class generic. */
static inline void keys_changed(struct kr_call *call, kr_db *db,
                                struct kr_str key, const char *event)
{
    kr_keyspace->changed(call, db, key, KR_CLASS_GENERIC, kr_cstr(event));
}

#endif
