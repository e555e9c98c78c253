/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/net/listen.h"

#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/net/client.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENERS_MAX 17   /* sixteen addresses and a path */
#define ACCEPT_MAX    1000 /* in one turn */

struct listener {
    int fd;
    bool unix_socket;
    struct event *event;
};

struct listeners {
    struct listener all[LISTENERS_MAX];
    int count;
};

struct listen_settings listen_settings;
static struct listeners listeners;

/* --- Accepting ----------------------------------------------------------- */

static bool listen_is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *in6 = (const void *)address;

    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >>
                   24 ==
               127;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) &&
            in6->sin6_addr.s6_addr[12] == 127);
}

static void listen_tune(int fd)
{
    int yes = 1, interval = (int)client_settings.keepalive;
    int probe = interval / 3 > 0 ? interval / 3 : 1, count = 3;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (interval <= 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe, sizeof(probe));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

/* Protected mode: without a password the world outside is told how to be let
 * in, and nothing else. */
#define PROTECTED_TEXT                                                         \
    "-DENIED Redis is running in protected mode because protected mode is "    \
    "enabled and no password is set for the default user. In this mode "       \
    "connections are only accepted from the loopback interface. To connect "   \
    "from elsewhere: set a password with requirepass, or switch the mode off " \
    "with 'CONFIG SET protected-mode no' from a local connection or "          \
    "'protected-mode no' in the configuration, provided that the server "      \
    "cannot be reached from the internet.\r\n"

static void listen_welcome(int fd, bool unix_socket,
                           const struct sockaddr_storage *address)
{
    bool local = unix_socket || listen_is_loopback(address);
    struct kr_client *client;

    if (!unix_socket)
        listen_tune(fd);
    client = client_new(fd, (unix_socket ? KR_CLIENT_UNIX : 0) |
                                (local ? KR_CLIENT_LOCAL : 0));
    /* Who wants passwords has said so when the client arrived. */
    if (client && client_settings.protected_mode && !local &&
        client->flags & KR_CLIENT_AUTHENTICATED) {
        client->output.reply.ops->raw(&client->output.reply,
                                      KR_STR(PROTECTED_TEXT));
        client_doom(client, true);
        client_stats.rejected++;
    }
}

/* Without descriptors to spare, accept() fails and the peer stays in the
 * backlog, so the socket would be ready for ever.  Leave it alone for a
 * moment. */
static void listen_rest_over(void *ctx)
{
    struct listeners *mine = ctx;

    for (int i = 0; i < mine->count; i++)
        event_add(mine->all[i].event, NULL);
}

static void listen_rest(void)
{
    log_warning("net: accept: %s: no further clients for now (see maxclients "
                "and the limit of open files)",
                strerror(errno));
    for (int i = 0; i < listeners.count; i++)
        event_del(listeners.all[i].event);
    loop_interface.timer(NULL, 100, 0, listen_rest_over, &listeners);
}

static void listen_accept(evutil_socket_t fd, short what, void *ctx)
{
    bool unix_socket = ctx != NULL;

    loop_wake();
    (void)what;
    for (int i = 0; i < ACCEPT_MAX; i++) {
        struct sockaddr_storage address;
        socklen_t length = sizeof(address);
        int client = accept4(fd, (struct sockaddr *)&address, &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client >= 0) {
            listen_welcome(client, unix_socket, &address);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN)
            listen_rest();
        return;
    }
}

/* --- Opening ------------------------------------------------------------- */

static void listen_add(struct listeners *to, int fd, bool unix_socket)
{
    struct listener *listener = &to->all[to->count++];

    *listener = (struct listener){.fd = fd, .unix_socket = unix_socket};
    listener->event = event_new(loop_base(), fd, EV_READ | EV_PERSIST,
                                listen_accept, unix_socket ? to : NULL);
    event_add(listener->event, NULL);
}

static int listen_socket(const struct addrinfo *info)
{
    int yes = 1;
    int fd =
        socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, (int)listen_settings.backlog) == 0)
        return fd;
    yes = errno;
    close(fd);
    errno = yes;
    return -1;
}

