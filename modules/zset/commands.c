/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `zset`.
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

static const struct kr_key_spec key1_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg zadd_condition[] = {
    KR_ARGUMENT("nx", PURE_TOKEN, .token = "NX"),
    KR_ARGUMENT("xx", PURE_TOKEN, .token = "XX"),
};

static const struct kr_arg zadd_comparison[] = {
    KR_ARGUMENT("gt", PURE_TOKEN, .token = "GT"),
    KR_ARGUMENT("lt", PURE_TOKEN, .token = "LT"),
};

static const struct kr_arg zadd_score_member[] = {
    KR_ARGUMENT("score", DOUBLE),
    KR_ARGUMENT("member", STRING),
};

static const struct kr_arg zadd_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "3.0.2",
        .parts = KR_ROWS(zadd_condition)),
    KR_ARGUMENT("comparison", ONEOF, .flags = KR_ARG_OPTIONAL,
        .since = "6.2.0", .parts = KR_ROWS(zadd_comparison)),
    KR_ARGUMENT("change", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "CH",
        .since = "3.0.2"),
    KR_ARGUMENT("increment", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "INCR", .since = "3.0.2"),
    KR_ARGUMENT("score_member", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(zadd_score_member)),
};

static const struct kr_history zadd_history[] = {
    {"2.4.0", "Accepts multiple elements."},
    {"3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."},
    {"6.2.0", "Added the `GT` and `LT` options."},
};

static const struct kr_key_spec key1_rw_access_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg zincrby_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("increment", INTEGER),
    KR_ARGUMENT("member", STRING),
};

static const struct kr_key_spec key1_rw_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg key_member_list_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_history zrem_history[] = {
    {"2.4.0", "Accepts multiple elements."},
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

static const struct kr_arg zcard_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_arg key_min_max_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("min", DOUBLE),
    KR_ARGUMENT("max", DOUBLE),
};

static const struct kr_arg key_min_max_args_2[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("min", STRING),
    KR_ARGUMENT("max", STRING),
};

static const struct kr_arg key_member_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING),
};

/* Since 7.2. */
static const struct kr_arg key_member_withscore_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING),
    KR_ARGUMENT("withscore", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORE"),
};

static const struct kr_history withscore_history[] = {
    {"7.2.0", "Added the optional `WITHSCORE` argument."},
};

static const struct kr_arg byscore_bylex_parts[] = {
    KR_ARGUMENT("byscore", PURE_TOKEN, .token = "BYSCORE"),
    KR_ARGUMENT("bylex", PURE_TOKEN, .token = "BYLEX"),
};

static const struct kr_arg offset_count_parts[] = {
    KR_ARGUMENT("offset", INTEGER),
    KR_ARGUMENT("count", INTEGER),
};

static const struct kr_arg zrange_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("start", STRING),
    KR_ARGUMENT("stop", STRING),
    KR_ARGUMENT("sortby", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "6.2.0",
        .parts = KR_ROWS(byscore_bylex_parts)),
    KR_ARGUMENT("rev", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "REV",
        .since = "6.2.0"),
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .since = "6.2.0",
        .parts = KR_ROWS(offset_count_parts)),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES"),
};

static const struct kr_history zrange_history[] = {
    {"6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."},
};

static const struct kr_arg zrevrange_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("start", INTEGER),
    KR_ARGUMENT("stop", INTEGER),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES"),
};

static const struct kr_arg zrangebyscore_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("min", DOUBLE),
    KR_ARGUMENT("max", DOUBLE),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES", .since = "2.0.0"),
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
};

static const struct kr_history zrangebyscore_history[] = {
    {"2.0.0", "Added the `WITHSCORES` modifier."},
};

static const struct kr_arg zrevrangebyscore_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("max", DOUBLE),
    KR_ARGUMENT("min", DOUBLE),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES"),
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
};

static const struct kr_history zrevrangebyscore_history[] = {
    {"2.1.6", "`min` and `max` can be exclusive."},
};

