/* SPDX-License-Identifier: BSD-3-Clause */
/* cluster - what a server answers that is in no cluster. */
#include "context.h"

void rm_RegisterClusterMessageReceiver(RedisModuleCtx *ctx, uint8_t type,
                                       RedisModuleClusterMessageReceiver run)
{
    (void)ctx;
    (void)type;
    (void)run; /* no message comes */
}

int rm_SendClusterMessage(RedisModuleCtx *ctx, const char *target, uint8_t type,
                          const char *message, uint32_t size)
{
    (void)ctx;
    (void)target;
    (void)type;
    (void)message;
    (void)size;
    return REDISMODULE_ERR;
}

char **rm_GetClusterNodesList(RedisModuleCtx *ctx, size_t *count)
{
    (void)ctx;
    *count = 0;
    return NULL;
}

void rm_FreeClusterNodesList(char **ids)
{
    (void)ids;
}

int rm_GetClusterNodeInfo(RedisModuleCtx *ctx, const char *id, char *ip,
                          char *primary, int *port, int *flags)
{
    (void)ctx;
    (void)id;
    (void)ip;
    (void)primary;
    (void)port;
    (void)flags;
    return REDISMODULE_ERR;
}

const char *rm_GetMyClusterID(void)
{
    return NULL;
}

size_t rm_GetClusterSize(void)
{
    return 0;
}

void rm_SetClusterFlags(RedisModuleCtx *ctx, uint64_t flags)
{
    (void)ctx;
    (void)flags;
}

/* A key's slot is what it is, in a cluster or not. */
unsigned int rm_ClusterKeySlot(RedisModuleString *key)
{
    size_t size;
    const char *bytes = rm_StringPtrLen(key, &size);

    return kr_text->key_slot(kr_str(bytes, size));
}
