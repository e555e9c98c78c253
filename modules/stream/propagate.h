/* SPDX-License-Identifier: BSD-3-Clause */
/* propagate - what is journalled in place of commands whose effect depends on
 * time, or on what a group had given out: XREADGROUP, XCLAIM, XAUTOCLAIM.
 *
 * Each pending entry becomes an XCLAIM that sets its owner, time and count, and
 * the group's last id with it; it can be repeated without harm. */
#ifndef STREAM_PROPAGATE_H
#define STREAM_PROPAGATE_H

#include "value.h"

/* A group that a command works on, by the words that name it. */
struct place {
    struct kr_str key;
    struct kr_str name;
    struct stream *stream;
    struct group *group;
};

void propagate_pending(struct kr_call *call, const struct place *place,
                       const struct pending *pending);
void propagate_last_id(struct kr_call *call, const struct place *place);
void propagate_consumer(struct kr_call *call, const struct place *place,
                        struct kr_str consumer);

/* The consumer of that name, who is seen now; a new one is told of. */
struct consumer *propagate_seen(struct kr_call *call, const struct place *place,
                                struct kr_str name);

#endif