static const struct kr_arg zrangebylex_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("min", STRING),
    KR_ARGUMENT("max", STRING),
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
};

static const struct kr_arg zrevrangebylex_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("max", STRING),
    KR_ARGUMENT("min", STRING),
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
};

static const struct kr_key_spec zrangestore_keys[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1),
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 2, 0, 1),
};

static const struct kr_arg zrangestore_args[] = {
    KR_KEY_ARGUMENT("dst", 0),
    KR_KEY_ARGUMENT("src", 1),
    KR_ARGUMENT("min", STRING),
    KR_ARGUMENT("max", STRING),
    KR_ARGUMENT("sortby", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(byscore_bylex_parts)),
    KR_ARGUMENT("rev", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "REV"),
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
};

static const struct kr_arg zremrangebyrank_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("start", INTEGER),
    KR_ARGUMENT("stop", INTEGER),
};

static const struct kr_key_spec key1_rw_access_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg key_count_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL),
};

static const struct kr_key_spec part1_rw_access_delete[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg min_max_parts[] = {
    KR_ARGUMENT("min", PURE_TOKEN, .token = "MIN"),
    KR_ARGUMENT("max", PURE_TOKEN, .token = "MAX"),
};

static const struct kr_arg zmpop_args[] = {
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("where", ONEOF, .parts = KR_ROWS(min_max_parts)),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

static const struct kr_key_spec part1_rw_access_delete_2[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, -2, 1),
};

static const struct kr_arg key_list_timeout_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("timeout", DOUBLE),
};

static const struct kr_history history_6_0_0[] = {
    {"6.0.0", "`timeout` is interpreted as a double instead of an integer."},
};

