/* SPDX-License-Identifier: BSD-3-Clause */
/* client - what guests learn of clients: client.c. */
#ifndef REDISABI_CLIENT_H
#define REDISABI_CLIENT_H

#include "context.h"

/* All of `info` but its version. */
KR_HIDDEN void client_fill_info(const kr_client *client,
                                RedisModuleClientInfo *info);

#endif
