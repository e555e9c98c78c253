/* SPDX-License-Identifier: BSD-3-Clause */
/* prepare - what EVAL and FCALL look at before a script runs. */
#ifndef SCRIPTING_PREPARE_H
#define SCRIPTING_PREPARE_H

#include "../lua/run.h"

/* The number of keys, argument 2; false: replied, with `error` if it is no
 * number. */
bool prepare_keys(struct kr_call *call, const char *error, uint32_t *keys);
/* What a command of the flags `acts` (KR_CMD_) does when it runs a script that
 * has declared `flags` (SCRIPT_).  O(1). */
uint64_t prepare_acts(uint64_t acts, uint32_t flags);
/* May it run, by the flags (SCRIPT_) that it has declared?  Sets run->flags;
 * false: replied. */
bool prepare_run(struct run *run, uint32_t flags, bool read_only);

#endif
