/* SPDX-License-Identifier: BSD-3-Clause */
/* push - messages that a muted output lets through.  See push.c. */
#ifndef CORE_NET_PUSH_H
#define CORE_NET_PUSH_H

#include "core/net/output.h"

/* A push of `count` elements begins on a muted output. */
void push_begin(struct output *output, uint64_t count);

#endif
