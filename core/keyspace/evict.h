/* SPDX-License-Identifier: BSD-3-Clause */
/* evict - choosing keys to give up when memory is short; the entry is
 * keyspace_make_room(). */
#ifndef CORE_KEYSPACE_EVICT_H
#define CORE_KEYSPACE_EVICT_H

#include <stdint.h>

/* How long one call may evict, in us, for a tenacity of 0 to 100. */
uint64_t evict_limit_us(int64_t tenacity);

/* Forget the candidates. */
void evict_fini(void);

#endif
