/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `keys`.
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

static const struct kr_key_spec keys1_rm_delete[] = {
    KR_KEY(KR_KEY_RM | KR_KEY_DELETE, 1, -1, 1),
};

static const struct kr_arg key_list_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
};

static const char *const multi_shard_agg_sum_tips[] = {
    "request_policy:multi_shard",
    "response_policy:agg_sum",
};

static const struct kr_key_spec keys1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, -1, 1),
};

static const struct kr_history exists_history[] = {
    {"3.0.3", "Accepts multiple `key` arguments."},
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

static const struct kr_arg key_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const struct kr_key_spec rename_keys[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 2, 0, 1),
};

static const struct kr_arg key_newkey_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_KEY_ARGUMENT("newkey", 1),
};

static const struct kr_key_spec renamenx_keys[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
    KR_KEY(KR_KEY_OW | KR_KEY_INSERT, 2, 0, 1),
};

static const struct kr_history renamenx_history[] = {
    {"3.2.0",
     "The command no longer returns an error when source and destination "
     "names are the same."},
};

static const struct kr_key_spec copy_keys[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 2, 0, 1),
};

static const struct kr_arg copy_args[] = {
    KR_KEY_ARGUMENT("source", 0),
    KR_KEY_ARGUMENT("destination", 1),
    KR_ARGUMENT("destination-db", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "DB"),
    KR_ARGUMENT("replace", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "REPLACE"),
};

static const struct kr_key_spec key1_rw_access_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg move_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("db", INTEGER),
};

static const char *const randomkey_tips[] = {
    "request_policy:all_shards",
    "nondeterministic_output",
};

static const struct kr_arg keys_args[] = {
    KR_ARGUMENT("pattern", PATTERN),
};

static const char *const keys_tips[] = {
    "request_policy:all_shards",
    "nondeterministic_output_order",
};

static const struct kr_arg scan_args[] = {
    KR_ARGUMENT("cursor", INTEGER),
    KR_ARGUMENT("pattern", PATTERN, .flags = KR_ARG_OPTIONAL, .token = "MATCH"),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
    KR_ARGUMENT("type", STRING, .flags = KR_ARG_OPTIONAL, .token = "TYPE",
        .since = "6.0.0"),
};

static const char *const scan_tips[] = {
    "nondeterministic_output",
    "request_policy:special",
};

static const struct kr_history scan_history[] = {
    {"6.0.0", "Added the `TYPE` subcommand."},
};

static const struct kr_key_spec key1_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg nx_xx_gt_lt_parts[] = {
    KR_ARGUMENT("nx", PURE_TOKEN, .token = "NX"),
    KR_ARGUMENT("xx", PURE_TOKEN, .token = "XX"),
    KR_ARGUMENT("gt", PURE_TOKEN, .token = "GT"),
    KR_ARGUMENT("lt", PURE_TOKEN, .token = "LT"),
};

static const struct kr_arg expire_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("seconds", INTEGER),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "7.0.0",
        .parts = KR_ROWS(nx_xx_gt_lt_parts)),
};

static const struct kr_history history_7_0_0[] = {
    {"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
};

static const struct kr_arg pexpire_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("milliseconds", INTEGER),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "7.0.0",
        .parts = KR_ROWS(nx_xx_gt_lt_parts)),
};

static const struct kr_arg expireat_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("unix-time-seconds", UNIX_TIME),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "7.0.0",
        .parts = KR_ROWS(nx_xx_gt_lt_parts)),
};

static const struct kr_arg pexpireat_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("unix-time-milliseconds", UNIX_TIME),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "7.0.0",
        .parts = KR_ROWS(nx_xx_gt_lt_parts)),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const char *const nondeterministic_output_tips[] = {
    "nondeterministic_output",
};

static const struct kr_history history_2_8_0[] = {
    {"2.8.0", "Added the -2 reply."},
};

static const struct kr_key_spec key2_ro[] = {
    KR_KEY(KR_KEY_RO, 2, 0, 1),
};

