/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `set`.
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

static const struct kr_arg key_member_list_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_history history_2_4_0[] = {
    {"2.4.0", "Accepts multiple `member` arguments."},
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

static const struct kr_arg key_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const struct kr_key_spec keys1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, -1, 1),
};

static const struct kr_arg key_list_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
};

static const char *const nondeterministic_output_order_tips[] = {
    "nondeterministic_output_order",
};

static const struct kr_key_spec key1_ow_update_keys2_ro_access[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1),
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 2, -1, 1),
};

static const struct kr_arg destination_key_list_args[] = {
    KR_KEY_ARGUMENT("destination", 0),
    KR_KEY_ARGUMENT("key", 1, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_key_spec part1_ro_access[] = {
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg sintercard_args[] = {
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("limit", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "LIMIT"),
};

static const struct kr_key_spec sinterstore_keys[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 2, -1, 1),
};

static const struct kr_arg sismember_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_key_spec smove_keys[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
    KR_KEY(KR_KEY_RW | KR_KEY_INSERT, 2, 0, 1),
};

static const struct kr_arg smove_args[] = {
    KR_KEY_ARGUMENT("source", 0),
    KR_KEY_ARGUMENT("destination", 1),
    KR_ARGUMENT("member", STRING),
};

static const struct kr_key_spec key1_rw_access_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg spop_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .since = "3.2.0"),
};

static const char *const nondeterministic_output_tips[] = {
    "nondeterministic_output",
};

static const struct kr_history spop_history[] = {
    {"3.2.0", "Added the `count` argument."},
};

static const struct kr_arg srandmember_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .since = "2.6.0"),
};

static const struct kr_history srandmember_history[] = {
    {"2.6.0", "Added the optional `count` argument."},
};

static const struct kr_key_spec key1_rw_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg sscan_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("cursor", INTEGER),
    KR_ARGUMENT("pattern", PATTERN, .flags = KR_ARG_OPTIONAL, .token = "MATCH"),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command set_commands[] = {
    {
        .name = "sadd",
        .run = set_sadd,
        .ahead = set_ahead,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(key_member_list_args),
        .history = KR_ROWS(history_2_4_0),
        .summary = "Adds members to a set, which is made if it is not there",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(1) for each element added, so O(N) to add N elements when the "
            "command is called with multiple arguments.",
    },
    {
        .name = "scard",
        .run = set_scard,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_args),
        .summary = "Answers how many members a set has",
        .since = "1.0.0",
        .group = "set",
        .complexity = "O(1)",
    },
    {
        .name = "sdiff",
        .run = set_sdiff,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(keys1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_list_args),
        .summary = "Answers what the first set has and none of the others",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(N) where N is the total number of elements in all given sets.",
    },
    {
        .name = "sdiffstore",
        .run = set_sdiffstore,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ow_update_keys2_ro_access),
        .args = KR_ROWS(destination_key_list_args),
        .summary =
            "Stores what the first set has and none of the others, and "
            "answers how much that is",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(N) where N is the total number of elements in all given sets.",
    },
    {
        .name = "sinter",
        .run = set_sinter,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(keys1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_list_args),
        .summary = "Answers the members that all sets have",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(N*M) worst case where N is the cardinality of the smallest set "
            "and M is the number of sets.",
    },
    {
        .name = "sintercard",
        .run = set_sintercard,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(part1_ro_access),
        .args = KR_ROWS(sintercard_args),
        .summary = "Answers how many members all sets have in common",
        .since = "7.0.0",
        .group = "set",
        .complexity =
            "O(N*M) worst case where N is the cardinality of the smallest set "
            "and M is the number of sets.",
    },
    {
        .name = "sinterstore",
        .run = set_sinterstore,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(sinterstore_keys),
        .args = KR_ROWS(destination_key_list_args),
        .summary =
            "Stores the members that all sets have, and answers how many they "
            "are",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(N*M) worst case where N is the cardinality of the smallest set "
            "and M is the number of sets.",
    },
    {
        .name = "sismember",
        .run = set_sismember,
        .ahead = set_ahead,
        .arity = 3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(sismember_args),
        .summary = "Tells whether a set has a member",
        .since = "1.0.0",
        .group = "set",
        .complexity = "O(1)",
    },
    {
        .name = "smembers",
        .run = set_smembers,
        .arity = 2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_args),
        .summary = "Answers all members of a set",
        .since = "1.0.0",
        .group = "set",
        .complexity = "O(N) where N is the set cardinality.",
    },
    {
        .name = "smismember",
        .run = set_smismember,
        .ahead = set_ahead,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_list_args),
        .summary = "Tells of each of several members whether a set has it",
        .since = "6.2.0",
        .group = "set",
        .complexity =
            "O(N) where N is the number of elements being checked for "
            "membership",
    },
    {
        .name = "smove",
        .run = set_smove,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(smove_keys),
        .args = KR_ROWS(smove_args),
        .summary = "Moves a member from one set to another",
        .since = "1.0.0",
        .group = "set",
        .complexity = "O(1)",
    },
    {
        .name = "spop",
        .run = set_spop,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_rw_access_delete),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(spop_args),
        .history = KR_ROWS(spop_history),
        .summary = "Takes random members out of a set and answers them",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "Without the count argument O(1), otherwise O(N) where N is the "
            "value of the passed count.",
    },
    {
        .name = "srandmember",
        .run = set_srandmember,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(srandmember_args),
        .history = KR_ROWS(srandmember_history),
        .summary = "Answers random members of a set, which keeps them",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "Without the count argument O(1), otherwise O(N) where N is the "
            "absolute value of the passed count.",
    },
    {
        .name = "srem",
        .run = set_srem,
        .ahead = set_ahead,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(key_member_list_args),
        .history = KR_ROWS(history_2_4_0),
        .summary = "Removes members from a set, which goes with its last one",
        .since = "1.0.0",
        .group = "set",
        .complexity = "O(N) where N is the number of members to be removed.",
    },
    {
        .name = "sscan",
        .run = set_sscan,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(sscan_args),
        .summary = "Iterates over the members of a set, a page at a time",
        .since = "2.8.0",
        .group = "set",
        .complexity =
            "O(1) for every call. O(N) for a complete iteration, including "
            "enough command calls for the cursor to return back to 0. N is "
            "the number of elements inside the collection..",
    },
    {
        .name = "sunion",
        .run = set_sunion,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(keys1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_list_args),
        .summary = "Answers the members that any of the sets has",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(N) where N is the total number of elements in all given sets.",
    },
    {
        .name = "sunionstore",
        .run = set_sunionstore,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SET,
        .keys = KR_ROWS(key1_ow_update_keys2_ro_access),
        .args = KR_ROWS(destination_key_list_args),
        .summary =
            "Stores the members that any of the sets has, and answers how "
            "many they are",
        .since = "1.0.0",
        .group = "set",
        .complexity =
            "O(N) where N is the total number of elements in all given sets.",
    },
};

/* clang-format on */

static_assert(KR_COUNT(set_commands) == SET_COMMAND_COUNT,
              "SET_COMMAND_COUNT counts the rows");
