/* SPDX-License-Identifier: BSD-3-Clause */
/* journal - effects of writes, gathered during a call, delivered at its end. */
#ifndef CORE_DISPATCH_JOURNAL_H
#define CORE_DISPATCH_JOURNAL_H

#include "core/dispatch/call.h"

/* Targets that somebody reads; 0: effects are not even gathered. */
extern uint32_t journal_armed;

/* A call has ended: its effect joins the unit. */
void journal_call(struct call *call, bool changed);
/* The host has removed a key by itself. */
void journal_removed(kr_db *db, struct kr_str key, bool lazily);
/* Hand the unit to the readers. */
void journal_deliver(void);
void journal_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle(). */
void journal_settle(kr_module *module, bool good);
/* The client goes: effects of its doing name nobody. */
void journal_forget_client(const kr_client *client);

extern const struct kr_journal journal_interface;

#endif
