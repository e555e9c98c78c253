/* SPDX-License-Identifier: BSD-3-Clause */
/* load - the life of modules.
 *
 *            image_open, descriptor_read          directory_announce, list
 *   a path -----------> DESCRIBED --bind, register--> CREATED --activate()-+
 *                           |         create()           |                 |
 *                           v  a failure of any module   v                 v
 *                         closed <------ undone <--------+              ACTIVE
 *                           ^                                              |
 *                           +-- rack_sweep() -- GONE <-deactivate, forget -+
 *                                                      destroy()
 *
 * A batch is a transaction.  All of it is described, sorted and created before
 * any of it is activated; the only step that cannot fail comes last.  Undoing
 * is the same walk as unloading, so there is one list of what a module may have
 * left behind: rack_forget().
 *
 * What has been unloaded is unmapped later, when no call into any module is on
 * the stack: MODULE UNLOAD may run below code of the module that goes.
 *
 * Invariants: a provider stands before those who need it in the list, so the
 * list backwards is an order to unload in; `active` is ACTIVE; a name is in a
 * bucket exactly while its module is ACTIVE. */
#include "core/config/config.h"
#include "core/dispatch/call.h"
#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/keyspace/keyspace.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/rack/descriptor.h"
#include "core/rack/module.h"
#include "core/rack/order.h"
#include "core/rack/refuse.h"

#include <inttypes.h>

#define RACK_BUCKETS    64u
#define RACK_FORGET_MAX 32u
#define RACK_IDS        1024u

kr_module *rack_running;
bool (*rack_command_allowed)(const struct kr_call *call);

/* The wing's state. */
static struct {
    struct rack_module *first;   /* active, in the order of loading */
    struct rack_module *closing; /* gone, still mapped */
    struct rack_module *buckets[RACK_BUCKETS];
    void (*forget[RACK_FORGET_MAX])(kr_module *module);
    uint32_t forget_count;
    bool sweeps; /* the loop has been asked to call */
    bool ids[RACK_IDS];
} rack;

/* --- Names --------------------------------------------------------------- */

static struct rack_module **rack_bucket(struct kr_str name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    return &rack.buckets[hash % RACK_BUCKETS];
}

kr_module *rack_find(struct kr_str name)
{
    struct rack_module *m = *rack_bucket(name);

    while (m && !kr_str_equal(kr_cstr(m->name), name))
        m = m->in_bucket;
    return m ? &m->host : NULL;
}

/* The module becomes visible. */
static void rack_list(struct rack_module *m)
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

void rack_each(bool (*each)(kr_module *module, void *ctx), void *ctx)
{
    struct rack_module *m, *next;

    for (m = rack.first; m; m = next) {
        next = m->next;
        if (!each(&m->host, ctx))
            return;
    }
}

/* --- Describe ------------------------------------------------------------ */

/* Ids start at 1 and are used again. */
static uint32_t rack_new_id(void)
{
    for (uint32_t id = 1; id < RACK_IDS; id++) {
        if (!rack.ids[id]) {
            rack.ids[id] = true;
            return id;
        }
    }
    return 0;
}

static void rack_free(struct rack_module *m)
{
    if (m->image)
        image_close(m->image);
    rack.ids[m->host.id] = false;
    for (uint32_t i = 0; i < m->argc; i++)
        memory_free((char *)(uintptr_t)m->argv[i].data);
    memory_free(m->argv);
    memory_free(m->name);
    memory_free(m->path);
    memory_free(m);
}

