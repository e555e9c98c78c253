/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `string`.
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

static const struct kr_arg key_value_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_key_spec key1_rw_access_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg key_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const struct kr_arg decrby_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("decrement", INTEGER),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_key_spec key1_rw_access_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_key_spec getex_keys[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
        .notes = "RW and UPDATE because it changes the TTL",
    },
};

static const struct kr_arg getex_expiration[] = {
    KR_ARGUMENT("seconds", INTEGER, .token = "EX"),
    KR_ARGUMENT("milliseconds", INTEGER, .token = "PX"),
    KR_ARGUMENT("unix-time-seconds", UNIX_TIME, .token = "EXAT"),
    KR_ARGUMENT("unix-time-milliseconds", UNIX_TIME, .token = "PXAT"),
    KR_ARGUMENT("persist", PURE_TOKEN, .token = "PERSIST"),
};

static const struct kr_arg getex_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("expiration", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(getex_expiration)),
};

static const struct kr_arg key_start_end_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("start", INTEGER),
    KR_ARGUMENT("end", INTEGER),
};

static const struct kr_arg incrby_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("increment", INTEGER),
};

static const struct kr_arg incrbyfloat_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("increment", DOUBLE),
};

static const struct kr_key_spec part1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 1, 1),
};

static const struct kr_arg lcs_args[] = {
    KR_KEY_ARGUMENT("key1", 0),
    KR_KEY_ARGUMENT("key2", 0),
    KR_ARGUMENT("len", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "LEN"),
    KR_ARGUMENT("idx", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "IDX"),
    KR_ARGUMENT("len", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "MINMATCHLEN"),
    KR_ARGUMENT("withmatchlen", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHMATCHLEN"),
};

static const struct kr_key_spec keys1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, -1, 1),
};

static const struct kr_arg mget_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
};

static const char *const mget_tips[] = {
    "request_policy:multi_shard",
};

static const struct kr_key_spec keys1_ow_update[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, -1, 2),
};

static const struct kr_arg key_value_list_args[] = {
    KR_ARGUMENT("key_value", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(key_value_args)),
};

static const char *const mset_tips[] = {
    "request_policy:multi_shard",
    "response_policy:all_succeeded",
};

static const struct kr_key_spec keys1_ow_insert[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_INSERT, 1, -1, 2),
};

static const char *const msetnx_tips[] = {
    "request_policy:multi_shard",
    "response_policy:agg_min",
};

static const struct kr_key_spec key1_ow_update[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg psetex_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("milliseconds", INTEGER),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_key_spec set_keys[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE |
            KR_KEY_VARIABLE_FLAGS,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
        .notes = "RW and ACCESS due to the optional `GET` argument",
    },
};

static const struct kr_arg set_condition[] = {
    KR_ARGUMENT("nx", PURE_TOKEN, .token = "NX"),
    KR_ARGUMENT("xx", PURE_TOKEN, .token = "XX"),
};

static const struct kr_arg set_expiration[] = {
    KR_ARGUMENT("seconds", INTEGER, .token = "EX", .since = "2.6.12"),
    KR_ARGUMENT("milliseconds", INTEGER, .token = "PX", .since = "2.6.12"),
    KR_ARGUMENT("unix-time-seconds", UNIX_TIME, .token = "EXAT", .since = "6.2.0"),
    KR_ARGUMENT("unix-time-milliseconds", UNIX_TIME, .token = "PXAT", .since = "6.2.0"),
    KR_ARGUMENT("keepttl", PURE_TOKEN, .token = "KEEPTTL", .since = "6.0.0"),
};

static const struct kr_arg set_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("value", STRING),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "2.6.12",
        .parts = KR_ROWS(set_condition)),
    KR_ARGUMENT("get", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "GET",
        .since = "6.2.0"),
    KR_ARGUMENT("expiration", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(set_expiration)),
};

static const struct kr_history set_history[] = {
    {"2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."},
    {"6.0.0", "Added the `KEEPTTL` option."},
    {"6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."},
    {"7.0.0", "Allowed the `NX` and `GET` options to be used together."},
};

static const struct kr_arg setex_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("seconds", INTEGER),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_key_spec key1_ow_insert[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_INSERT, 1, 0, 1),
};

