/* SPDX-License-Identifier: BSD-3-Clause */
/* directory - interfaces by id: who offers, who imports.
 *
 *   bucket -> entry "kr.keyspace/1"
 *               table, size, provider   NULL while nobody offers it
 *               importers -> binding -> binding ...
 *                              |           `-- slot: a variable of a module
 *                              `-- slot
 *
 * An entry stays while anybody offers or imports the id.  Each time its table
 * changes all its importers' slots are rewritten, so a module that reads its
 * slot at each use never calls a function that has gone.  `generation` counts
 * these changes.
 *
 * An offer of a module that is not active yet can be imported by the modules
 * that load together with it, but the slots of others wait for the
 * announcement: a failed load was never visible.
 *
 * Invariants: an importer's slot is the entry's table if that is large enough
 * and either was bound or has been announced, else NULL; a required binding is
 * never NULL while its module lives.  Looking up is O(1), a change
 * O(importers).
 */
#include "core/rack/directory.h"

#include "core/memory/memory.h"
#include "core/rack/deny.h"
#include "core/rack/descriptor.h"
#include "core/rack/module.h"
#include "core/rack/refuse.h"
#include "core/text/hash.h"

#define DIRECTORY_BUCKETS 256u

struct directory_entry {
    char *id;
    const void *table;
    uint32_t size;
    uint32_t generation;
    struct rack_module *provider; /* NULL: the host, if there is a table */
    struct directory_binding *importers;
    struct directory_entry *next;
    /* What the provider's new version offers, while that is made ready. */
    const void *next_table;
    uint32_t next_size;
};

/* The wing's state. */
static struct directory_entry *directory[DIRECTORY_BUCKETS];

/* --- Entries ------------------------------------------------------------- */

static struct directory_entry **entry_place(const char *id)
{
    struct directory_entry **at =
        &directory[hash_name(kr_cstr(id)) % DIRECTORY_BUCKETS];

    while (*at && strcmp((*at)->id, id) != 0)
        at = &(*at)->next;
    return at;
}

static struct directory_entry *entry_get(const char *id)
{
    struct directory_entry **at = entry_place(id);

    if (!*at) {
        *at = memory_calloc(1, sizeof(**at));
        (*at)->id = memory_strdup(id);
    }
    return *at;
}

/* Free it if nobody offers or imports it. */
static void entry_settle(struct directory_entry *entry)
{
    struct directory_entry **at;

    if (entry->table || entry->importers || entry->next_table)
        return;
    at = entry_place(entry->id);
    *at = entry->next;
    memory_free(entry->id);
    memory_free(entry);
}

static void binding_write_slot(const struct directory_binding *b)
{
    *b->slot = b->entry->size >= b->size && !b->denied ? b->entry->table : NULL;
}

static void entry_write_slots(struct directory_entry *entry)
{
    struct directory_binding *b;

    entry->generation++;
    for (b = entry->importers; b; b = b->next)
        binding_write_slot(b);
}

static const char *entry_who(const struct directory_entry *entry)
{
    return entry->provider ? entry->provider->name : "the server";
}

/* --- Offering ------------------------------------------------------------ */

static kr_status directory_stage(struct directory_entry *entry,
                                 struct rack_module *provider,
                                 const void *table, uint32_t size)
{
    if (entry->next_table || (entry->table && entry->provider != provider))
        return KR_EEXIST;
    if (!entry->table)
        entry->provider = provider;
    entry->next_table = table;
    entry->next_size = size;
    return KR_OK;
}

kr_status directory_offer(struct rack_module *provider, const char *id,
                          const void *table)
{
    struct directory_entry *entry;
    uint32_t size;

    if (!id || !table || !descriptor_is_id(id))
        return KR_EINVAL;
    memcpy(&size, table, sizeof(size));
    if (size < 2 * sizeof(uint32_t))
        return KR_EINVAL;
    entry = entry_get(id);
    if (provider && provider->host.staging)
        return directory_stage(entry, provider, table, size);
    if (entry->table)
        return KR_EEXIST;
    entry->table = table;
    entry->size = size;
    entry->provider = provider;
    if (!provider || provider->phase == RACK_ACTIVE)
        entry_write_slots(entry);
    return KR_OK;
}

