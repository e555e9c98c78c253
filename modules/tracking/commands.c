/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `tracking`.
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

static const struct kr_arg client_tracking_status[] = {
    KR_ARGUMENT("on", PURE_TOKEN, .token = "ON"),
    KR_ARGUMENT("off", PURE_TOKEN, .token = "OFF"),
};

static const struct kr_arg client_tracking_args[] = {
    KR_ARGUMENT("status", ONEOF, .parts = KR_ROWS(client_tracking_status)),
    KR_ARGUMENT("client-id", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "REDIRECT"),
    KR_ARGUMENT("prefix", STRING,
        .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE | KR_ARG_MULTIPLE_TOKEN,
        .token = "PREFIX"),
    KR_ARGUMENT("bcast", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "BCAST"),
    KR_ARGUMENT("optin", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "OPTIN"),
    KR_ARGUMENT("optout", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "OPTOUT"),
    KR_ARGUMENT("noloop", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "NOLOOP"),
};

static const struct kr_arg client_caching_mode[] = {
    KR_ARGUMENT("yes", PURE_TOKEN, .token = "YES"),
    KR_ARGUMENT("no", PURE_TOKEN, .token = "NO"),
};

static const struct kr_arg client_caching_args[] = {
    KR_ARGUMENT("mode", ONEOF, .parts = KR_ROWS(client_caching_mode)),
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command tracking_commands[] = {
    {
        .name = "tracking",
        .run = tracking_switch,
        .arity = -3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_tracking_args),
        .summary = "Has the server tell of changes to the keys that a client caches",
        .since = "6.0.0",
        .group = "connection",
        .complexity =
            "O(1). Some options may introduce additional complexity.",
    },
    {
        .name = "caching",
        .run = tracking_caching,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_caching_args),
        .summary = "Says whether the keys of the next command are cached",
        .since = "6.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "getredir",
        .run = tracking_getredir,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "The client that is told in place of this one",
        .since = "6.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "trackinginfo",
        .run = tracking_info,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "How the keys of this client are tracked",
        .since = "6.2.0",
        .group = "connection",
        .complexity = "O(1)",
    },
};

/* clang-format on */

static_assert(KR_COUNT(tracking_commands) == TRACKING_COMMAND_COUNT,
              "TRACKING_COMMAND_COUNT counts the rows");
