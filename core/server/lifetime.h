/* SPDX-License-Identifier: BSD-3-Clause */
/* lifetime - from signals and SHUTDOWN to the end; and long work in between.
 *
 * The end is asked for, then taken between two turns of the loop: modules may
 * object (a file that cannot be saved) unless it is forced. */
#ifndef CORE_SERVER_LIFETIME_H
#define CORE_SERVER_LIFETIME_H

#include <kr/loop.h>

void lifetime_init(void);
void lifetime_fini(void);

/* kr_loop's functions of the same names. */
kr_status lifetime_shutdown(uint32_t flags);
bool lifetime_cancel_shutdown(void);
bool lifetime_yield(kr_module *self, uint64_t budget_us, const char *text);

/* End the server if a signal has asked for that, unless time stands still (DEBUG
 * PAUSE-CRON): then SHUTDOWN ABORT can still take it back. */
void lifetime_obey(void);

/* Let the loop run for about `budget_us`, at least once; who may do what is the
 * caller's to arrange.  false: not possible here, see kr_loop->yield(). */
bool lifetime_serve(uint64_t budget_us);

/* Between turns: is it time to end? */
bool lifetime_is_over(void);

#endif
