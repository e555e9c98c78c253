/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `transactions`.
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

static const struct kr_key_spec keys1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, -1, 1),
};

static const struct kr_arg watch_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command transactions_commands[] = {
    {
        .name = "multi",
        .run = transactions_multi,
        .arity = 1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_TRANSACTION,
        .summary = "Begins a transaction: what follows is queued until EXEC",
        .since = "1.2.0",
        .group = "transactions",
        .complexity = "O(1)",
    },
    {
        .name = "exec",
        .run = transactions_exec,
        .refused = transactions_exec_refused,
        .arity = 1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SKIP_SLOWLOG,
        .categories = KR_CAT_TRANSACTION,
        .summary = "Runs the queued commands, with nothing in between",
        .since = "1.2.0",
        .group = "transactions",
        .complexity = "Depends on commands in the transaction",
    },
    {
        .name = "discard",
        .run = transactions_discard,
        .arity = 1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_TRANSACTION,
        .summary = "Forgets the queued commands and the watched keys",
        .since = "2.0.0",
        .group = "transactions",
        .complexity = "O(N), when N is the number of queued commands",
    },
    {
        .name = "watch",
        .run = transactions_watch,
        .arity = -2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_TRANSACTION,
        .keys = KR_ROWS(keys1_ro),
        .args = KR_ROWS(watch_args),
        .summary = "Lets the next EXEC succeed only if these keys do not change before it",
        .since = "2.2.0",
        .group = "transactions",
        .complexity = "O(1) for every key.",
    },
    {
        .name = "unwatch",
        .run = transactions_unwatch,
        .arity = 1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_TRANSACTION,
        .summary = "Forgets the watched keys",
        .since = "2.2.0",
        .group = "transactions",
        .complexity = "O(1)",
    },
};

/* clang-format on */

static_assert(KR_COUNT(transactions_commands) == TRANSACTIONS_COMMAND_COUNT,
              "TRANSACTIONS_COMMAND_COUNT counts the rows");
