/* SPDX-License-Identifier: BSD-3-Clause */
/* redact - words of a command that no log and no monitor may show. */
#ifndef SERVER_REDACT_H
#define SERVER_REDACT_H

#include <kr/call.h>

#define REDACTED "(redacted)" /* what is shown in their place */

/* Is argv[i] a secret?  O(i) for the few commands that have secrets. */
bool redact_hides(const struct kr_call *call, uint32_t i);

#endif
