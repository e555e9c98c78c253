/* SPDX-License-Identifier: BSD-3-Clause */
/* block - parked calls: who waits for which key, and in which order. */
#ifndef CORE_DISPATCH_BLOCK_H
#define CORE_DISPATCH_BLOCK_H

#include <kr/block.h>

struct parked;

/* Keys have become ready: block_serve() has something to do. */
extern bool block_has_ready;

/* Wake, first come first served, those whose keys are ready.  Between calls. */
void block_serve(void);
/* The client goes: its parked call ends without a reply. */
void block_abandon(struct parked *parked);
/* A key has gone or been replaced: wake those who asked for that. */
void block_key_gone(kr_db *db, struct kr_str key);
/* Errors for all calls parked by a module that is unloaded. */
void block_forget(kr_module *module);
/* Where a database's contents have been exchanged, all its keys may be ready. */
void block_db_swapped(kr_db *db);
uint64_t block_key_count(void);

extern const struct kr_block block_interface;

#endif
