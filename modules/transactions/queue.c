/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue.h"

#include <kr/command.h>
#include <kr/memory.h>

static struct queued *queued_new(kr_module *self, const struct kr_call *call)
{
    size_t size = sizeof(struct queued) + call->argc * sizeof(struct kr_str);
    struct queued *queued;
    char *at;

    for (uint32_t i = 0; i < call->argc; i++)
        size += call->argv[i].size;
    queued = kr_memory->try_alloc(self, size);
    if (!queued)
        return NULL;
    queued->next = NULL;
    queued->command = call->command;
    queued->argc = call->argc;
    at = (char *)&queued->argv[call->argc];
    for (uint32_t i = 0; i < call->argc; i++) {
        struct kr_str word = call->argv[i];

        if (word.size > 0)
            memcpy(at, word.data, word.size);
        queued->argv[i] = kr_str(at, word.size);
        at += word.size;
    }
    return queued;
}

bool queue_add(kr_module *self, struct queue *queue, const struct kr_call *call,
               uint64_t acts)
{
    struct queued *queued = queued_new(self, call);
    size_t bytes;

    if (!queued)
        return false;
    if (queue->last)
        queue->last->next = queued;
    else
        queue->first = queued;
    queue->last = queued;
    queue->count++;
    queue->flags |= acts;
    bytes = kr_memory->usable(queued);
    queue->bytes += bytes;
    kr_clients->charge(call->client, (int64_t)bytes);
    return true;
}

void queue_clear(kr_module *self, struct queue *queue, kr_client *client)
{
    struct queued *next;

    for (struct queued *queued = queue->first; queued; queued = next) {
        next = queued->next;
        kr_memory->free(self, queued);
    }
    kr_clients->charge(client, -(int64_t)queue->bytes);
    *queue = (struct queue){0};
}
