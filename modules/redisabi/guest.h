/* SPDX-License-Identifier: BSD-3-Clause */
/* guest - a module built for Redis or Valkey, as we keep it.
 *
 *   MODULE LOAD x.so --> recognise: exports RedisModule_OnLoad?
 *                   --> load: map it, call OnLoad(ctx, argv, argc)
 *                        it asks GetApi for every name of its header,
 *                        says who it is (SetModuleAttribs -> describe),
 *                        creates its commands (-> kr_commands->add)
 *
 * The state of a child is its struct guest, so a command finds it in
 * call->state.  Functions without a context (GetApi, Alloc) find what they need
 * in the state of this module. */
#ifndef REDISABI_GUEST_H
#define REDISABI_GUEST_H

#include "abi.h"

#include <kr/kr.h>

#include <pthread.h>

/* What a row registered with kr_commands->add() stands for.  Of a row the host
 * keeps the pointers to its texts, so that of `group` leads back here. */
struct RedisModuleCommand {
    struct RedisModuleCommand *next;
    struct RedisModuleCommand *parent; /* NULL: no subcommand */
    struct guest *guest;
    RedisModuleCmdFunc run;
    struct kr_command row; /* as the host has it */
    struct kr_key_spec key;
    struct told *told; /* what it points to beside this: command_info.c */
    bool informed;     /* by SetCommandInfo() */
    char group[8];     /* "module" */
    char *full_name;   /* "container|sub", for messages and look-ups */
    char name[];
};

/* An API name that was asked for and that we lack. */
struct lacking {
    struct lacking *next;
    char name[];
};

/* One build of a module.  An upgrade puts another in its place, under the same
 * handle; what is left of it goes on as long as it has to: life.c. */
struct guest {
    kr_module *self; /* the child */
    kr_image *image;
    struct guest *next;      /* of all that there are */
    struct guest *before;    /* whose place it has taken, while that is there */
    uint32_t number;         /* none of another guest */
    bool entered;            /* OnLoad has answered that all is well */
    bool serves;             /* the commands are its */
    bool replaced;           /* ... and were */
    _Atomic uint64_t values; /* of its types, in keys and outside of them */
    struct RedisModuleBlockedClient *waiting, **waiting_end; /* oldest first */
    struct RedisModuleCommand *commands;
    struct RedisModuleType *types;
    struct lacking *lacking; /* in the order in which they were asked for */
    int options;             /* REDISMODULE_OPTION */
    uint32_t timers;         /* that have not run (timer.c) */
    RedisModuleInfoFunc info;
    uint32_t blocked;          /* handles of clients that live (blocked.c) */
    _Atomic uint32_t threads;  /* contexts of threads that live (thread.c) */
    _Atomic uint32_t detached; /* of them, of no blocked client */
    _Atomic uint32_t visitors; /* threads that have had one, and live */
    struct census *census;     /* of threads that were there before it */
    struct setting *settings;  /* config.c */
    bool configured;           /* LoadConfigs has been called */
    bool left;                 /* OnUnload has been called, and agreed */
    uint32_t calls;            /* of commands that it runs now */
    struct subscriber *subscribers; /* notification.c */
    struct listener *listeners;     /* server_event.c */
    bool described;    /* SetModuleAttribs has been called, and accepted */
    bool barred;       /* it is denied what no guest can do without */
    uint32_t used;     /* enum lent, of what it has registered: denied.c */
    uint32_t told;     /* of them, what the log has said that it is denied */
    char refusal[300]; /* the last one, in words; "": none */
};

/* The state of the module redisabi. */
struct house {
    kr_module *self;
    pthread_t main;
    struct guest *guests;
    pthread_mutex_t guests_lock; /* of threads that look for theirs */
    uint32_t guest_number;       /* the last one's */
    kr_timer *reaper;            /* while guests that are replaced are there */
    struct guest *loading;       /* whose OnLoad runs, or NULL */
    uint16_t *names;             /* names.c */
    /* The lock of guests' threads (thread.c). */
    pthread_mutex_t lock;
    pthread_cond_t turned;   /* the main thread goes to sleep */
    pthread_key_t visit;     /* of whose guest's a thread is */
    _Atomic uint32_t strays; /* contexts of threads, of no known guest */
    bool threads; /* they are there: the main thread has the lock or sleeps */
    struct {
        kr_gate *gate;
        const char *text; /* of a thread that has yielded, or NULL */
        uint64_t turns;   /* of the loop */
        bool armed;
    } busy;
    bool ending; /* the server is about to */
    struct {
        kr_subscription *keys, *swaps;
        uint32_t count; /* of clients that wait for keys */
    } awaited;          /* blocked.c */
    struct {
        struct timer **places, *free;
        uint32_t count, room;
    } timers;                /* timer.c */
    struct watched *watched; /* descriptor.c */
    struct forked *forked;   /* fork.c */
    struct shared *shared;   /* shared.c */
    struct loan *loans;      /* who uses what is another's */
    struct porter *porters;  /* login.c */
    bool porters_asked;      /* the event is subscribed to */
    struct {
        RedisModuleBlockedClient
            *blocked;         /* whose attempt runs again, or NULL */
        struct kr_call *call; /* the parked one */
    } let_in;
    struct errand *errand;             /* to spare, or NULL: promise.c */
    struct login *logins;              /* login.c */
    bool login_heard;                  /* events of clients are */
    RedisModuleCommandFilter *filters; /* in order, of all guests */
    kr_gate *filter_gate;
    int around; /* REDISMODULE_CTX_FLAGS_ of the calls that have led to this one */
    struct {
        int flags; /* REDISMODULE_CTX_FLAGS_ that follow from it */
        int64_t maxmemory;
        bool known, listens;
    } config; /* server.c */
};

