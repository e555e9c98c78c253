/* SPDX-License-Identifier: BSD-3-Clause */
/* connect - the few system calls that load and probe share. */
#ifndef BENCH_CONNECT_H
#define BENCH_CONNECT_H

#include <stdint.h>

/* A connected TCP socket with TCP_NODELAY, still blocking.  A failure ends the
 * program with status 2 and a message: there is nothing to measure then. */
int connect_tcp(const char *host, uint16_t port);

/* Send PING and wait for +PONG.  A server accepts in order, so this is also
 * proof that every earlier connection has been accepted.  Ends the program as
 * connect_tcp() does if the answer is another. */
void connect_ping(int fd);

/* The monotonic clock. */
uint64_t connect_now_ns(void);

#endif
