/* SPDX-License-Identifier: BSD-3-Clause */
/* rack - the modules: loading, the directory of interfaces, accounts. */
#ifndef CORE_RACK_RACK_H
#define CORE_RACK_RACK_H

#include <kr/command.h>
#include <kr/loader.h>
#include <kr/module.h>

#include <stdatomic.h>

/* What a module's handlers have taken: see usage.h. */
struct usage {
    uint64_t ticks;    /* in timers, events, posts, descriptors' callbacks */
    uint64_t job_nsec; /* of the processor, by its jobs */
    uint64_t overruns;
    uint64_t untold; /* of them, since the last line in the log */
    int64_t told_ms; /* wall clock; 0: never */
};

/* What the rest of the host reads of a module.  The loader's own part of it is
 * private to the wing (struct rack_module begins with this). */
struct kr_module {
    const char *name;
    void *state;
    const struct kr_descriptor *descriptor;
    uint32_t id; /* small, for tables */
    bool active;
    kr_cmd *commands;      /* linked by of_module */
    _Atomic size_t memory; /* bytes allocated on its account */
    uint64_t errors;
    /* What the host cannot cancel on the module's behalf: jobs under way.  It
     * cannot go while > 0. */
    uint64_t held;
    uint64_t parked;     /* its calls that wait; they end with an error */
    uint32_t jobs;       /* of `held`, those of kr_loop->job() */
    uint32_t timers;     /* that are set */
    struct usage usage;  /* of the processor, outside of commands */
    size_t memory_max;   /* try_alloc() refuses beyond it; 0: no limit */
    uint32_t entered;    /* calls into its code that have not returned */
    uint32_t generation; /* of its code: 1 at load, grows with each upgrade */
    bool staging; /* a new version registers: nothing of that counts yet */
    bool passes;  /* and the old one's words of clients go to it */
};

/* Which version's is what the module registers now?  Whoever keeps something on
 * behalf of modules remembers it, see rack_on_settle(). */
static inline uint32_t rack_stamp(const kr_module *module)
{
    return module ? module->generation + module->staging : 0;
}

/* Has it been registered by a version that is made ready, and does not count
 * yet? */
static inline bool rack_is_staged(const kr_module *module, uint32_t stamp)
{
    return module && stamp > module->generation;
}

/* Offer an interface of the host's.  Before the first module is loaded. */
void rack_offer(const char *id, const void *table);

/* Load modules together: sorted by what they need and offer.  Paths as given
 * in the configuration.  false: nothing was loaded, `error` says which module,
 * what it wanted, what was found, and the remedy. */
struct rack_request {
    const char *path;
    bool standard; /* see KR_MODULE_STANDARD */
    uint32_t argc;
    uint32_t config_count; /* parameters with which it is to register */
    const struct kr_str *argv;
    const struct kr_str *config_names;
    const struct kr_str *config_values;
    /* A file that was only found: it is passed over unless a loader declares
     * its suffix and recognises it. */
    bool if_claimed;
};
/* Modules of ours come first, then the files that their loaders recognise.
 *
 * Nothing of the batch can be seen before all of it has been created: all
 * create() run first, providers before those who need them, then all
 * activate(). */
bool rack_load(uint32_t count, const struct rack_request *requests, char *error,
               size_t error_size);
/* false: it stays, `error` lists everything that holds it.  The file's code is
 * unmapped later, by rack_sweep(). */
bool rack_unload(struct kr_str name, char *error, size_t error_size);
/* Are values of unloaded modules still being sealed? */
bool rack_is_sealing(void);
/* Called when they are. */
extern void (*rack_sealed)(void);
/* From now on, or no more: files are mapped, where the main thread need not wait
 * for it, and unmapped by another thread.  At first they are not. */
void rack_work_aside(bool on);
bool rack_works_aside(void);
/* Unmap what has been unloaded, unless code of a module is on the stack.  Runs
 * by itself before the loop waits. */
void rack_sweep(void);
/* At the end of the server: all of them, those that others need last.  false:
 * threads may still run in code of a module; it and all that it may use stay as
 * they are. */
bool rack_unload_all(void);
/* After that: what the host offers, and where modules may come from. */
void rack_fini(void);

/* A wing that keeps things on behalf of modules registers how it drops them.
 * Called at unload and when a load fails, before destroy() and once more after
 * it: what a module has left or still asks for there goes too.  Commands, types
 * and parameters, which the loader registers, it drops itself. */
