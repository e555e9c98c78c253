/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CORE_SERVER_HOST_FIELDS_H
#define CORE_SERVER_HOST_FIELDS_H

#include <stdint.h>

/* Turns of the loop, written by the server. */
struct turn_stats {
    uint64_t turns;
    uint64_t ticks; /* from the first event of a turn to the next wait */
    uint64_t expiry_ticks;
};
extern struct turn_stats turn_stats;

void host_fields_init(void);

#endif
