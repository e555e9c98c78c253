/* SPDX-License-Identifier: BSD-3-Clause */
/* refusal - a sink that stands before the client's while EXEC is admitted.
 *
 *   a gate or the host says            the client reads
 *   -OOM command not allowed ...       -EXECABORT Transaction discarded because
 *                                       of: OOM command not allowed ...
 *
 * Nothing but one error is ever written to it: the handler of EXEC, once it is
 * reached, takes it away first. */
#ifndef TRANSACTIONS_REFUSAL_H
#define TRANSACTIONS_REFUSAL_H

#include <kr/reply.h>

struct refusal {
    struct kr_reply pub;
    struct kr_reply *client; /* whom it tells */
};

/* The sink to write to in place of `client`. */
struct kr_reply *refusal_before(struct refusal *refusal,
                                struct kr_reply *client);
/* What `reply` stands before, or `reply` itself if it is another sink. */
struct kr_reply *refusal_behind(struct kr_reply *reply);

/* -EXECABORT because of `reason`, an error text with its code: ERR, which says
 * nothing, is left out. */
void refusal_reply(struct kr_reply *client, struct kr_str reason);

#endif