static struct rack_module *rack_describe(const struct rack_request *request,
                                         char *error, size_t error_size)
{
    struct rack_module *m;
    struct image *image = image_open(request->path, error, error_size);

    if (!image)
        return NULL;
    m = memory_calloc(1, sizeof(*m));
    m->image = image;
    m->host.id = rack_new_id();
    m->path = memory_strdup(request->path);
    m->standard = request->standard;
    m->argv = memory_calloc((size_t)request->argc + 1, sizeof(*m->argv));
    for (; m->argc < request->argc; m->argc++) {
        struct kr_str arg = request->argv[m->argc];

        m->argv[m->argc].data = memory_strndup(arg.data, arg.size);
        m->argv[m->argc].size = arg.size;
    }
    if (!descriptor_read(image, request->path, &m->descriptor, error,
                         error_size))
        goto refused;
    m->name = memory_strdup(m->descriptor.name);
    m->host.name = m->name;
    m->host.descriptor = &m->descriptor;
    m->host.generation = 1;
    if (m->host.id == 0) {
        refuse(error, error_size,
               "module '%s' (%s): there are %u modules, which is the limit",
               m->name, m->path, RACK_IDS - 1);
        goto refused;
    }
    image_list(image, m->name);
    return m;

refused:
    rack_free(m);
    return NULL;
}

/* Is the name of batch[i] taken, by a loaded module or an earlier one? */
static bool rack_check_name(struct rack_module *const *batch, uint32_t i,
                            char *error, size_t error_size)
{
    const kr_module *loaded = rack_find(kr_cstr(batch[i]->name));
    const char *other = loaded ? rack_module_of(loaded)->path : NULL;

    for (uint32_t j = 0; j < i && !other; j++) {
        if (strcmp(batch[j]->name, batch[i]->name) == 0)
            other = batch[j]->path;
    }
    if (!other)
        return true;
    return refuse(error, error_size,
                  "module '%s' (%s): there is a module of that name already, "
                  "from %s; unload it first",
                  batch[i]->name, batch[i]->path, other);
}

/* --- Register and create ------------------------------------------------- */

/* As "module 'x' (path): what: name: why". */
static bool rack_refuse(const struct rack_module *m, const char *what,
                        const char *name, kr_status why, char *error,
                        size_t error_size)
{
    const char *text = "it was refused";

    if (why == KR_EEXIST)
        text = "another module or the server has one of that name; unload that "
               "module, or rename it";
    else if (why == KR_EINVAL)
        text = "a field of it is out of its range; see the log, and its header";
    else if (why == KR_ENOMEM)
        text = "there are too many of them";
    else if (why == KR_EVERSION)
        text = "it is too old or too new for this server";
    else if (why == KR_ENOENT)
        text = "it belongs to something that does not exist";
    return refuse(error, error_size, "module '%s' (%s): %s %s: %s", m->name,
                  m->path, what, name, text);
}

static bool rack_register_types(struct rack_module *m, char *error,
                                size_t error_size)
{
    const struct kr_rows *rows = &m->descriptor.types;

    for (uint32_t i = 0; i < rows->count; i++) {
        const struct kr_type *type;
        uint16_t unseen;
        kr_status status;

        descriptor_row(rows, i, &type, sizeof(type));
        status =
            type_register(&m->host, type, type->slot ? type->slot : &unseen);
        if (status != KR_OK)
            return rack_refuse(m, "type", type->name, status, error,
                               error_size);
    }
    return true;
}

static bool rack_register_commands(struct rack_module *m, char *error,
                                   size_t error_size)
{
    const struct kr_rows *rows = &m->descriptor.commands;

    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_command row;
        kr_status status;

        descriptor_row(rows, i, &row, sizeof(row));
        status = command_add(&m->host, &row);
        if (status != KR_OK)
            return rack_refuse(m, "command", row.name, status, error,
                               error_size);
    }
    return true;
}

static bool rack_register_params(struct rack_module *m, char *error,
                                 size_t error_size)
{
    char why[512] = "";

    if (m->descriptor.params.count == 0 ||
        config_add_params(&m->host, &m->descriptor.params, why, sizeof(why)))
        return true;
    return refuse(error, error_size, "module '%s' (%s): parameters: %s",
                  m->name, m->path, why);
}

