/* SPDX-License-Identifier: BSD-3-Clause */
/* denied - what a guest may not use: module-deny, see KR_LOADER_JUDGES.
 *
 * A guest asks for every function of its header at its load, most of which it
 * never calls, so what it asks for says nothing.  Nor can a pointer be left NULL:
 * who does not look crashes.  So it gets all of them, and one that rests on an
 * interface that it is denied answers an error, as its contract has one.  That is
 * done where every function of an interface has such an answer and guests look at
 * it; keys, memory, replies, clients that wait, timers are none of these, and a
 * guest that is denied what they rest on is refused at its load. */
#ifndef REDISABI_DENIED_H
#define REDISABI_DENIED_H

#include "guest.h"

/* Each rests on the interface of that name. */
enum lent {
    LENT_CALLS,
    LENT_COMMANDS,
    LENT_CONFIG,
    LENT_EVENTS,
    LENT_FILES,
    LENT_GATES,
    LENT_INFO,
    LENT_PUBSUB,
    LENT_SNAPSHOT,
    LENT_TYPES,
    LENT_COUNT
};

/* Is the guest denied what the function ("CreateDataType") rests on?  The log and,
 * if it is being loaded, the error of that say so.  NULL: whose code it is nobody
 * knows. */
KR_HIDDEN bool guest_is_denied(struct guest *guest, enum lent what,
                               const char *function);
/* It has its name.  false: it is denied what no guest can do without; its refusal
 * says what. */
KR_HIDDEN bool guest_may_be_hosted(struct guest *guest);
/* struct kr_child.uses */
KR_HIDDEN bool guest_uses(kr_module *child, void *state, const char *id);

#endif
