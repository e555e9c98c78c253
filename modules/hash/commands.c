/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `hash`.
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

static const struct kr_arg field_value_parts[] = {
    KR_ARGUMENT("field", STRING),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_arg key_field_value_list_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("field_value", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(field_value_parts)),
};

static const struct kr_history hset_history[] = {
    {"4.0.0", "Accepts multiple `field` and `value` arguments."},
};

static const struct kr_key_spec key1_rw_insert[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_INSERT, 1, 0, 1),
};

static const struct kr_arg hsetnx_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("field", STRING),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_arg key_field_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("field", STRING),
};

static const struct kr_arg key_field_list_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("field", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_key_spec key1_rw_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_history hdel_history[] = {
    {"2.4.0", "Accepts multiple `field` arguments."},
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

static const struct kr_arg key_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const char *const nondeterministic_output_order_tips[] = {
    "nondeterministic_output_order",
};

static const struct kr_key_spec key1_rw_access_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg hincrby_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("field", STRING),
    KR_ARGUMENT("increment", INTEGER),
};

static const struct kr_arg hincrbyfloat_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("field", STRING),
    KR_ARGUMENT("increment", DOUBLE),
};

static const struct kr_arg hrandfield_options[] = {
    KR_ARGUMENT("count", INTEGER),
    KR_ARGUMENT("withvalues", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHVALUES"),
};

static const struct kr_arg hrandfield_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("options", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(hrandfield_options)),
};

static const char *const nondeterministic_output_tips[] = {
    "nondeterministic_output",
};

static const struct kr_arg hscan_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("cursor", INTEGER),
    KR_ARGUMENT("pattern", PATTERN, .flags = KR_ARG_OPTIONAL, .token = "MATCH"),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
    KR_ARGUMENT("novalues", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "NOVALUES", .since = "7.4.0"),
};

static const struct kr_arg expire_condition[] = {
    KR_ARGUMENT("nx", PURE_TOKEN, .token = "NX"),
    KR_ARGUMENT("xx", PURE_TOKEN, .token = "XX"),
    KR_ARGUMENT("gt", PURE_TOKEN, .token = "GT"),
    KR_ARGUMENT("lt", PURE_TOKEN, .token = "LT"),
};

static const struct kr_arg fields_parts[] = {
    KR_ARGUMENT("numfields", INTEGER),
    KR_ARGUMENT("field", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg key_fields_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("fields", BLOCK, .token = "FIELDS",
        .parts = KR_ROWS(fields_parts)),
};

static const struct kr_arg hexpire_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("seconds", INTEGER),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(expire_condition)),
    KR_ARGUMENT("fields", BLOCK, .token = "FIELDS",
        .parts = KR_ROWS(fields_parts)),
};

static const struct kr_arg hpexpire_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("milliseconds", INTEGER),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(expire_condition)),
    KR_ARGUMENT("fields", BLOCK, .token = "FIELDS",
        .parts = KR_ROWS(fields_parts)),
};

static const struct kr_arg hexpireat_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("unix-time-seconds", UNIX_TIME),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(expire_condition)),
    KR_ARGUMENT("fields", BLOCK, .token = "FIELDS",
        .parts = KR_ROWS(fields_parts)),
};

