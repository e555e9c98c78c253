/* SPDX-License-Identifier: BSD-3-Clause */
/* batch - the commands that a client has sent together.
 *
 * For each one its key is hashed and the table's bucket asked for, then the
 * entries and what lies behind them, and only then do they run: the cache misses
 * of all have been waited for together. */
#ifndef CORE_DISPATCH_BATCH_H
#define CORE_DISPATCH_BATCH_H

#include "core/net/client.h"

/* For client_hooks. */
int batch_run(kr_client *client, const struct resp_args *args, int count);

#endif
