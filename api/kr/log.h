/* SPDX-License-Identifier: BSD-3-Clause */
/* log - one line, the thing first: "rdb: save: no space left on device".
 *
 * The module's name is put in front.  What clients sent is never logged. */
#ifndef KR_LOG_H
#define KR_LOG_H

#include <kr/base.h>
#include <kr/module.h>

#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_LOG_DEBUG   0u
#define KR_LOG_VERBOSE 1u
#define KR_LOG_NOTICE  2u
#define KR_LOG_WARNING 3u

struct kr_log {
    uint32_t size;
    uint32_t reserved;
    void (*write)(kr_module *self, uint32_t level,
                  struct kr_str line); /* [any] */
    bool (*enabled)(uint32_t level);   /* [any] */
    /* The server cannot go on: log, report as a crash does, and end. [any] */
    void (*panic)(kr_module *self, const char *why);
};
KR_INTERFACE(kr_log, "kr.log/1");

/* A formatted line; nothing is formatted that nobody writes.  [any] */
KR_PRINTF(3, 4)
static inline void kr_logf(kr_module *self, uint32_t level, const char *format,
                           ...)
{
    char line[1024];
    va_list args;
    int n;

    if (!kr_log->enabled(level))
        return;
    va_start(args, format);
    n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n < 0)
        return;
    kr_log->write(
        self, level,
        kr_str(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1));
}

#ifdef __cplusplus
}
#endif
#endif
