/* SPDX-License-Identifier: BSD-3-Clause */
/* wire - how a client's bytes come and go: its socket, or the functions of a
 * module (<kr/transport.h>).
 *
 * Results are those of the system calls: -1 and errno. */
#ifndef CORE_NET_WIRE_H
#define CORE_NET_WIRE_H

#include "core/net/client.h"

#include <kr/transport.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A client of a module's transport. */
struct wire {
    kr_module *module;
    const struct kr_transport_ops *ops;
    void *ctx;
};

ssize_t wire_read(struct kr_client *client, void *bytes, size_t room);
/* Into two pieces, the first one first. */
ssize_t wire_read_two(struct kr_client *client, const struct iovec pieces[2]);
ssize_t wire_write(struct kr_client *client, const struct iovec *pieces,
                   int count);
/* Are there bytes that the descriptor does not tell of? */
bool wire_has_more(const struct kr_client *client);
/* The address from the transport; 0: it has none of its own. */
size_t wire_address(const struct kr_client *client, bool local, char *text,
                    size_t room);
void wire_close(struct kr_client *client);
/* An upgrade: see rack_on_carry(). */
struct carry;
bool wire_carry(kr_module *module, const struct carry *carry, bool really);

extern const struct kr_transports transport_interface;

#endif