static const struct kr_command object_subcommands[] = {
    {
        .name = "encoding",
        .run = keys_object_encoding,
        .arity = 3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key2_ro),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_args),
        .summary = "Answers how the value of a key is laid out in memory",
        .since = "2.2.3",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "freq",
        .run = keys_object_freq,
        .arity = 3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key2_ro),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_args),
        .summary = "Answers the access frequency counter of a key",
        .since = "4.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "help",
        .run = keys_object_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .categories = KR_CAT_KEYSPACE,
        .summary = "Lists the subcommands of OBJECT",
        .since = "6.2.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "idletime",
        .run = keys_object_idletime,
        .arity = 3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key2_ro),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_args),
        .summary = "Answers for how many seconds a key has not been used",
        .since = "2.2.3",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "refcount",
        .run = keys_object_refcount,
        .arity = 3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key2_ro),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_args),
        .summary =
            "Answers how many references there are to the value of a key",
        .since = "2.2.3",
        .group = "generic",
        .complexity = "O(1)",
    },
};

static const char *const dbsize_tips[] = {
    "request_policy:all_shards",
    "response_policy:agg_sum",
};

static const struct kr_arg async_sync_parts[] = {
    KR_ARGUMENT("async", PURE_TOKEN, .token = "ASYNC", .since = "4.0.0"),
    KR_ARGUMENT("sync", PURE_TOKEN, .token = "SYNC", .since = "6.2.0"),
};

static const struct kr_arg async_args[] = {
    KR_ARGUMENT("async", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(async_sync_parts)),
};

static const char *const all_shards_all_succeeded_tips[] = {
    "request_policy:all_shards",
    "response_policy:all_succeeded",
};

static const struct kr_history history_4_0_0[] = {
    {"4.0.0", "Added the `ASYNC` flushing mode modifier."},
    {"6.2.0", "Added the `SYNC` flushing mode modifier."},
};

static const struct kr_arg swapdb_args[] = {
    KR_ARGUMENT("index1", INTEGER),
    KR_ARGUMENT("index2", INTEGER),
};

static const char *const dump_tips[] = {
    "nondeterministic_output",
};

static const struct kr_key_spec key1_ow_update[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg restore_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("ttl", INTEGER),
    KR_ARGUMENT("serialized-value", STRING),
    KR_ARGUMENT("replace", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "REPLACE", .since = "3.0.0"),
    KR_ARGUMENT("absttl", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "ABSTTL", .since = "5.0.0"),
    KR_ARGUMENT("seconds", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "IDLETIME", .since = "5.0.0"),
    KR_ARGUMENT("frequency", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "FREQ", .since = "5.0.0"),
};

static const struct kr_history restore_history[] = {
    {"3.0.0", "Added the `REPLACE` modifier."},
    {"5.0.0", "Added the `ABSTTL` modifier."},
    {"5.0.0", "Added the `IDLETIME` and `FREQ` options."},
};

static const struct kr_key_spec sort_keys[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_UNKNOWN,
        .find = KR_FIND_UNKNOWN,
        .notes =
            "For the optional BY/GET keyword. It is marked 'unknown' because "
            "the key names derive from the content of the key we sort",
    },
    {
        .flags = KR_KEY_OW | KR_KEY_UPDATE,
        .begin = KR_BEGIN_UNKNOWN,
        .find = KR_FIND_UNKNOWN,
        .notes =
            "For the optional STORE keyword. It is marked 'unknown' because "
            "the keyword can appear anywhere in the argument array",
    },
};

static const struct kr_arg offset_count_parts[] = {
    KR_ARGUMENT("offset", INTEGER),
    KR_ARGUMENT("count", INTEGER),
};

static const struct kr_arg asc_desc_parts[] = {
    KR_ARGUMENT("asc", PURE_TOKEN, .token = "ASC"),
    KR_ARGUMENT("desc", PURE_TOKEN, .token = "DESC"),
};

