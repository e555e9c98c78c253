/* SPDX-License-Identifier: BSD-3-Clause */
/* module_command - MODULE: load, unload and list modules.
 *
 * The one command of the host's own: it must exist before any module does.
 * Where Redis only says "check the server logs", the reason follows here, for
 * whoever asked may not see the log. */
#include "core/rack/module_rows.h"

#include "core/dispatch/block.h"
#include "core/dispatch/call.h"
#include "core/memory/memory.h"
#include "core/rack/descriptor.h"
#include "core/rack/directory.h"
#include "core/rack/module.h"

#define MODULE_DENIED                                                          \
    "ERR MODULE command not allowed. If the enable-module-command option is "  \
    "set to \"local\", you can run it from a local connection, otherwise you " \
    "need to set this option in the configuration file, and then restart the " \
    "server."

/* --- MODULE LOAD, LOADEX, UNLOAD ----------------------------------------- */

static bool module_is_allowed(struct kr_call *call)
{
    if (rack_command_allowed && rack_command_allowed(call))
        return true;
    kr_reply_error(call->reply, MODULE_DENIED);
    return false;
}

static void module_refuse_load(struct kr_call *call, const char *why)
{
    kr_reply_errorf(call->reply, "ERR Error loading the extension. %s", why);
}

/* Load argv[2] as `request` has it otherwise. */
static void module_run_load(struct kr_call *call, struct rack_request *request)
{
    struct kr_str path = call->argv[2];
    char error[1024] = "";
    char *text;

    if (path.size == 0 || memchr(path.data, '\0', path.size)) {
        module_refuse_load(call, "The path is empty or has a NUL in it.");
        return;
    }
    text = memory_strndup(path.data, path.size);
    request->path = text;
    if (rack_load(1, request, error, sizeof(error)))
        kr_reply_ok(call->reply);
    else
        module_refuse_load(call, error);
    memory_free(text);
}

void module_load(struct kr_call *call)
{
    struct rack_request request = {.argc = call->argc - 3,
                                   .argv = call->argv + 3};

    if (module_is_allowed(call))
        module_run_load(call, &request);
}

/* LOADEX path [CONFIG name value]... [ARGS arg...] */
void module_loadex(struct kr_call *call)
{
    struct rack_request request = {0};
    struct kr_str *pairs;
    uint32_t room = call->argc / 3;
    uint32_t i = 3;

    if (!module_is_allowed(call))
        return;
    pairs = memory_calloc(2 * (size_t)room + 1, sizeof(*pairs));
    request.config_names = pairs;
    request.config_values = pairs + room;
    while (i + 2 < call->argc &&
           kr_str_equal_nocase(call->argv[i], KR_STR("CONFIG"))) {
        pairs[request.config_count] = call->argv[i + 1];
        pairs[room + request.config_count++] = call->argv[i + 2];
        i += 3;
    }
    if (i < call->argc && kr_str_equal_nocase(call->argv[i], KR_STR("ARGS"))) {
        request.argc = call->argc - i - 1;
        request.argv = call->argv + i + 1;
        i = call->argc;
    }
    if (i < call->argc)
        module_refuse_load(call, "Expected CONFIG name value, or ARGS and the "
                                 "module's arguments, after the path.");
    else
        module_run_load(call, &request);
    memory_free(pairs);
}

/* --- MODULE UNLOAD ------------------------------------------------------- */

/* Who waits until all values are sealed, the latest first. */
static struct sealing {
    struct sealing *next;
    kr_parked *parked;
} * sealing;

static bool module_seal_woken(struct kr_call *call, uint32_t why,
                              struct kr_str key, void *ctx)
{
    (void)key, (void)ctx;
    if (why != KR_WAKE_GONE)
        kr_reply_ok(call->reply);
    return true;
}

static void module_sealed(void)
{
    while (sealing) {
        struct sealing *s = sealing;

        sealing = s->next;
        block_interface.complete(s->parked);
        memory_free(s);
    }
}

