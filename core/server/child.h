/* SPDX-License-Identifier: BSD-3-Clause */
/* child - one forked process at a time, for the whole server.
 *
 * What the child tells while it works stands on a page that both share:
 *
 *     server reads  <---  keys, keys_total, copied  <---  child writes
 *
 * The end comes by SIGCHLD through the loop, and only our own child is waited
 * for: modules may have processes of theirs. */
#ifndef CORE_SERVER_CHILD_H
#define CORE_SERVER_CHILD_H

#include <kr/child.h>

struct child_figures {
    uint64_t forks;
    int64_t fork_usec; /* of the last one */
    double fork_rate;  /* GiB of resident memory a second */
    /* Of the child that is there; all 0 without one. */
    uint64_t keys, keys_total;
    uint64_t copied, copied_peak;
    int64_t copied_age_sec;
};

void child_init(void);
/* At the end: the child is ended, done() is not called. */
void child_fini(void);
/* CONFIG RESETSTAT. */
void child_reset_stats(void);
void child_figures(struct child_figures *figures);
/* A module has gone, and its child with it. */
void child_forget(kr_module *module);
/* An upgrade: see rack_on_carry(). */
struct carry;
bool child_carry(kr_module *module, const struct carry *carry, bool really);

extern const struct kr_children child_interface;

#endif
