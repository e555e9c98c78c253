/* SPDX-License-Identifier: BSD-3-Clause */
/* module - how a module announces itself, and its life.
 *
 * A module is a shared object that exports one symbol, `kr_module_descriptor`,
 * a constant struct.  The host reads it before any code of the module runs, so
 * what a module needs, offers and registers is known, checked and refused with
 * a reason first.
 *
 *   described --create()--> created --activate()--> active
 *                                                     |
 *   unmapped <--destroy()-- drained <--deactivate()---+
 *
 * Registration is a transaction.  Commands, types and parameters of the
 * descriptor, and all that create() registers, become visible together when
 * the module activates.  When any step fails none of it ever was.
 *
 * Imports are slots.  A module names the interfaces that it uses, and the host
 * writes each one's address into a variable of the module's before create().
 * The host keeps the list: when the module behind an interface is upgraded it
 * writes the new address into every slot, so nobody keeps a stale function.
 * Read the slot at each use, do not copy it.
 *
 *   KR_USES(kr_keyspace);            // the slot, in one .c file of the module
 *   static const struct kr_import imports[] = {KR_NEED(kr_keyspace)};
 *
 * An upgrade replaces the code of a module and nothing else: MODULE UPGRADE
 * name [path].  The handle of the module, its account, its place in MODULE LIST
 * stay; another build of it takes over between two commands.
 *
 *   old version   active -------------- handover() --+          (unmapped when
 *                                                    | switch   nothing of it
 *   new version   described -- create() -- takeover()+- activate()   runs)
 *
 * The rule for what a module has with the host has two halves:
 *
 *   What stands on the module's state is registered again.  The new version's
 *   create() and activate() run as they do at a load.  At the switch what they
 *   have registered takes the place of what the old version had, and what was
 *   not registered again goes.  Some of it is the same thing under the same
 *   handle, so that what hangs on it stays:
 *     commands    by name: calls, time, ACL rules, queued transactions
 *     parameters  by name: the value as it is; apply() gets it, state NULL
 *     types       by name: the slot, and all values
 *     interfaces  by id: the slots of all who import it are written
 *     gates       by name and stage: the clients on which they are armed
 *     events declared by name: the subscribers
 *     client slots  by order, the first that create() asks for is the first
 *                   that the old one asked for: the words of all clients.
 *                   Only if the state is handed over; else they are freed
 *   Subscriptions, INFO sections and journal readers take the place in the order
 *   that the old version's had; timers, watched descriptors, fields of CLIENT
 *   LIST are simply new ones.
 *
 *   What stands on work under way is carried.  A parked call, a job, a post, a
 *   child, a client of a transport have functions that will be called later.
 *   The new version cannot register these again, so both versions name them in
 *   `carried`, and the host writes the new address where the old one stood.  A
 *   name stands for the function's meaning and for the layout of its `ctx`: give
 *   it another name when that changes, and keep the old name for a function that
 *   understands the old layout.  While there is work under a name that the new
 *   version lacks, the upgrade is refused.
 *
 * So no pointer into the old version is left anywhere: it was replaced, carried
 * or dropped.  Any refusal before the switch, by the host, by create(), by
 * handover() or takeover(), by a value that cannot be converted, leaves the old
 * version serving as if nothing had been tried.  create() and takeover() of a
 * new version must therefore change nothing that is seen outside: arm gates,
 * write to clients, start timers in activate().
 *
 * All functions here but prepare() are called on the main thread.  A file is
 * mapped and unmapped by another one where nobody need wait for it, so
 * initialisers and finalisers of a library, if it has any, touch nothing but what
 * is its own. */
#ifndef KR_MODULE_H
#define KR_MODULE_H

#include <kr/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A loaded module, as the host knows it.  Valid from create() to destroy(). */
typedef struct kr_module kr_module;

struct kr_type;
struct kr_command;
struct kr_param;

/* A table whose rows may be longer than this host or this module knows:
 * readers step by `stride` and read only what both sides have. */
