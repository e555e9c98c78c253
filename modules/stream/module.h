/* SPDX-License-Identifier: BSD-3-Clause */
/* module - what all of the module's files have in common: its handle, its slot
 * and its parameters, which the host writes, and where memory comes from. */
#ifndef STREAM_MODULE_H
#define STREAM_MODULE_H

#include <kr/module.h>

#include "../structure/host.h"

extern kr_module *stream_self;
extern uint16_t stream_type;

extern int64_t stream_node_max_bytes;   /* 0: no limit */
extern int64_t stream_node_max_entries; /* 0: no limit */

extern const struct structure_host stream_host;

#endif
