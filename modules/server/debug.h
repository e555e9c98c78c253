/* SPDX-License-Identifier: BSD-3-Clause */
/* debug - the subcommands of DEBUG, by what they are about.
 *
 * Each writes one reply.  argv[1] is the subcommand; the number of words has
 * been checked against its row in debug.c. */
#ifndef SERVER_DEBUG_H
#define SERVER_DEBUG_H

#include <kr/call.h>

/* debug_crash.c */
void debug_assert(struct kr_call *call);
void debug_leak(struct kr_call *call);
void debug_oom(struct kr_call *call);
void debug_panic(struct kr_call *call);
void debug_segfault(struct kr_call *call);

/* debug_digest.c */
void debug_digest(struct kr_call *call);
void debug_digest_value(struct kr_call *call);

/* debug_keys.c */
void debug_htstats(struct kr_call *call);
void debug_htstats_key(struct kr_call *call);
void debug_layout(struct kr_call *call);
void debug_object(struct kr_call *call);
void debug_populate(struct kr_call *call);

/* debug_protocol.c */
void debug_error(struct kr_call *call);
void debug_protocol(struct kr_call *call);

/* debug_switch.c */
void debug_replybuffer(struct kr_call *call);
void debug_switch(struct kr_call *call);

/* Reply ERR DEBUG <argv[1]> is not available: <why>. */
void debug_refuse(struct kr_call *call, const char *why);

#endif
