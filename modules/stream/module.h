/* SPDX-License-Identifier: BSD-3-Clause */
/* module - what all of the module's files have in common: its handle, its slot
 * and its parameters, which the host writes, and where memory comes from. */
#ifndef STREAM_MODULE_H
#define STREAM_MODULE_H

#include <kr/call.h>
#include <kr/module.h>

#include "../structure/host.h"

extern kr_module *stream_self;
extern uint16_t stream_type;

extern int64_t stream_node_max_bytes;   /* 0: no limit */
extern int64_t stream_node_max_entries; /* 0: no limit */

extern const struct structure_host stream_host;

/* Called later for work under way: the descriptor names them, so that the
 * module's next version can go on with it. */
bool read_wake(struct kr_call *call, uint32_t why, struct kr_str key,
               void *ctx);
void read_wait_free(void *ctx);
void value_waste_work(void *ctx);
void value_waste_done(void *ctx);
void value_group_work(void *ctx);
void value_group_done(void *ctx);

#endif
