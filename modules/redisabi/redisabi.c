/* SPDX-License-Identifier: BSD-3-Clause */
/* redisabi - a host for modules that were built for Redis or Valkey.
 *
 * A loader (see kr/loader.h) over the public interfaces only: a shared object
 * that exports RedisModule_OnLoad or ValkeyModule_OnLoad becomes a module of
 * ours, the guest.  What it may ask for stands in functions.h; a name that is
 * not there is unknown to it, which its header is prepared for.
 *
 *     guest.so                redisabi.so                     host
 *     OnLoad ---GetApi------> names.c
 *     command <-------------- command.c <----run------------- dispatch
 *       OpenKey ------------> key*.c ----kr_strings, ...----> string.so ...
 *       Call ---------------> call.c ----kr_calls->run------> dispatch
 *       ReplyWith... -------> reply.c ---kr_reply_ops-------> the client
 *
 * A guest is code that trusts its host: what it passes is as good as what our
 * own module would pass, and is not checked beyond what Redis checks. */
#include "config.h"
#include "context.h"
#include "text.h"
#include "type.h"

#include <kr/hash.h>
#include <kr/list.h>
#include <kr/pubsub.h>
#include <kr/set.h>
#include <kr/snapshot.h>
#include <kr/stream.h>
#include <kr/string.h>
#include <kr/transport.h>
#include <kr/zset.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_children);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_events);
KR_USES(kr_files);
KR_USES(kr_gates);
KR_USES(kr_hashes);
KR_USES(kr_info);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_lists);
KR_USES(kr_loaders);
KR_USES(kr_loading);
KR_USES(kr_log);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_pubsub);
KR_USES(kr_sets);
KR_USES(kr_snapshot);
KR_USES(kr_streams);
KR_USES(kr_strings);
KR_USES(kr_text);
KR_USES(kr_transports);
KR_USES(kr_types);
KR_USES(kr_zsets);

kr_module *redisabi_self;
const char *redisabi_version;

struct house *house(void)
{
    return kr_modules->state(redisabi_self);
}

/* --- Guests --------------------------------------------------------------- */

/* Valkey's name first, as Valkey itself does it. */
static const char *const entries[] = {"ValkeyModule_OnLoad",
                                      "RedisModule_OnLoad"};

typedef int (*guest_entry)(RedisModuleCtx *ctx, RedisModuleString **argv,
                           int argc);

/* A pointer to data as one to code, as dlsym() has it. */
static guest_entry guest_code(void *address)
{
    guest_entry code;

    memcpy(&code, &address, sizeof(code));
    return code;
}

static const char *guest_entry_of(const struct kr_file *file)
{
    for (size_t i = 0; i < KR_COUNT(entries); i++) {
        if (kr_loaders->exports(file, entries[i]))
            return entries[i];
    }
    return NULL;
}

/* Not by itself: it may be the next version of one that is there. */
int rm_IsModuleNameBusy(const char *name)
{
    const kr_module *module = kr_modules->find(kr_cstr(name));
    const struct guest *loading = house()->loading;

    return module && !(loading && loading->self == module);
}

/* The first thing that a guest does once it has its functions. */
void rm_SetModuleAttribs(RedisModuleCtx *ctx, const char *name, int ver,
                         int apiver)
{
    struct guest *guest = ctx->guest;

    (void)apiver;
    if (guest->described || guest != house()->loading)
        return;
    guest->described = guest_describe(guest, name, ver > 0 ? (uint32_t)ver : 0);
}

/* --- The loader ----------------------------------------------------------- */

static bool redisabi_recognise(kr_module *self, const struct kr_file *file)
{
    (void)self;
    return guest_entry_of(file) != NULL;
}

static int guest_enter(struct guest *guest, const char *entry,
                       const struct kr_load_args *args)
{
    guest_entry code =
        guest_code(kr_loaders->image_symbol(guest->image, entry));
    RedisModuleString **argv =
        kr_memory->alloc(redisabi_self, (args->argc + 1) * sizeof(*argv));
    RedisModuleCtx ctx;
    int result;

    for (uint32_t i = 0; i < args->argc; i++)
        argv[i] = text_new(args->argv[i]);
    context_begin(&ctx, guest, NULL);
    house()->loading = guest;
    result = code(&ctx, argv, (int)args->argc);
    house()->loading = NULL;
    guest->entered = result == REDISMODULE_OK;
    context_end(&ctx);
    for (uint32_t i = 0; i < args->argc; i++)
        text_release(argv[i]);
    kr_memory->free(redisabi_self, argv);
    return result;
}

