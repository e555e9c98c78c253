/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/net/slots.h"

#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"

/* So many words a client, all modules together; a client takes them when the
 * first one is set. */
#define SLOTS_MAX 16

struct kr_client_slot {
    kr_module *module; /* NULL: free */
    void (*free)(kr_client *client, void *data);
    /* Of the module's version that is made ready, if it asked `again`. */
    void (*next_free)(kr_client *client, void *data);
    bool again;
    uint32_t stamp;
    uint64_t age; /* the order in which they were asked for */
};

static struct kr_client_slot slots[SLOTS_MAX];
static uint64_t slots_made;

/* The next of the slots that the version in use has, for the one to come. */
static kr_client_slot *slots_same(const kr_module *self)
{
    kr_client_slot *same = NULL;

    for (int i = 0; self->staging && self->passes && i < SLOTS_MAX; i++) {
        kr_client_slot *slot = &slots[i];

        if (slot->module == self && slot->stamp == self->generation &&
            !slot->again && (!same || slot->age < same->age))
            same = slot;
    }
    return same;
}

kr_client_slot *slots_new(kr_module *self,
                          void (*free)(kr_client *client, void *data))
{
    kr_client_slot *same = slots_same(self);

    if (same) {
        same->again = true;
        same->next_free = free;
        return same;
    }
    for (int i = 0; i < SLOTS_MAX; i++)
        if (!slots[i].module) {
            slots[i] = (struct kr_client_slot){.module = self,
                                               .free = free,
                                               .stamp = module_stamp(self),
                                               .age = ++slots_made};
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
        kr_module *was = module_enter(slots[i].module);

        slots[i].free(client, data);
        module_leave(was);
    }
}

void slots_free(kr_client *client)
{
    for (int i = 0; i < SLOTS_MAX; i++)
        slots_free_one(client, i);
    memory_free(client->slots);
    client->slots = NULL;
}

static void slots_drop(int i)
{
    for (kr_client *c = client_first(); c; c = client_after(c))
        slots_free_one(c, i);
    slots[i].module = NULL;
}

void slots_forget(kr_module *module)
{
    for (int i = 0; i < SLOTS_MAX; i++)
        if (slots[i].module && slots[i].module == module)
            slots_drop(i);
}

void slots_settle(kr_module *module, bool good)
{
    for (int i = 0; i < SLOTS_MAX; i++) {
        kr_client_slot *slot = &slots[i];
        bool again = slot->again;

        if (!slot->module || slot->module != module)
            continue;
        slot->again = false;
        if (good && again) {
            slot->free = slot->next_free;
            slot->stamp++;
        } else if (!again && (slot->stamp == module->generation + 1) != good) {
            slots_drop(i);
        }
    }
}
