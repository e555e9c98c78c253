/* SPDX-License-Identifier: BSD-3-Clause */
/* connect - one address, one port, no name service: benchmarks are local. */
#include "connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void connect_fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

int connect_tcp(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0)
        connect_fail("socket");
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "not an IPv4 address: %s\n", host);
        exit(2);
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        connect_fail("connect");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
        connect_fail("TCP_NODELAY");
    return fd;
}

void connect_ping(int fd)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    static const char pong[] = "+PONG\r\n";
    char answer[sizeof(pong) - 1];

    if (send(fd, ping, sizeof(ping) - 1, MSG_NOSIGNAL) != sizeof(ping) - 1)
        connect_fail("send PING");
    if (recv(fd, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer) ||
        memcmp(answer, pong, sizeof(answer)) != 0) {
        fprintf(stderr, "PING was not answered by PONG\n");
        exit(2);
    }
}

uint64_t connect_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
