/* SPDX-License-Identifier: BSD-3-Clause */
/* talk - a conversation with a server.  See talk.c. */
#ifndef SDK_TALK_H
#define SDK_TALK_H

#include "core/text/buffer.h"
#include "sdk/answer.h"

struct server;

struct talk {
    int fd; /* -1: none */
    int protocol;
    struct buffer in;
};

enum talk_end {
    TALK_REPLY,
    TALK_NOTHING, /* in time */
    TALK_CLOSED,
    TALK_BROKEN, /* what came is no reply */
};

/* Connect, and say HELLO where the protocol is not 2.  false: there is nobody,
 * and `fd` is -1. */
bool talk_open(struct talk *talk, const struct server *server, int protocol);
void talk_close(struct talk *talk); /* also one that is not open, but zeroed */

/* Put a command as the protocol has it to `out`; and send what is there. */
void talk_encode(struct buffer *out, size_t argc, const struct kr_str *argv);
bool talk_send(struct talk *talk, struct kr_str bytes);
/* The next reply, which is the caller's to free. */
enum talk_end talk_read(struct talk *talk, int wait_ms, struct answer *out);

/* One command of C strings, NULL behind the last, and its reply: an error of the
 * connection's own if there is none.  *out was void. */
void talk_call(struct talk *talk, struct answer *out, ...)
    __attribute__((sentinel));

#endif
