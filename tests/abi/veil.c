/* SPDX-License-Identifier: BSD-3-Clause */
/* veil - a transport: clients whose every byte is exclusive-or'ed with 0x5a.
 *
 *     VEIL.LISTEN path -> OK, and a unix socket there */
#include <kr/kr.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VEIL 0x5a

KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_transports);

static kr_module *self;

struct state {
    kr_fd *watched;
    int fd;
};

/* --- The bytes of one client --------------------------------------------- */

static int64_t veil_read(void *ctx, void *bytes, size_t room)
{
    ssize_t n = read((int)(intptr_t)ctx, bytes, room);

    for (ssize_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] ^= VEIL;
    return n < 0 ? -errno : n;
}

static int64_t veil_write(void *ctx, const struct kr_str *pieces,
                          uint32_t count)
{
    unsigned char veiled[1000]; /* small, so that writes are partial */
    size_t size =
        pieces[0].size < sizeof(veiled) ? pieces[0].size : sizeof(veiled);
    ssize_t n;

    (void)count;
    for (size_t i = 0; i < size; i++)
        veiled[i] = (unsigned char)pieces[0].data[i] ^ VEIL;
    n = write((int)(intptr_t)ctx, veiled, size);
    return n < 0 ? -errno : n;
}

static size_t veil_address(void *ctx, bool local, char *text, size_t room)
{
    static const char words[] = "behind-a-veil:0";

    (void)ctx;
    (void)local;
    memcpy(text, words, room < sizeof(words) - 1 ? room : sizeof(words) - 1);
    return sizeof(words) - 1;
}

static void veil_close(void *ctx)
{
    close((int)(intptr_t)ctx);
}

static const struct kr_transport_ops veil_ops = {
    .size = sizeof(struct kr_transport_ops),
    .read = veil_read,
    .write = veil_write,
    .address = veil_address,
    .close = veil_close,
};

/* --- Listening ----------------------------------------------------------- */

static void veil_accept(void *ctx, int fd, uint32_t events)
{
    int client = accept(fd, NULL, NULL);

    (void)ctx;
    (void)events;
    if (client < 0)
        return;
    fcntl(client, F_SETFL, O_NONBLOCK);
    if (!kr_transports->adopt(self, client, KR_CLIENT_UNIX | KR_CLIENT_LOCAL,
                              &veil_ops, (void *)(intptr_t)client))
        close(client);
}

static void veil_listen(struct kr_call *call)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct state *state = call->state;

    if (state->watched || call->argv[1].size >= sizeof(address.sun_path)) {
        kr_reply_error(call->reply, "ERR listening already, or a long path");
        return;
    }
    memcpy(address.sun_path, call->argv[1].data, call->argv[1].size);
    state->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(state->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(state->fd, 10) < 0) {
        close(state->fd);
        kr_reply_error(call->reply, "ERR cannot listen there");
        return;
    }
    state->watched =
        kr_loop->watch(self, state->fd, KR_READABLE, veil_accept, NULL);
    kr_reply_ok(call->reply);
}

static const struct kr_command commands[] = {
    {.name = "veil.listen",
     .run = veil_listen,
     .arity = 2,
     .flags = KR_CMD_ADMIN},
};

/* --- Life ---------------------------------------------------------------- */

static kr_status veil_create(kr_module *module, const struct kr_load_args *args,
                             void **out)
{
    (void)args;
    *out = kr_memory->calloc(module, 1, sizeof(struct state));
    return KR_OK;
}

static void veil_deactivate(kr_module *module, void *ctx)
{
    struct state *state = ctx;

    (void)module;
    if (!state->watched)
        return;
    kr_loop->unwatch(state->watched);
    close(state->fd);
}

static void veil_destroy(kr_module *module, void *state)
{
    kr_memory->free(module, state);
}

static const struct kr_import imports[] = {KR_NEED(kr_loop), KR_NEED(kr_memory),
                                           KR_NEED(kr_transports)};

KR_MODULE(.name = "veil", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &self,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands),
          .create = veil_create, .deactivate = veil_deactivate,
          .destroy = veil_destroy);
