/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/module/usage.h"

#include "core/log/log.h"

#include <inttypes.h>
#include <stdio.h>

#define USAGE_TELL_MS 1000 /* between two lines about one module */

uint64_t usage_limit_ticks = UINT64_MAX;
void (*usage_on_overrun)(const struct kr_overrun_event *overrun);
static int64_t usage_limit_ms;

void usage_set_limit_ms(int64_t limit_ms)
{
    usage_limit_ms = limit_ms;
    usage_limit_ticks =
        limit_ms == 0 ? UINT64_MAX
                      : (uint64_t)((double)limit_ms * 1e6 / clock_ns_per_tick);
}

static void usage_log(kr_module *module, uint64_t nsec, const char *text)
{
    struct usage *usage = &module->usage;
    int64_t now_ms = clock_wall_ms();
    char more[64] = "";

    if (usage->told_ms != 0 && now_ms >= usage->told_ms &&
        now_ms - usage->told_ms < USAGE_TELL_MS) {
        usage->untold++;
        return;
    }
    if (usage->untold > 0)
        snprintf(more, sizeof(more), ", and %" PRIu64 " more before",
                 usage->untold);
    log_warning("rack: module '%s': its %s held everybody up for %" PRIu64
                " ms (module-time-limit is %" PRId64 ")%s",
                module->name, text, nsec / 1000000, usage_limit_ms, more);
    usage->told_ms = now_ms;
    usage->untold = 0;
}

void usage_overrun(kr_module *module, uint64_t ticks, const char *what,
                   const char *name)
{
    static bool telling; /* who listens may overrun too */
    struct kr_overrun_event event = {.size = sizeof(event),
                                     .nsec = clock_ticks_to_ns(ticks)};
    char text[128];

    module->usage.overruns++;
    if (telling)
        return;
    telling = true;
    snprintf(text, sizeof(text), "%s%s%s", what, name ? " " : "",
             name ? name : "");
    usage_log(module, event.nsec, text);
    event.module = kr_cstr(module->name);
    event.what = kr_cstr(text);
    if (usage_on_overrun)
        usage_on_overrun(&event);
    telling = false;
}