static const struct kr_key_spec key1_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg setrange_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("offset", INTEGER),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command string_commands[] = {
    {
        .name = "append",
        .run = string_append,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(key_value_args),
        .summary =
            "Extends a string by the given bytes, starting from an empty one "
            "if there is no key",
        .since = "2.0.0",
        .group = "string",
        .complexity =
            "O(1). The amortized time complexity is O(1) assuming the "
            "appended value is small and the already present value is of any "
            "size, since the dynamic string library used by Redis will double "
            "the free space available on every reallocation.",
    },
    {
        .name = "decr",
        .run = string_decr,
        .arity = 2,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(key_args),
        .summary = "Subtracts one from the integer in a string",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "decrby",
        .run = string_decrby,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(decrby_args),
        .summary = "Subtracts a given amount from the integer in a string",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "get",
        .run = string_get,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_args),
        .summary = "Answers the string at a key",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "getdel",
        .run = string_getdel,
        .arity = 2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_delete),
        .args = KR_ROWS(key_args),
        .summary = "Answers the string at a key and deletes the key",
        .since = "6.2.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "getex",
        .run = string_getex,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(getex_keys),
        .args = KR_ROWS(getex_args),
        .summary =
            "Answers the string at a key and changes or removes its expiry",
        .since = "6.2.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "getrange",
        .run = string_getrange,
        .arity = 4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_start_end_args),
        .summary = "Answers the bytes of a string between two positions",
        .since = "2.4.0",
        .group = "string",
        .complexity =
            "O(N) where N is the length of the returned string. The "
            "complexity is ultimately determined by the returned length, but "
            "because creating a substring from an existing string is very "
            "cheap, it can be considered O(1) for small strings.",
    },
    {
        .name = "getset",
        .run = string_getset,
        .arity = 3,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(key_value_args),
        .summary =
            "Replaces the string at a key and answers what was there before",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
        .deprecated_since = "6.2.0",
        .replaced_by = "`SET` with the `!GET` argument",
    },
    {
        .name = "incr",
        .run = string_incr,
        .arity = 2,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(key_args),
        .summary = "Adds one to the integer in a string",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "incrby",
        .run = string_incrby,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(incrby_args),
        .summary = "Adds a given amount to the integer in a string",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "incrbyfloat",
        .run = string_incrbyfloat,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(incrbyfloat_args),
        .summary =
            "Adds a given amount to the floating point number in a string",
        .since = "2.6.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "lcs",
        .run = string_lcs,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(part1_ro_access),
        .args = KR_ROWS(lcs_args),
        .summary =
            "Finds the longest subsequence that two strings have in common",
        .since = "7.0.0",
        .group = "string",
        .complexity =
            "O(N*M) where N and M are the lengths of s1 and s2, respectively",
    },
    {
        .name = "mget",
        .run = string_mget,
        .arity = -2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(keys1_ro_access),
        .tips = KR_ROWS(mget_tips),
        .args = KR_ROWS(mget_args),
        .summary = "Answers the strings at several keys",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(N) where N is the number of keys to retrieve.",
    },
    {
        .name = "mset",
        .run = string_mset,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(keys1_ow_update),
        .tips = KR_ROWS(mset_tips),
        .args = KR_ROWS(key_value_list_args),
        .summary = "Sets several keys to strings, all in one step",
        .since = "1.0.1",
        .group = "string",
        .complexity = "O(N) where N is the number of keys to set.",
    },
    {
        .name = "msetnx",
        .run = string_msetnx,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(keys1_ow_insert),
        .tips = KR_ROWS(msetnx_tips),
        .args = KR_ROWS(key_value_list_args),
        .summary =
            "Sets several keys to strings, but only if none of them exists",
        .since = "1.0.1",
        .group = "string",
        .complexity = "O(N) where N is the number of keys to set.",
    },
    {
        .name = "psetex",
        .run = string_psetex,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ow_update),
        .args = KR_ROWS(psetex_args),
        .summary =
            "Sets a key to a string that lives for so many milliseconds",
        .since = "2.6.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "set",
        .run = string_set,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(set_keys),
        .find_keys = string_set_keys,
        .args = KR_ROWS(set_args),
        .history = KR_ROWS(set_history),
        .summary = "Sets a key to a string, whatever it held before",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "setex",
        .run = string_setex,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ow_update),
        .args = KR_ROWS(setex_args),
        .summary = "Sets a key to a string that lives for so many seconds",
        .since = "2.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "setnx",
        .run = string_setnx,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ow_insert),
        .args = KR_ROWS(key_value_args),
        .summary = "Sets a key to a string, but only if it does not exist",
        .since = "1.0.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "setrange",
        .run = string_setrange,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(setrange_args),
        .summary =
            "Overwrites a string from an offset on, padding it with zeros if "
            "it is short",
        .since = "2.2.0",
        .group = "string",
        .complexity =
            "O(1), not counting the time taken to copy the new string in "
            "place. Usually, this string is very small so the amortized "
            "complexity is O(1). Otherwise, complexity is O(M) with M being "
            "the length of the value argument.",
    },
    {
        .name = "strlen",
        .run = string_strlen,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_args),
        .summary = "Answers how many bytes the string at a key has",
        .since = "2.2.0",
        .group = "string",
        .complexity = "O(1)",
    },
    {
        .name = "substr",
        .run = string_substr,
        .arity = 4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STRING,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_start_end_args),
        .summary =
            "Answers the bytes of a string between two positions, under an "
            "older name",
        .since = "1.0.0",
        .group = "string",
        .complexity =
            "O(N) where N is the length of the returned string. The "
            "complexity is ultimately determined by the returned length, but "
            "because creating a substring from an existing string is very "
            "cheap, it can be considered O(1) for small strings.",
        .deprecated_since = "2.0.0",
        .replaced_by = "`GETRANGE`",
    },
};

/* clang-format on */

static_assert(KR_COUNT(string_commands) == STRING_COMMAND_COUNT,
              "STRING_COMMAND_COUNT counts the rows");