/* What cannot wait has its answer at once. */
static void module_wait_for_seal(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .wake = module_seal_woken,
                           .flags = KR_PARK_NO_UNBLOCK};
    kr_parked *parked =
        rack_is_sealing() ? block_interface.park(call, &park) : NULL;
    struct sealing *s;

    if (!parked) {
        kr_reply_ok(call->reply);
        return;
    }
    rack_sealed = module_sealed;
    s = memory_alloc(sizeof(*s));
    *s = (struct sealing){sealing, parked};
    sealing = s;
}

void module_unload(struct kr_call *call)
{
    char error[1024] = "";

    if (!module_is_allowed(call))
        return;
    if (rack_unload(call->argv[2], error, sizeof(error)))
        module_wait_for_seal(call);
    else
        kr_reply_errorf(call->reply, "ERR Error unloading module: %s", error);
}

/* --- MODULE UPGRADE, RELOAD ---------------------------------------------- */

/* Who waits for the end of an upgrade.  The call and the upgrade have it, and
 * whoever ends last frees it. */
struct upgrading {
    kr_parked *parked; /* NULL: nobody waits, or not any more */
    bool over;
    bool good;
    char error[1024];
};

static void module_reply_upgrade(struct kr_reply *reply, bool good,
                                 const char *error)
{
    if (good)
        kr_reply_ok(reply);
    else
        kr_reply_errorf(reply, "ERR Error upgrading module: %s", error);
}

static bool module_upgrade_woken(struct kr_call *call, uint32_t why,
                                 struct kr_str key, void *ctx)
{
    const struct upgrading *upgrading = ctx;

    (void)key;
    if (why == KR_WAKE_DONE)
        module_reply_upgrade(call->reply, upgrading->good, upgrading->error);
    return true;
}

static void module_upgrade_left(void *ctx)
{
    struct upgrading *upgrading = ctx;

    upgrading->parked = NULL;
    if (upgrading->over)
        memory_free(upgrading);
}

static void module_upgrade_ended(void *ctx, const char *error)
{
    struct upgrading *upgrading = ctx;

    upgrading->over = true;
    upgrading->good = error == NULL;
    snprintf(upgrading->error, sizeof(upgrading->error), "%s",
             error ? error : "");
    if (upgrading->parked)
        block_interface.complete(upgrading->parked);
    else
        memory_free(upgrading);
}

static void module_wait_for_upgrade(struct kr_call *call,
                                    struct upgrading *upgrading)
{
    struct kr_park park = {.size = sizeof(park),
                           .wake = module_upgrade_woken,
                           .free = module_upgrade_left,
                           .ctx = upgrading,
                           .flags = KR_PARK_NO_UNBLOCK};

    upgrading->parked = block_interface.park(call, &park);
    if (!upgrading->parked)
        kr_reply_ok(call->reply);
}

/* A client that can wait for an answer; who runs commands in another one has it
 * at once. */
static bool module_may_wait(const struct kr_call *call)
{
    return call->client && !((const struct call *)call)->outer;
}

static void module_run_upgrade(struct kr_call *call, struct rack_upgrade *how)
{
    struct upgrading *upgrading;
    enum rack_upgraded result;
    char error[1024] = "";

    if (!module_is_allowed(call))
        return;
    if (call->flags &
        (KR_CALL_NO_BLOCK | KR_CALL_SCRIPT | KR_CALL_TRANSACTION)) {
        kr_reply_error(call->reply, "ERR modules are not upgraded within a "
                                    "transaction or a script");
        return;
    }
    upgrading = memory_calloc(1, sizeof(*upgrading));
    how->name = call->argv[2];
    how->end = module_upgrade_ended;
    how->ctx = upgrading;
    how->may_wait = module_may_wait(call);
    result = rack_upgrade(how, error, sizeof(error));
    if (result == RACK_UNDER_WAY) {
        module_wait_for_upgrade(call, upgrading);
        return;
    }
    module_reply_upgrade(call->reply, result == RACK_UPGRADED, error);
    memory_free(upgrading);
}

