/* SPDX-License-Identifier: BSD-3-Clause */
/* load - how modules come into the server.
 *
 *       copy_open, descriptor_read              announce, list
 *   a path -----> DESCRIBED --bind, register--> CREATED --activate()--> ACTIVE
 *                     |         create()           |
 *                     v  a failure of any module   v
 *                   closed <------ undone <--------+
 *
 * A file that is not ours is a child: its loader's load() stands for create(),
 * after all of ours have been created.
 *
 * A batch is a transaction.  All of it is described, sorted and created before
 * any of it is activated; the only step that cannot fail comes last.  What
 * undoes it is in rack.c, for it is what unloading does. */
#include "core/config/config.h"
#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/keyspace/keyspace.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/rack/descriptor.h"
#include "core/rack/elf.h"
#include "core/rack/loader.h"
#include "core/rack/module.h"
#include "core/rack/order.h"
#include "core/rack/refuse.h"
#include "core/rack/seal.h"

/* --- Describe ------------------------------------------------------------ */

struct rack_module *rack_new(const struct rack_request *request, char *error,
                             size_t error_size)
{
    uint32_t id = rack_new_id();
    struct rack_module *m;

    if (id == 0) {
        refuse(error, error_size,
               "%s: there are %u modules, which is the limit", request->path,
               RACK_IDS - 1);
        return NULL;
    }
    m = memory_calloc(1, sizeof(*m));
    m->host.id = id;
    m->host.descriptor = &m->descriptor;
    m->host.generation = 1;
    m->request = request;
    m->path = memory_strdup(request->path);
    m->standard = request->standard;
    m->argv = memory_calloc((size_t)request->argc + 1, sizeof(*m->argv));
    for (; m->argc < request->argc; m->argc++) {
        struct kr_str arg = request->argv[m->argc];

        m->argv[m->argc].data = memory_strndup(arg.data, arg.size);
        m->argv[m->argc].size = arg.size;
    }
    return m;
}

bool rack_map(struct rack_module *m, const struct copy *copy, char *error,
              size_t error_size)
{
    m->image = image_open_copy(copy, NULL, error, error_size);
    return m->image && descriptor_read(m->image, m->path, &m->descriptor, error,
                                       error_size);
}

void rack_name(struct rack_module *m)
{
    m->name = memory_strdup(m->descriptor.name);
    m->host.name = m->name;
    image_list(m->image, m->name);
}

static struct rack_module *rack_describe(const struct rack_request *request,
                                         const struct copy *copy, char *error,
                                         size_t error_size)
{
    struct rack_module *m = rack_new(request, error, error_size);

    if (m && rack_map(m, copy, error, error_size)) {
        rack_name(m);
        return m;
    }
    if (m)
        rack_free(m);
    return NULL;
}

/* What is loaded together.  A file waits when it is not ours, or was only
 * found: loaders are asked about it. */
struct rack_batch {
    struct rack_module **modules; /* ours first, in the order of creation */
    uint32_t count;
    uint32_t created; /* so many of them */
    const struct rack_request *requests;
    uint32_t request_count;
    bool *waits;          /* for each request */
    struct copy **copies; /* of those that wait; NULL: not opened yet */
};

bool rack_check_name(const struct rack_module *m, const char *name, char *error,
                     size_t error_size)
{
    const kr_module *loaded = rack_find(kr_cstr(name));
    const char *other = loaded ? rack_module_of(loaded)->path : NULL;

    for (uint32_t i = 0; i < m->batch->count && !other; i++) {
        const struct rack_module *earlier = m->batch->modules[i];

        if (earlier != m && strcmp(earlier->name, name) == 0)
            other = earlier->path;
    }
    if (!other)
        return true;
    return refuse(error, error_size,
                  "module '%s' (%s): there is a module of that name already, "
                  "from %s; unload it first",
                  name, m->path, other);
}

bool rack_check_same_name(const struct rack_module *m, const char *name,
                          const char *path, char *error, size_t error_size)
{
    if (strcmp(m->name, name) == 0)
        return true;
    return refuse(error, error_size,
                  "%s is module '%s' and cannot take the place of '%s'; use a "
                  "build of that one, or MODULE LOAD",
                  path, name, m->name);
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
        status = type_register(rack_handle(m), type,
                               type->slot ? type->slot : &unseen);
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
        status = command_add(rack_handle(m), &row);
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
        config_add_params(rack_handle(m), &m->descriptor.params, why,
                          sizeof(why)))
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
        if (directory_offer(rack_module_of(rack_handle(m)), offer.id,
                            offer.table) == KR_OK)
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
        *m->descriptor.self = rack_handle(m);
    if (!m->descriptor.create)
        return true;
    args.prepared = m->provision;
    m->provision = NULL;
    was = module_enter(rack_handle(m));
    status = m->descriptor.create(rack_handle(m), &args, &m->host.state);
    module_leave(was);
    if (status == KR_OK)
        return true;
    m->host.state = NULL;
    why[sizeof(why) - 1] = '\0';
    return refuse(error, error_size,
                  "module '%s' (%s): its create() refused: %s (status %d)",
                  m->name, m->path, why[0] ? why : "it gave no reason", status);
}

