/* SPDX-License-Identifier: BSD-3-Clause */
/* rack - the modules that are in the server, and how they leave it.
 *
 *   load.c --list--> ACTIVE --deactivate, forget, destroy--> GONE --sweep--> -
 *
 * Undoing a load is the same walk as unloading, so there is one list of what a
 * module may have left behind: rack_forget().
 *
 * What has been unloaded is unmapped later, when no call into any module is on
 * the stack: MODULE UNLOAD may run below code of the module that goes.
 *
 * Invariants: a provider stands before those who need it in the list, and a
 * loader before its children, so the list backwards is an order to unload in;
 * `active` is ACTIVE; a name is in a bucket exactly while its module is ACTIVE.
 */
#include "core/rack/rack.h"

#include "core/clock/clock.h"
#include "core/config/config.h"
#include "core/dispatch/call.h"
#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/keyspace/db.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/type.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/rack/copy.h"
#include "core/rack/deny.h"
#include "core/rack/descriptor.h"
#include "core/rack/directory.h"
#include "core/rack/loader.h"
#include "core/rack/module.h"
#include "core/rack/refuse.h"
#include "core/rack/seal.h"
#include "core/text/hash.h"

#include <inttypes.h>

#define RACK_BUCKETS    64u
#define RACK_FORGET_MAX 32u
#define RACK_CARRY_MAX  16u

bool (*rack_command_allowed)(const struct kr_call *call);

/* The wing's state. */
static struct {
    struct rack_module *first;   /* active, in the order of loading */
    struct rack_module *closing; /* gone, still mapped */
    struct rack_module *buckets[RACK_BUCKETS];
    void (*forget[RACK_FORGET_MAX])(kr_module *module);
    uint32_t forget_count;
    void (*settle[RACK_FORGET_MAX])(kr_module *module, bool good);
    uint32_t settle_count;
    struct {
        const char *what;
        bool (*carry)(kr_module *module, const struct carry *how, bool really);
    } carries[RACK_CARRY_MAX];
    uint32_t carry_count;
    struct rack_module *standing; /* that threads may run in at the end */
    bool sweeps;                  /* the loop has been asked to call */
    bool aside;                   /* see rack_work_aside() */
    bool ids[RACK_IDS];
} rack;

/* --- Names --------------------------------------------------------------- */

static struct rack_module **rack_bucket(struct kr_str name)
{
    return &rack.buckets[hash_name(name) % RACK_BUCKETS];
}

kr_module *rack_find(struct kr_str name)
{
    struct rack_module *m = *rack_bucket(name);

    while (m && !kr_str_equal(kr_cstr(m->name), name))
        m = m->in_bucket;
    return m ? &m->host : NULL;
}

void rack_list(struct rack_module *m)
{
    struct rack_module **bucket = rack_bucket(kr_cstr(m->name));
    struct rack_module **end = &rack.first;

    m->in_bucket = *bucket;
    *bucket = m;
    while (*end)
        end = &(*end)->next;
    *end = m;
    m->next = NULL;
    m->phase = RACK_ACTIVE;
    m->host.active = true;
}

static void rack_unlist(struct rack_module *m)
{
    struct rack_module **at = rack_bucket(kr_cstr(m->name));

    while (*at != m)
        at = &(*at)->in_bucket;
    *at = m->in_bucket;
    for (at = &rack.first; *at != m; at = &(*at)->next)
        ;
    *at = m->next;
    m->next = NULL;
    m->phase = RACK_CREATED;
    m->host.active = false;
}

void *rack_symbol(const kr_module *module, const char *name)
{
    const struct image *image = rack_module_of(module)->image;

    return image ? image_symbol(image, name) : NULL;
}

void rack_each(bool (*each)(kr_module *module, void *ctx), void *ctx)
{
    struct rack_module *m, *next;

    for (m = rack.first; m; m = next) {
        next = m->next;
        if (!each(&m->host, ctx))
            return;
    }
}

/* --- A module's record --------------------------------------------------- */

uint32_t rack_new_id(void)
{
    for (uint32_t id = 1; id < RACK_IDS; id++) {
        if (!rack.ids[id]) {
            rack.ids[id] = true;
            return id;
        }
    }
    return 0;
}