/* UPGRADE name [path [arg ...]] */
void module_upgrade(struct kr_call *call)
{
    struct rack_upgrade how = {.with_args = call->argc > 4};
    char *path = NULL;

    if (call->argc > 3) {
        struct kr_str text = call->argv[3];

        if (text.size == 0 || memchr(text.data, '\0', text.size)) {
            module_reply_upgrade(call->reply, false,
                                 "The path is empty or has a NUL in it.");
            return;
        }
        how.path = path = memory_strndup(text.data, text.size);
    }
    if (how.with_args) {
        how.argc = call->argc - 4;
        how.argv = call->argv + 4;
    }
    module_run_upgrade(call, &how);
    memory_free(path);
}

/* RELOAD name: the file that it came from, whatever is in it by now. */
void module_reload(struct kr_call *call)
{
    struct rack_upgrade how = {0};

    module_run_upgrade(call, &how);
}

/* --- MODULE LIST, INFO --------------------------------------------------- */

static void module_say(struct kr_reply *reply, const char *field,
                       const char *text)
{
    kr_reply_bulk(reply, kr_cstr(field));
    kr_reply_bulk(reply, kr_cstr(text ? text : ""));
}

static void module_say_number(struct kr_reply *reply, const char *field,
                              uint64_t number)
{
    kr_reply_bulk(reply, kr_cstr(field));
    kr_reply_int64(reply, (int64_t)number);
}

static void module_say_args(struct kr_reply *reply, const struct rack_module *m)
{
    kr_reply_bulk(reply, KR_STR("args"));
    kr_reply_array(reply, m->argc);
    for (uint32_t i = 0; i < m->argc; i++)
        kr_reply_bulk(reply, m->argv[i]);
}

static bool module_count(kr_module *module, void *ctx)
{
    (void)module;
    ++*(uint64_t *)ctx;
    return true;
}

static bool module_list_one(kr_module *module, void *ctx)
{
    const struct rack_module *m = rack_module_of(module);
    struct kr_reply *reply = ctx;

    kr_reply_map(reply, 4);
    module_say(reply, "name", m->name);
    module_say_number(reply, "ver", m->descriptor.version);
    module_say(reply, "path", m->path);
    module_say_args(reply, m);
    return true;
}

void module_list(struct kr_call *call)
{
    uint64_t count = 0;

    rack_each(module_count, &count);
    kr_reply_array(call->reply, count);
    rack_each(module_list_one, call->reply);
}

static void module_count_offer(const char *id, void *ctx)
{
    (void)id;
    ++*(uint64_t *)ctx;
}

static void module_say_offer(const char *id, void *ctx)
{
    kr_reply_bulk(ctx, kr_cstr(id));
}

/* Of its imports, those that the configuration denies it. */
static uint64_t module_say_denied(struct kr_reply *reply,
                                  const struct rack_module *m)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < m->binding_count; i++) {
        const struct kr_rows *rows = &m->descriptor.imports;
        struct kr_import import;

        if (!m->bindings[i].denied)
            continue;
        descriptor_row(rows, i, &import, sizeof(import));
        kr_reply_bulk(reply, kr_cstr(import.id));
        count++;
    }
    return count;
}

/* What it imports, and what it offers to others. */
static void module_say_interfaces(struct kr_reply *reply,
                                  const struct rack_module *m)
{
    const struct kr_rows *rows = &m->descriptor.imports;
    uint64_t count = 0, token;

    kr_reply_bulk(reply, KR_STR("imports"));
    kr_reply_array(reply, rows->count);
    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_import import;

        descriptor_row(rows, i, &import, sizeof(import));
        kr_reply_bulk(reply, kr_cstr(import.id));
    }
    kr_reply_bulk(reply, KR_STR("denied"));
    token = reply->ops->defer(reply);
    count = module_say_denied(reply, m);
    reply->ops->close(reply, token, KR_ARRAY, count);
    count = 0;
    directory_offers(m, module_count_offer, &count);
    kr_reply_bulk(reply, KR_STR("offers"));
    kr_reply_array(reply, count);
    directory_offers(m, module_say_offer, reply);
}

