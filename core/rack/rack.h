/* SPDX-License-Identifier: BSD-3-Clause */
/* rack - the modules: loading, the directory of interfaces, accounts. */
#ifndef CORE_RACK_RACK_H
#define CORE_RACK_RACK_H

#include <kr/command.h>
#include <kr/module.h>

#include <stdatomic.h>

/* What the rest of the host reads of a module.  The loader's own part of it is
 * private to the wing (struct rack_module begins with this). */
struct kr_module {
    const char *name;
    void *state;
    const struct kr_descriptor *descriptor;
    uint32_t id; /* small, for tables */
    bool active;
    _Atomic size_t memory; /* bytes allocated on its account */
    uint64_t calls;
    uint64_t nsec;
    uint64_t errors;
    uint64_t held; /* jobs, parked clients, timers: it cannot go while > 0 */
};

/* Offer an interface of the host's.  Before the first module is loaded. */
void rack_offer(const char *id, const void *table);

/* Load modules together: sorted by what they need and offer.  Paths as given
 * in the configuration.  false: nothing was loaded, `error` says which module,
 * what it wanted, what was found, and the remedy. */
struct rack_request {
    const char *path;
    uint32_t argc;
    const struct kr_str *argv;
};
bool rack_load(uint32_t count, const struct rack_request *requests, char *error,
               size_t error_size);
bool rack_unload(struct kr_str name, char *error, size_t error_size);
/* At the end of the server: all of them, those that others need last. */
void rack_unload_all(void);

kr_module *rack_find(struct kr_str name);
void rack_each(bool (*each)(kr_module *module, void *ctx), void *ctx);

/* Which module's code is this address in?  For the crash report. */
const char *rack_module_at(const void *address);

/* The module whose code runs now, NULL for the host: who to blame. */
extern kr_module *rack_running;

/* The command MODULE, which exists before any module does. */
extern const struct kr_command rack_command;

extern const struct kr_modules rack_interface;

#endif