/* MODULE LOADEX path CONFIG name value: the values count when the parameter is
 * registered, as lines of the file do, and all must have found theirs. */
static bool rack_configure(struct rack_module *m, char *error,
                           size_t error_size)
{
    char why[512] = "";

    if (config_asked_is_taken(&m->host, why, sizeof(why)))
        return true;
    return refuse(error, error_size, "module '%s' (%s): CONFIG: %s", m->name,
                  m->path, why);
}

static void rack_ask_config(struct rack_module *m)
{
    config_ask(&m->host, m->request->config_count, m->request->config_names,
               m->request->config_values);
}

bool rack_make(struct rack_module *m, bool *created, char *error,
               size_t error_size)
{
    *created = rack_register_types(m, error, error_size) &&
               rack_register_params(m, error, error_size) &&
               rack_register_commands(m, error, error_size) &&
               rack_register_offers(m, error, error_size) &&
               rack_call_create(m, error, error_size);
    return *created;
}

static bool rack_create(struct rack_module *m, char *error, size_t error_size)
{
    bool created = false;

    if (!directory_bind(m, error, error_size))
        return false;
    rack_ask_config(m);
    if (rack_make(m, &created, error, error_size) &&
        rack_configure(m, error, error_size)) {
        m->phase = RACK_CREATED;
        return true;
    }
    rack_end(m, created);
    return false;
}

/* --- Children: files that a loader knows --------------------------------- */

/* A name to speak of it by, until its loader says what it is. */
static char *rack_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');

    return memory_strndup(base,
                          dot > base ? (size_t)(dot - base) : strlen(base));
}

bool rack_call_load(struct rack_module *m, const struct loader *loader,
                    const struct copy *copy, char *error, size_t error_size)
{
    char why[512] = "";
    struct kr_load_args args = {.size = sizeof(args),
                                .argc = m->argc,
                                .argv = m->argv,
                                .error = why,
                                .error_size = sizeof(why)};
    kr_module *before = module_enter(&loader->module->host);
    kr_module *was = module_enter(rack_handle(m));
    kr_status status;

    m->loader_judges = loader->judges;
    m->loading = true;
    status =
        loader->load(&loader->module->host, rack_handle(m), &copy->pub, &args);
    m->loading = false;
    module_leave(was);
    module_leave(before);
    if (status == KR_OK && m->described)
        return true;
    why[sizeof(why) - 1] = '\0';
    if (m->refusal)
        return refuse(error, error_size, "%s: loader '%s': %s", m->path,
                      loader->name, m->refusal);
    if (status == KR_OK)
        return refuse(error, error_size,
                      "%s: loader '%s' has not said what it is; use another "
                      "version of module '%s'",
                      m->path, loader->name, loader->module->name);
    return refuse(error, error_size, "%s: loader '%s' refused: %s (status %d)",
                  m->path, loader->name, why[0] ? why : "it gave no reason",
                  status);
}

static bool rack_load_child(struct rack_batch *batch, uint32_t i,
                            const struct loader *loader, char *error,
                            size_t error_size)
{
    struct rack_module *m = rack_new(&batch->requests[i], error, error_size);

    if (!m)
        return false;
    m->name = rack_file_name(m->path);
    m->host.name = m->name;
    m->batch = batch;
    m->loader = loader->module;
    m->loader->children++;
    rack_ask_config(m);
    if (rack_call_load(m, loader, batch->copies[i], error, error_size) &&
        rack_configure(m, error, error_size)) {
        m->phase = RACK_CREATED;
        batch->modules[batch->count++] = m;
        batch->created = batch->count;
        return true;
    }
    rack_end(m, m->described); /* its state is the host's since then */
    config_asked_end(&m->host, false);
    rack_free(m);
    return false;
}

/* Load the file that waits, if a loader knows it by now. */
static bool rack_try_child(struct rack_batch *batch, uint32_t i, char *error,
                           size_t error_size)
{
    const char *path = batch->requests[i].path;
    const struct loader *loader;

    if (!batch->copies[i]) {
        if (!loader_claims(path, batch))
            return true;
        batch->copies[i] = copy_open(path, error, error_size);
        if (!batch->copies[i])
            return false;
    }
    loader = loader_find(batch->copies[i], batch);
    if (!loader)
        return true;
    batch->waits[i] = false;
    return rack_load_child(batch, i, loader, error, error_size);
}

/* Nobody knows the file: say what is wrong with it as a module of ours. */
static bool rack_refuse_file(const struct copy *copy, char *error,
                             size_t error_size)
{
    struct image *image = image_open_copy(copy, NULL, error, error_size);

    if (image) /* not while elf_exports() and elf_check() agree */
        image_close(image);
    return false;
}

/* A child may have loaders too, so those left are tried again while new ones
 * come. */
