/* SPDX-License-Identifier: BSD-3-Clause */
/* jobs - work on another thread, with its end on the main one.
 *
 * One thread, begun with the first job, takes them in order: it frees large
 * values, writes files, and runs what modules hand out.  `done` arrives on the
 * main thread as a post. */
#ifndef CORE_LOOP_JOBS_H
#define CORE_LOOP_JOBS_H

#include <kr/loop.h>

kr_job *jobs_add(kr_module *self, void (*work)(void *ctx),
                 void (*done)(void *ctx), void *ctx);
bool jobs_cancel(kr_job *job);
/* An upgrade: see rack_on_carry(). */
struct carry;
bool jobs_carry(kr_module *module, const struct carry *carry, bool really);
/* Jobs not yet done.  [main] */
uint64_t jobs_pending(void);
/* The name of the module whose job runs, or NULL.  For the crash report:
 * async-signal-safe. [any] */
const char *jobs_blame(void);
/* Finish what is queued, then end the thread. */
void jobs_fini(void);

#endif
