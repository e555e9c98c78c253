/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/net/wire.h"

#include "core/memory/memory.h"
#include "core/module/carry.h"
#include "core/module/module.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES_MAX 64

/* --- A module's transport ------------------------------------------------ */

static ssize_t wire_result(int64_t n)
{
    if (n >= 0)
        return (ssize_t)n;
    errno = (int)-n;
    return -1;
}

static ssize_t wire_module_read(const struct wire *wire, void *bytes,
                                size_t room)
{
    kr_module *was = module_enter(wire->module);
    int64_t n = wire->ops->read(wire->ctx, bytes, room);

    module_leave(was);
    return wire_result(n);
}

static ssize_t wire_module_write(const struct wire *wire,
                                 const struct iovec *pieces, int count)
{
    struct kr_str views[PIECES_MAX];
    kr_module *was;
    int64_t n;

    if (count > PIECES_MAX)
        count = PIECES_MAX;
    for (int i = 0; i < count; i++)
        views[i] = kr_str(pieces[i].iov_base, pieces[i].iov_len);
    was = module_enter(wire->module);
    n = wire->ops->write(wire->ctx, views, (uint32_t)count);
    module_leave(was);
    return wire_result(n);
}

/* --- Either -------------------------------------------------------------- */

/* send() and recv() have less to pass through than write() and read(): they
 * know that it is a socket. */
ssize_t wire_read(struct kr_client *client, void *bytes, size_t room)
{
    if (KR_UNLIKELY(client->wire != NULL))
        return wire_module_read(client->wire, bytes, room);
    return recv(client->fd, bytes, room, 0);
}

ssize_t wire_read_two(struct kr_client *client, const struct iovec pieces[2])
{
    if (KR_UNLIKELY(client->wire != NULL))
        return wire_module_read(client->wire, pieces[0].iov_base,
                                pieces[0].iov_len);
    return readv(client->fd, pieces, 2);
}

ssize_t wire_write(struct kr_client *client, const struct iovec *pieces,
                   int count)
{
    if (KR_UNLIKELY(client->wire != NULL))
        return wire_module_write(client->wire, pieces, count);
    if (count == 1)
        return send(client->fd, pieces[0].iov_base, pieces[0].iov_len,
                    MSG_NOSIGNAL);
    return writev(client->fd, pieces, count);
}

bool wire_has_more(const struct kr_client *client)
{
    const struct wire *wire = client->wire;

    return wire && wire->ops->pending && wire->ops->pending(wire->ctx);
}

size_t wire_address(const struct kr_client *client, bool local, char *text,
                    size_t room)
{
    const struct wire *wire = client->wire;

    return wire && wire->ops->address
               ? wire->ops->address(wire->ctx, local, text, room)
               : 0;
}

void wire_close(struct kr_client *client)
{
    struct wire *wire = client->wire;
    kr_module *was;

    if (!wire) {
        close(client->fd);
        return;
    }
    client->wire = NULL;
    was = module_enter(wire->module);
    wire->ops->close(wire->ctx);
    module_leave(was);
    wire->module->held--;
    memory_free(wire);
}

bool wire_carry(kr_module *module, const struct carry *carry, bool really)
{
    bool good = true;

    for (kr_client *c = client_first(); c; c = client_after(c))
        if (c->wire && c->wire->module == module)
            good = good && CARRY(carry, really, &c->wire->ops);
    return good;
}

/* --- The interface ------------------------------------------------------- */

static kr_client *wire_adopt(kr_module *self, int fd, uint32_t flags,
                             const struct kr_transport_ops *ops, void *ctx)
{
    struct wire *wire = memory_alloc(sizeof(*wire));
    kr_client *client;

    *wire = (struct wire){.module = self, .ops = ops, .ctx = ctx};
    client = client_new_wired(
        fd, flags & (KR_CLIENT_UNIX | KR_CLIENT_LOCAL | KR_CLIENT_TLS), wire);
    if (!client) {
        memory_free(wire);
        return NULL;
    }
    self->held++;
    return client;
}

const struct kr_transports transport_interface = {
    .size = sizeof(struct kr_transports),
    .adopt = wire_adopt,
    .ready = client_ready,
};
