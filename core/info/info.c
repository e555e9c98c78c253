/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/info/info.h"

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/event/event.h"
#include "core/event/span.h"
#include "core/info/error_count.h"
#include "core/keyspace/keyspace.h"
#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"
#include "core/text/hash.h"
#include "core/text/random.h"
#include "core/version/version.h"

#include <sys/queue.h>

/* Rates are means over the last sixteen samples, one each 100 ms. */
#define SAMPLES   16
#define SAMPLE_MS 100

#define NO_SECTION ""

struct rate {
    uint64_t last;
    double samples[SAMPLES];
};

struct provider {
    STAILQ_ENTRY(provider) link;
    kr_module *module;
    uint32_t stamp;
    const char *section; /* NO_SECTION: it names sections itself */
    uint64_t hash;       /* of that name: there are many to be compared */
    uint32_t flags;
    kr_info_fn fn;
    void *ctx;
};

static struct {
    /* By rank, then as they were provided: weak ones can see what others have
     * given. */
    STAILQ_HEAD(, provider) providers;
    struct rate commands, bytes_in, bytes_out;
    unsigned at; /* the sample to be written next */
    int64_t sampled_ms;
    int64_t start_ms;
    char run_id[41]; /* 40 hexadecimal digits */
    size_t peak_memory;
} info = {.providers = STAILQ_HEAD_INITIALIZER(info.providers)};

/* --- Rates --------------------------------------------------------------- */

static void rate_sample(struct rate *rate, uint64_t total, int64_t ms)
{
    /* RESETSTAT has set the total back. */
    if (total < rate->last)
        rate->last = 0;
    rate->samples[info.at] = (double)(total - rate->last) * 1000 / (double)ms;
    rate->last = total;
}

static double rate_mean(const struct rate *rate)
{
    double sum = 0;

    for (int i = 0; i < SAMPLES; i++)
        sum += rate->samples[i];
    return sum / SAMPLES;
}

void info_tick(int64_t now_ms)
{
    size_t used = memory_used();
    int64_t passed = now_ms - info.sampled_ms;

    if (used > info.peak_memory)
        info.peak_memory = used;
    if (passed < 0) /* the clock was set back */
        info.sampled_ms = now_ms;
    if (passed < SAMPLE_MS)
        return;
    rate_sample(&info.commands, call_stats.commands, passed);
    rate_sample(&info.bytes_in, client_stats.bytes_in, passed);
    rate_sample(&info.bytes_out, client_stats.bytes_out, passed);
    info.at = (info.at + 1) % SAMPLES;
    info.sampled_ms = now_ms;
}

/* --- Providers ----------------------------------------------------------- */

/* The order of providers: first by this, then as they came. */
static unsigned info_rank(uint32_t flags)
{
    return flags & KR_INFO_LAST ? 2 : flags & KR_INFO_WEAK ? 1 : 0;
}

static kr_status info_provide(kr_module *self, const char *section,
                              uint32_t flags, kr_info_fn fn, void *ctx)
{
    struct provider *provider = memory_alloc(sizeof(*provider));
    struct provider *other, *last = NULL;

    *provider = (struct provider){.module = self,
                                  .stamp = module_stamp(self),
                                  .section = section,
                                  .hash = hash_bytes(kr_cstr(section)),
                                  .flags = flags,
                                  .fn = fn,
                                  .ctx = ctx};
    STAILQ_FOREACH(other, &info.providers, link)
    if (info_rank(other->flags) <= info_rank(flags))
        last = other;
    if (last)
        STAILQ_INSERT_AFTER(&info.providers, last, provider, link);
    else
        STAILQ_INSERT_HEAD(&info.providers, provider, link);
    return KR_OK;
}

static kr_status info_provide_sections(kr_module *self, kr_info_fn fn,
                                       void *ctx)
{
    return info_provide(self, NO_SECTION, 0, fn, ctx);
}

static void info_collect_sections(struct kr_info_out *out)
{
    struct provider *provider;

    STAILQ_FOREACH(provider, &info.providers, link)
    if (provider->section[0] == '\0' &&
        !module_is_staged(provider->module, provider->stamp)) {
        kr_module *was = module_enter(provider->module);

        provider->fn(provider->ctx, out);
        module_leave(was);
    }
}

/* Does it give fields of the section with this name, and this hash? */
static bool info_fills(const struct provider *provider, const char *section,
                       uint64_t hash)
{
    return provider->hash == hash && strcmp(provider->section, section) == 0;
}