/* Once it is described the guest is the host's to destroy. */
static kr_status redisabi_load(kr_module *self, kr_module *child,
                               const struct kr_file *file,
                               const struct kr_load_args *args)
{
    const char *entry = guest_entry_of(file);
    const struct guest *old = kr_modules->state(child); /* for an upgrade */
    struct guest *guest;
    kr_status status;

    (void)self;
    if (!entry)
        return KR_EFORMAT;
    guest = guest_new(child);
    status = kr_loaders->image_open(child, file, entry, 0, &guest->image,
                                    args->error, args->error_size);
    if (status == KR_OK && guest_enter(guest, entry, args) != REDISMODULE_OK) {
        snprintf(args->error, args->error_size, "its %s answered an error%s%s",
                 entry, guest->refusal[0] ? ": " : "", guest->refusal);
        status = KR_EFAIL;
    } else if (status == KR_OK && !guest->described) {
        snprintf(args->error, args->error_size,
                 "it has not said its name by RedisModule_SetModuleAttribs");
        status = KR_EFAIL;
    }
    if (guest->barred) {
        snprintf(args->error, args->error_size, "%s", guest->refusal);
        status = KR_EDENIED;
    }
    if (status == KR_OK && !settings_are_loaded(guest)) {
        snprintf(args->error, args->error_size,
                 "it has parameters, but has not called "
                 "RedisModule_LoadConfigs");
        status = KR_EFAIL;
    }
    if (status == KR_OK && old && old->values > 0 &&
        !guest_take_aux(guest, old, KR_SNAPSHOT_BEFORE, true, args->error,
                        args->error_size))
        status = KR_EFAIL;
    if (!guest->described)
        guest_free(guest);
    return status;
}

static void redisabi_on_shutdown(void *ctx, const void *payload)
{
    (void)payload;
    ((struct house *)ctx)->ending = true;
}

static kr_status redisabi_create(kr_module *self,
                                 const struct kr_load_args *args, void **state)
{
    static const struct kr_loader loader = {.size = sizeof(loader),
                                            .rank = 100,
                                            .name = "redis",
                                            .recognise = redisabi_recognise,
                                            .load = redisabi_load,
                                            .flags = KR_LOADER_JUDGES};
    struct house *all = kr_memory->calloc(self, 1, sizeof(*all));
    kr_status status =
        visits_begin(all) ? kr_loaders->add(self, &loader) : KR_EFAIL;

    if (status != KR_OK) {
        snprintf(args->error, args->error_size, "the loader was refused");
        kr_memory->free(self, all);
        return status;
    }
    all->self = self;
    all->main = pthread_self();
    pthread_mutex_init(&all->lock, NULL);
    pthread_mutex_init(&all->guests_lock, NULL);
    pthread_cond_init(&all->turned, NULL);
    (void)kr_events->subscribe(self, KR_EVENT_SHUTDOWN, redisabi_on_shutdown,
                               all);
    names_sort(all);
    *state = all;
    return KR_OK;
}

static void redisabi_destroy(kr_module *self, void *state)
{
    struct house *all = state;

    if (all->threads)
        pthread_mutex_unlock(&all->lock);
    pthread_mutex_destroy(&all->lock);
    pthread_mutex_destroy(&all->guests_lock);
    pthread_cond_destroy(&all->turned);
    visits_end(all);
    timers_free(all);
    kr_memory->free(self, all->names);
    kr_memory->free(self, state);
}

static bool version_check(void *state, uint32_t argc, const struct kr_str *argv,
                          const char **error)
{
    char text[16] = "";

    (void)state;
    if (argc == 1 && argv[0].size == 0)
        return true;
    if (argc == 1 && argv[0].size < sizeof(text) && argv[0].data[0] >= '0' &&
        argv[0].data[0] <= '9')
        memcpy(text, argv[0].data, argv[0].size);
    if (version_number(text) >= 0)
        return true;
    *error = "argument must be a version such as 7.2.4, or nothing";
    return false;
}

/* --- What the host learns ------------------------------------------------- */
/* clang-format off */

/* Types may be unloaded while guests are there: their functions then say that a
 * key is not of that type. */
static const struct kr_param params[] = {
    /* What guests are told; "": what INFO says. */
    {.name = "redisabi.server-version", .type = KR_PARAM_STRING,
     .slot = &redisabi_version, .initial = "", .check = version_check},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_block),
    KR_NEED(kr_calls),
    KR_NEED(kr_children),
    KR_NEED(kr_clients),
    KR_NEED(kr_codec),
    KR_NEED(kr_commands),
    KR_NEED(kr_config),
    KR_NEED(kr_events),
    KR_NEED(kr_files),
    KR_NEED(kr_gates),
    KR_WANT(kr_hashes),
    KR_NEED(kr_info),
    KR_NEED(kr_journal),
    KR_NEED(kr_keyspace),
    KR_WANT(kr_lists),
    KR_NEED(kr_loaders),
    KR_NEED(kr_loading),
    KR_NEED(kr_log),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_WANT(kr_pubsub),
    KR_WANT(kr_sets),
    KR_WANT(kr_snapshot),
    KR_WANT(kr_streams),
    KR_NEED(kr_strings),
    KR_NEED(kr_text),
    KR_WANT(kr_transports),
    KR_NEED(kr_types),
    KR_WANT(kr_zsets),
};

/* clang-format on */

KR_MODULE(.name = "redisabi", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Loads modules that were built for Redis or Valkey",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &redisabi_self,
          .imports = KR_ROWS(imports), .params = KR_ROWS(params),
          .create = redisabi_create, .destroy = redisabi_destroy);