static const struct kr_arg hpexpireat_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("unix-time-milliseconds", UNIX_TIME),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(expire_condition)),
    KR_ARGUMENT("fields", BLOCK, .token = "FIELDS",
        .parts = KR_ROWS(fields_parts)),
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command hash_commands[] = {
    {
        .name = "hset",
        .run = hash_hset,
        .ahead = hash_ahead,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(key_field_value_list_args),
        .history = KR_ROWS(hset_history),
        .summary =
            "Sets fields of a hash to values; creates the hash if there is none",
        .since = "2.0.0",
        .group = "hash",
        .complexity =
            "O(1) for each field/value pair added, so O(N) to add N "
            "field/value pairs when the command is called with multiple "
            "field/value pairs.",
    },
    {
        .name = "hsetnx",
        .run = hash_hsetnx,
        .ahead = hash_ahead,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(hsetnx_args),
        .summary =
            "Sets a field of a hash, but only if the field does not exist",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hmset",
        .run = hash_hmset,
        .ahead = hash_ahead,
        .arity = -4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(key_field_value_list_args),
        .summary = "Sets several fields of a hash to values",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of fields being set.",
        .deprecated_since = "4.0.0",
        .replaced_by = "`HSET` with multiple field-value pairs",
    },
    {
        .name = "hget",
        .run = hash_hget,
        .ahead = hash_ahead,
        .arity = 3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_field_args),
        .summary = "Answers the value of a field of a hash",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hmget",
        .run = hash_hmget,
        .ahead = hash_ahead,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_field_list_args),
        .summary = "Answers the values of several fields of a hash",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of fields being requested.",
    },
    {
        .name = "hdel",
        .run = hash_hdel,
        .ahead = hash_ahead,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(key_field_list_args),
        .history = KR_ROWS(hdel_history),
        .summary = "Deletes fields of a hash, and the hash with its last field",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of fields to be removed.",
    },
    {
        .name = "hlen",
        .run = hash_hlen,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_args),
        .summary = "Counts the fields of a hash",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hstrlen",
        .run = hash_hstrlen,
        .ahead = hash_ahead,
        .arity = 3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_field_args),
        .summary = "Answers the length of the value of a field",
        .since = "3.2.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hexists",
        .run = hash_hexists,
        .ahead = hash_ahead,
        .arity = 3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_field_args),
        .summary = "Tells whether a hash has a field",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hkeys",
        .run = hash_hkeys,
        .arity = 2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_args),
        .summary = "Lists the fields of a hash",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(N) where N is the size of the hash.",
    },
    {
        .name = "hvals",
        .run = hash_hvals,
        .arity = 2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_args),
        .summary = "Lists the values of a hash",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(N) where N is the size of the hash.",
    },
    {
        .name = "hgetall",
        .run = hash_hgetall,
        .arity = 2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(key_args),
        .summary = "Lists the fields of a hash with their values",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(N) where N is the size of the hash.",
    },
    {
        .name = "hincrby",
        .run = hash_hincrby,
        .ahead = hash_ahead,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(hincrby_args),
        .summary =
            "Adds an integer to the number in a field, starting from 0 if there is none",
        .since = "2.0.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hincrbyfloat",
        .run = hash_hincrbyfloat,
        .ahead = hash_ahead,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(hincrbyfloat_args),
        .summary =
            "Adds a floating point number to the one in a field, starting from 0",
        .since = "2.6.0",
        .group = "hash",
        .complexity = "O(1)",
    },
    {
        .name = "hrandfield",
        .run = hash_hrandfield,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(hrandfield_args),
        .summary = "Answers one or more fields of a hash, by chance",
        .since = "6.2.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of fields returned",
    },
    {
        .name = "hscan",
        .run = hash_hscan,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(hscan_args),
        .summary = "Goes through the fields of a hash a few at a time",
        .since = "2.8.0",
        .group = "hash",
        .complexity =
            "O(1) for every call. O(N) for a complete iteration, including "
            "enough command calls for the cursor to return back to 0. N is "
            "the number of elements inside the collection..",
    },
    {
        .name = "hexpire",
        .run = hash_hexpire,
        .arity = -6,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(hexpire_args),
        .summary = "Lets fields of a hash expire after so many seconds",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hpexpire",
        .run = hash_hpexpire,
        .arity = -6,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(hpexpire_args),
        .summary = "Lets fields of a hash expire after so many milliseconds",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hexpireat",
        .run = hash_hexpireat,
        .arity = -6,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(hexpireat_args),
        .summary =
            "Lets fields of a hash expire at a time, in seconds since 1970",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hpexpireat",
        .run = hash_hpexpireat,
        .arity = -6,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(hpexpireat_args),
        .summary =
            "Lets fields of a hash expire at a time, in milliseconds since 1970",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hpersist",
        .run = hash_hpersist,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(key_fields_args),
        .summary = "Lets fields of a hash live on without an expiry",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "httl",
        .run = hash_httl,
        .arity = -5,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_fields_args),
        .summary = "Answers how many seconds fields of a hash have to live",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hpttl",
        .run = hash_hpttl,
        .arity = -5,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_fields_args),
        .summary =
            "Answers how many milliseconds fields of a hash have to live",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hexpiretime",
        .run = hash_hexpiretime,
        .arity = -5,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_fields_args),
        .summary =
            "Answers when fields of a hash expire, in seconds since 1970",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
    {
        .name = "hpexpiretime",
        .run = hash_hpexpiretime,
        .arity = -5,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_HASH,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_fields_args),
        .summary =
            "Answers when fields of a hash expire, in milliseconds since 1970",
        .since = "7.4.0",
        .group = "hash",
        .complexity = "O(N) where N is the number of specified fields",
    },
};

/* clang-format on */

static_assert(KR_COUNT(hash_commands) == HASH_COMMAND_COUNT,
              "HASH_COMMAND_COUNT counts the rows");
