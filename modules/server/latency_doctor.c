/* SPDX-License-Identifier: BSD-3-Clause */
/* latency_doctor - LATENCY DOCTOR: what the samples say, and what to try. */
#include "server.h"

#include "commands.h"
#include "page.h"

#include <inttypes.h>
#include <stdlib.h>

struct doctor_figures {
    uint32_t samples;
    double average_ms;
    double deviation_ms; /* mean absolute */
    double apart_sec;    /* mean time between two samples */
};

static void doctor_measure(const struct latency_event *e,
                           struct doctor_figures *f)
{
    int64_t first_sec = 0, last_sec = 0;
    double sum = 0, off = 0;

    f->samples = 0;
    for (uint32_t i = 0; i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *s = latency_sample(e, i);

        if (s->time_sec == 0)
            continue;
        if (f->samples++ == 0)
            first_sec = s->time_sec;
        last_sec = s->time_sec;
        sum += (double)s->ms;
    }
    f->average_ms = f->samples > 0 ? sum / f->samples : 0;
    for (uint32_t i = 0; i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *s = latency_sample(e, i);
        double d = (double)s->ms - f->average_ms;

        if (s->time_sec != 0)
            off += d < 0 ? -d : d;
    }
    f->deviation_ms = f->samples > 0 ? off / f->samples : 0;
    f->apart_sec =
        f->samples > 1 ? (double)(last_sec - first_sec) / (f->samples - 1) : 0;
}

/* What helps against slow events of that name. */
static const char *doctor_advice(const char *name)
{
    static const struct {
        const char *prefix;
        const char *advice;
    } table[] = {
        {"command", "Look at SLOWLOG GET for the commands behind it: one that "
                    "visits many elements keeps all other clients waiting."},
        {"fast-command",
         "Commands that are always quick were held up, so look outside: "
         "another process that takes the CPU, swapping, a slow host."},
        {"fork", "A fork takes long where memory is large or virtualised."},
        {"aof-", "The disk is slow to take the append-only file: try "
                 "appendfsync everysec, or no-appendfsync-on-rewrite."},
        {"rdb-", "Writing the snapshot keeps the disk busy."},
        {"expire-", "Many keys expire in the same moment: spread their times."},
        {"eviction-", "Memory is at maxmemory: evict less at a time, or give "
                      "the server more."},
        {"active-defrag", "Lower active-defrag-cycle-max."},
    };
    const char *advice = NULL;

    for (size_t i = 0; i < KR_COUNT(table) && !advice; i++)
        if (strncmp(name, table[i].prefix, strlen(table[i].prefix)) == 0)
            advice = table[i].advice;
    return advice;
}

static void doctor_describe(struct page *page, const struct latency_event *e,
                            unsigned number)
{
    const char *advice = doctor_advice(e->name);
    struct doctor_figures f;

    doctor_measure(e, &f);
    page_addf(page,
              "%u. %s: %u samples, %.0f ms on average (mean deviation %.0f ms, "
              "one in %.2f seconds), the worst of all %" PRId64 " ms.\n",
              number, e->name, f.samples, f.average_ms, f.deviation_ms,
              f.apart_sec, e->worst_ms);
    if (advice)
        page_addf(page, "   %s\n", advice);
}

void server_latency_doctor(struct kr_call *call)
{
    struct server *server = server_of(call);
    struct page page = {.self = server->self};
    unsigned count = 0;

    for (const struct latency_event *e = server->latency.events; e; e = e->next)
        doctor_describe(&page, e, ++count);
    if (count == 0 && latency_threshold == 0)
        page_add(&page, KR_STR("Latency is not watched at present. CONFIG SET "
                               "latency-monitor-threshold <milliseconds> "
                               "starts it.\n"));
    else if (count == 0)
        page_addf(&page,
                  "Nothing has taken %" PRId64 " ms or more since the last "
                  "reset. All is well.\n",
                  latency_threshold);
    call->reply->ops->verbatim(call->reply, "txt", page_text(&page));
    page_free(&page);
}