static const struct kr_arg sort_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    {.name = "pattern", .type = KR_ARG_PATTERN, .key_spec = 1,
        .flags = KR_ARG_OPTIONAL, .token = "BY"},
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
    {.name = "pattern", .type = KR_ARG_PATTERN, .key_spec = 1,
        .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE | KR_ARG_MULTIPLE_TOKEN,
        .token = "GET"},
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
    KR_ARGUMENT("sorting", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "ALPHA"),
    KR_KEY_ARGUMENT("destination", 2, .flags = KR_ARG_OPTIONAL,
        .token = "STORE"),
};

static const struct kr_key_spec sort_ro_keys[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_UNKNOWN,
        .find = KR_FIND_UNKNOWN,
        .notes =
            "For the optional BY/GET keyword. It is marked 'unknown' because "
            "the key names derive from the content of the key we sort",
    },
};

static const struct kr_arg sort_ro_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    {.name = "pattern", .type = KR_ARG_PATTERN, .key_spec = 1,
        .flags = KR_ARG_OPTIONAL, .token = "BY"},
    KR_ARGUMENT("offset_count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .token = "LIMIT", .parts = KR_ROWS(offset_count_parts)),
    {.name = "pattern", .type = KR_ARG_PATTERN, .key_spec = 1,
        .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE | KR_ARG_MULTIPLE_TOKEN,
        .token = "GET"},
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
    KR_ARGUMENT("sorting", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "ALPHA"),
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command keys_commands[] = {
    {
        .name = "del",
        .run = keys_del,
        .arity = -2,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(keys1_rm_delete),
        .tips = KR_ROWS(multi_shard_agg_sum_tips),
        .args = KR_ROWS(key_list_args),
        .summary = "Deletes keys",
        .since = "1.0.0",
        .group = "generic",
        .complexity =
            "O(N) where N is the number of keys that will be removed. When a "
            "key to remove holds a value other than a string, the individual "
            "complexity for this key is O(M) where M is the number of "
            "elements in the list, set, sorted set or hash. Removing a single "
            "key that holds a string value is O(1).",
    },
    {
        .name = "unlink",
        .run = keys_unlink,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(keys1_rm_delete),
        .tips = KR_ROWS(multi_shard_agg_sum_tips),
        .args = KR_ROWS(key_list_args),
        .summary =
            "Deletes keys at once and frees what they held in the background",
        .since = "4.0.0",
        .group = "generic",
        .complexity =
            "O(1) for each key removed regardless of its size. Then the "
            "command does O(N) work in a different thread in order to reclaim "
            "memory, where N is the number of allocations the deleted objects "
            "where composed of.",
    },
    {
        .name = "exists",
        .run = keys_exists,
        .arity = -2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(keys1_ro),
        .tips = KR_ROWS(multi_shard_agg_sum_tips),
        .args = KR_ROWS(key_list_args),
        .history = KR_ROWS(exists_history),
        .summary = "Counts how many of the given keys exist",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(N) where N is the number of keys to check.",
    },
    {
        .name = "type",
        .run = keys_type,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_args),
        .summary = "Answers the type of the value at a key",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "rename",
        .run = keys_rename,
        .arity = 3,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(rename_keys),
        .args = KR_ROWS(key_newkey_args),
        .summary = "Gives a key another name, replacing what has that name",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "renamenx",
        .run = keys_renamenx,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(renamenx_keys),
        .args = KR_ROWS(key_newkey_args),
        .history = KR_ROWS(renamenx_history),
        .summary = "Gives a key another name, but only if that name is free",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "copy",
        .run = keys_copy,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(copy_keys),
        .args = KR_ROWS(copy_args),
        .summary = "Copies a value to another key",
        .since = "6.2.0",
        .group = "generic",
        .complexity =
            "O(N) worst case for collections, where N is the number of nested "
            "items. O(1) for string values.",
    },
    {
        .name = "move",
        .run = keys_move,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(move_args),
        .summary = "Moves a key to another database",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "touch",
        .run = keys_touch,
        .arity = -2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(keys1_ro),
        .tips = KR_ROWS(multi_shard_agg_sum_tips),
        .args = KR_ROWS(key_list_args),
        .summary = "Marks keys as just used and counts those that exist",
        .since = "3.2.1",
        .group = "generic",
        .complexity =
            "O(N) where N is the number of keys that will be touched.",
    },
    {
        .name = "randomkey",
        .run = keys_randomkey,
        .arity = 1,
        .flags = KR_CMD_READONLY | KR_CMD_TOUCHES_ARBITRARY,
        .categories = KR_CAT_KEYSPACE,
        .tips = KR_ROWS(randomkey_tips),
        .summary = "Answers the name of some key",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "keys",
        .run = keys_keys,
        .arity = 2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_KEYSPACE | KR_CAT_DANGEROUS,
        .tips = KR_ROWS(keys_tips),
        .args = KR_ROWS(keys_args),
        .summary = "Lists all key names that match a pattern",
        .since = "1.0.0",
        .group = "generic",
        .complexity =
            "O(N) with N being the number of keys in the database, under the "
            "assumption that the key names in the database and the given "
            "pattern have limited length.",
    },
    {
        .name = "scan",
        .run = keys_scan,
        .arity = -2,
        .flags = KR_CMD_READONLY | KR_CMD_TOUCHES_ARBITRARY,
        .categories = KR_CAT_KEYSPACE,
        .tips = KR_ROWS(scan_tips),
        .args = KR_ROWS(scan_args),
        .history = KR_ROWS(scan_history),
        .summary = "Goes through the key names in small steps",
        .since = "2.8.0",
        .group = "generic",
        .complexity =
            "O(1) for every call. O(N) for a complete iteration, including "
            "enough command calls for the cursor to return back to 0. N is "
            "the number of elements inside the collection.",
    },
    {
        .name = "expire",
        .run = keys_expire,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(expire_args),
        .history = KR_ROWS(history_7_0_0),
        .summary = "Lets a key expire after so many seconds",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "pexpire",
        .run = keys_pexpire,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(pexpire_args),
        .history = KR_ROWS(history_7_0_0),
        .summary = "Lets a key expire after so many milliseconds",
        .since = "2.6.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "expireat",
        .run = keys_expireat,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(expireat_args),
        .history = KR_ROWS(history_7_0_0),
        .summary = "Lets a key expire at a time given in seconds since 1970",
        .since = "1.2.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "pexpireat",
        .run = keys_pexpireat,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(pexpireat_args),
        .history = KR_ROWS(history_7_0_0),
        .summary =
            "Lets a key expire at a time given in milliseconds since 1970",
        .since = "2.6.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "ttl",
        .run = keys_ttl,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_args),
        .history = KR_ROWS(history_2_8_0),
        .summary = "Answers how many seconds a key has left",
        .since = "1.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "pttl",
        .run = keys_pttl,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_args),
        .history = KR_ROWS(history_2_8_0),
        .summary = "Answers how many milliseconds a key has left",
        .since = "2.6.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "expiretime",
        .run = keys_expiretime,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_args),
        .summary = "Answers when a key expires, in seconds since 1970",
        .since = "7.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "pexpiretime",
        .run = keys_pexpiretime,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_args),
        .summary = "Answers when a key expires, in milliseconds since 1970",
        .since = "7.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "persist",
        .run = keys_persist,
        .arity = 2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(key_args),
        .summary = "Takes the expiry off a key",
        .since = "2.2.0",
        .group = "generic",
        .complexity = "O(1)",
    },
    {
        .name = "object",
        .arity = -2,
        .subcommands = KR_ROWS(object_subcommands),
        .summary = "Commands that look into how a value is kept",
        .since = "2.2.3",
        .group = "generic",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "dbsize",
        .run = keys_dbsize,
        .arity = 1,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE,
        .tips = KR_ROWS(dbsize_tips),
        .summary = "Counts the keys of the database",
        .since = "1.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "flushdb",
        .run = keys_flushdb,
        .arity = -1,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_KEYSPACE | KR_CAT_DANGEROUS,
        .tips = KR_ROWS(all_shards_all_succeeded_tips),
        .args = KR_ROWS(async_args),
        .history = KR_ROWS(history_4_0_0),
        .summary = "Deletes all keys of the database",
        .since = "1.0.0",
        .group = "server",
        .complexity =
            "O(N) where N is the number of keys in the selected database",
    },
    {
        .name = "flushall",
        .run = keys_flushall,
        .arity = -1,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_KEYSPACE | KR_CAT_DANGEROUS,
        .tips = KR_ROWS(all_shards_all_succeeded_tips),
        .args = KR_ROWS(async_args),
        .history = KR_ROWS(history_4_0_0),
        .summary = "Deletes all keys of all databases",
        .since = "1.0.0",
        .group = "server",
        .complexity =
            "O(N) where N is the total number of keys in all databases",
    },
    {
        .name = "swapdb",
        .run = keys_swapdb,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_KEYSPACE | KR_CAT_DANGEROUS,
        .args = KR_ROWS(swapdb_args),
        .summary = "Exchanges the contents of two databases",
        .since = "4.0.0",
        .group = "server",
        .complexity =
            "O(N) where N is the count of clients watching or blocking on "
            "keys from both databases.",
    },
    {
        .name = "dump",
        .run = keys_dump,
        .arity = 2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_KEYSPACE,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(dump_tips),
        .args = KR_ROWS(key_args),
        .summary = "Returns the value of a key as bytes that RESTORE reads",
        .since = "2.6.0",
        .group = "generic",
        .complexity =
            "O(1) to access the key and additional O(N*M) to serialize it, "
            "where N is the number of Redis objects composing the value and M "
            "their average size. For small string values the time complexity "
            "is thus O(1)+O(1*M) where M is small, so simply O(1).",
    },
    {
        .name = "restore",
        .run = keys_restore,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_KEYSPACE | KR_CAT_DANGEROUS,
        .keys = KR_ROWS(key1_ow_update),
        .args = KR_ROWS(restore_args),
        .history = KR_ROWS(restore_history),
        .summary = "Creates a key from the bytes that DUMP returned",
        .since = "2.6.0",
        .group = "generic",
        .complexity =
            "O(1) to create the new key and additional O(N*M) to reconstruct "
            "the serialized value, where N is the number of Redis objects "
            "composing the value and M their average size. For small string "
            "values the time complexity is thus O(1)+O(1*M) where M is small, "
            "so simply O(1). However for sorted set values the complexity is "
            "O(N*M*log(N)) because inserting values into sorted sets is "
            "O(log(N)).",
    },
    {
        .name = "sort",
        .run = keys_sort,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_SET | KR_CAT_SORTEDSET | KR_CAT_LIST |
            KR_CAT_DANGEROUS,
        .keys = KR_ROWS(sort_keys),
        .find_keys = keys_sort_keys,
        .args = KR_ROWS(sort_args),
        .summary = "Sorts the elements of a list, a set or a sorted set, and may store them",
        .since = "1.0.0",
        .group = "generic",
        .complexity =
            "O(N+M*log(M)) where N is the number of elements in the list or "
            "set to sort, and M the number of returned elements. When the "
            "elements are not sorted, complexity is O(N).",
    },
    {
        .name = "sort_ro",
        .run = keys_sort_ro,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_SET | KR_CAT_SORTEDSET | KR_CAT_LIST |
            KR_CAT_DANGEROUS,
        .keys = KR_ROWS(sort_ro_keys),
        .find_keys = keys_sort_ro_keys,
        .args = KR_ROWS(sort_ro_args),
        .summary = "Sorts the elements of a list, a set or a sorted set",
        .since = "7.0.0",
        .group = "generic",
        .complexity =
            "O(N+M*log(M)) where N is the number of elements in the list or "
            "set to sort, and M the number of returned elements. When the "
            "elements are not sorted, complexity is O(N).",
    },
};

/* clang-format on */

static_assert(KR_COUNT(keys_commands) == KEYS_COMMAND_COUNT,
              "KEYS_COMMAND_COUNT counts the rows");