/* Between a weak provider and the reader: lets through what is new. */
struct weak_out {
    struct kr_info_out out;
    struct kr_info_out *to;
    uint64_t names[512]; /* their hashes */
    uint64_t bits[8];    /* a bit for each: none of them, most times */
    uint32_t count;
    bool weak; /* the provider that writes now */
};

static bool weak_look(struct weak_out *weak, const char *name)
{
    uint64_t hash = hash_bytes(kr_cstr(name)), bit = (uint64_t)1 << (hash & 63);
    uint64_t *bits = &weak->bits[hash >> 6 & 7];

    for (uint32_t i = 0; *bits & bit && i < weak->count; i++)
        if (weak->names[i] == hash)
            return true;
    if (!weak->weak && weak->count < KR_COUNT(weak->names)) {
        weak->names[weak->count++] = hash;
        *bits |= bit;
    }
    return false;
}

static bool weak_is_known(struct weak_out *weak, const char *name)
{
    /* Most sections are given by one provider. */
    if (weak->weak && weak->count == 0)
        return false;
    return weak_look(weak, name);
}

static void weak_field(struct kr_info_out *out, const char *name,
                       struct kr_str value)
{
    struct weak_out *weak = (struct weak_out *)out;

    if (!weak_is_known(weak, name) || !weak->weak)
        weak->to->field(weak->to, name, value);
}

static void weak_field_int(struct kr_info_out *out, const char *name,
                           int64_t value)
{
    struct weak_out *weak = (struct weak_out *)out;

    if (!weak_is_known(weak, name) || !weak->weak)
        weak->to->field_int(weak->to, name, value);
}

static bool info_collect(const char *section, struct kr_info_out *out)
{
    uint64_t hash = hash_bytes(kr_cstr(section));
    struct weak_out weak; /* of which most is never looked at */
    struct provider *provider;
    bool any = false;

    weak.out = (struct kr_info_out){.size = sizeof(weak.out),
                                    .field = weak_field,
                                    .field_int = weak_field_int};
    weak.to = out;
    weak.count = 0;
    memset(weak.bits, 0, sizeof(weak.bits));
    STAILQ_FOREACH(provider, &info.providers, link)
    {
        kr_module *was;

        if (!info_fills(provider, section, hash))
            continue;
        any = true;
        weak.weak = provider->flags & KR_INFO_WEAK;
        was = module_enter(provider->module);
        provider->fn(provider->ctx, &weak.out);
        module_leave(was);
    }
    return any;
}

/* The sections in Redis's order, then others as they were provided. */
static const char *const info_order[] = {
    "server",       "clients", "memory",   "persistence",  "stats",
    "replication",  "cpu",     "modules",  "commandstats", "errorstats",
    "latencystats", "cluster", "keyspace",
};

static void info_name_section(const char *section, uint64_t hash,
                              void (*each)(void *ctx, const char *section,
                                           uint32_t flags),
                              void *ctx)
{
    struct provider *provider;
    bool any = false;
    uint32_t flags = KR_INFO_ON_REQUEST;

    STAILQ_FOREACH(provider, &info.providers, link)
    if (info_fills(provider, section, hash)) {
        any = true;
        flags &= provider->flags;
    }
    if (any)
        each(ctx, section, flags);
}

/* Has the order, or a provider before this one, named its section? */
static bool info_is_named(const struct provider *provider,
                          const uint64_t hashes[])
{
    struct provider *other;

    for (size_t i = 0; i < KR_COUNT(info_order); i++)
        if (info_fills(provider, info_order[i], hashes[i]))
            return true;
    STAILQ_FOREACH(other, &info.providers, link)
    {
        if (other == provider)
            break;
        if (info_fills(other, provider->section, provider->hash))
            return true;
    }
    return false;
}

static void info_sections(void (*each)(void *ctx, const char *section,
                                       uint32_t flags),
                          void *ctx)
{
    uint64_t hashes[KR_COUNT(info_order)];
    struct provider *provider;

    for (size_t i = 0; i < KR_COUNT(info_order); i++) {
        hashes[i] = hash_bytes(kr_cstr(info_order[i]));
        info_name_section(info_order[i], hashes[i], each, ctx);
    }
    STAILQ_FOREACH(provider, &info.providers, link)
    if (provider->section[0] != '\0' && !info_is_named(provider, hashes))
        info_name_section(provider->section, provider->hash, each, ctx);
}

/* Drop what one version of the module provides; 0: all of it. */
static void info_drop(kr_module *module, uint32_t stamp)
{
    struct provider *provider, *next;

    for (provider = STAILQ_FIRST(&info.providers); provider; provider = next) {
        next = STAILQ_NEXT(provider, link);
        if (provider->module != module || (stamp && provider->stamp != stamp))
            continue;
        STAILQ_REMOVE(&info.providers, provider, provider, link);
        memory_free(provider);
    }
}