/* One address of the list.  An address that this machine does not have, or a
 * protocol that it does not speak, is no error when it is optional. */
static bool listen_tcp(struct listeners *to, const char *address, char *error,
                       size_t size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *info = NULL;
    const char *host = address;
    bool optional = host[0] == '-';
    char port[16];
    int fd, failed;

    host += optional;
    if (strcmp(host, "*") == 0)
        hints.ai_family = AF_INET, host = "0.0.0.0";
    else if (strcmp(host, "::*") == 0)
        hints.ai_family = AF_INET6, host = "::";
    snprintf(port, sizeof(port), "%lld", (long long)listen_settings.port);
    failed = getaddrinfo(host, port, &hints, &info);
    fd = failed ? -1 : listen_socket(info);
    if (fd < 0)
        snprintf(error, size,
                 "Could not create server TCP listening socket %s:%s: %s%s",
                 host, port, failed ? "" : "bind: ",
                 failed ? gai_strerror(failed) : strerror(errno));
    freeaddrinfo(info);
    if (fd >= 0)
        listen_add(to, fd, false);
    else
        log_warning("net: %s", error);
    return fd >= 0 ||
           (optional &&
            (failed || errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT ||
             errno == ENOPROTOOPT || errno == EPROTONOSUPPORT));
}

static bool listen_unix(struct listeners *to, char *error, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = listen_settings.unix_path;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        snprintf(error, size, "unixsocket %s: the path is too long", path);
        return false;
    }
    strcpy(address.sun_path, path);
    unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        (listen_settings.unix_mode > 0 &&
         chmod(path, (mode_t)listen_settings.unix_mode) < 0) ||
        listen(fd, (int)listen_settings.backlog) < 0) {
        snprintf(error, size, "cannot listen on %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    listen_add(to, fd, true);
    return true;
}

static void listen_close_all(struct listeners *from)
{
    for (int i = 0; i < from->count; i++) {
        event_free(from->all[i].event);
        close(from->all[i].fd);
    }
    from->count = 0;
}

static bool listen_open_tcp(struct listeners *to, char *error, size_t size)
{
    char *binds = memory_strdup(listen_settings.binds);
    char *rest = binds, *address;
    bool fine = true;

    while (fine && (address = strsep(&rest, " ")))
        if (address[0] && to->count < LISTENERS_MAX - 1)
            fine = listen_tcp(to, address, error, size);
    memory_free(binds);
    /* No address is a wish, too: only the unix socket then. */
    if (fine && to->count == 0 && listen_settings.binds[0]) {
        snprintf(error, size, "none of the addresses '%s' can be listened on",
                 listen_settings.binds);
        fine = false;
    }
    return fine;
}

bool listen_open(char *error, size_t size)
{
    bool fine = true;

    if (listen_settings.port > 0)
        fine = listen_open_tcp(&listeners, error, size);
    if (fine && listen_settings.unix_path[0])
        fine = listen_unix(&listeners, error, size);
    if (fine && listeners.count == 0) {
        snprintf(error, size, "Configured to not listen anywhere, exiting.");
        fine = false;
    }
    if (!fine)
        listen_close_all(&listeners);
    return fine;
}

bool listen_reopen(char *error, size_t size)
{
    struct listeners old = listeners;

    /* The same port can be bound again only when it has been let go. */
    for (int i = 0; i < old.count; i++) {
        event_free(old.all[i].event);
        close(old.all[i].fd);
    }
    listeners.count = 0;
    return listen_open(error, size);
}

void listen_close(void)
{
    if (listeners.count > 0 && listen_settings.unix_path[0])
        unlink(listen_settings.unix_path);
    listen_close_all(&listeners);
}
