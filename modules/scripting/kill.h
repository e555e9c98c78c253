/* SPDX-License-Identifier: BSD-3-Clause */
/* kill - SCRIPT KILL and FUNCTION KILL, and what else they can end. */
#ifndef SCRIPTING_KILL_H
#define SCRIPTING_KILL_H

#include "scripting.h"

/* End all that runs, scripts and what other modules have told of, or say why
 * not: replies. */
void kill_all(struct scripting *state, struct kr_call *call, bool function);

/* What is offered: kr/scripts.h. */
extern const struct kr_scripts kill_offer;

#endif