void rack_on_forget(void (*forget)(kr_module *module));

/* --- Upgrade ------------------------------------------------------------- */

/* Replace the code of a module by another build of it, see <kr/module.h>. */
struct rack_upgrade {
    struct kr_str name;
    const char *path; /* NULL: the file that it was loaded from */
    bool with_args;   /* else those with which it was loaded */
    uint32_t argc;
    const struct kr_str *argv;
    /* Called when an upgrade that was RACK_UNDER_WAY is over: `error` is NULL
     * when the new version serves and all values are converted. */
    void (*end)(void *ctx, const char *error);
    void *ctx;
    bool may_wait; /* it may be under way without values to convert */
};
enum rack_upgraded {
    RACK_REFUSED,   /* the old version serves, `error` says why */
    RACK_UPGRADED,  /* the new one does */
    RACK_UNDER_WAY, /* its file is made ready, or values are converted */
};
enum rack_upgraded rack_upgrade(const struct rack_upgrade *how, char *error,
                                size_t error_size);
/* The server is about to end: upgrades under way are given up. */
void rack_upgrade_fini(void);

/* A wing that keeps things on behalf of modules registers how an upgrade ends
 * for them.  `good`: what has the stamp generation + 1 takes the place of what
 * has the stamp `generation`, the rest of which goes.  Otherwise what has the
 * stamp generation + 1 goes, and it is as if it had never been. */
void rack_on_settle(void (*settle)(kr_module *module, bool good));

/* The functions of an old version by their names in the new one. */
struct rack_names;
/* What takes the place of `old`: itself if it is not in the old version's
 * image; NULL: it has no name there, or none in the new version. */
void *rack_renamed(const struct rack_names *names, const void *old);
/* As rack_renamed(), of a function that may be NULL.  Writes it if `really`. */
#define RACK_CARRY(names, really, where)                                       \
    rack_carry_to((names), (really), (void **)(void *)(where))
bool rack_carry_to(const struct rack_names *names, bool really, void **where);

/* A wing that has work under way on behalf of modules registers how its
 * functions are replaced.  false, while not `really`: there is one without a
 * name, and no upgrade.  `what` names such work: "blocked clients". */
void rack_on_carry(const char *what,
                   bool (*carry)(kr_module *module,
                                 const struct rack_names *names, bool really));
/* Code of the old version runs on another thread: it stays mapped until
 * rack_release_old() has been called as often.  The answer is for that. */
kr_module *rack_hold_old(const struct rack_names *names);
void rack_release_old(kr_module *old);

/* The words of module-deny.  false: they are wrong, or a module that is loaded
 * cannot do without; *error is static. */
bool rack_check_denied(uint32_t argc, const struct kr_str *argv,
                       const char **error);
void rack_deny(uint32_t argc, const struct kr_str *argv);

/* Load only files below `directory`; may be called several times.  Without any
 * call all directories are allowed.  false: no such directory. */
bool rack_allow_directory(const char *directory);
/* Map the files themselves and not private copies, for tools that find symbols
 * by the file's name (valgrind).  Overwriting a file is then fatal. */
void rack_load_in_place(bool on);

kr_module *rack_find(struct kr_str name);
/* What its file exports under that name; NULL: nothing, or it is a child. */
void *rack_symbol(const kr_module *module, const char *name);
void rack_each(bool (*each)(kr_module *module, void *ctx), void *ctx);

/* Which module's code is this address in?  NULL: none.  For the crash report:
 * async-signal-safe. [any] */
const char *rack_module_at(const void *address);

/* The module whose code runs now, NULL for the host: who to blame.  A plain
 * variable, because it is written around each command. */
extern kr_module *rack_running;

/* Around every call into a module's code.
 *   kr_module *was = rack_enter(module); ... rack_leave(was); */
static inline kr_module *rack_enter(kr_module *module)
{
    kr_module *was = rack_running;

    rack_running = module;
    if (module)
        module->entered++;
    return was;
}

static inline void rack_leave(kr_module *was)
{
    if (rack_running)
        rack_running->entered--;
    rack_running = was;
}

/* May this call use MODULE LOAD and its kin (enable-module-command)?  Set by
 * the configuration; while it is NULL nobody may. */
extern bool (*rack_command_allowed)(const struct kr_call *call);

/* The command MODULE, which exists before any module does. */
extern const struct kr_command rack_command;

extern const struct kr_modules rack_interface;
extern const struct kr_loaders loader_interface;

#endif
