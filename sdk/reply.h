/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - a reply as redis-cli prints it on a terminal.  See reply.c. */
#ifndef SDK_REPLY_H
#define SDK_REPLY_H

#include "core/text/buffer.h"

#define REPLY_BROKEN     (-1)
#define REPLY_INCOMPLETE 0

/* Print the reply at the start of `bytes` to `out`; the answer is how many bytes
 * it has, or one of the above, and `out` is void. */
int64_t reply_print(struct kr_str bytes, struct buffer *out);

#endif
