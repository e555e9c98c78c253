/* SPDX-License-Identifier: BSD-3-Clause */
/* latency - how long things took that took long, by the name of the event.
 *
 * An event keeps its last 160 samples, at most one a second (the worst of it),
 * in a ring; `next` is where the next one goes, and also the oldest:
 *
 *      next
 *       v
 *   +---+---+---+- - -+---+---+
 *   | c | d | - |     | a | b |      a sample whose time is 0 is not there
 *   +---+---+---+- - -+---+---+
 *
 * Events come from the calls ("command", "fast-command") and from whoever says
 * kr_info->latency(): there are a dozen, so they are a list. */
#ifndef SERVER_LATENCY_H
#define SERVER_LATENCY_H

#include <kr/base.h>

struct server;
struct kr_slow_event;

#define LATENCY_SAMPLES 160

struct latency_sample {
    int64_t time_sec; /* since 1970; 0: none */
    int64_t ms;
};

struct latency_event {
    struct latency_event *next;
    char *name;
    uint32_t at;      /* where the next sample goes */
    int64_t worst_ms; /* since the last reset */
    struct latency_sample samples[LATENCY_SAMPLES];
};

struct latency {
    struct latency_event *events; /* in the order of their first sample */
};

/* Parameter, written by the host: ms from which an event is kept, 0: never. */
extern int64_t latency_threshold;

/* From how many ns on the monitor wants to know of a call. */
uint64_t latency_limit(void);

/* Hear of what others have measured, as long as the threshold asks for it: for
 * nobody they do not measure. */
void latency_listen(struct server *server);
void latency_fini(struct server *server);

/* A call was slow for somebody; keep a sample if it was for us. */
void latency_note_call(struct server *server,
                       const struct kr_slow_event *event);

struct latency_event *latency_find(const struct server *server,
                                   struct kr_str name);

/* Sample `i` of an event, the oldest first, i < LATENCY_SAMPLES. */
static inline const struct latency_sample *
latency_sample(const struct latency_event *event, uint32_t i)
{
    return &event->samples[(event->at + i) % LATENCY_SAMPLES];
}

static inline const struct latency_sample *
latency_last(const struct latency_event *event)
{
    return latency_sample(event, LATENCY_SAMPLES - 1);
}

#endif
