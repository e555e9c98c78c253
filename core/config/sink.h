/* SPDX-License-Identifier: BSD-3-Clause */
/* sink - where a SPECIAL parameter prints itself: plain text, one value.
 *
 * raw(), bulk() and the numbers append; status() appends a line. */
#ifndef CORE_CONFIG_SINK_H
#define CORE_CONFIG_SINK_H

#include "core/text/buffer.h"

#include <kr/reply.h>

struct sink {
    struct kr_reply reply; /* first: what the printer gets */
    struct buffer text;
};

void sink_init(struct sink *sink);
void sink_fini(struct sink *sink);

#endif