struct kr_rows {
    const void *rows;
    uint32_t count;
    uint32_t stride; /* bytes from one row to the next */
};
#define KR_ROWS(array)                                                         \
    {                                                                          \
        (array), (uint32_t)KR_COUNT(array), (uint32_t)sizeof((array)[0])       \
    }

/* --- Interfaces used and offered ----------------------------------------- */

#define KR_IMPORT_REQUIRED 0u /* no such interface, no load */
#define KR_IMPORT_OPTIONAL 1u /* the slot is NULL while nobody offers it */

struct kr_import {
    const char *id;    /* "kr.keyspace/1" */
    const void **slot; /* where the host writes the interface's address */
    uint32_t size;     /* bytes of it that this module counts on */
    uint32_t flags;    /* KR_IMPORT_ */
};

/* Every interface `kr_x` has a struct kr_x, an id macro KR_X_ID of the form
 * "kr.x/1", and a variable kr_x that its header declares.  KR_USES defines the
 * variable; KR_NEED and KR_WANT are rows of the import table.  KR_NEED_UPTO
 * counts only on the functions up to `last`, so that the module also loads in
 * hosts that lack what was appended after it. */
#define KR_USES(name) const struct name *name
#define KR_IMPORT_ROW(name, bytes, how)                                        \
    {                                                                          \
        name##_id, (const void **)(void *)&name, (uint32_t)(bytes), (how)      \
    }
#define KR_NEED(name)                                                          \
    KR_IMPORT_ROW(name, sizeof(struct name), KR_IMPORT_REQUIRED)
#define KR_WANT(name)                                                          \
    KR_IMPORT_ROW(name, sizeof(struct name), KR_IMPORT_OPTIONAL)
#define KR_NEED_UPTO(name, last)                                               \
    KR_IMPORT_ROW(                                                             \
        name, offsetof(struct name, last) + sizeof(((struct name *)0)->last),  \
        KR_IMPORT_REQUIRED)
/* In the header of an interface: its slot and its id. */
#define KR_INTERFACE(name, text)                                               \
    static const char name##_id[] __attribute__((unused)) = text;              \
    extern const struct name *name KR_HIDDEN

/* An interface that this module offers to others.  `table` is constant and
 * begins with its size. */
struct kr_offer {
    const char *id; /* "string.values/1" */
    const void *table;
};

/* --- The descriptor ------------------------------------------------------ */

#define KR_DESCRIPTOR_MAGIC 0x4b52414bu /* "KRAK" */
#define KR_GENERATION       1u          /* of the rules on this page */

#define KR_MODULE_CAN_UNLOAD  (1u << 0) /* deactivate() and destroy() suffice */
#define KR_MODULE_CAN_UPGRADE (1u << 1) /* to and from another such version */

/* Words with which a module was loaded: MODULE LOAD path ARG... */
struct kr_load_args {
    uint32_t size;
    uint32_t argc;
    const struct kr_str *argv; /* borrowed until create() returns */
    /* Where to say why create() refused: a text of at most error_size bytes,
     * NUL at its end.  It goes to the client that asked and to the log. */
    char *error;
    uint32_t error_size;
    uint32_t reserved;
    void *prepared; /* by prepare(), and create()'s from now on; or NULL */
};

/* State on its way from an old version of a module to a new one. */
struct kr_handover {
    uint32_t size;
    /* Of `state`, and of what hangs on clients and on work under way: the number
     * that the old version gave it. */
    uint32_t layout;
    void *state; /* the old version's until takeover() has answered KR_OK */
    uint32_t version; /* of the module that gives it */
    uint32_t reserved;
    /* Where takeover() says why it refuses, as in struct kr_load_args. */
    char *error;
    uint32_t error_size;
    uint32_t reserved2;
};

/* A function that the host calls later on behalf of work under way, under the
 * name by which the next version finds its own: `wake` and `free` of a parked
 * call, `work` and `done` of a job or a child, what is posted.  Or the table of
 * functions of a transport. */
