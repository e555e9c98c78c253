/* SPDX-License-Identifier: BSD-3-Clause */
/* context - what a guest's functions work in.
 *
 * The first word is the address of GetApi: that is all of it that a guest may
 * know.  A context lives on the stack of the command that it serves; what it
 * owns (automatic memory, pools, lengths still open) ends with it. */
#ifndef REDISABI_CONTEXT_H
#define REDISABI_CONTEXT_H

#include "guest.h"

/* What automatic memory can own. */
#define OWNED_STRING 0u
#define OWNED_REPLY  1u
#define OWNED_KEY    2u
#define OWNED_INFO   3u
#define OWNED_DICT   4u

struct owned {
    void *thing;
    uint32_t kind; /* OWNED_ */
};

struct pool; /* a block of PoolAlloc */
struct context_login;

struct RedisModuleCtx {
    int (*get_api)(const char *name, void *target); /* must be first */
    struct guest *guest;
    struct kr_call *call;        /* NULL outside of a command */
    kr_client *client;           /* NULL when nobody is connected */
    kr_db *db;                   /* the selected one */
    struct kr_reply *reply;      /* NULL: replies are dropped */
    const RedisModuleUser *user; /* on whose behalf it calls, or NULL */
    bool automatic;              /* AutoMemory was called */
    bool replicated;             /* something was said to the journal */
    bool waits;                  /* the call goes on later */
    struct owned *owned;
    uint32_t owned_count, owned_room;
    uint64_t *open; /* tokens of lengths that are to come */
    uint32_t open_count, open_room;
    struct pool *pool;
    /* A request for the positions of keys: the command only says where.  Who
     * asks frees them. */
    struct kr_key_ref *refs;
    int32_t ref_count; /* -1: no such request */
    uint32_t ref_room;
    const kr_cmd *command;
    RedisModuleBlockedClient *blocked; /* whose, or NULL */
    uint32_t why;                      /* CONTEXT_ */
    struct context_login *login;       /* login.h, or NULL */
    RedisModuleString *ready;          /* the key that is, or NULL */
    int64_t yield_ms;                  /* not before then again (monotonic) */
    int64_t until_ms; /* the call waits for no longer (wall clock), or 0 */
};

/* Why a callback of a blocked client runs. */
#define CONTEXT_REPLY   (1u << 0)
#define CONTEXT_TIMEOUT (1u << 1)
#define CONTEXT_GONE    (1u << 2) /* its client is not there any more */

/* Begin a context for a call (NULL: for none), and end it. */
KR_HIDDEN void context_begin(RedisModuleCtx *ctx, struct guest *guest,
                             struct kr_call *call);
KR_HIDDEN void context_end(RedisModuleCtx *ctx);

/* As these two, for what no command has asked for: all that is said to the
 * journal meanwhile is one unit. */
KR_HIDDEN void context_begin_work(RedisModuleCtx *ctx, struct guest *guest,
                                  kr_db *db);
KR_HIDDEN void context_end_work(RedisModuleCtx *ctx);

/* Call `run` with the words of a call, which it gets as strings. */
KR_HIDDEN int context_run(RedisModuleCtx *ctx, RedisModuleCmdFunc run,
                          uint32_t argc, const struct kr_str *argv);

/* Run a guest's command of that full name for a call that another has begun.
 * false: it has none. */
KR_HIDDEN bool command_run_anew(struct guest *guest, const char *full_name,
                                struct kr_call *call, int64_t until_ms);
KR_HIDDEN const char *command_full_name(const kr_cmd *command);

/* Automatic memory: `thing` is the context's if it was asked to care. */
KR_HIDDEN void context_own(RedisModuleCtx *ctx, uint32_t kind, void *thing);
/* Not the context's any more; false: it never was. */
KR_HIDDEN bool context_disown(RedisModuleCtx *ctx, uint32_t kind,
                              const void *thing);

/* An array that grows: room for one more element of `size` bytes. */
KR_HIDDEN void *array_grow(void *array, uint32_t count, uint32_t *room,
                           size_t size);

#define FUNCTION(result, name, parameters)                                     \
    KR_HIDDEN result rm_##name parameters;
#include "functions.h"
#undef FUNCTION

#endif
