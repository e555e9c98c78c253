/* SPDX-License-Identifier: BSD-3-Clause */
/* info - what INFO shows, and what the host has counted.
 *
 * INFO is a list of sections with fields.  Anybody may provide fields for any
 * section; they are asked when somebody looks. */
#ifndef KR_INFO_H
#define KR_INFO_H

#include <kr/base.h>
#include <kr/module.h>

#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a provider writes.  field() takes the value as text. */
struct kr_info_out {
    uint32_t size;
    uint32_t reserved;
    /* A line "name:value" of INFO; nothing is kept. */
    void (*field)(struct kr_info_out *out, const char *name,
                  struct kr_str value);
    void (*field_int)(struct kr_info_out *out, const char *name, int64_t value);
    /* Only for functions of provide_sections(): begin the section `name`, one
     * of `family`.  false: nobody has asked for it; write no fields of it. */
    bool (*section)(struct kr_info_out *out, const char *family,
                    const char *name);
};

/* A field with a formatted value, of which what is too long is cut off. */
KR_PRINTF(3, 4)
static inline void kr_info_fieldf(struct kr_info_out *out, const char *name,
                                  const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0)
        n = 0;
    out->field(
        out, name,
        kr_str(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

/* A size as people say it: "1.50M". */
static inline void kr_info_human(struct kr_info_out *out, const char *name,
                                 int64_t bytes)
{
    static const char units[] = "BKMGTP";
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 2 < sizeof(units)) {
        value /= 1024;
        unit++;
    }
    kr_info_fieldf(out, name, "%.*f%c", unit ? 2 : 0, value, units[unit]);
}

typedef void (*kr_info_fn)(void *ctx, struct kr_info_out *out);

#define KR_INFO_WEAK       (1u << 0) /* only fields that nobody else has given */
#define KR_INFO_ON_REQUEST (1u << 1) /* not in the default answer */
/* Behind all others, weak ones too: for names that begin like another's, since
 * some clients take the first that does. */
#define KR_INFO_LAST (1u << 2)

/* What the host counts; read with stats(). */
struct kr_host_stats {
    uint32_t size;
    uint32_t reserved;
    uint64_t commands;
    uint64_t connections;
    uint64_t rejected_connections;
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint64_t expired_keys;
    uint64_t evicted_keys;
    uint64_t evicted_clients;
    uint64_t hits;
    uint64_t misses;
    uint64_t reads;  /* read(2) that brought something */
    uint64_t writes; /* write(2) */
    uint64_t error_replies;
    uint64_t unexpected_errors;
    uint64_t peak_memory;
    int64_t start_ms;
    double ops_per_sec;
    double input_kbps;
    double output_kbps;
};

struct kr_info {
    uint32_t size;
    uint32_t reserved;
    /* Provide fields of `section` (lower case) from create() on. */
    kr_status (*provide)(kr_module *self, const char *section, uint32_t flags,
                         kr_info_fn fn, void *ctx);
    /* All fields of a section to `out`; false: no such section.  */
    bool (*collect)(const char *section, struct kr_info_out *out);
    /* Names of the sections in their order; `flags`: KR_INFO_. */
    void (*sections)(void (*each)(void *ctx, const char *section,
                                  uint32_t flags),
                     void *ctx);
    void (*stats)(struct kr_host_stats *stats);
    /* CONFIG RESETSTAT: all counters to zero, the modules' too through the
     * event "info.reset". */
    void (*reset)(void);
    /* Error replies by their code, until `each` answers false. */
    void (*errors)(bool (*each)(void *ctx, struct kr_str code, uint64_t count),
                   void *ctx);
    /* A latency sample of `event` ("command", "expire-cycle"); kept by whoever
     * subscribes to "host.latency". */
    void (*latency)(const char *event, int64_t ms);
    /* What the host is called: its "version", the "redis-version" whose
     * commands it has, the "run-id" of forty hexadecimal digits.  To be shown
     * to people and clients; nothing to branch on.  "" when unknown. */
    const char *(*identity)(const char *which);
    /* Provide sections whose names only `fn` knows, when it is asked: it begins
     * each by out->section().  They stand behind all others, and are shown to
     * who asks for one of them, for its family, for those of modules or for
     * everything.  From create() on. */
    kr_status (*provide_sections)(kr_module *self, kr_info_fn fn, void *ctx);
    /* All such sections to `out`, whose section() chooses.  O(their fields). */
    void (*collect_sections)(struct kr_info_out *out);
};
KR_INTERFACE(kr_info, "kr.info/1");

#define KR_EVENT_INFO_RESET "info.reset"   /* no payload */
#define KR_EVENT_LATENCY    "host.latency" /* kr_latency_event */

/* Something called `event` ("fork", "command") has taken `ms` milliseconds. */
struct kr_latency_event {
    uint32_t size;
    uint32_t reserved;
    const char *event;
    int64_t ms;
};

#ifdef __cplusplus
}
#endif
#endif
