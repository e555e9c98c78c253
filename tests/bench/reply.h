/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - is what the server sends well-formed RESP, and how much of it?
 *
 * The checker eats a connection's bytes in pieces of any size and keeps
 * nothing of them but the line it is in.  It needs no stack for nested
 * replies: an aggregate of n elements only adds n to the number of elements
 * that are still to come, and the reply is whole when that number is zero.
 *
 * It knows RESP2 and RESP3.  Numbers are read strictly: a digit too many, a
 * lone CR or LF, or a bulk without its CRLF makes the stream malformed, and a
 * malformed stream never becomes good again.  O(bytes of lines); the bytes
 * inside bulks are skipped. */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define REPLY_LINE_MAX   1024 /* bytes of a line, its CRLF not counted */
#define REPLY_CURSOR_MAX 20   /* digits of an uint64_t */

/* What was seen, summed over all connections that share the tally. */
struct reply_tally {
    uint64_t replies; /* whole ones; pushed messages are not replies */
    uint64_t errors;  /* nested ones included */
    uint64_t nulls;   /* nested ones included */
    uint64_t bytes;
    char first_error[256]; /* NUL-terminated; empty while errors is 0 */
};

/* One connection's place in its stream.  All zero bytes: a fresh stream. */
struct reply_checker {
    uint64_t pending; /* elements of the current reply still to come */
    uint64_t skip;    /* bytes of the current bulk still to come */
    uint8_t state;    /* enum reply_state in reply.c */
    bool pushed;      /* the current message is a push */
    bool cursor_seen; /* the current reply has had its first bulk */
    bool cursor_open; /* the current bulk goes into `cursor` */
    bool bulk_error;  /* the current bulk is an error's text */
    uint8_t cursor_size;
    uint16_t line_size;
    char
        cursor[REPLY_CURSOR_MAX]; /* first bulk of the newest reply, if short */
    char line[REPLY_LINE_MAX];
};

/* Eat `size` bytes.  The answer is the number of replies that became whole,
 * or -1 if the stream is malformed. */
ssize_t reply_feed(struct reply_checker *checker, const char *data, size_t size,
                   struct reply_tally *tally);

#endif
