/* SPDX-License-Identifier: BSD-3-Clause */
#include "help.h"

#include <stdio.h>

void help_reply(struct kr_reply *reply, const char *name,
                const char *const *lines, size_t count)
{
    char title[128];

    snprintf(
        title, sizeof(title),
        "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    kr_reply_array(reply, count + 3);
    kr_reply_status(reply, title);
    for (size_t i = 0; i < count; i++)
        kr_reply_status(reply, lines[i]);
    kr_reply_status(reply, "HELP");
    kr_reply_status(reply, "    This text.");
}
