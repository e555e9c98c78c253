/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - a reply as redis-cli prints it on a terminal.  See reply.c. */
#ifndef SDK_REPLY_H
#define SDK_REPLY_H

#include "core/text/buffer.h"
#include "sdk/answer.h"

/* Print `reply` to `out`, which ends in a newline then. */
void reply_print(const struct answer *reply, struct buffer *out);

#endif
