/* SPDX-License-Identifier: BSD-3-Clause */
/* inline - a line of words, as typed by a person or written in a file.
 *
 * Inline commands and the configuration file share these rules:
 *
 *     word     bytes up to a blank (space, tab, CR, LF) or a NUL
 *     "..."    \n \r \t \b \a are control characters, \xHH is a byte, any
 *              other character after a backslash is itself
 *     '...'    everything is itself; only \' is a quote
 *
 * A quote may begin inside a word (a"b c" is one word of four bytes) but it
 * ends the word: after the closing one comes white space or the line's end. */
#ifndef CORE_RESP_INLINE_H
#define CORE_RESP_INLINE_H

#include "core/resp/args.h"

enum resp_split {
    RESP_SPLIT_DONE,
    RESP_SPLIT_UNBALANCED, /* a quote without its partner, or glued to a word */
    RESP_SPLIT_NO_MEMORY
};

/* Split `line` into args->argv, args->argc.  The words are in args->text, so
 * the line may go.  A NUL ends the line.  After a failure argc is 0.
 * O(size). */
enum resp_split resp_split_line(struct resp_args *args, struct kr_str line);

#endif
