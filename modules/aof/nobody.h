/* SPDX-License-Identifier: BSD-3-Clause */
/* nobody - the sink of commands that are run again: it counts errors.
 *
 * A log holds what has succeeded once.  An error means that it was written by
 * another server or is not what it was, which the operator should know. */
#ifndef AOF_NOBODY_H
#define AOF_NOBODY_H

#include <kr/module.h>
#include <kr/reply.h>

struct nobody {
    struct kr_reply reply; /* first: a sink is its struct */
    uint32_t errors;
    char first[256]; /* of them */
};

void nobody_init(struct nobody *nobody);
/* Log the errors since the last time. */
void nobody_report(struct nobody *nobody, kr_module *self);

#endif