void directory_announce(struct rack_module *provider)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        struct directory_entry *entry;

        for (entry = directory[i]; entry; entry = entry->next) {
            if (entry->table && entry->provider == provider)
                entry_write_slots(entry);
        }
    }
}

void directory_withdraw(struct rack_module *provider)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        struct directory_entry *entry, *next;

        for (entry = directory[i]; entry; entry = next) {
            next = entry->next;
            if (!entry->table || entry->provider != provider)
                continue;
            entry->table = NULL;
            entry->size = 0;
            entry->provider = NULL;
            entry_write_slots(entry);
            entry_settle(entry);
        }
    }
}

/* --- Upgrades ------------------------------------------------------------ */

bool directory_may_switch(const struct rack_module *provider, char *error,
                          size_t error_size)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        const struct directory_entry *entry;
        const struct directory_binding *b;

        for (entry = directory[i]; entry; entry = entry->next) {
            if (!entry->table || entry->provider != provider)
                continue;
            for (b = entry->importers; b; b = b->next) {
                if (b->flags & KR_IMPORT_OPTIONAL ||
                    (entry->next_table && entry->next_size >= b->size))
                    continue;
                return refuse(error, error_size,
                              "module '%s' needs %u bytes of interface %s, of "
                              "which the new version offers %u; use a newer "
                              "one, or unload '%s' first",
                              b->module->name, b->size, entry->id,
                              entry->next_table ? entry->next_size : 0,
                              b->module->name);
            }
        }
    }
    return true;
}

static void entry_switch(struct directory_entry *entry, bool good)
{
    if (good) {
        entry->table = entry->next_table;
        entry->size = entry->next_size;
    }
    entry->next_table = NULL;
    entry->next_size = 0;
    if (!entry->table) {
        entry->size = 0;
        entry->provider = NULL;
    }
    if (good)
        entry_write_slots(entry);
    entry_settle(entry);
}

void directory_settle(struct rack_module *provider, bool good)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        struct directory_entry *entry, *next;

        for (entry = directory[i]; entry; entry = next) {
            next = entry->next;
            if (entry->provider == provider && provider)
                entry_switch(entry, good);
        }
    }
}

void directory_rebind(struct rack_module *module)
{
    for (uint32_t i = 0; i < module->binding_count; i++)
        module->bindings[i].module = module;
}

/* --- Importing ----------------------------------------------------------- */

/* The same interface in another revision, or NULL. */
static const struct directory_entry *directory_other_revision(const char *id)
{
    size_t n = (size_t)(strrchr(id, '/') - id) + 1;

    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        const struct directory_entry *entry;

        for (entry = directory[i]; entry; entry = entry->next) {
            if (entry->table && strncmp(entry->id, id, n) == 0)
                return entry;
        }
    }
    return NULL;
}

/* Say what is wanted, what there is, and what helps. */
static bool directory_refuse(const struct rack_module *module,
                             const struct kr_import *import, char *error,
                             size_t error_size)
{
    const struct directory_entry *entry = *entry_place(import->id);
    const struct directory_entry *other;
    char version[24] = "";

    if (entry && entry->table) {
        if (entry->provider)
            descriptor_version(entry->provider->host.descriptor->version,
                               version);
        return refuse(error, error_size,
                      "module '%s' wants %u bytes of interface %s; found %u "
                      "bytes of it, offered by %s%s%s; use a newer %s, or an "
                      "older %s",
                      module->name, import->size, import->id, entry->size,
                      entry_who(entry), version[0] ? " " : "", version,
                      entry->provider ? entry_who(entry) : "server",
                      module->name);
    }
    other = directory_other_revision(import->id);
    if (other)
        return refuse(error, error_size,
                      "module '%s' wants interface %s; found only %s, offered "
                      "by %s; use versions of both that were made for each "
                      "other",
                      module->name, import->id, other->id, entry_who(other));
    return refuse(error, error_size,
                  "module '%s' wants interface %s; found nobody who offers it; "
                  "load the module that offers it first, or both together",
                  module->name, import->id);
}

