/* SPDX-License-Identifier: BSD-3-Clause */
/* server - a server for the length of a test.  See server.c. */
#ifndef SDK_SERVER_H
#define SDK_SERVER_H

#include "core/text/buffer.h"

#include <limits.h>
#include <sys/types.h>

struct server {
    char binary[PATH_MAX];
    char module[PATH_MAX];        /* that it loads, "": none */
    const char *const *arguments; /* further ones, NULL behind the last */
    char dir[64];                 /* temporary, its own */
    pid_t pid;                    /* 0: it is not running */
    uint16_t port;
};

/* Find the binary, make the directory.  false: the reason was printed.  `module`
 * NULL: none. */
bool server_init(struct server *server, const char *module);
/* Start, or start again over what is in the directory, and wait until it
 * answers.  false: the reason and the log were printed. */
bool server_start(struct server *server);
/* Ask it to end, and wait.  false: it did not end well, which was printed. */
bool server_stop(struct server *server);
/* Remove what a server that was stopped has left in the directory. */
void server_forget(const struct server *server);
/* Stop it and remove the directory. */
void server_fini(struct server *server);

/* Has it ended, though nobody has asked it to?  Then what it says in its log of
 * why is put to `why`, and it can be started again. */
bool server_has_crashed(struct server *server, struct buffer *why);

/* A connection, or -1. */
int server_connect(const struct server *server);

#endif
