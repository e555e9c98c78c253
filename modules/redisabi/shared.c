/* SPDX-License-Identifier: BSD-3-Clause */
/* shared - functions that guests lend each other, by name. */
#include "context.h"

struct shared {
    struct shared *next;
    struct guest *guest;
    void *function;
    char name[];
};

static struct shared **shared_find(const char *name)
{
    struct shared **at = &house()->shared;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

int rm_ExportSharedAPI(RedisModuleCtx *ctx, const char *name, void *function)
{
    struct shared **at = shared_find(name);
    size_t size = strlen(name) + 1;

    if (*at)
        return REDISMODULE_ERR;
    *at = kr_memory->calloc(redisabi_self, 1, sizeof(**at) + size);
    (*at)->guest = ctx->guest;
    (*at)->function = function;
    memcpy((*at)->name, name, size);
    return REDISMODULE_OK;
}

/* NULL: nobody lends it (yet).  Who has asked must not use it once its owner is
 * unloaded. */
void *rm_GetSharedAPI(RedisModuleCtx *ctx, const char *name)
{
    struct shared *shared = *shared_find(name);

    (void)ctx;
    return shared ? shared->function : NULL;
}

void shared_forget(struct guest *guest)
{
    struct shared **at = &house()->shared;

    while (*at) {
        struct shared *shared = *at;

        if (shared->guest != guest) {
            at = &shared->next;
            continue;
        }
        *at = shared->next;
        kr_memory->free(redisabi_self, shared);
    }
}