static const struct kr_key_spec part2_rw_access_delete[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg bzmpop_args[] = {
    KR_ARGUMENT("timeout", DOUBLE),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("where", ONEOF, .parts = KR_ROWS(min_max_parts)),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
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

static const struct kr_arg sum_min_max_parts[] = {
    KR_ARGUMENT("sum", PURE_TOKEN, .token = "SUM"),
    KR_ARGUMENT("min", PURE_TOKEN, .token = "MIN"),
    KR_ARGUMENT("max", PURE_TOKEN, .token = "MAX"),
};

static const struct kr_arg numkeys_key_list_weight_list_aggregate_withscores_args[] = {
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("weight", INTEGER, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE,
        .token = "WEIGHTS"),
    KR_ARGUMENT("aggregate", ONEOF, .flags = KR_ARG_OPTIONAL,
        .token = "AGGREGATE", .parts = KR_ROWS(sum_min_max_parts)),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES"),
};

static const struct kr_arg zdiff_args[] = {
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES"),
};

static const struct kr_key_spec key1_ow_update_part2_ro_access[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1),
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg destination_numkeys_key_list_weight_list_aggregate_args[] = {
    KR_KEY_ARGUMENT("destination", 0),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 1, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("weight", INTEGER, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE,
        .token = "WEIGHTS"),
    KR_ARGUMENT("aggregate", ONEOF, .flags = KR_ARG_OPTIONAL,
        .token = "AGGREGATE", .parts = KR_ROWS(sum_min_max_parts)),
};

static const struct kr_arg zdiffstore_args[] = {
    KR_KEY_ARGUMENT("destination", 0),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 1, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg zintercard_args[] = {
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("limit", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "LIMIT"),
};

static const struct kr_arg zrandmember_options[] = {
    KR_ARGUMENT("count", INTEGER),
    KR_ARGUMENT("withscores", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHSCORES"),
};

static const struct kr_arg zrandmember_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("options", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(zrandmember_options)),
};

static const char *const nondeterministic_output_tips[] = {
    "nondeterministic_output",
};

static const struct kr_arg zscan_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("cursor", INTEGER),
    KR_ARGUMENT("pattern", PATTERN, .flags = KR_ARG_OPTIONAL, .token = "MATCH"),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command zset_commands[] = {
    {
        .name = "zadd",
        .run = zset_zadd,
        .ahead = zset_ahead_last,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(zadd_args),
        .history = KR_ROWS(zadd_history),
        .summary = "Adds members with scores to a sorted set, or gives them other scores",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)) for each item added, where N is the number of elements "
            "in the sorted set.",
    },
    {
        .name = "zincrby",
        .run = zset_zincrby,
        .ahead = zset_ahead_last,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(zincrby_args),
        .summary = "Adds to the score of a member",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)) where N is the number of elements in the sorted set.",
    },
    {
        .name = "zrem",
        .run = zset_zrem,
        .ahead = zset_ahead,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(key_member_list_args),
        .history = KR_ROWS(zrem_history),
        .summary = "Removes members from a sorted set",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity =
            "O(M*log(N)) with N being the number of elements in the sorted "
            "set and M the number of elements to be removed.",
    },
    {
        .name = "zcard",
        .run = zset_zcard,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(zcard_args),
        .summary = "Counts the members of a sorted set",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity = "O(1)",
    },
    {
        .name = "zcount",
        .run = zset_zcount,
        .arity = 4,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_min_max_args),
        .summary = "Counts the members whose scores are in a range",
        .since = "2.0.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "zlexcount",
        .run = zset_zlexcount,
        .arity = 4,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_min_max_args_2),
        .summary = "Counts the members between two byte strings",
        .since = "2.8.9",
        .group = "sorted-set",
        .complexity =
            "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "zscore",
        .run = zset_zscore,
        .ahead = zset_ahead,
        .arity = 3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_args),
        .summary = "Answers the score of a member",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity = "O(1)",
    },
    {
        .name = "zmscore",
        .run = zset_zmscore,
        .ahead = zset_ahead,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_list_args),
        .summary = "Answers the scores of several members",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity = "O(N) where N is the number of members being requested.",
    },
    {
        .name = "zrank",
        .run = zset_zrank,
        .ahead = zset_ahead,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_withscore_args),
        .history = KR_ROWS(withscore_history),
        .summary = "Answers how many members are before one, from the lowest score up",
        .since = "2.0.0",
        .group = "sorted-set",
        .complexity = "O(log(N))",
    },
    {
        .name = "zrevrank",
        .run = zset_zrevrank,
        .ahead = zset_ahead,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_withscore_args),
        .history = KR_ROWS(withscore_history),
        .summary = "Answers how many members are before one, from the highest score down",
        .since = "2.0.0",
        .group = "sorted-set",
        .complexity = "O(log(N))",
    },
    {
        .name = "zrange",
        .run = zset_zrange,
        .arity = -4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(zrange_args),
        .history = KR_ROWS(zrange_history),
        .summary = "Answers a range of members, by rank, score or bytes",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements returned.",
    },
    {
        .name = "zrevrange",
        .run = zset_zrevrange,
        .arity = -4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(zrevrange_args),
        .summary = "Answers a range of members by rank, from the highest score down",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements returned.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` argument",
    },
    {
        .name = "zrangebyscore",
        .run = zset_zrangebyscore,
        .arity = -4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(zrangebyscore_args),
        .history = KR_ROWS(zrangebyscore_history),
        .summary = "Answers the members whose scores are in a range",
        .since = "1.0.5",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements being returned. If M is "
            "constant (e.g. always asking for the first 10 elements with "
            "LIMIT), you can consider it O(log(N)).",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
    },
    {
        .name = "zrevrangebyscore",
        .run = zset_zrevrangebyscore,
        .arity = -4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(zrevrangebyscore_args),
        .history = KR_ROWS(zrevrangebyscore_history),
        .summary = "Answers the members whose scores are in a range, from the highest down",
        .since = "2.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements being returned. If M is "
            "constant (e.g. always asking for the first 10 elements with "
            "LIMIT), you can consider it O(log(N)).",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    },
    {
        .name = "zrangebylex",
        .run = zset_zrangebylex,
        .arity = -4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(zrangebylex_args),
        .summary = "Answers the members between two byte strings",
        .since = "2.8.9",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements being returned. If M is "
            "constant (e.g. always asking for the first 10 elements with "
            "LIMIT), you can consider it O(log(N)).",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYLEX` argument",
    },
    {
        .name = "zrevrangebylex",
        .run = zset_zrevrangebylex,
        .arity = -4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(zrevrangebylex_args),
        .summary = "Answers the members between two byte strings, from the last one back",
        .since = "2.8.9",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements being returned. If M is "
            "constant (e.g. always asking for the first 10 elements with "
            "LIMIT), you can consider it O(log(N)).",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
    },
    {
        .name = "zrangestore",
        .run = zset_zrangestore,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(zrangestore_keys),
        .args = KR_ROWS(zrangestore_args),
        .summary = "Stores a range of members as another sorted set",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements stored into the destination key.",
    },
    {
        .name = "zremrangebyrank",
        .run = zset_zremrangebyrank,
        .arity = 4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(zremrangebyrank_args),
        .summary = "Removes a range of members by rank",
        .since = "2.0.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements removed by the operation.",
    },
    {
        .name = "zremrangebyscore",
        .run = zset_zremrangebyscore,
        .arity = 4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(key_min_max_args),
        .summary = "Removes the members whose scores are in a range",
        .since = "1.2.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements removed by the operation.",
    },
    {
        .name = "zremrangebylex",
        .run = zset_zremrangebylex,
        .arity = 4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(key_min_max_args_2),
        .summary = "Removes the members between two byte strings",
        .since = "2.8.9",
        .group = "sorted-set",
        .complexity =
            "O(log(N)+M) with N being the number of elements in the sorted "
            "set and M the number of elements removed by the operation.",
    },
    {
        .name = "zpopmin",
        .run = zset_zpopmin,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_access_delete),
        .args = KR_ROWS(key_count_args),
        .summary = "Takes the members with the lowest scores out of a sorted set",
        .since = "5.0.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)*M) with N being the number of elements in the sorted "
            "set, and M being the number of elements popped.",
    },
    {
        .name = "zpopmax",
        .run = zset_zpopmax,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_rw_access_delete),
        .args = KR_ROWS(key_count_args),
        .summary = "Takes the members with the highest scores out of a sorted set",
        .since = "5.0.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)*M) with N being the number of elements in the sorted "
            "set, and M being the number of elements popped.",
    },
    {
        .name = "zmpop",
        .run = zset_zmpop,
        .arity = -4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_rw_access_delete),
        .args = KR_ROWS(zmpop_args),
        .summary = "Takes members out of the first sorted set that has any",
        .since = "7.0.0",
        .group = "sorted-set",
        .complexity =
            "O(K) + O(M*log(N)) where K is the number of provided keys, N "
            "being the number of elements in the sorted set, and M being the "
            "number of elements popped.",
    },
    {
        .name = "bzpopmin",
        .run = zset_bzpopmin,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_NOSCRIPT | KR_CMD_BLOCKING | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_rw_access_delete_2),
        .args = KR_ROWS(key_list_timeout_args),
        .history = KR_ROWS(history_6_0_0),
        .summary = "Takes the member with the lowest score, or waits for one",
        .since = "5.0.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "bzpopmax",
        .run = zset_bzpopmax,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_NOSCRIPT | KR_CMD_BLOCKING | KR_CMD_FAST,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_rw_access_delete_2),
        .args = KR_ROWS(key_list_timeout_args),
        .history = KR_ROWS(history_6_0_0),
        .summary = "Takes the member with the highest score, or waits for one",
        .since = "5.0.0",
        .group = "sorted-set",
        .complexity =
            "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "bzmpop",
        .run = zset_bzmpop,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_BLOCKING,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part2_rw_access_delete),
        .args = KR_ROWS(bzmpop_args),
        .summary = "Takes members out of the first sorted set that has any, or waits for some",
        .since = "7.0.0",
        .group = "sorted-set",
        .complexity =
            "O(K) + O(M*log(N)) where K is the number of provided keys, N "
            "being the number of elements in the sorted set, and M being the "
            "number of elements popped.",
    },
    {
        .name = "zunion",
        .run = zset_zunion,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_ro_access),
        .args = KR_ROWS(numkeys_key_list_weight_list_aggregate_withscores_args),
        .summary = "Answers the union of sorted sets, their scores weighed and summed",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity =
            "O(N)+O(M*log(M)) with N being the sum of the sizes of the input "
            "sorted sets, and M being the number of elements in the resulting "
            "sorted set.",
    },
    {
        .name = "zinter",
        .run = zset_zinter,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_ro_access),
        .args = KR_ROWS(numkeys_key_list_weight_list_aggregate_withscores_args),
        .summary = "Answers the intersection of sorted sets, their scores weighed and summed",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity =
            "O(N*K)+O(M*log(M)) worst case with N being the smallest input "
            "sorted set, K being the number of input sorted sets and M being "
            "the number of elements in the resulting sorted set.",
    },
    {
        .name = "zdiff",
        .run = zset_zdiff,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_ro_access),
        .args = KR_ROWS(zdiff_args),
        .summary = "Answers the members of the first sorted set that no other one has",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity =
            "O(L + (N-K)log(N)) worst case where L is the total number of "
            "elements in all the sets, N is the size of the first set, and K "
            "is the size of the result set.",
    },
    {
        .name = "zunionstore",
        .run = zset_zunionstore,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ow_update_part2_ro_access),
        .args = KR_ROWS(destination_numkeys_key_list_weight_list_aggregate_args),
        .summary = "Stores the union of sorted sets, their scores weighed and summed",
        .since = "2.0.0",
        .group = "sorted-set",
        .complexity =
            "O(N)+O(M log(M)) with N being the sum of the sizes of the input "
            "sorted sets, and M being the number of elements in the resulting "
            "sorted set.",
    },
    {
        .name = "zinterstore",
        .run = zset_zinterstore,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ow_update_part2_ro_access),
        .args = KR_ROWS(destination_numkeys_key_list_weight_list_aggregate_args),
        .summary = "Stores the intersection of sorted sets, their scores weighed and summed",
        .since = "2.0.0",
        .group = "sorted-set",
        .complexity =
            "O(N*K)+O(M*log(M)) worst case with N being the smallest input "
            "sorted set, K being the number of input sorted sets and M being "
            "the number of elements in the resulting sorted set.",
    },
    {
        .name = "zdiffstore",
        .run = zset_zdiffstore,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ow_update_part2_ro_access),
        .args = KR_ROWS(zdiffstore_args),
        .summary = "Stores the members of the first sorted set that no other one has",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity =
            "O(L + (N-K)log(N)) worst case where L is the total number of "
            "elements in all the sets, N is the size of the first set, and K "
            "is the size of the result set.",
    },
    {
        .name = "zintercard",
        .run = zset_zintercard,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(part1_ro_access),
        .args = KR_ROWS(zintercard_args),
        .summary = "Counts the members that several sorted sets have in common",
        .since = "7.0.0",
        .group = "sorted-set",
        .complexity =
            "O(N*K) worst case with N being the smallest input sorted set, K "
            "being the number of input sorted sets.",
    },
    {
        .name = "zrandmember",
        .run = zset_zrandmember,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(zrandmember_args),
        .summary = "Answers members picked at random",
        .since = "6.2.0",
        .group = "sorted-set",
        .complexity = "O(N) where N is the number of elements returned",
    },
    {
        .name = "zscan",
        .run = zset_zscan,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SORTEDSET,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(zscan_args),
        .summary = "Goes through members and scores, a few at a time",
        .since = "2.8.0",
        .group = "sorted-set",
        .complexity =
            "O(1) for every call. O(N) for a complete iteration, including "
            "enough command calls for the cursor to return back to 0. N is "
            "the number of elements inside the collection..",
    },
};

/* clang-format on */

static_assert(KR_COUNT(zset_commands) == ZSET_COMMAND_COUNT,
              "ZSET_COMMAND_COUNT counts the rows");
