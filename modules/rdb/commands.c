/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `rdb`.
 *
 * The rows at the end register the commands.  Above them stand the tables that
 * they refer to: where the keys are, the tree of arguments, the tips, the
 * history.  A table that several commands share is named after its contents.
 *
 * All of it is data that clients read by COMMAND and its kin, so each word is
 * interface: only the summaries are ours to change. */
#include "commands.h"

#include <assert.h>

/* clang-format off */

static const struct kr_arg bgsave_args[] = {
    KR_ARGUMENT("schedule", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "SCHEDULE", .since = "3.2.2"),
};

static const struct kr_history bgsave_history[] = {
    {"3.2.2", "Added the `SCHEDULE` option."},
};

static const char *const lastsave_tips[] = {
    "nondeterministic_output",
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command rdb_commands[] = {
    {
        .name = "save",
        .run = rdb_save,
        .arity = 1,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_MULTI |
            KR_CMD_NO_ASYNC_LOADING,
        .summary = "Writes the whole data set into the snapshot's file before it replies",
        .since = "1.0.0",
        .group = "server",
        .complexity =
            "O(N) where N is the total number of keys in all databases",
    },
    {
        .name = "bgsave",
        .run = rdb_bgsave,
        .arity = -1,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING,
        .args = KR_ROWS(bgsave_args),
        .history = KR_ROWS(bgsave_history),
        .summary = "Lets a child write the whole data set into the snapshot's file",
        .since = "1.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "lastsave",
        .run = rdb_lastsave,
        .arity = 1,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_FAST,
        .categories = KR_CAT_ADMIN | KR_CAT_DANGEROUS,
        .tips = KR_ROWS(lastsave_tips),
        .summary = "Returns when the data set was last saved, as a Unix time",
        .since = "1.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
};

/* clang-format on */

static_assert(KR_COUNT(rdb_commands) == RDB_COMMAND_COUNT,
              "RDB_COMMAND_COUNT counts the rows");
