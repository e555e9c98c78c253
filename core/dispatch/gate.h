/* SPDX-License-Identifier: BSD-3-Clause */
/* gate - the host's side of <kr/gate.h>. */
#ifndef CORE_DISPATCH_GATE_H
#define CORE_DISPATCH_GATE_H

#include <kr/gate.h>

#define GATE_MAX    32
#define GATE_STAGES 8

/* Gates armed for everybody.  A call tests it with the client's own word. */
extern uint32_t gate_armed;
/* The gates of each stage. */
extern uint32_t gate_stages[GATE_STAGES];

/* Ask the armed gates of `stage` in their order until one does not pass. */
int32_t gate_ask(uint32_t stage, uint32_t armed, struct kr_call *call,
                 const struct kr_outcome *outcome);
void gate_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle(). */
void gate_settle(kr_module *module, bool good);

extern const struct kr_gates gate_interface;

#endif
