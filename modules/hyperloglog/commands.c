/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `hyperloglog`.
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

static const struct kr_key_spec key1_rw_insert[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_INSERT, 1, 0, 1),
};

static const struct kr_arg pfadd_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("element", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_key_spec pfcount_keys[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_RANGE,
        .x = -1, .y = 1, .z = 0,
        .notes =
            "RW because it may change the internal representation of the key, "
            "and propagate to replicas",
    },
};

static const struct kr_arg pfcount_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_key_spec pfmerge_keys[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_INSERT, 1, 0, 1),
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 2, -1, 1),
};

static const struct kr_arg pfmerge_args[] = {
    KR_KEY_ARGUMENT("destkey", 0),
    KR_KEY_ARGUMENT("sourcekey", 1, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_key_spec key2_rw_access[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS, 2, 0, 1),
};

static const struct kr_arg pfdebug_args[] = {
    KR_ARGUMENT("subcommand", STRING),
    KR_KEY_ARGUMENT("key", 0),
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command hyperloglog_commands[] = {
    {
        .name = "pfadd",
        .run = hyperloglog_pfadd,
        .ahead = hyperloglog_pfadd_ahead,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HYPERLOGLOG,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(pfadd_args),
        .summary = "Adds elements to a HyperLogLog",
        .since = "2.8.9",
        .group = "hyperloglog",
        .complexity = "O(1) to add every element.",
    },
    {
        .name = "pfcount",
        .run = hyperloglog_pfcount,
        .arity = -2,
        .flags = KR_CMD_READONLY | KR_CMD_MAY_REPLICATE,
        .categories = KR_CAT_HYPERLOGLOG,
        .keys = KR_ROWS(pfcount_keys),
        .args = KR_ROWS(pfcount_args),
        .summary =
            "Estimates how many different elements one or several "
            "HyperLogLogs have seen",
        .since = "2.8.9",
        .group = "hyperloglog",
        .complexity =
            "O(1) with a very small average constant time when called with a "
            "single key. O(N) with N being the number of keys, and much "
            "bigger constant times, when called with multiple keys.",
    },
    {
        .name = "pfmerge",
        .run = hyperloglog_pfmerge,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_HYPERLOGLOG,
        .keys = KR_ROWS(pfmerge_keys),
        .args = KR_ROWS(pfmerge_args),
        .summary = "Merges HyperLogLogs into one",
        .since = "2.8.9",
        .group = "hyperloglog",
        .complexity =
            "O(N) to merge N HyperLogLogs, but with high constant times.",
    },
    {
        .name = "pfdebug",
        .run = hyperloglog_pfdebug,
        .arity = 3,
        .doc_flags = KR_DOC_SYSCMD,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_ADMIN,
        .categories = KR_CAT_HYPERLOGLOG,
        .keys = KR_ROWS(key2_rw_access),
        .args = KR_ROWS(pfdebug_args),
        .summary = "Shows or changes how a HyperLogLog is kept",
        .since = "2.8.9",
        .group = "hyperloglog",
        .complexity = "N/A",
    },
    {
        .name = "pfselftest",
        .run = hyperloglog_pfselftest,
        .arity = 1,
        .doc_flags = KR_DOC_SYSCMD,
        .flags = KR_CMD_ADMIN,
        .categories = KR_CAT_HYPERLOGLOG,
        .summary = "Tests the HyperLogLogs of this server",
        .since = "2.8.9",
        .group = "hyperloglog",
        .complexity = "N/A",
    },
};

/* clang-format on */

static_assert(KR_COUNT(hyperloglog_commands) == HYPERLOGLOG_COMMAND_COUNT,
              "HYPERLOGLOG_COMMAND_COUNT counts the rows");