/* [any], once nothing can run in it. */
static void rack_unmap(struct rack_module *m)
{
    if (m->image && !m->stays)
        image_close(m->image);
    m->image = NULL;
    if (m->prepared)
        image_close(m->prepared);
    m->prepared = NULL;
    while (m->images) {
        struct image *image = m->images;

        m->images = image->next;
        if (!m->stays)
            image_close(image);
    }
}

void rack_free(struct rack_module *m)
{
    rack_unmap(m);
    for (uint32_t i = 0; i < KR_COUNT(m->texts); i++)
        memory_free(m->texts[i]);
    memory_free(m->refusal);
    rack.ids[m->host.id] = false;
    for (uint32_t i = 0; i < m->argc; i++)
        memory_free((char *)(uintptr_t)m->argv[i].data);
    memory_free(m->argv);
    memory_free(m->name);
    memory_free(m->path);
    memory_free(m);
}

void rack_tell(enum event_id id, const struct rack_module *m)
{
    struct kr_name_event event = {.size = sizeof(event),
                                  .name = kr_cstr(m->name),
                                  .version = m->descriptor.version};

    event_raise(id, &event);
}

/* --- Forget -------------------------------------------------------------- */

void rack_on_forget(void (*forget)(kr_module *module))
{
    if (rack.forget_count == RACK_FORGET_MAX) {
        log_warning("rack: more than %u wings keep things for modules",
                    RACK_FORGET_MAX);
        __builtin_trap();
    }
    rack.forget[rack.forget_count++] = forget;
}

void rack_on_settle(void (*settle)(kr_module *module, bool good))
{
    if (rack.settle_count == RACK_FORGET_MAX)
        __builtin_trap();
    rack.settle[rack.settle_count++] = settle;
}

void rack_on_carry(const char *what,
                   bool (*carry)(kr_module *module, const struct carry *how,
                                 bool really))
{
    if (rack.carry_count == RACK_CARRY_MAX)
        __builtin_trap();
    rack.carries[rack.carry_count].what = what;
    rack.carries[rack.carry_count++].carry = carry;
}

void rack_settle(struct rack_module *m, bool good)
{
    for (uint32_t i = 0; i < rack.settle_count; i++)
        rack.settle[i](&m->host, good);
}

const char *rack_carry(struct rack_module *m, const struct carry *carry,
                       bool really)
{
    for (uint32_t i = 0; i < rack.carry_count; i++) {
        if (!rack.carries[i].carry(&m->host, carry, really) && !really)
            return rack.carries[i].what;
    }
    return NULL;
}

/* Drop all that was ever registered for the module.  Were commands among it? */
static bool rack_forget(struct rack_module *m)
{
    bool commands = command_forget(&m->host);

    directory_withdraw(m);
    loader_forget(m);
    for (uint32_t i = 0; i < rack.forget_count; i++)
        rack.forget[i](&m->host);
    config_forget(&m->host);
    type_forget(&m->host);
    return commands;
}

void rack_call_life(struct rack_module *m,
                    void (*function)(kr_module *self, void *state))
{
    kr_module *before = module_running, *was;

    if (!function)
        return;
    if (m->loader)
        before = module_enter(&m->loader->host);
    was = module_enter(&m->host);
    function(&m->host, m->host.state);
    module_leave(was);
    if (m->loader)
        module_leave(before);
}

bool rack_end(struct rack_module *m, bool created)
{
    bool commands = rack_forget(m);
    ptrdiff_t left;

    if (created)
        rack_call_life(m, m->descriptor.destroy);
    m->host.state = NULL;
    commands |= rack_forget(m); /* destroy() may have asked for more */
    directory_unbind(m);
    m->phase = RACK_GONE;
    if (m->loader)
        m->loader->children--;
    left = (ptrdiff_t)atomic_load(&m->host.memory);
    if (left > 0)
        log_notice("rack: module '%s' has left %td bytes behind", m->name,
                   left);
    return commands;
}

/* --- Unload -------------------------------------------------------------- */

/* Is a child of its loaders still mapped?  That one's last functions may call
 * the loader. */
static bool rack_has_closing(const struct rack_module *loader)
{
    const struct rack_module *m = rack.closing;

    while (m && m->loader != loader)
        m = m->next;
    return m != NULL;
}

/* Does its loader still need code of it? */
static bool rack_has_held(const struct rack_module *m)
{
    const struct image *image = m->images;

    while (image && image->held == 0)
        image = image->next;
    return image != NULL;
}