static bool rack_load_children(struct rack_batch *batch, char *error,
                               size_t error_size)
{
    uint32_t loaders;

    do {
        loaders = loader_count();
        for (uint32_t i = 0; i < batch->request_count; i++) {
            if (batch->waits[i] && !rack_try_child(batch, i, error, error_size))
                return false;
        }
    } while (loader_count() != loaders);
    for (uint32_t i = 0; i < batch->request_count; i++) {
        if (!batch->waits[i])
            continue;
        if (!batch->requests[i].if_claimed)
            return rack_refuse_file(batch->copies[i], error, error_size);
        if (batch->copies[i])
            log_notice("rack: %s: no loader recognises it",
                       batch->requests[i].path);
    }
    return true;
}

/* --- Load ---------------------------------------------------------------- */

static void rack_activate(struct rack_module *m)
{
    char version[24];

    rack_call_life(m, m->descriptor.activate);
    descriptor_version(m->descriptor.version, version);
    log_notice("rack: module '%s' %s loaded from %s", m->name, version,
               m->path);
    rack_tell(EVENT_MODULE_LOADED, m);
}

/* Describe request `i`, or let it wait for a loader. */
static bool rack_describe_one(struct rack_batch *batch, uint32_t i, char *error,
                              size_t error_size)
{
    const struct rack_request *request = &batch->requests[i];
    struct copy *copy;
    struct rack_module *m;

    batch->waits[i] = request->if_claimed;
    if (request->if_claimed)
        return true;
    copy = copy_open(request->path, error, error_size);
    if (!copy)
        return false;
    if (!elf_exports(copy->pub.bytes.data, copy->pub.bytes.size,
                     KR_DESCRIPTOR_NAME)) {
        batch->waits[i] = true;
        batch->copies[i] = copy;
        return true;
    }
    m = rack_describe(request, copy, error, error_size);
    copy_close(copy);
    if (!m)
        return false;
    m->batch = batch;
    batch->modules[batch->count++] = m;
    return rack_check_name(m, m->name, error, error_size);
}

/* Is there any loader, or one to come?  If not, a file that is not ours is
 * refused before any code runs. */
static bool rack_has_loaders(const struct rack_batch *batch)
{
    bool has = loader_count() > 0;

    for (uint32_t i = 0; i < batch->count && !has; i++)
        has = loader_may_come(batch->modules[i]);
    return has;
}

static bool rack_describe_all(struct rack_batch *batch, char *error,
                              size_t error_size)
{
    for (uint32_t i = 0; i < batch->request_count; i++) {
        if (!rack_describe_one(batch, i, error, error_size))
            return false;
    }
    for (uint32_t i = 0; i < batch->request_count; i++) {
        if (batch->copies[i] && !rack_has_loaders(batch))
            return rack_refuse_file(batch->copies[i], error, error_size);
    }
    return order_sort(batch->modules, batch->count, error, error_size);
}

static bool rack_create_all(struct rack_batch *batch, char *error,
                            size_t error_size)
{
    for (; batch->created < batch->count; batch->created++) {
        if (!rack_create(batch->modules[batch->created], error, error_size))
            return false;
    }
    return true;
}

/* All of it becomes visible, then all of it begins. */
static void rack_show(struct rack_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct rack_module *m = batch->modules[i];

        config_asked_end(&m->host, true);
        m->batch = NULL;
        m->request = NULL;
        rack_list(m);
        directory_announce(m);
    }
    command_publish();
    for (uint32_t i = 0; i < batch->count; i++)
        rack_activate(batch->modules[i]);
}

/* Backwards: children before their loaders. */
static void rack_undo(struct rack_batch *batch)
{
    while (batch->created > 0)
        rack_end(batch->modules[--batch->created], true);
    while (batch->count > 0) {
        struct rack_module *m = batch->modules[--batch->count];

        config_asked_end(&m->host, false);
        rack_free(m);
    }
}

bool rack_load(uint32_t count, const struct rack_request *requests, char *error,
               size_t error_size)
{
    struct rack_batch batch = {.requests = requests, .request_count = count};
    bool good;

    if (loader_is_asking())
        return refuse(error, error_size,
                      "a loader is looking at a file; try again after that");
    if (!rack_may_load(error, error_size))
        return false;
    batch.modules = memory_calloc(count + 1, sizeof(struct rack_module *));
    batch.waits = memory_calloc(count + 1, sizeof(*batch.waits));
    batch.copies = memory_calloc(count + 1, sizeof(struct copy *));
    good = rack_describe_all(&batch, error, error_size) &&
           rack_create_all(&batch, error, error_size) &&
           rack_load_children(&batch, error, error_size);
    if (good) {
        rack_show(&batch);
        seal_open();
    } else {
        rack_undo(&batch);
        log_warning("rack: %s", error);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (batch.copies[i])
            copy_close(batch.copies[i]);
    }
    memory_free(batch.copies);
    memory_free(batch.waits);
    memory_free(batch.modules);
    return good;
}