static bool rack_register_offers(struct rack_module *m, char *error,
                                 size_t error_size)
{
    const struct kr_rows *rows = &m->descriptor.offers;

    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_offer offer;

        descriptor_row(rows, i, &offer, sizeof(offer));
        if (directory_offer(m, offer.id, offer.table) == KR_OK)
            continue;
        return refuse(error, error_size,
                      "module '%s' (%s) offers interface %s, which %s offers "
                      "already; unload that one, or load only one of both",
                      m->name, m->path, offer.id, directory_who(offer.id));
    }
    return true;
}

static bool rack_call_create(struct rack_module *m, char *error,
                             size_t error_size)
{
    char why[512] = "";
    struct kr_load_args args = {.size = sizeof(args),
                                .argc = m->argc,
                                .argv = m->argv,
                                .error = why,
                                .error_size = sizeof(why)};
    kr_status status;
    kr_module *was;

    if (m->descriptor.self)
        *m->descriptor.self = &m->host;
    if (!m->descriptor.create)
        return true;
    was = rack_enter(&m->host);
    status = m->descriptor.create(&m->host, &args, &m->host.state);
    rack_leave(was);
    if (status == KR_OK)
        return true;
    m->host.state = NULL;
    why[sizeof(why) - 1] = '\0';
    return refuse(error, error_size,
                  "module '%s' (%s): its create() refused: %s (status %d)",
                  m->name, m->path, why[0] ? why : "it gave no reason", status);
}

/* MODULE LOADEX path CONFIG name value.  After create(), because what applies a
 * parameter may look at the module's state. */
static bool rack_configure(struct rack_module *m,
                           const struct rack_request *request, char *error,
                           size_t error_size)
{
    const struct kr_config *config = directory_find(
        "kr.config/1", offsetof(struct kr_config, set) + sizeof(config->set));
    char why[512] = "";

    if (request->config_count == 0)
        return true;
    if (!config)
        return refuse(error, error_size,
                      "module '%s' (%s): cannot set its parameters: nobody "
                      "offers interface kr.config/1",
                      m->name, m->path);
    if (config->set(request->config_count, request->config_names,
                    request->config_values, why, sizeof(why)) == KR_OK)
        return true;
    return refuse(error, error_size, "module '%s' (%s): CONFIG: %s", m->name,
                  m->path, why);
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

/* Drop all that was ever registered for the module. */
static void rack_forget(struct rack_module *m)
{
    directory_withdraw(m);
    command_forget(&m->host);
    for (uint32_t i = 0; i < rack.forget_count; i++)
        rack.forget[i](&m->host);
    config_forget(&m->host);
    type_forget(&m->host);
}

/* From CREATED on: forget, destroy, unbind.  `created`: did create() run? */
static void rack_end(struct rack_module *m, bool created)
{
    ptrdiff_t left;

    rack_forget(m);
    if (created && m->descriptor.destroy) {
        kr_module *was = rack_enter(&m->host);

        m->descriptor.destroy(&m->host, m->host.state);
        rack_leave(was);
    }
    m->host.state = NULL;
    rack_forget(m); /* destroy() may have asked for more */
    directory_unbind(m);
    m->phase = RACK_GONE;
    left = (ptrdiff_t)atomic_load(&m->host.memory);
    if (left > 0)
        log_notice("rack: module '%s' has left %td bytes behind", m->name,
                   left);
}

static bool rack_create(struct rack_module *m,
                        const struct rack_request *request, char *error,
                        size_t error_size)
{
    bool created = false;

    if (!directory_bind(m, error, error_size))
        return false;
    if (rack_register_types(m, error, error_size) &&
        rack_register_params(m, error, error_size) &&
        rack_register_commands(m, error, error_size) &&
        rack_register_offers(m, error, error_size) &&
        (created = rack_call_create(m, error, error_size)) &&
        rack_configure(m, request, error, error_size)) {
        m->phase = RACK_CREATED;
        return true;
    }
    rack_end(m, created);
    return false;
}

/* --- Load ---------------------------------------------------------------- */

static void rack_tell(enum event_id id, const struct rack_module *m)
{
    struct kr_name_event event = {.size = sizeof(event),
                                  .name = kr_cstr(m->name)};

    event_raise(id, &event);
}

static void rack_activate(struct rack_module *m)
{
    char version[24];

    if (m->descriptor.activate) {
        kr_module *was = rack_enter(&m->host);

        m->descriptor.activate(&m->host, m->host.state);
        rack_leave(was);
    }
    descriptor_version(m->descriptor.version, version);
    log_notice("rack: module '%s' %s loaded from %s", m->name, version,
               m->path);
    rack_tell(EVENT_MODULE_LOADED, m);
}

/* A module keeps its request while the batch is sorted. */
struct rack_batch {
    struct rack_module **modules;
    struct rack_module **asked; /* asked[i] came of requests[i] */
    const struct rack_request *requests;
    uint32_t count;
};

static const struct rack_request *
rack_request_of(const struct rack_batch *batch, const struct rack_module *m)
{
    uint32_t i = 0;

    while (batch->asked[i] != m)
        i++;
    return &batch->requests[i];
}

static bool rack_describe_all(struct rack_batch *batch, char *error,
                              size_t error_size)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->modules[i] = batch->asked[i] =
            rack_describe(&batch->requests[i], error, error_size);
        if (!batch->modules[i] ||
            !rack_check_name(batch->modules, i, error, error_size))
            return false;
    }
    return order_sort(batch->modules, batch->count, error, error_size);
}

