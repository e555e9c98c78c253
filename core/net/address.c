/* SPDX-License-Identifier: BSD-3-Clause */
/* address - where a client is, as CLIENT LIST writes it. */
#include "core/net/client.h"
#include "core/net/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

void client_address(const struct kr_client *client, bool local, char *text,
                    size_t size)
{
    struct sockaddr_storage address = {0}; /* it may have no name */
    socklen_t length = sizeof(address);
    char ip[INET6_ADDRSTRLEN];
    int failed;

    size_t own = wire_address(client, local, text, size - 1);

    if (own > 0) {
        text[own] = '\0';
        return;
    }
    /* A unix client has no name of its own: the listener's path stands for
     * it. */
    local = local || client->flags & KR_CLIENT_UNIX;
    failed =
        local ? getsockname(client->fd, (struct sockaddr *)&address, &length)
              : getpeername(client->fd, (struct sockaddr *)&address, &length);
    if (failed) {
        snprintf(text, size, "?:0");
    } else if (address.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address;

        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
        snprintf(text, size, "%s:%d", ip, ntohs(in->sin_port));
    } else if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address;

        inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof(ip));
        snprintf(text, size, "[%s]:%d", ip, ntohs(in->sin6_port));
    } else {
        struct sockaddr_un *un = (struct sockaddr_un *)&address;

        snprintf(text, size, "%.*s:0", (int)sizeof(un->sun_path), un->sun_path);
    }
}