void info_forget(kr_module *module)
{
    info_drop(module, 0);
}

/* The old version's provider whose place in the order this one takes. */
static struct provider *info_before(const struct provider *provider)
{
    struct provider *other;

    STAILQ_FOREACH(other, &info.providers, link)
    if (other->module == provider->module &&
        other->stamp + 1 == provider->stamp &&
        other->flags == provider->flags &&
        strcmp(other->section, provider->section) == 0)
        return other;
    return NULL;
}

/* The contents of the two are exchanged, which is all that there is to it. */
static void info_take_place(struct provider *provider)
{
    struct provider *place = info_before(provider), both[2];

    if (!place)
        return;
    both[0] = *place;
    both[1] = *provider;
    *place = both[1];
    *provider = both[0];
    place->link = both[0].link;
    provider->link = both[1].link;
}

void info_settle(kr_module *module, bool good)
{
    struct provider *provider;

    STAILQ_FOREACH(provider, &info.providers, link)
    if (good && provider->module == module &&
        provider->stamp == module->generation + 1)
        info_take_place(provider);
    info_drop(module, module->generation + !good);
}

/* --- Counters ------------------------------------------------------------ */

static void info_stats(struct kr_host_stats *out)
{
    uint32_t size = out->size;
    size_t used = memory_used();
    struct kr_host_stats stats = {
        .size = size,
        .commands = call_stats.commands,
        .connections = client_stats.connections,
        .rejected_connections = client_stats.rejected,
        .input_bytes = client_stats.bytes_in,
        .output_bytes = client_stats.bytes_out,
        .expired_keys = keyspace_stats.expired,
        .evicted_keys = keyspace_stats.evicted,
        .evicted_clients = client_stats.evicted,
        .hits = keyspace_stats.hits,
        .misses = keyspace_stats.misses,
        .reads = client_stats.reads,
        .writes = client_stats.writes,
        .error_replies = error_count_total(),
        .unexpected_errors = call_stats.unexpected_errors,
        .peak_memory = used > info.peak_memory ? used : info.peak_memory,
        .start_ms = info.start_ms,
        .ops_per_sec = rate_mean(&info.commands),
        .input_kbps = rate_mean(&info.bytes_in) / 1024,
        .output_kbps = rate_mean(&info.bytes_out) / 1024,
    };

    memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}

static void info_reset(void)
{
    uint64_t lazy_pending = keyspace_stats.lazy_pending;
    uint64_t changes = keyspace_stats.changes;
    size_t memory[CLASS_COUNT];

    memcpy(memory, client_stats.memory, sizeof(memory));
    memset(&client_stats, 0, sizeof(client_stats));
    memcpy(client_stats.memory, memory, sizeof(memory));
    memset(&keyspace_stats, 0, sizeof(keyspace_stats));
    keyspace_stats.lazy_pending = lazy_pending;
    keyspace_stats.changes = changes;
    memset(&call_stats, 0, sizeof(call_stats));
    error_count_reset();
    command_interface.reset_stats(NULL);
    info.peak_memory = memory_used();
    if (event_is_armed(EVENT_INFO_RESET))
        event_raise(EVENT_INFO_RESET, NULL);
}

static const char *info_identity(const char *which)
{
    if (strcmp(which, "version") == 0)
        return version_keyrack;
    if (strcmp(which, "redis-version") == 0)
        return VERSION_REDIS;
    return strcmp(which, "run-id") == 0 ? info.run_id : "";
}

static void info_make_run_id(void)
{
    unsigned char bytes[20];

    random_secure(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(info.run_id + 2 * i, 3, "%02x", bytes[i]);
}

void info_init(void)
{
    output_error_hook = error_count_add;
    info.start_ms = info.sampled_ms = clock_wall_ms();
    info_make_run_id();
}

void info_fini(void)
{
    while (!STAILQ_EMPTY(&info.providers)) {
        struct provider *provider = STAILQ_FIRST(&info.providers);

        STAILQ_REMOVE_HEAD(&info.providers, link);
        memory_free(provider);
    }
}

const struct kr_info info_interface = {
    .size = sizeof(struct kr_info),
    .provide = info_provide,
    .collect = info_collect,
    .sections = info_sections,
    .stats = info_stats,
    .reset = info_reset,
    .errors = error_count_each,
    .latency = span_tell,
    .identity = info_identity,
    .provide_sections = info_provide_sections,
    .collect_sections = info_collect_sections,
};
