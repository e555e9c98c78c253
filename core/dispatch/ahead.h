/* SPDX-License-Identifier: BSD-3-Clause */
/* ahead - memory for the commands of a batch, before the first of them runs.
 *
 * call_prepare() has asked for the buckets of their keys.  Now the entries, and
 * then what lies behind them, as far as the commands know (kr_command->ahead),
 * step by step for all of them together. */
#ifndef CORE_DISPATCH_AHEAD_H
#define CORE_DISPATCH_AHEAD_H

#include "core/dispatch/call.h"

#define AHEAD_MAX  16   /* commands of a batch */
#define AHEAD_KEYS 128u /* hashed for them, all together */

void ahead_fetch(kr_db *db, const struct resp_args *args,
                 const struct prepared *prepared, int count);

#endif