static void rack_unmap_work(void *ctx)
{
    rack_unmap(ctx);
}

static void rack_unmapped(void *ctx)
{
    struct rack_module **at = &rack.closing;

    while (*at != ctx)
        at = &(*at)->next;
    *at = (*at)->next;
    rack_free(ctx);
}

/* The linker takes a fifth of a millisecond for it. */
static void rack_unmap_aside(struct rack_module *m)
{
    m->unmapping = true;
    directory_unbind(m);
    loop_background(rack_unmap_work, rack_unmapped, m);
}

void rack_sweep(void)
{
    struct rack_module **at = &rack.closing;

    if (module_running || call_current)
        return;
    while (*at) {
        struct rack_module *m = *at;

        if (m->unmapping || m->host.entered > 0 || m->host.held > 0 ||
            m->adapting || rack_has_held(m) || !lazy_is_past(m->lazy_mark) ||
            rack_has_closing(m)) {
            at = &m->next;
            continue;
        }
        if (rack.aside) {
            rack_unmap_aside(m);
            at = &m->next;
        } else {
            *at = m->next;
            directory_unbind(m);
            rack_free(m);
        }
    }
}

void rack_work_aside(bool on)
{
    rack.aside = on;
}

bool rack_works_aside(void)
{
    return rack.aside;
}

static void rack_sweep_on_sleep(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    rack_sweep();
}

void rack_close_later(struct rack_module *m)
{
    struct rack_module **end = &rack.closing;

    if (!rack.sweeps) {
        event_listen(EVENT_SLEEP, rack_sweep_on_sleep, NULL);
        rack.sweeps = true;
    }
    m->lazy_mark = lazy_mark();
    while (*end)
        end = &(*end)->next;
    *end = m;
    m->next = NULL;
}

/* Its values stay, and it goes when they are sealed. */
static void rack_retire_sealed(struct rack_module *m)
{
    rack_call_life(m, m->descriptor.deactivate);
    rack_unlist(m);
    command_remember(&m->host);
    seal_begin(m);
    (void)rack_forget(m);
    rack_close_later(m);
    log_notice("rack: module '%s' goes, its values are being sealed", m->name);
    if (event_is_armed(EVENT_COMMAND_CHANGED))
        event_raise(EVENT_COMMAND_CHANGED, NULL);
    rack_tell(EVENT_MODULE_UNLOADED, m);
}

/* Deactivate and forget; the image is left to rack_sweep(), which finds a child
 * before its loader because it has come before it. */
static void rack_retire(struct rack_module *m)
{
    bool commands;

    rack_call_life(m, m->descriptor.deactivate);
    rack_unlist(m);
    commands = rack_end(m, true);
    rack_close_later(m);
    log_notice("rack: module '%s' unloaded", m->name);
    if (commands && event_is_armed(EVENT_COMMAND_CHANGED))
        event_raise(EVENT_COMMAND_CHANGED, NULL);
    rack_tell(EVENT_MODULE_UNLOADED, m);
}

/* Is code of the module below us on the stack? */
bool rack_is_running(const struct rack_module *m)
{
    if (m->host.entered > 0 || module_running == &m->host)
        return true;
    for (const struct call *call = call_current; call; call = call->outer) {
        if (call->pub.command && call->pub.command->module == &m->host)
            return true;
    }
    return false;
}

/* Add to the list of what holds a module. */
KR_PRINTF(4, 5)
static void rack_hold(char *list, size_t room, size_t *used, const char *format,
                      ...)
{
    va_list args;
    int n;

    if (*used > 0 && *used < room)
        *used += (size_t)snprintf(list + *used, room - *used, "; ");
    if (*used >= room)
        return;
    va_start(args, format);
    n = vsnprintf(list + *used, room - *used, format, args);
    va_end(args);
    *used += n > 0 ? (size_t)n : 0;
}

static void rack_hold_children(char *list, size_t room, size_t *used,
                               const struct rack_module *loader)
{
    char names[256] = "";
    size_t size = 0;

    for (const struct rack_module *m = rack.first; m; m = m->next) {
        if (m->loader == loader && size < sizeof(names))
            size += (size_t)snprintf(names + size, sizeof(names) - size, "%s%s",
                                     size ? ", " : "", m->name);
    }
    rack_hold(list, room, used,
              "modules that it has loaded: %s (unload them "
              "first)",
              names[0] ? names : "one that is not complete yet");
}

