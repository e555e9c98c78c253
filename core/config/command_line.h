/* SPDX-License-Identifier: BSD-3-Clause */
/* command_line - keyrack-server [FILE] [--name value ...] [-]
 *
 * The rules are redis-server's.  An argument that begins with "--" is a name,
 * unless it stands right behind a name: then it is that one's value whatever it
 * looks like.  "--port 7000" may also be one argument.  Options are lines below
 * the file's, so they win, or add up where lines do.  "-" at the beginning or
 * at the end reads more lines from standard input. */
#ifndef CORE_CONFIG_COMMAND_LINE_H
#define CORE_CONFIG_COMMAND_LINE_H

#include <stdbool.h>

/* Read all of it; the lines wait for their owners.  false: end now with
 * *status, everything has been said. */
bool command_line_read(int argc, char **argv, int *status);

#endif
