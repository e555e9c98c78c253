/* SPDX-License-Identifier: BSD-3-Clause */
/* census - which threads the process had at some time. */
#ifndef REDISABI_CENSUS_H
#define REDISABI_CENSUS_H

#include "guest.h"

struct census;

/* Those that there are now; NULL: they cannot be told.  O(threads). */
KR_HIDDEN struct census *census_take(void);
KR_HIDDEN void census_free(struct census *census);

/* Have threads begun since then that are there yet?  Not those of the server's
 * own jobs.  NULL: maybe so, and true. */
KR_HIDDEN bool census_has_grown(const struct census *census);

#endif