struct module_names {
    struct kr_reply *reply;
    uint64_t count;
};

static void module_say_name(void *ctx, struct kr_str name)
{
    struct module_names *names = ctx;

    kr_reply_bulk(names->reply, name);
    names->count++;
}

/* What its file asked for in vain. */
static void module_say_lacks(struct kr_reply *reply,
                             const struct rack_module *m)
{
    struct module_names names = {.reply = reply};
    uint64_t token;

    kr_reply_bulk(reply, KR_STR("lacks"));
    token = reply->ops->defer(reply);
    if (m->lacks)
        m->lacks((kr_module *)(uintptr_t)&m->host, m->host.state,
                 module_say_name, &names);
    reply->ops->close(reply, token, KR_ARRAY, names.count);
}

/* MODULE INFO name: everything that the host knows of a module. */
void module_info(struct kr_call *call)
{
    kr_module *module = rack_find(call->argv[2]);
    struct kr_module_info info = {.size = sizeof(info)};
    struct kr_reply *reply = call->reply;
    const struct rack_module *m = rack_module_of(module);
    char version[24];

    if (!module) {
        kr_reply_error(reply, "ERR no such module with that name");
        return;
    }
    rack_interface.info(module, &info);
    descriptor_version(info.version, version);
    kr_reply_map(reply, 31);
    module_say(reply, "name", m->name);
    module_say_number(reply, "ver", info.version);
    module_say(reply, "version", version);
    module_say_number(reply, "generation", m->host.generation);
    module_say_number(reply, "upgrades", m->upgrades);
    module_say_number(reply, "upgrade-usec", m->pause_nsec / 1000);
    module_say_number(reply, "upgrade-cpu-usec", m->pause_cpu_nsec / 1000);
    module_say(reply, "path", m->path);
    module_say(reply, "loader", m->loader ? m->loader->name : "");
    module_say_args(reply, m);
    module_say(reply, "summary", m->descriptor.summary);
    module_say(reply, "licence", m->descriptor.licence);
    module_say(reply, "author", m->descriptor.author);
    module_say(reply, "can-unload",
               m->descriptor.flags & KR_MODULE_CAN_UNLOAD ? "yes" : "no");
    module_say(reply, "can-upgrade",
               m->descriptor.flags & KR_MODULE_CAN_UPGRADE ? "yes" : "no");
    module_say_number(reply, "calls", info.calls);
    module_say_number(reply, "usec", info.nsec / 1000);
    module_say_number(reply, "handler-usec", info.handler_nsec / 1000);
    module_say_number(reply, "job-usec", info.job_nsec / 1000);
    module_say_number(reply, "overruns", info.overruns);
    module_say_number(reply, "errors", info.errors);
    module_say_number(reply, "memory", info.memory);
    module_say_number(reply, "values", info.keys);
    module_say_number(reply, "held", m->host.held + m->host.parked);
    module_say_number(reply, "jobs", info.jobs);
    module_say_number(reply, "timers", info.timers);
    module_say_number(reply, "waiting", info.waiting);
    module_say_interfaces(reply, m);
    module_say_lacks(reply, m);
}

/* --- MODULE HELP --------------------------------------------------------- */

/* Byte for byte what clients of Redis know, so INFO is not in it. */
void module_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "LIST",
        "    Return a list of loaded modules.",
        "LOAD <path> [<arg> ...]",
        "    Load a module library from <path>, passing to it any optional "
        "arguments.",
        "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
        "    Load a module library from <path>, while passing it module "
        "configurations and optional arguments.",
        "UNLOAD <name>",
        "    Unload a module.",
        "HELP",
        "    Prints this help.",
    };

    kr_reply_array(call->reply, KR_COUNT(lines));
    for (size_t i = 0; i < KR_COUNT(lines); i++)
        kr_reply_status(call->reply, lines[i]);
}