/* --- Denied by the configuration ----------------------------------------- */

static bool directory_refuse_denied(const char *module, const char *id,
                                    const char *rule, char *error,
                                    size_t error_size)
{
    return refuse(error, error_size,
                  "module '%s' needs interface %s, which the configuration "
                  "denies it (module-deny %s); take that line out, or do "
                  "without the module",
                  module, id, rule);
}

bool directory_may_host(const struct rack_module *loader, const char *module,
                        char *error, size_t error_size)
{
    for (uint32_t i = 0; i < loader->binding_count; i++) {
        const char *id = loader->bindings[i].entry->id;
        const char *rule = deny_find(module, id);

        if (rule)
            return refuse(error, error_size,
                          "module '%s' would run in code of '%s', which uses "
                          "interface %s, and the configuration denies it that "
                          "(module-deny %s); take that line out, or do without "
                          "the module",
                          module, loader->name, id, rule);
    }
    return true;
}

bool directory_may_lend(const struct rack_module *child, char *error,
                        size_t error_size)
{
    const struct rack_module *loader = child->loader;

    for (uint32_t i = 0; child->uses && i < loader->binding_count; i++) {
        const char *id = loader->bindings[i].entry->id;
        const char *rule = deny_find(child->name, id);

        if (rule && child->uses((kr_module *)(uintptr_t)&child->host,
                                child->host.state, id))
            return refuse(error, error_size,
                          "module '%s' is loaded and uses interface %s "
                          "(module-deny %s); unload it first",
                          child->name, id, rule);
    }
    return true;
}

/* All that anybody imports, until `each` answers false. */
static bool directory_each_binding(bool (*each)(struct directory_binding *b,
                                                void *ctx),
                                   void *ctx)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        const struct directory_entry *entry;
        struct directory_binding *b;

        for (entry = directory[i]; entry; entry = entry->next) {
            for (b = entry->importers; b; b = b->next) {
                if (!each(b, ctx))
                    return false;
            }
        }
    }
    return true;
}

struct directory_judge {
    char *error;
    size_t error_size;
};

static bool binding_may_deny(struct directory_binding *b, void *ctx)
{
    const struct directory_judge *judge = ctx;
    const char *rule = deny_find(b->module->name, b->entry->id);

    return !rule || b->flags & KR_IMPORT_OPTIONAL ||
           refuse(judge->error, judge->error_size,
                  "module '%s' is loaded and needs interface %s (module-deny "
                  "%s); unload it first",
                  b->module->name, b->entry->id, rule);
}

bool directory_may_deny(char *error, size_t error_size)
{
    struct directory_judge judge = {error, error_size};

    return directory_each_binding(binding_may_deny, &judge);
}

static bool binding_deny(struct directory_binding *b, void *ctx)
{
    bool denied = deny_find(b->module->name, b->entry->id) != NULL;

    (void)ctx;
    if (denied != b->denied) {
        b->denied = denied;
        binding_write_slot(b);
    }
    return true;
}

void directory_deny(void)
{
    (void)directory_each_binding(binding_deny, NULL);
}

/* --- Binding ------------------------------------------------------------- */

bool directory_bind(struct rack_module *module, char *error, size_t error_size)
{
    const struct kr_rows *rows = &module->descriptor.imports;
    struct kr_import import;

    for (uint32_t i = 0; i < rows->count; i++) {
        const char *rule;

        descriptor_row(rows, i, &import, sizeof(import));
        if (import.flags & KR_IMPORT_OPTIONAL)
            continue;
        rule = deny_find(module->name, import.id);
        if (rule)
            return directory_refuse_denied(module->name, import.id, rule, error,
                                           error_size);
        if (!directory_find(import.id, import.size))
            return directory_refuse(module, &import, error, error_size);
    }
    module->bindings =
        memory_calloc(rows->count + 1, sizeof(*module->bindings));
    module->binding_count = rows->count;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct directory_binding *b = &module->bindings[i];

        descriptor_row(rows, i, &import, sizeof(import));
        b->entry = entry_get(import.id);
        b->module = module;
        b->slot = import.slot;
        b->size = import.size;
        b->flags = import.flags;
        b->denied = deny_find(module->name, import.id) != NULL;
        b->next = b->entry->importers;
        b->entry->importers = b;
        binding_write_slot(b);
    }
    return true;
}