/* All that speaks against unloading; false: nothing. */
static bool rack_is_held(const struct rack_module *m, char *list, size_t room)
{
    const char *type = NULL;
    uint64_t values = 0;
    char names[256];
    size_t used = 0;

    if (!(m->descriptor.flags & KR_MODULE_CAN_UNLOAD))
        rack_hold(list, room, &used,
                  "it was not made to be unloaded (KR_MODULE_CAN_UNLOAD)");
    if (!type_may_leave(&m->host, &type)) {
        (void)type_may_forget(&m->host, NULL, &values);
        rack_hold(list, room, &used,
                  "%" PRIu64 " values of its type '%s', which cannot be saved "
                  "(delete them first)",
                  values, type ? type : "?");
    }
    if (m->fetching)
        rack_hold(list, room, &used,
                  "an upgrade that is under way (wait for that)");
    if (m->outgoing || m->incoming)
        rack_hold(list, room, &used,
                  "values that are being converted (wait for that)");
    if (directory_dependents(m, names, sizeof(names)) > 0)
        rack_hold(list, room, &used,
                  "modules that need what it offers: %s (unload them first)",
                  names);
    if (m->children > 0)
        rack_hold_children(list, room, &used, m);
    if (m->host.held > 0)
        rack_hold(list, room, &used, "%" PRIu64 " jobs (wait for them)",
                  m->host.held);
    if (rack_is_running(m))
        rack_hold(list, room, &used, "its own code, which runs now");
    return used > 0;
}

/* A child's loader has the last word. */
static bool rack_may_unload(struct rack_module *m, char *why, size_t size)
{
    kr_module *was;
    bool may;

    if (!m->may_unload)
        return true;
    why[0] = '\0';
    was = module_enter(&m->host);
    may = m->may_unload(&m->host, m->host.state, why, size);
    module_leave(was);
    return may;
}

bool rack_unload(struct kr_str name, char *error, size_t error_size)
{
    kr_module *found = rack_find(name);
    struct rack_module *m = rack_module_of(found);
    char held[768];

    if (!found)
        return refuse(error, error_size, "no such module with that name");
    if (loader_is_asking())
        return refuse(error, error_size,
                      "a loader is looking at a file; try again after that");
    if (rack_is_held(m, held, sizeof(held)) ||
        !rack_may_unload(m, held, sizeof(held))) {
        refuse(error, error_size, "module '%s' is held by: %s", m->name, held);
        log_warning("rack: unload: %s", error);
        return false;
    }
    if (type_may_forget(found, NULL, NULL))
        rack_retire(m);
    else
        rack_retire_sealed(m);
    return true;
}

void (*rack_sealed)(void);

static void rack_on_sealed(void)
{
    if (rack_sealed)
        rack_sealed();
}

bool rack_is_sealing(void)
{
    seal_end = rack_on_sealed;
    return seal_is_busy();
}

void rack_fini(void)
{
    deny_set(0, NULL);
    directory_fini();
    copy_fini();
}

/* It does no more, and all that it has stays. */
static void rack_leave_standing(struct rack_module *m)
{
    rack_call_life(m, m->descriptor.deactivate);
    rack_unlist(m);
    m->next = rack.standing;
    rack.standing = m;
    log_notice("rack: module '%s' stays until the process ends", m->name);
}

/* Only order matters any more, and a child whose threads run: what it stands on
 * has been loaded before it.  A module whose values are still there stays
 * mapped, for somebody may yet free them. */
bool rack_unload_all(void)
{
    char why[256];

    rack_upgrade_fini();
    rack.aside = false;
    seal_fini();
    for (struct rack_module *m = rack.closing; m; m = m->next)
        m->adapting = false;
    while (rack.first) {
        struct rack_module *m = rack.first;
        const char *type;
        uint64_t values;

        while (m->next)
            m = m->next;
        if (rack.standing || !rack_may_unload(m, why, sizeof(why))) {
            rack_leave_standing(m);
            continue;
        }
        m->stays |= !type_may_forget(&m->host, &type, &values);
        if (m->stays && m->loader)
            m->loader->stays = true;
        rack_retire(m);
    }
    rack_sweep();
    return !rack.standing;
}

