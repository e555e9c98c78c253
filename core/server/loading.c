/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/loading.h"

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/event/event.h"
#include "core/keyspace/hooks.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/server/child.h"
#include "core/server/lifetime.h"

#define SERVE_EACH_NS (20 * 1000000)

static struct {
    kr_module *module;
    bool active, async;
    uint32_t flags;
    int64_t start_ms;
    int64_t served_ns;
    uint64_t total, loaded;
    uint64_t memory_at_start;
} loading;

static void loading_tell(enum event_id id, bool ok)
{
    struct kr_loading_event event = {.size = sizeof(event),
                                     .flags = loading.flags,
                                     .loaded = loading.loaded,
                                     .total = loading.total,
                                     .ok = ok};

    if (event_is_armed(id))
        event_raise(id, &event);
}

static kr_status loading_begin(kr_module *self, uint64_t total_bytes,
                               uint32_t flags)
{
    if (loading.active)
        return KR_EBUSY;
    loading.module = self;
    loading.active = true;
    loading.async = flags & KR_LOADING_ASYNC;
    loading.start_ms = clock_wall_ms();
    loading.served_ns = clock_monotonic_ns();
    loading.total = total_bytes;
    loading.loaded = 0;
    loading.memory_at_start = memory_used();
    loading.flags = flags;
    keyspace_hooks.loading = true;
    call_alerts |= ALERT_LOADING;
    loading_tell(EVENT_LOADING_BEGIN, true);
    return KR_OK;
}

static bool loading_progress(uint64_t loaded_bytes)
{
    loading.loaded = loaded_bytes;
    if (clock_monotonic_ns() - loading.served_ns >= SERVE_EACH_NS) {
        (void)lifetime_serve(0);
        loading.served_ns = clock_monotonic_ns();
        loading_tell(EVENT_LOADING_PROGRESS, true);
    }
    return !lifetime_is_over();
}

static void loading_end(bool ok)
{
    bool told = loading.active;

    loading.active = false;
    loading.module = NULL;
    keyspace_hooks.loading = false;
    call_alerts &= ~ALERT_LOADING;
    if (told)
        loading_tell(EVENT_LOADING_END, ok);
}

static void saving_tell(enum event_id id, uint32_t flags, bool ok)
{
    struct kr_save_event event = {.size = sizeof(event),
                                  .flags =
                                      flags & (KR_SAVE_LOG | KR_SAVE_BESIDE),
                                  .ok = ok};

    if (child_interface.inside())
        event.flags |= KR_SAVE_CHILD;
    if (event_is_armed(id))
        event_raise(id, &event);
}

static void loading_save_begin(uint32_t flags)
{
    saving_tell(EVENT_SAVE_BEGIN, flags, true);
}

static void loading_save_end(uint32_t flags, bool ok)
{
    saving_tell(EVENT_SAVE_END, flags, ok);
}

static bool loading_active(void)
{
    return loading.active;
}

void loading_forget(kr_module *module)
{
    if (loading.active && module && loading.module == module)
        loading_end(false);
}

/* In the pace so far. */
static int64_t loading_eta_sec(void)
{
    int64_t passed_sec = (clock_wall_ms() - loading.start_ms) / 1000;

    if (loading.loaded == 0 || loading.total <= loading.loaded)
        return loading.total > loading.loaded ? 1 : 0;
    return (int64_t)((double)passed_sec / (double)loading.loaded *
                     (double)(loading.total - loading.loaded));
}

void loading_figures(struct loading_figures *figures)
{
    *figures = (struct loading_figures){
        .active = loading.active,
        .async = loading.async,
        .start_ms = loading.start_ms,
        .total =
            loading.total > loading.loaded ? loading.total : loading.loaded,
        .loaded = loading.loaded,
        .memory_at_start = loading.memory_at_start,
    };
    if (loading.active)
        figures->eta_sec = loading_eta_sec();
}

bool loading_data_set(void)
{
    bool taken = false, failed = false;
    struct kr_load_event event = {
        .size = sizeof(event), .taken = &taken, .failed = &failed};

    for (event.rank = KR_LOAD_RANK_LOG;
         event.rank <= KR_LOAD_RANK_SNAPSHOT && !taken && !failed; event.rank++)
        if (event_is_armed(EVENT_LOAD))
            event_raise(EVENT_LOAD, &event);
    return !failed;
}

const struct kr_loading loading_interface = {
    .size = sizeof(struct kr_loading),
    .begin = loading_begin,
    .progress = loading_progress,
    .end = loading_end,
    .active = loading_active,
    .save_begin = loading_save_begin,
    .save_end = loading_save_end,
};
