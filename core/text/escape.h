/* SPDX-License-Identifier: BSD-3-Clause */
/* escape - bytes as a person can read them, in the form that MONITOR, the log
 * and the configuration file use:
 *
 *     "caf\xc3\xa9\r\n\"quoted\""
 *
 * Inside the quotes are the printable ASCII characters, \n \r \t \a \b, a
 * backslash before '"' and '\', and \xHH for every other byte.
 * resp_split_line() reads it back. */
#ifndef CORE_TEXT_ESCAPE_H
#define CORE_TEXT_ESCAPE_H

#include "core/text/buffer.h"

/* Append `bytes` in that form, quotes included.  O(size). */
void escape_repr(struct buffer *to, struct kr_str bytes);

/* Would it be the same bytes, only with quotes around them? */
bool escape_is_plain(struct kr_str bytes);

#endif