static bool rack_create_all(struct rack_batch *batch, char *error,
                            size_t error_size)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct rack_module *m = batch->modules[i];

        if (rack_create(m, rack_request_of(batch, m), error, error_size))
            continue;
        while (i-- > 0)
            rack_end(batch->modules[i], true);
        return false;
    }
    return true;
}

bool rack_load(uint32_t count, const struct rack_request *requests, char *error,
               size_t error_size)
{
    struct rack_batch batch = {.requests = requests, .count = count};
    bool good;

    batch.modules = memory_calloc(count + 1, sizeof(struct rack_module *));
    batch.asked = memory_calloc(count + 1, sizeof(struct rack_module *));
    good = rack_describe_all(&batch, error, error_size) &&
           rack_create_all(&batch, error, error_size);
    for (uint32_t i = 0; i < count && good; i++) {
        rack_list(batch.modules[i]);
        directory_announce(batch.modules[i]);
    }
    for (uint32_t i = 0; i < count && good; i++)
        rack_activate(batch.modules[i]);
    for (uint32_t i = 0; i < count && !good; i++) {
        if (batch.asked[i])
            rack_free(batch.asked[i]);
    }
    if (!good)
        log_warning("rack: %s", error);
    memory_free(batch.asked);
    memory_free(batch.modules);
    return good;
}

void rack_offer(const char *id, const void *table)
{
    if (directory_offer(NULL, id, table) != KR_OK) {
        log_warning("rack: the server offers %s twice, or without a size", id);
        __builtin_trap();
    }
}

/* --- Unload -------------------------------------------------------------- */

void rack_sweep(void)
{
    struct rack_module **at = &rack.closing;

    if (rack_running || call_current)
        return;
    while (*at) {
        struct rack_module *m = *at;

        if (m->host.entered > 0) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        rack_free(m);
    }
}

static void rack_sweep_on_sleep(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    rack_sweep();
}

/* Deactivate and forget; the image is left to rack_sweep(). */
static void rack_retire(struct rack_module *m)
{
    if (m->descriptor.deactivate) {
        kr_module *was = rack_enter(&m->host);

        m->descriptor.deactivate(&m->host, m->host.state);
        rack_leave(was);
    }
    rack_unlist(m);
    rack_end(m, true);
    m->next = rack.closing;
    rack.closing = m;
    log_notice("rack: module '%s' unloaded", m->name);
    rack_tell(EVENT_MODULE_UNLOADED, m);
}

