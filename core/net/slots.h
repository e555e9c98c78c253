/* SPDX-License-Identifier: BSD-3-Clause */
/* slots - words that modules keep with each client. */
#ifndef CORE_NET_SLOTS_H
#define CORE_NET_SLOTS_H

#include <kr/client.h>

kr_client_slot *slots_new(kr_module *self,
                          void (*free)(kr_client *client, void *data));
void *slots_get(const kr_client *client, const kr_client_slot *slot);
void slots_set(kr_client *client, const kr_client_slot *slot, void *data);
/* The client goes: hand each word to its owner's free function. */
void slots_free(kr_client *client);
/* The module goes: its words in all clients are freed, its slots too. */
void slots_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle(). */
void slots_settle(kr_module *module, bool good);

#endif
