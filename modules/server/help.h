/* SPDX-License-Identifier: BSD-3-Clause */
/* help - the answers to CONFIG HELP and its like: a title, the subcommands each
 * with its explanation, and HELP itself. */
#ifndef SERVER_HELP_H
#define SERVER_HELP_H

#include <kr/reply.h>

void help_reply(struct kr_reply *reply, const char *name,
                const char *const *lines, size_t count);

#endif
