/* SPDX-License-Identifier: BSD-3-Clause */
/* server - a server for the length of a test.  See server.c. */
#ifndef SDK_SERVER_H
#define SDK_SERVER_H

#include <kr/base.h>

#include <limits.h>
#include <sys/types.h>

struct server {
    char binary[PATH_MAX];
    char module[PATH_MAX]; /* that it loads */
    char dir[64];          /* temporary, its own */
    pid_t pid;             /* 0: it is not running */
    uint16_t port;
};

/* Find the binary, make the directory.  false: the reason was printed. */
bool server_init(struct server *server, const char *module);
/* Start, or start again over what is in the directory, and wait until it
 * answers.  false: the reason and the log were printed. */
bool server_start(struct server *server);
/* Ask it to end, and wait.  false: it did not end well, which was printed. */
bool server_stop(struct server *server);
/* Stop it and remove the directory. */
void server_fini(struct server *server);

/* A connection, or -1. */
int server_connect(const struct server *server);

#endif
