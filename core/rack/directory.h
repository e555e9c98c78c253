/* SPDX-License-Identifier: BSD-3-Clause */
/* directory - interfaces by id: who offers, who imports.  See directory.c. */
#ifndef CORE_RACK_DIRECTORY_H
#define CORE_RACK_DIRECTORY_H

#include <kr/module.h>

struct rack_module;
struct directory_entry;

/* One slot of a module.  An array of them belongs to the module. */
struct directory_binding {
    struct directory_entry *entry;
    struct rack_module *module;
    const void **slot;
    uint32_t size;
    uint32_t flags;                 /* KR_IMPORT_ */
    bool denied;                    /* by the configuration: see deny.h */
    struct directory_binding *next; /* that import the same id */
};

/* Offer `table` under `id`, which is copied.  `provider` NULL: the host.
 * Modules whose slots wait for it get it when it is announced.  KR_EINVAL: no
 * id, or a table without a size; KR_EEXIST: somebody offers that id. */
kr_status directory_offer(struct rack_module *provider, const char *id,
                          const void *table);
/* Write all that `provider` offers into the slots that wait for it.  What it
 * offers once it is active is announced at once. */
void directory_announce(struct rack_module *provider);
/* Take back all that `provider` offers; slots become NULL. */
void directory_withdraw(struct rack_module *provider);

/* While a new version of `provider` is made ready its offers wait.  Do they
 * suffice for those who need what it offers now? */
bool directory_may_switch(const struct rack_module *provider, char *error,
                          size_t error_size);
/* The upgrade ends.  `good`: they take the place of the old ones in all slots,
 * and what is not offered any more goes. */
void directory_settle(struct rack_module *provider, bool good);
/* The bindings have passed to `module` from another record. */
void directory_rebind(struct rack_module *module);

/* Fill the slots of `module` as its descriptor lists them, and remember them.
 * false: a required interface is missing or too small, and no slot is bound. */
bool directory_bind(struct rack_module *module, char *error, size_t error_size);
void directory_unbind(struct rack_module *module);

/* The rules of deny.h are others now.  Would all that is loaded stand them?
 * false: `error` says who needs what they deny, and nothing has changed. */
bool directory_may_deny(char *error, size_t error_size);
/* They do: slots that are denied become NULL, others get what is offered. */
void directory_deny(void);
/* Does `loader`, in whose code `module` is to run, import what that is denied?
 * Then false, and `error` says what. */
bool directory_may_host(const struct rack_module *loader, const char *module,
                        char *error, size_t error_size);

/* The same of a child that is loaded and whose loader judges: has it registered
 * anything by what it would be denied? */
bool directory_may_lend(const struct rack_module *child, char *error,
                        size_t error_size);

/* The table behind an id, or NULL if none has `size` bytes.  O(1). */
const void *directory_find(const char *id, uint32_t size);
/* Does anybody offer it, in any size? */
bool directory_has(const char *id);
/* Who offers it: a module's name, "the server" for the host, NULL: nobody. */
const char *directory_who(const char *id);

/* The modules that cannot do without `provider`, as "a, b": the answer is how
 * many. */
uint32_t directory_dependents(const struct rack_module *provider, char *names,
                              size_t room);
/* Each interface that `provider` offers. */
void directory_offers(const struct rack_module *provider,
                      void (*each)(const char *id, void *ctx), void *ctx);

/* Free the host's offers too: at the end, and between tests. */
void directory_fini(void);
/* Invariants, for tests. */
bool directory_check(void);

#endif
