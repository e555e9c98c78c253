/* SPDX-License-Identifier: BSD-3-Clause */
/* inline - see the header for the rules.
 *
 * No word grows when its quotes and escapes are taken away, so the words of a
 * line need at most the line's own size: text is reserved once, and slices into
 * it stay valid while the others are added. */

#include "core/resp/inline.h"

/* A line being read and the words being written. */
struct inline_scan {
    const char *at;
    const char *end; /* after the line's last byte */
    char *to;        /* where the next byte of a word goes */
};

/* The white space of the C locale, whatever the process's locale is. */
static bool inline_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The blanks that end a bare word.  \v and \f do not, though they separate. */
static bool inline_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value of a hexadecimal digit, or -1. */
static int inline_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char inline_escaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* After a backslash inside double quotes, with at least one byte to follow. */
static void inline_escape(struct inline_scan *scan)
{
    const char *s = scan->at;

    if (scan->end - s >= 3 && s[0] == 'x' && inline_hex(s[1]) >= 0 &&
        inline_hex(s[2]) >= 0) {
        *scan->to++ = (char)(inline_hex(s[1]) << 4 | inline_hex(s[2]));
        scan->at += 3;
    } else {
        *scan->to++ = inline_escaped(s[0]);
        scan->at++;
    }
}

/* The rest of a quoted part, from behind its opening `quote`.  false if it is
 * never closed, or if the word goes on after it. */
static bool inline_quoted(struct inline_scan *scan, char quote)
{
    while (scan->at < scan->end) {
        char c = *scan->at++;

        if (c == quote)
            return scan->at == scan->end || inline_is_space(*scan->at);
        if (c != '\\' || scan->at == scan->end) {
            *scan->to++ = c;
        } else if (quote == '"') {
            inline_escape(scan);
        } else if (*scan->at == '\'') {
            *scan->to++ = *scan->at++;
        } else {
            *scan->to++ = c;
        }
    }
    return false;
}

/* One word; scan->at is on its first byte. */
static bool inline_word(struct inline_scan *scan)
{
    while (scan->at < scan->end && !inline_is_blank(*scan->at)) {
        char c = *scan->at++;

        if (c == '"' || c == '\'')
            return inline_quoted(scan, c);
        *scan->to++ = c;
    }
    return true;
}

enum resp_split resp_split_line(struct resp_args *args, struct kr_str line)
{
    struct inline_scan scan;

    args->argc = 0;
    if (!resp_args_reserve_text(args, line.size))
        return RESP_SPLIT_NO_MEMORY;
    scan.at = line.size ? line.data : "";
    scan.end = scan.at + strnlen(scan.at, line.size);
    scan.to = args->text;
    for (size_t argc = 0;; argc++) {
        char *word = scan.to;

        while (scan.at < scan.end && inline_is_space(*scan.at))
            scan.at++;
        if (scan.at == scan.end) {
            args->argc = argc;
            return RESP_SPLIT_DONE;
        }
        if (!resp_args_reserve(args, argc + 1))
            return RESP_SPLIT_NO_MEMORY;
        if (!inline_word(&scan))
            return RESP_SPLIT_UNBALANCED;
        args->argv[argc] = kr_str(word, (size_t)(scan.to - word));
    }
}