struct kr_carried {
    const char *name;
    void (*code)(void); /* NULL: it is a table */
    const void *table;
};
#define KR_CARRIES(function)                                                   \
    {                                                                          \
#function, (void (*)(void))function, NULL                              \
    }
#define KR_CARRIES_AS(text, function)                                          \
    {                                                                          \
        (text), (void (*)(void))function, NULL                                 \
    }
#define KR_CARRIES_TABLE(table)                                                \
    {                                                                          \
#table, NULL, &table                                                   \
    }

struct kr_descriptor {
    uint32_t magic;      /* KR_DESCRIPTOR_MAGIC */
    uint32_t size;       /* sizeof(struct kr_descriptor) where it was built */
    uint32_t generation; /* KR_GENERATION */
    uint32_t version;    /* of the module: 10203 is 1.2.3 */
    const char *name;    /* one word, unique in a server: "string" */
    const char *licence; /* an SPDX expression */
    const char *author;
    const char *summary; /* one line */
    uint32_t flags;      /* KR_MODULE_ */
    uint32_t reserved;   /* 0 */

    kr_module **self; /* NULL, or where the host writes the module's handle */

    struct kr_rows imports;  /* struct kr_import */
    struct kr_rows offers;   /* struct kr_offer */
    struct kr_rows types;    /* const struct kr_type * */
    struct kr_rows commands; /* struct kr_command */
    struct kr_rows params;   /* struct kr_param */

    /* Allocate the module's state, register what is not in tables.  Nothing is
     * visible to clients yet.  *state is what calls find in kr_call.state and
     * the other life functions get.  Not KR_OK: the load failed, and the
     * module has freed what it had allocated.  May be NULL. */
    kr_status (*create)(kr_module *self, const struct kr_load_args *args,
                        void **state);
    /* All is registered and all imports are there: timers, subscriptions and
     * calls may start.  Must not fail.  May be NULL. */
    void (*activate)(kr_module *self, void *state);
    /* Stop: no new work will arrive.  The host has cancelled the module's
     * timers, subscriptions and gates when this returns.  May be NULL. */
    void (*deactivate)(kr_module *self, void *state);
    /* Free the state.  May be NULL. */
    void (*destroy)(kr_module *self, void *state);

    /* Show the state to the new version, which may refuse it: change nothing.
     * When it is taken no function of this version is called for it any more,
     * deactivate() and destroy() included.  NULL: `layout` decides.  Not KR_OK:
     * no upgrade. */
    kr_status (*handover)(kr_module *self, void *state,
                          struct kr_handover *out);
    /* The new version takes it, after its create() and right before the switch;
     * `state` is what create() has made.  Move what is wanted out of in->state
     * and free the rest, but only when nothing can fail any more: a refusal
     * (KR_EVERSION, or what else went wrong; say why in in->error) leaves it all
     * to the old version, and destroy() frees what create() has made.  NULL:
     * as if the old one had no state to hand over. */
    kr_status (*takeover)(kr_module *self, void *state,
                          const struct kr_handover *in);

    struct kr_rows carried; /* struct kr_carried */

    /* The number of the layout of the state, and of what hangs on clients and on
     * work under way; another one when any of it changes.  With it, handover()
     * may be NULL: the state is shown under this number, and a version of
     * another number is refused (KR_EVERSION) before its takeover() is asked.
     * 0, and no handover(): the state is not handed over; the old version is
     * deactivated and destroyed, and the new one goes on with what its create()
     * has made. */
    uint32_t layout;
    uint32_t reserved2; /* 0 */

    /* Where create() needs what takes long to make: for an upgrade it is made on a
     * thread of its own, while the old version serves, and create() finds it in
     * args->prepared.  At a load, and where nobody can wait, this is not called,
     * and create() makes it.  Imports are there; only functions marked [any] may
     * be called, nothing of the old version is touched, and NULL is an answer.
     * May be NULL. */
    void *(*prepare)(kr_module *self);
    /* The upgrade has ended before create(): free what prepare() has answered.  On
     * the main thread.  Not NULL if prepare() is not. */
    void (*discard)(kr_module *self, void *prepared);
};

