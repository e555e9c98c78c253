/* SPDX-License-Identifier: BSD-3-Clause */
/* transport - another way to reach a client: TLS, a pipe, memory.
 *
 * The host listens on TCP and unix sockets by itself.  A module that accepts
 * connections in its own way (kr_loop->watch() on a listening socket, say)
 * hands each one over as a client, with functions through which its bytes
 * pass.  From then on it is a client like any other: limits, CLIENT LIST,
 * events, everything. */
#ifndef KR_TRANSPORT_H
#define KR_TRANSPORT_H

#include <kr/base.h>
#include <kr/client.h>
#include <kr/loop.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All are called on the main thread and must not block.  None of them may close
 * the client or run a command. */
struct kr_transport_ops {
    uint32_t size;
    uint32_t reserved;
    /* Read at most `room` bytes.  0: the peer has closed; below 0: -EAGAIN when
     * there is nothing now, or another negative errno, after which the client
     * is closed. */
    int64_t (*read)(void *ctx, void *bytes, size_t room);
    /* Write of the pieces, in their order, as much as goes.  The answer as for
     * read(); the pieces are borrowed until it returns. */
    int64_t (*write)(void *ctx, const struct kr_str *pieces, uint32_t count);
    /* Has the transport bytes that its descriptor does not tell of (a TLS
     * record half read)?  NULL: never. */
    bool (*pending)(void *ctx);
    /* The peer's address, or ours, for CLIENT LIST: at most `room` bytes, the
     * answer is how many.  NULL: that of the descriptor. */
    size_t (*address)(void *ctx, bool local, char *text, size_t room);
    /* The client is gone; the descriptor is the module's again. */
    void (*close)(void *ctx);
};

struct kr_transports {
    uint32_t size;
    uint32_t reserved;
    /* Make a client.  `fd`: whose readiness drives it, non-blocking, the
     * module's to close in close(); -1: there is none, ready() tells.  `flags`:
     * KR_CLIENT_UNIX, KR_CLIENT_LOCAL, KR_CLIENT_TLS.  NULL: refused (maxclients,
     * memory); close() has then not been called.  `ops` is constant.  While a
     * client of it is connected the module cannot be unloaded. */
    kr_client *(*adopt)(kr_module *self, int fd, uint32_t flags,
                        const struct kr_transport_ops *ops, void *ctx);
    /* Reading (KR_READABLE) or writing (KR_WRITABLE) is worth a try: it happens
     * before the loop waits again. */
    void (*ready)(kr_client *client, uint32_t events);
};
KR_INTERFACE(kr_transports, "kr.transports/1");

#ifdef __cplusplus
}
#endif
#endif
