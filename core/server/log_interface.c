/* SPDX-License-Identifier: BSD-3-Clause */
/* log_interface - <kr/log.h>: lines of modules, with their name in front. */
#include "core/server/log_interface.h"

#include "core/log/crash.h"
#include "core/log/log.h"
#include "core/module/module.h"

static void log_module_line(kr_module *self, uint32_t level, struct kr_str line)
{
    if (level > KR_LOG_WARNING)
        level = KR_LOG_WARNING;
    log_line((enum log_level)level, "%s: %.*s", self ? self->name : "host",
             (int)line.size, line.data);
}

static bool log_level_enabled(uint32_t level)
{
    return log_enabled((enum log_level)level);
}

static void log_module_panic(kr_module *self, const char *why)
{
    crash_panic(self ? self->name : "host", why);
}

const struct kr_log log_interface = {
    .size = sizeof(struct kr_log),
    .write = log_module_line,
    .enabled = log_level_enabled,
    .panic = log_module_panic,
};
