/* SPDX-License-Identifier: BSD-3-Clause */
/* escape - see the header for the form. */

#include "core/text/escape.h"

static const char escape_hex[16] = "0123456789abcdef";

/* The letter that stands for `c` behind a backslash; 0 if it has none. */
static char escape_letter(unsigned char c)
{
    switch (c) {
    case '\\':
    case '"':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\a':
        return 'a';
    case '\b':
        return 'b';
    default:
        return 0;
    }
}

/* Printable in the C locale, whatever the process's locale is. */
static bool escape_is_printable(unsigned char c)
{
    return c >= ' ' && c <= '~';
}

bool escape_is_plain(struct kr_str bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];

        if (!escape_is_printable(c) || escape_letter(c))
            return false;
    }
    return true;
}

void escape_repr(struct buffer *to, struct kr_str bytes)
{
    buffer_append_char(to, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        char *at = buffer_reserve(to, 4);
        char letter = escape_letter(c);

        if (letter) {
            at[0] = '\\';
            at[1] = letter;
            to->size += 2;
        } else if (escape_is_printable(c)) {
            at[0] = (char)c;
            to->size += 1;
        } else {
            at[0] = '\\';
            at[1] = 'x';
            at[2] = escape_hex[c >> 4];
            at[3] = escape_hex[c & 15];
            to->size += 4;
        }
    }
    buffer_append_char(to, '"');
}
