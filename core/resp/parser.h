/* SPDX-License-Identifier: BSD-3-Clause */
/* parser - commands out of a stream of bytes, without copying them.
 *
 * The caller owns a contiguous buffer that begins with the first byte of a
 * command and ends wherever the bytes received so far end.  resp_parse() looks
 * at it and fills a resp_args with slices into it.  If the command is not whole
 * the parser remembers offsets, never pointers, so the buffer may move or grow
 * until the next call; what it has understood it does not read again.
 *
 *     for (;;)
 *         switch (resp_parse(&parser, &limits, data, size, &args)) {
 *         case RESP_COMMAND: run it; then as for RESP_EMPTY
 *         case RESP_EMPTY:   data += args.consumed, size -= args.consumed
 *         case RESP_MORE:    read at least args.wanted bytes behind the others
 *         case RESP_ERROR:   send resp_parser_error() and close
 *         }
 *
 * A big argument.  While RESP_MORE is inside an argument of RESP_BIG bytes or
 * more, args.big says so, and the caller may receive it where it is to stay:
 *
 *     buffer: *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$70000\r\nxxxxxxxx
 *                                             ^ big.at     ^ size
 *     1. take a block of big.size bytes and move there the size - big.at bytes
 *        that came already; the buffer now ends at big.at
 *     2. resp_parser_lend(&parser, block)
 *     3. read() into the block until it is full, then again into the buffer,
 *        where the CR LF that closes the argument follows at big.at
 *        (one readv() does both)
 *     4. resp_parse() as always: the argument's slice is the block
 *
 * The block stays the caller's; it must be full before step 4 and live until
 * the command has been run.
 *
 * Cost: one pass; O(new bytes) a call, whatever was received before. */
#ifndef CORE_RESP_PARSER_H
#define CORE_RESP_PARSER_H

#include "core/resp/args.h"

#define RESP_BIG       32768 /* bytes from which an argument is "big" */
#define RESP_LINE_MAX  65536 /* bytes of an inline command or a length */
#define RESP_ERROR_MAX 64    /* bytes of any text of resp_parser_error() */

/* A client that has not yet said who it is may cost only this much. */
#define RESP_UNKNOWN_ARGC_MAX 10
#define RESP_UNKNOWN_BULK_MAX 16384

struct resp_limits {
    size_t bulk_max; /* bytes an argument; proto-max-bulk-len */
    size_t line_max; /* bytes a line; RESP_LINE_MAX */
    bool authenticated;
};

/* What is known of an unfinished command.  A zeroed struct is ready for use,
 * and it is zero again after each whole command. */
struct resp_parser {
    struct kr_str *found; /* its arguments so far, by offset; NULL: none */
    size_t at;            /* the next byte to understand */
    size_t scanned;       /* bytes from `at` on in which no line ends */
    size_t bulk;          /* size of the argument being received */
    uint32_t argc;        /* arguments announced; 0: not known yet */
    uint32_t count;       /* of them found */
    uint32_t capacity;    /* of `found` */
    uint8_t stage;        /* enum parser_stage */
    uint8_t error;        /* enum parser_error; once set it stays */
    char offender;        /* the byte that stood in the place of '$' */
};

enum resp_result {
    RESP_COMMAND,  /* args->argv, args->argc (at least 1), args->consumed */
    RESP_EMPTY,    /* nothing to run (*0, a blank line): args->consumed */
    RESP_MORE,     /* not whole yet: args->wanted, args->big */
    RESP_ERROR,    /* not the protocol; the stream cannot be followed on */
    RESP_NO_MEMORY /* for the list of arguments; the same */
};

/* Look for one command at the beginning of `data`.  After RESP_MORE the next
 * call must see the same bytes again, with more behind them.  `data` must not
 * be NULL.  Slices are valid while the buffer is, and until the next call with
 * these args. */
enum resp_result resp_parse(struct resp_parser *parser,
                            const struct resp_limits *limits, const char *data,
                            size_t size, struct resp_args *args);

/* Argument args.big.index of the last RESP_MORE is received in `block`; see
 * above.  false when there is no memory to note that: nothing has changed, and
 * the argument can still come through the buffer. */
bool resp_parser_lend(struct resp_parser *parser, const char *block);

/* After RESP_ERROR: the text, without "-ERR " and line end, written to `text`.
 * It can hold any one byte, line ends included: resp_error() takes care. */
struct kr_str resp_parser_error(const struct resp_parser *parser,
                                char text[RESP_ERROR_MAX]);

/* Forget the unfinished command, if there is one, and free its list. */
void resp_parser_reset(struct resp_parser *parser);

/* Bytes on the heap.  O(1). */
size_t resp_parser_memory(const struct resp_parser *parser);

#endif