/* Is code of the module below us on the stack? */
static bool rack_is_running(const struct rack_module *m)
{
    if (m->host.entered > 0 || rack_running == &m->host)
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
    if (!type_may_forget(&m->host, &type, &values))
        rack_hold(list, room, &used,
                  "%" PRIu64 " values of its type '%s' (delete them first)",
                  values, type ? type : "?");
    if (directory_dependents(m, names, sizeof(names)) > 0)
        rack_hold(list, room, &used,
                  "modules that need what it offers: %s (unload them first)",
                  names);
    if (m->host.held > 0)
        rack_hold(list, room, &used,
                  "%" PRIu64 " jobs or blocked clients (wait for them)",
                  m->host.held);
    if (rack_is_running(m))
        rack_hold(list, room, &used, "its own code, which runs now");
    return used > 0;
}

bool rack_unload(struct kr_str name, char *error, size_t error_size)
{
    kr_module *found = rack_find(name);
    struct rack_module *m = rack_module_of(found);
    char held[768];

    if (!found)
        return refuse(error, error_size, "no such module with that name");
    if (rack_is_held(m, held, sizeof(held))) {
        refuse(error, error_size, "module '%s' is held by: %s", m->name, held);
        log_warning("rack: unload: %s", error);
        return false;
    }
    if (!rack.sweeps) {
        event_listen(EVENT_SLEEP, rack_sweep_on_sleep, NULL);
        rack.sweeps = true;
    }
    rack_retire(m);
    return true;
}

/* Nothing is refused any more: only order matters.  A module whose values are
 * still there stays mapped, for somebody may yet free them. */
void rack_unload_all(void)
{
    while (rack.first) {
        struct rack_module *m = rack.first;
        const char *type;
        uint64_t values;
        bool stays;

        while (m->next)
            m = m->next;
        stays = !type_may_forget(&m->host, &type, &values);
        rack_retire(m);
        if (stays)
            m->image = NULL;
    }
    rack_sweep();
}

void rack_fini(void)
{
    directory_fini();
    image_fini();
}

/* --- Settings and addresses ---------------------------------------------- */

bool rack_allow_directory(const char *directory)
{
    return image_allow_directory(directory);
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

/* What has been spent in the commands of a module is the sum over them, so
 * that a call need not be counted twice while it runs. */
struct rack_spent {
    const kr_module *module;
    uint64_t calls;
    uint64_t nsec;
};

static bool rack_add_spent(const kr_cmd *command, void *ctx)
{
    struct kr_command_stats stats = {.size = sizeof(stats)};
    struct rack_spent *spent = ctx;

    if (command->module == spent->module) {
        command_interface.stats(command, &stats);
        spent->calls += stats.calls;
        spent->nsec += stats.nsec;
    }
    if (!command->parent && command->subcommands)
        command_interface.each(command, rack_add_spent, spent);
    return true;
}

/* O(commands of the server). */
static void rack_info(const kr_module *module, struct kr_module_info *info)
{
    struct rack_spent spent = {.module = module};
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
        .flags = m->descriptor.flags | (m->standard ? KR_MODULE_STANDARD : 0),
    };
    const char *type;

    command_interface.each(NULL, rack_add_spent, &spent);
    all.calls = m->host.calls + spent.calls;
    all.nsec = m->host.nsec + spent.nsec;
    type_may_forget(module, &type, &all.keys);
    memcpy(info, &all, info->size < sizeof(all) ? info->size : sizeof(all));
}

static kr_status rack_offer_of(kr_module *self, const char *id,
                               const void *table)
{
    return self ? directory_offer(rack_module_of(self), id, table) : KR_EINVAL;
}

static const void *rack_interface_of(const char *id, uint32_t size)
{
    return id ? directory_find(id, size) : NULL;
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
};
