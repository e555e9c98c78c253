/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `aof`.
 *
 * The rows at the end register the commands.  Above them stand the tables that
 * they refer to: the tree of arguments, the tips.
 *
 * All of it is data that clients read by COMMAND and its kin, so each word is
 * interface: only the summaries are ours to change. */
#include "commands.h"

#include <assert.h>

/* clang-format off */

static const struct kr_arg waitaof_args[] = {
    KR_ARGUMENT("numlocal", INTEGER, .flags = 0),
    KR_ARGUMENT("numreplicas", INTEGER, .flags = 0),
    KR_ARGUMENT("timeout", INTEGER, .flags = 0),
};

static const char *const waitaof_tips[] = {
    "request_policy:all_shards",
    "response_policy:agg_min",
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command aof_commands[] = {
    {
        .name = "bgrewriteaof",
        .run = aof_bgrewriteaof,
        .arity = 1,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING,
        .summary = "Lets a child write the log anew, as short as the data set allows",
        .since = "1.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "waitaof",
        .run = aof_waitaof,
        .arity = 4,
        .flags = KR_CMD_BLOCKING | KR_CMD_NOSCRIPT,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(waitaof_args),
        .tips = KR_ROWS(waitaof_tips),
        .summary = "Waits until what the client has written is on the disk, here and on replicas",
        .since = "7.2.0",
        .group = "generic",
        .complexity = "O(1)",
    },
};

/* clang-format on */

static_assert(KR_COUNT(aof_commands) == AOF_COMMAND_COUNT,
              "AOF_COMMAND_COUNT counts the rows");
