/* SPDX-License-Identifier: BSD-3-Clause */
/* latency - how long the calls of a command take, as a histogram.
 *
 * Buckets grow with the value, sixteen to each power of two, so that a
 * percentile is right within 6 %:
 *
 *     ns:  0 1 2 ... 15 | 16 17 ... 31 | 32 34 ... 62 | 64 68 ... | ...
 *
 * 2.4 KiB a command, taken at its first call; adding costs 2 ns. */
#ifndef CORE_DISPATCH_LATENCY_H
#define CORE_DISPATCH_LATENCY_H

#include "core/dispatch/command.h"

/* latency-tracking */
extern bool latency_enabled;

void latency_add(struct kr_cmd *command, uint64_t ticks);
void latency_reset(struct kr_cmd *command);
void latency_free(struct kr_cmd *command);
uint64_t latency_percentile(const kr_cmd *command, double p);
uint64_t latency_histogram(const kr_cmd *command, uint64_t *at_most,
                           uint32_t room);

#endif