void directory_unbind(struct rack_module *module)
{
    for (uint32_t i = 0; i < module->binding_count; i++) {
        struct directory_binding *b = &module->bindings[i];
        struct directory_binding **at = &b->entry->importers;

        while (*at != b)
            at = &(*at)->next;
        *at = b->next;
        *b->slot = NULL;
        entry_settle(b->entry);
    }
    memory_free(module->bindings);
    module->bindings = NULL;
    module->binding_count = 0;
}

/* --- Asking -------------------------------------------------------------- */

const void *directory_find(const char *id, uint32_t size)
{
    const struct directory_entry *entry = *entry_place(id);

    return entry && entry->size >= size ? entry->table : NULL;
}

bool directory_has(const char *id)
{
    return directory_find(id, 0) != NULL;
}

const char *directory_who(const char *id)
{
    const struct directory_entry *entry = *entry_place(id);

    return entry && entry->table ? entry_who(entry) : NULL;
}

/* Does `module` import, as required, anything that `provider` offers? */
static bool directory_depends(const struct rack_module *module,
                              const struct rack_module *provider)
{
    for (uint32_t i = 0; i < module->binding_count; i++) {
        const struct directory_binding *b = &module->bindings[i];

        if ((b->flags & KR_IMPORT_OPTIONAL) == 0 &&
            b->entry->provider == provider)
            return true;
    }
    return false;
}

/* Has an earlier entry or importer already shown `b`'s module? */
static bool directory_is_first(const struct directory_binding *b,
                               const struct rack_module *provider)
{
    for (uint32_t i = 0; i < b->module->binding_count; i++) {
        const struct directory_binding *other = &b->module->bindings[i];

        if ((other->flags & KR_IMPORT_OPTIONAL) == 0 &&
            other->entry->provider == provider)
            return other == b;
    }
    return false;
}

uint32_t directory_dependents(const struct rack_module *provider, char *names,
                              size_t room)
{
    uint32_t count = 0;
    size_t used = 0;

    if (room > 0)
        names[0] = '\0';
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        const struct directory_entry *entry;
        const struct directory_binding *b;

        for (entry = directory[i]; entry; entry = entry->next) {
            if (!entry->table || entry->provider != provider)
                continue;
            for (b = entry->importers; b; b = b->next) {
                if (b->module == provider ||
                    !directory_depends(b->module, provider) ||
                    !directory_is_first(b, provider))
                    continue;
                if (used < room)
                    used +=
                        (size_t)snprintf(names + used, room - used, "%s%s",
                                         count ? ", " : "", b->module->name);
                count++;
            }
        }
    }
    return count;
}

void directory_offers(const struct rack_module *provider,
                      void (*each)(const char *id, void *ctx), void *ctx)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        const struct directory_entry *entry;

        for (entry = directory[i]; entry; entry = entry->next) {
            if (entry->table && entry->provider == provider)
                each(entry->id, ctx);
        }
    }
}

void directory_fini(void)
{
    directory_withdraw(NULL);
}

bool directory_check(void)
{
    for (uint32_t i = 0; i < DIRECTORY_BUCKETS; i++) {
        const struct directory_entry *entry;
        const struct directory_binding *b;

        for (entry = directory[i]; entry; entry = entry->next) {
            if (!entry->table && (!entry->importers || entry->size != 0))
                return false;
            for (b = entry->importers; b; b = b->next) {
                if (b->entry != entry ||
                    (*b->slot != NULL && *b->slot != entry->table) ||
                    (*b->slot != NULL && b->size > entry->size) ||
                    (*b->slot == NULL && !(b->flags & KR_IMPORT_OPTIONAL)))
                    return false;
            }
        }
    }
    return true;
}
