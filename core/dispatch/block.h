/* SPDX-License-Identifier: BSD-3-Clause */
/* block - parked calls: who waits for which key, and in which order. */
#ifndef CORE_DISPATCH_BLOCK_H
#define CORE_DISPATCH_BLOCK_H

#include <kr/block.h>

struct parked;

void block_init(void);

/* Keys have become ready: block_serve() has something to do. */
extern bool block_has_ready;

/* Wake, first come first served, those whose keys are ready.  Between calls. */
void block_serve(void);
/* A pause is over: wake whom it has kept from being woken. */
void block_unpause(void);
/* The client's parked call has used so much time. */
void block_spend(kr_client *client, uint64_t ticks);
/* The client goes: its parked call ends without a reply. */
void block_forget_client(kr_client *client);
/* Errors for all calls parked by a module that is unloaded. */
void block_forget(kr_module *module);
/* An upgrade: see rack_on_carry(). */
struct carry;
bool block_carry(kr_module *module, const struct carry *carry, bool really);
uint64_t block_key_count(void);

extern const struct kr_block block_interface;

#endif