/* Free what `owner` has in a list of the house, whose elements have `next` and
 * `guest`.  O(elements). */
#define HELD_FORGET(list, owner)                                               \
    for (typeof(list) *at_ = &(list), gone_; *at_;) {                          \
        if ((*at_)->guest != (owner)) {                                        \
            at_ = &(*at_)->next;                                               \
            continue;                                                          \
        }                                                                      \
        gone_ = *at_;                                                          \
        *at_ = gone_->next;                                                    \
        kr_memory->free(redisabi_self, gone_);                                 \
    }

extern kr_module *redisabi_self;     /* host-written */
extern const char *redisabi_version; /* as well: the parameter */

/* REDISMODULE_CTX_FLAGS_: is it within a script, a transaction?  NULL: the calls
 * around it count alone.  server.c */
KR_HIDDEN int flags_of_call(const struct kr_call *call);

/* "1.2.3" as 0x010203; -1: it is no version. */
KR_HIDDEN int version_number(const char *text);

KR_HIDDEN struct house *house(void);

/* A guest's life.  life.c */
KR_HIDDEN struct guest *guest_new(kr_module *child);
KR_HIDDEN bool guest_describe(struct guest *guest, const char *name,
                              uint32_t version);
/* Once it is described the host does it. */
KR_HIDDEN void guest_free(struct guest *guest);
/* What the old one keeps beside its values, before or after them
 * (KR_SNAPSHOT_), is taken over.  `ahead`: for the values that are tried; it will
 * be once more. */
KR_HIDDEN bool guest_take_aux(struct guest *guest, const struct guest *old,
                              uint32_t when, bool ahead, char *error,
                              size_t size);

/* Threads.  thread.c */
KR_HIDDEN bool visits_begin(struct house *all);
KR_HIDDEN void visits_end(struct house *all);
/* Of one that has the lock: a turn of the loop, in which commands are answered
 * with that error. */
KR_HIDDEN void thread_yield(const char *text);

/* What the first word of a context points to.  names.c */
KR_HIDDEN int names_get_api(const char *name, void *target);
KR_HIDDEN void names_forget(struct guest *guest);
KR_HIDDEN void names_sort(struct house *all);
KR_HIDDEN void commands_forget(struct guest *guest);
KR_HIDDEN void command_forget_told(struct RedisModuleCommand *command);
KR_HIDDEN void descriptors_forget(struct guest *guest);
KR_HIDDEN void filters_forget(struct guest *guest);
KR_HIDDEN void listeners_forget(struct guest *guest);
KR_HIDDEN void shared_forget(struct guest *guest);
KR_HIDDEN void subscribers_forget(struct guest *guest);
KR_HIDDEN void timers_forget(struct guest *guest);
KR_HIDDEN void types_forget(struct guest *guest);
KR_HIDDEN void timers_free(struct house *all);
KR_HIDDEN void logins_forget(struct guest *guest);

/* It serves from now on, or again after the host has dropped what it had of it:
 * what has waited for that begins. */
KR_HIDDEN void descriptors_begin(struct guest *guest);
KR_HIDDEN void timers_begin(struct guest *guest);
KR_HIDDEN void types_begin(struct guest *guest);
KR_HIDDEN void types_leave(struct guest *guest);
KR_HIDDEN void types_stay(struct guest *guest);
/* They are ended, where the host still has them. */
KR_HIDDEN void descriptors_end(struct guest *guest);
KR_HIDDEN void timers_end(struct guest *guest);
/* The host has dropped its side. */
KR_HIDDEN void descriptors_lose(struct guest *guest);
KR_HIDDEN void timers_lose(struct guest *guest);
/* Others do not find its functions any more, but those that it uses stay. */
KR_HIDDEN void shared_withdraw(struct guest *guest);
/* Its clients that wait for keys ask the guest that serves now. */
KR_HIDDEN void blocked_hand_over(struct guest *guest);
KR_HIDDEN bool fork_is_of(const struct guest *guest);
KR_HIDDEN bool logins_are_of(const struct guest *guest);

/* One that has a function of this one's, or NULL. */
KR_HIDDEN struct guest *shared_borrower(const struct guest *lender);

/* The guest whose code that is, NULL: of none that is loaded.  O(guests). */
KR_HIDDEN struct guest *guest_of_code(uintptr_t address);

/* Run `fn` now if this is the main thread, else at its next turn.  [any] */
KR_HIDDEN void main_thread_runs(void (*fn)(void *ctx), void *ctx);

#endif
