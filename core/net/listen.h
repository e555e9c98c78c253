/* SPDX-License-Identifier: BSD-3-Clause */
/* listen - sockets on which clients arrive. */
#ifndef CORE_NET_LISTEN_H
#define CORE_NET_LISTEN_H

#include <kr/base.h>

struct listen_settings {
    int64_t port;      /* 0: no TCP */
    const char *binds; /* addresses, separated by spaces; "-" before one: its
                        * absence is no error; "*": all, "::*": all of IPv6 */
    int64_t backlog;
    const char *unix_path; /* empty: none */
    int64_t unix_mode;     /* permissions, 0: as umask has it */
};
extern struct listen_settings listen_settings;

/* Open everything; false: nothing is open, `error` says what failed. */
bool listen_open(char *error, size_t size);
/* Again with changed settings.  What is open is closed first, since a port can
 * only be bound again then: if it fails nothing is, and whoever asked opens with
 * the old settings again. */
bool listen_reopen(char *error, size_t size);
void listen_close(void);

#endif