void rack_offer(const char *id, const void *table)
{
    if (directory_offer(NULL, id, table) != KR_OK) {
        log_warning("rack: the server offers %s twice, or without a size", id);
        __builtin_trap();
    }
}

/* --- Settings and addresses ---------------------------------------------- */

bool rack_allow_directory(const char *directory)
{
    return copy_allow_directory(directory);
}

/* Children that are loaded, and denied what their loader uses. */
static bool rack_children_may_stay(char *error, size_t error_size)
{
    for (const struct rack_module *m = rack.first; m; m = m->next) {
        if (!m->loader)
            continue;
        if (!(m->loader_judges
                  ? directory_may_lend(m, error, error_size)
                  : directory_may_host(m->loader, m->name, error, error_size)))
            return false;
    }
    return true;
}

bool rack_check_denied(uint32_t argc, const struct kr_str *argv,
                       const char **error)
{
    static char why[512]; /* a CONFIG SET at a time, and copied at once */
    struct deny_rules rules;
    bool fine;

    if (!deny_check(argc, argv, error))
        return false;
    rules = deny_read(argc, argv);
    deny_exchange(&rules);
    fine = directory_may_deny(why, sizeof(why)) &&
           rack_children_may_stay(why, sizeof(why));
    deny_exchange(&rules);
    deny_drop(&rules);
    if (!fine)
        *error = why;
    return fine;
}

void rack_deny(uint32_t argc, const struct kr_str *argv)
{
    deny_set(argc, argv);
    directory_deny();
}

void rack_load_in_place(bool on)
{
    image_in_place(on);
}

const char *rack_module_at(const void *address)
{
    return image_name_at(address);
}

/* --- kr.modules/1 -------------------------------------------------------- */

static uint32_t rack_flags(const kr_module *module)
{
    const struct rack_module *m = rack_module_of(module);

    return m->descriptor.flags | (m->standard ? KR_MODULE_STANDARD : 0);
}

static void rack_info(const kr_module *module, struct kr_module_info *info)
{
    const struct rack_module *m = rack_module_of(module);
    ptrdiff_t memory =
        (ptrdiff_t)atomic_load_explicit(&m->host.memory, memory_order_relaxed);
    struct kr_module_info all = {
        .size = info->size,
        .version = m->descriptor.version,
        .name = m->name,
        .path = m->path,
        .summary = m->descriptor.summary ? m->descriptor.summary : "",
        .errors = m->host.errors,
        .memory = memory > 0 ? (uint64_t)memory : 0,
        .argc = m->argc,
        .argv = m->argv,
        .flags = rack_flags(module),
    };
    const char *type;
    uint64_t ticks = 0;

    /* The sum over its commands: a call is not counted twice while it runs. */
    for (const kr_cmd *c = module->commands; c; c = c->of_module) {
        all.calls += c->calls;
        ticks += c->ticks;
    }
    all.nsec = clock_ticks_to_ns(ticks);
    type_may_forget(module, &type, &all.keys);
    all.handler_nsec = clock_ticks_to_ns(m->host.usage.ticks);
    all.job_nsec = m->host.usage.job_nsec;
    all.overruns = m->host.usage.overruns;
    all.jobs = m->host.jobs;
    all.timers = m->host.timers;
    all.waiting = m->host.parked;
    memcpy(info, &all, info->size < sizeof(all) ? info->size : sizeof(all));
}

static kr_status rack_offer_of(kr_module *self, const char *id,
                               const void *table)
{
    return self ? directory_offer(rack_module_of(self), id, table) : KR_EINVAL;
}

static const void *rack_interface_of(const char *id, uint32_t size)
{
    if (!id || (module_running && deny_find(module_running->name, id)))
        return NULL;
    return directory_find(id, size);
}

static bool rack_may_use(const kr_module *module, const char *id)
{
    return !deny_find(module->name, id);
}

static const char *rack_denied_by(const kr_module *module, const char *id)
{
    return deny_find(module->name, id);
}

static void *rack_state(const kr_module *module)
{
    return module->state;
}

const struct kr_modules rack_interface = {
    .size = sizeof(struct kr_modules),
    .find = rack_find,
    .info = rack_info,
    .each = rack_each,
    .interface = rack_interface_of,
    .offer = rack_offer_of,
    .state = rack_state,
    .may_use = rack_may_use,
    .denied_by = rack_denied_by,
    .flags = rack_flags,
};
