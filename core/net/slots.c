/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/net/slots.h"

#include "core/memory/memory.h"
#include "core/net/client.h"
#include "core/rack/rack.h"

/* So many words a client, all modules together; a client takes them when the
 * first one is set. */
#define SLOTS_MAX 16

struct kr_client_slot {
    kr_module *module; /* NULL: free */
    void (*free)(kr_client *client, void *data);
};

static struct kr_client_slot slots[SLOTS_MAX];

kr_client_slot *slots_new(kr_module *self,
                          void (*free)(kr_client *client, void *data))
{
    for (int i = 0; i < SLOTS_MAX; i++)
        if (!slots[i].module) {
            slots[i] = (struct kr_client_slot){.module = self, .free = free};
            return &slots[i];
        }
    return NULL;
}

void *slots_get(const kr_client *client, const kr_client_slot *slot)
{
    return client->slots ? client->slots[slot - slots] : NULL;
}

void slots_set(kr_client *client, const kr_client_slot *slot, void *data)
{
    if (!client->slots) {
        if (!data)
            return;
        client->slots = memory_calloc(SLOTS_MAX, sizeof(void *));
    }
    client->slots[slot - slots] = data;
}

static void slots_free_one(kr_client *client, int i)
{
    void *data = client->slots ? client->slots[i] : NULL;

    if (!data)
        return;
    client->slots[i] = NULL;
    if (slots[i].free) {
        kr_module *was = rack_enter(slots[i].module);

        slots[i].free(client, data);
        rack_leave(was);
    }
}

void slots_free(kr_client *client)
{
    for (int i = 0; i < SLOTS_MAX; i++)
        slots_free_one(client, i);
    memory_free(client->slots);
    client->slots = NULL;
}

void slots_forget(kr_module *module)
{
    for (int i = 0; i < SLOTS_MAX; i++) {
        if (!slots[i].module || slots[i].module != module)
            continue;
        for (kr_client *c = client_first(); c; c = client_after(c))
            slots_free_one(c, i);
        slots[i].module = NULL;
    }
}
