/* SPDX-License-Identifier: BSD-3-Clause */
/* rack - the modules: loading, the directory of interfaces, upgrades. */
#ifndef CORE_RACK_RACK_H
#define CORE_RACK_RACK_H

#include "core/module/module.h"

#include <kr/command.h>
#include <kr/loader.h>

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

struct carry; /* see module/carry.h */

/* A wing that has work under way on behalf of modules registers how its
 * functions are replaced.  false, while not `really`: there is one without a
 * name, and no upgrade.  `what` names such work: "blocked clients". */
void rack_on_carry(const char *what,
                   bool (*carry)(kr_module *module, const struct carry *how,
                                 bool really));

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

/* May this call use MODULE LOAD and its kin (enable-module-command)?  Set by
 * the configuration; while it is NULL nobody may. */
extern bool (*rack_command_allowed)(const struct kr_call *call);

/* The command MODULE, which exists before any module does. */
extern const struct kr_command rack_command;

extern const struct kr_modules rack_interface;
extern const struct kr_loaders loader_interface;

#endif