#define KR_DESCRIPTOR_NAME "kr_module_descriptor"

/* KR_MODULE(.name = "counter", .version = 10000, ...); */
#define KR_MODULE(...)                                                         \
    KR_EXPORT extern const struct kr_descriptor kr_module_descriptor;          \
    const struct kr_descriptor kr_module_descriptor = {                        \
        .magic = KR_DESCRIPTOR_MAGIC,                                          \
        .size = sizeof(struct kr_descriptor),                                  \
        .generation = KR_GENERATION,                                           \
        __VA_ARGS__}

/* --- kr.modules/1: modules about modules --------------------------------- */

/* It belongs to the server: found in modules-dir at the start, not asked for
 * by a loadmodule line or by MODULE LOAD. */
#define KR_MODULE_STANDARD (1u << 31)

struct kr_module_info {
    uint32_t size;
    uint32_t version;
    const char *name;
    const char *path; /* of the file, as it was asked for */
    const char *summary;
    uint64_t calls;  /* of its commands */
    uint64_t nsec;   /* in them */
    uint64_t errors; /* error replies of theirs */
    uint64_t memory; /* bytes it has allocated and not freed */
    uint64_t keys;   /* values of its types */
    uint32_t argc;   /* how it was loaded */
    uint32_t reserved;
    const struct kr_str *argv;
    uint32_t flags; /* KR_MODULE_ of its descriptor, and KR_MODULE_STANDARD */
    uint32_t reserved2;
    /* Beside its commands: in timers, event handlers, posts, callbacks of
     * descriptors, ends of jobs, with all that they call. */
    uint64_t handler_nsec;
    uint64_t job_nsec; /* of the processor, by its jobs that are over */
    uint64_t overruns; /* handlers that took longer than module-time-limit */
    uint64_t waiting;  /* calls of its commands that are parked */
    uint32_t jobs;     /* that wait, run, or whose end has not been told */
    uint32_t timers;   /* that are set */
};

struct kr_modules {
    uint32_t size;
    uint32_t reserved;
    /* The module called `name`, or NULL.  O(1). */
    kr_module *(*find)(struct kr_str name);
    /* Fill `info` up to info->size; strings are borrowed until the module is
     * unloaded.  O(commands of the server): calls and time are summed over the
     * module's commands, so that running one need not count them twice. */
    void (*info)(const kr_module *module, struct kr_module_info *info);
    /* Call `each` for every active module, in the order of loading, until it
     * answers false. */
    void (*each)(bool (*each)(kr_module *module, void *ctx), void *ctx);
    /* Ask for an interface by id at run time; NULL if there is none of at
     * least `size` bytes, or the module whose code runs is denied it.  The
     * address may change when its module is upgraded: ask again after
     * "module.changed".  O(1). */
    const void *(*interface)(const char *id, uint32_t size);
    /* Offer an interface from create() on; the table stays the module's and
     * must outlive it. */
    kr_status (*offer)(kr_module *self, const char *id, const void *table);
    /* The module's state, as its create() gave it. */
    void *(*state)(const kr_module *module);
    /* May the module use the interface, or does the configuration deny it
     * (module-deny)?  What it imports is looked after by the host; this is for
     * whoever lends it more.  O(rules). */
    bool (*may_use)(const kr_module *module, const char *id);
    /* The words of module-deny that deny it ("tick kr.loop"), for an error that
     * names them; NULL: it may use it.  Borrowed until the configuration
     * changes.  O(rules). */
    const char *(*denied_by)(const kr_module *module, const char *id);
    /* The flags that info() tells: those of its descriptor, and
     * KR_MODULE_STANDARD.  [main] O(1). */
    uint32_t (*flags)(const kr_module *module);
};
KR_INTERFACE(kr_modules, "kr.modules/1");

#ifdef __cplusplus
}
#endif
#endif
