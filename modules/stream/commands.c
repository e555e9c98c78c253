/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `stream`.
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

static const struct kr_key_spec xadd_keys[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_UPDATE,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
        .notes =
            "UPDATE instead of INSERT because of the optional trimming feature",
    },
};

static const struct kr_arg maxlen_minid_parts[] = {
    KR_ARGUMENT("maxlen", PURE_TOKEN, .token = "MAXLEN"),
    KR_ARGUMENT("minid", PURE_TOKEN, .token = "MINID", .since = "6.2.0"),
};

static const struct kr_arg equal_approximately_parts[] = {
    KR_ARGUMENT("equal", PURE_TOKEN, .token = "="),
    KR_ARGUMENT("approximately", PURE_TOKEN, .token = "~"),
};

static const struct kr_arg strategy_operator_threshold_count_parts[] = {
    KR_ARGUMENT("strategy", ONEOF, .parts = KR_ROWS(maxlen_minid_parts)),
    KR_ARGUMENT("operator", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(equal_approximately_parts)),
    KR_ARGUMENT("threshold", STRING),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "LIMIT",
        .since = "6.2.0"),
};

static const struct kr_arg xadd_id_or_auto[] = {
    KR_ARGUMENT("auto_id", PURE_TOKEN, .token = "*"),
    KR_ARGUMENT("id", STRING),
};

static const struct kr_arg xadd_field_value[] = {
    KR_ARGUMENT("field", STRING),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_arg xadd_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("nomkstream", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "NOMKSTREAM", .since = "6.2.0"),
    KR_ARGUMENT("trim", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(strategy_operator_threshold_count_parts)),
    KR_ARGUMENT("id_or_auto", ONEOF, .parts = KR_ROWS(xadd_id_or_auto)),
    KR_ARGUMENT("field_value", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(xadd_field_value)),
};

static const char *const nondeterministic_output_tips[] = {
    "nondeterministic_output",
};

static const struct kr_history xadd_history[] = {
    {"6.2.0",
     "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the "
     "`LIMIT` option."},
    {"7.0.0", "Added support for the `<ms>-*` explicit ID form."},
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

static const struct kr_arg key_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_arg xrange_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("start", STRING),
    KR_ARGUMENT("end", STRING),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

static const struct kr_history history_6_2_0[] = {
    {"6.2.0", "Added exclusive ranges."},
};

static const struct kr_arg xrevrange_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("end", STRING),
    KR_ARGUMENT("start", STRING),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

static const struct kr_key_spec keys_ro_access[] = {
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_KEYWORD,
        .word = "STREAMS",
        .a = 1,
        .find = KR_FIND_RANGE,
        .x = -1, .y = 1, .z = 2,
    },
};

static const struct kr_arg key_list_id_list_parts[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("id", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg xread_args[] = {
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
    KR_ARGUMENT("milliseconds", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "BLOCK"),
    KR_ARGUMENT("streams", BLOCK, .token = "STREAMS",
        .parts = KR_ROWS(key_list_id_list_parts)),
};

static const struct kr_key_spec key1_rw_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg xdel_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("id", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg xtrim_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("trim", BLOCK,
        .parts = KR_ROWS(strategy_operator_threshold_count_parts)),
};

static const struct kr_history xtrim_history[] = {
    {"6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."},
};

static const struct kr_key_spec key1_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg xsetid_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("last-id", STRING),
    KR_ARGUMENT("entries_added", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "ENTRIESADDED", .since = "7.0.0"),
    KR_ARGUMENT("max_deleted_entry_id", STRING, .flags = KR_ARG_OPTIONAL,
        .token = "MAXDELETEDID", .since = "7.0.0"),
};

static const struct kr_history xsetid_history[] = {
    {"7.0.0",
     "Added the `entries_added` and `max_deleted_entry_id` arguments."},
};

static const struct kr_key_spec key2_rw_insert[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_INSERT, 2, 0, 1),
};

static const struct kr_arg id_new_id_parts[] = {
    KR_ARGUMENT("id", STRING),
    KR_ARGUMENT("new_id", PURE_TOKEN, .token = "$"),
};

static const struct kr_arg xgroup_create_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("groupname", STRING),
    KR_ARGUMENT("id", ONEOF, .parts = KR_ROWS(id_new_id_parts)),
    KR_ARGUMENT("mkstream", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "MKSTREAM"),
    KR_ARGUMENT("entries_read", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "ENTRIESREAD"),
};

static const struct kr_history xgroup_create_history[] = {
    {"7.0.0", "Added the `entries_read` named argument."},
};

static const struct kr_arg key_groupname_consumername_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("groupname", STRING),
    KR_ARGUMENT("consumername", STRING),
};

static const struct kr_key_spec key2_rw_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_DELETE, 2, 0, 1),
};

static const struct kr_arg key_groupname_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("groupname", STRING),
};

static const struct kr_key_spec key2_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 2, 0, 1),
};

static const struct kr_arg xgroup_setid_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("groupname", STRING),
    KR_ARGUMENT("id", ONEOF, .parts = KR_ROWS(id_new_id_parts)),
    KR_ARGUMENT("entries_read", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "ENTRIESREAD"),
};

static const struct kr_history xgroup_setid_history[] = {
    {"7.0.0", "Added the optional `entries_read` argument."},
};

static const struct kr_command xgroup_subcommands[] = {
    {
        .name = "create",
        .run = stream_xgroup_create,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_rw_insert),
        .args = KR_ROWS(xgroup_create_args),
        .history = KR_ROWS(xgroup_create_history),
        .summary = "Makes a consumer group that begins behind an id",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "createconsumer",
        .run = stream_xgroup_createconsumer,
        .arity = 5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_rw_insert),
        .args = KR_ROWS(key_groupname_consumername_args),
        .summary = "Adds a consumer to a group",
        .since = "6.2.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "delconsumer",
        .run = stream_xgroup_delconsumer,
        .arity = 5,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_rw_delete),
        .args = KR_ROWS(key_groupname_consumername_args),
        .summary =
            "Takes a consumer out of a group, with all that it has pending",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "destroy",
        .run = stream_xgroup_destroy,
        .arity = 4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_rw_delete),
        .args = KR_ROWS(key_groupname_args),
        .summary = "Ends a consumer group",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(N) where N is the number of entries in the group's pending "
            "entries list (PEL).",
    },
    {
        .name = "help",
        .run = stream_xgroup_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .categories = KR_CAT_STREAM,
        .summary = "Lists the subcommands of XGROUP",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "setid",
        .run = stream_xgroup_setid,
        .arity = -5,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_rw_update),
        .args = KR_ROWS(xgroup_setid_args),
        .history = KR_ROWS(xgroup_setid_history),
        .summary = "Sets the id behind which a group goes on",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
};

static const struct kr_key_spec keys_ro_access_2[] = {
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_KEYWORD,
        .word = "STREAMS",
        .a = 4,
        .find = KR_FIND_RANGE,
        .x = -1, .y = 1, .z = 2,
    },
};

static const struct kr_arg xreadgroup_group_consumer[] = {
    KR_ARGUMENT("group", STRING),
    KR_ARGUMENT("consumer", STRING),
};

static const struct kr_arg xreadgroup_args[] = {
    KR_ARGUMENT("group_consumer", BLOCK, .token = "GROUP",
        .parts = KR_ROWS(xreadgroup_group_consumer)),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
    KR_ARGUMENT("milliseconds", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "BLOCK"),
    KR_ARGUMENT("noack", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "NOACK"),
    KR_ARGUMENT("streams", BLOCK, .token = "STREAMS",
        .parts = KR_ROWS(key_list_id_list_parts)),
};

static const struct kr_arg xack_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("group", STRING),
    KR_ARGUMENT("id", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg xclaim_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("group", STRING),
    KR_ARGUMENT("consumer", STRING),
    KR_ARGUMENT("min-idle-time", STRING),
    KR_ARGUMENT("id", STRING, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("ms", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "IDLE"),
    KR_ARGUMENT("unix-time-milliseconds", UNIX_TIME, .flags = KR_ARG_OPTIONAL,
        .token = "TIME"),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "RETRYCOUNT"),
    KR_ARGUMENT("force", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "FORCE"),
    KR_ARGUMENT("justid", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "JUSTID"),
    KR_ARGUMENT("id", STRING, .flags = KR_ARG_OPTIONAL, .token = "LASTID"),
};

static const struct kr_arg xautoclaim_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("group", STRING),
    KR_ARGUMENT("consumer", STRING),
    KR_ARGUMENT("min-idle-time", STRING),
    KR_ARGUMENT("start", STRING),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
    KR_ARGUMENT("justid", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "JUSTID"),
};

static const struct kr_history xautoclaim_history[] = {
    {"7.0.0",
     "Added an element to the reply array, containing deleted entries the "
     "command cleared from the PEL"},
};

static const struct kr_arg xpending_filters[] = {
    KR_ARGUMENT("min-idle-time", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "IDLE", .since = "6.2.0"),
    KR_ARGUMENT("start", STRING),
    KR_ARGUMENT("end", STRING),
    KR_ARGUMENT("count", INTEGER),
    KR_ARGUMENT("consumer", STRING, .flags = KR_ARG_OPTIONAL),
};

static const struct kr_arg xpending_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("group", STRING),
    KR_ARGUMENT("filters", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(xpending_filters)),
};

static const struct kr_history xpending_history[] = {
    {"6.2.0", "Added the `IDLE` option and exclusive range intervals."},
};

static const struct kr_key_spec key2_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 2, 0, 1),
};

static const struct kr_history xinfo_groups_history[] = {
    {"7.0.0", "Added the `entries-read` and `lag` fields"},
};

static const struct kr_arg xinfo_stream_full[] = {
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

static const struct kr_arg xinfo_stream_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("full", BLOCK, .flags = KR_ARG_OPTIONAL, .token = "FULL",
        .parts = KR_ROWS(xinfo_stream_full)),
};

static const struct kr_history xinfo_stream_history[] = {
    {"6.0.0", "Added the `FULL` modifier."},
    {"7.0.0",
     "Added the `max-deleted-entry-id`, `entries-added`, "
     "`recorded-first-entry-id`, `entries-read` and `lag` fields"},
};

static const struct kr_command xinfo_subcommands[] = {
    {
        .name = "consumers",
        .run = stream_xinfo_consumers,
        .arity = 4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(key_groupname_args),
        .summary = "Describes the consumers of a group",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "groups",
        .run = stream_xinfo_groups,
        .arity = 3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_ro_access),
        .args = KR_ROWS(key_args),
        .history = KR_ROWS(xinfo_groups_history),
        .summary = "Describes the consumer groups of a stream",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "help",
        .run = stream_xinfo_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .categories = KR_CAT_STREAM,
        .summary = "Lists the subcommands of XINFO",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "stream",
        .run = stream_xinfo_stream,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key2_ro_access),
        .args = KR_ROWS(xinfo_stream_args),
        .history = KR_ROWS(xinfo_stream_history),
        .summary = "Describes a stream",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command stream_commands[] = {
    {
        .name = "xadd",
        .run = stream_xadd,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(xadd_keys),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(xadd_args),
        .history = KR_ROWS(xadd_history),
        .summary = "Appends an entry to a stream, made if need be",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(1) when adding a new entry, O(N) when trimming where N being "
            "the number of entries evicted.",
    },
    {
        .name = "xlen",
        .run = stream_xlen,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(key_args),
        .summary = "Counts the entries of a stream",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "xrange",
        .run = stream_xrange,
        .arity = -4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(xrange_args),
        .history = KR_ROWS(history_6_2_0),
        .summary = "Answers the entries between two ids",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(N) with N being the number of elements being returned. If N is "
            "constant (e.g. always asking for the first 10 elements with "
            "COUNT), you can consider it O(1).",
    },
    {
        .name = "xrevrange",
        .run = stream_xrevrange,
        .arity = -4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(xrevrange_args),
        .history = KR_ROWS(history_6_2_0),
        .summary = "Answers the entries between two ids, the last one first",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(N) with N being the number of elements returned. If N is "
            "constant (e.g. always asking for the first 10 elements with "
            "COUNT), you can consider it O(1).",
    },
    {
        .name = "xread",
        .run = stream_xread,
        .arity = -4,
        .flags = KR_CMD_READONLY | KR_CMD_BLOCKING,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(keys_ro_access),
        .args = KR_ROWS(xread_args),
        .summary =
            "Answers the entries behind an id in each of several "
            "streams, or waits for some",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "For each stream mentioned: O(N) with N being the number of "
            "elements being returned, it means that XREAD-ing with a fixed "
            "COUNT is O(1). Note that when the BLOCK option is used, XADD "
            "will pay O(M) time in order to serve the M clients blocked on "
            "the stream getting new data.",
    },
    {
        .name = "xdel",
        .run = stream_xdel,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(xdel_args),
        .summary = "Deletes entries by their ids",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(1) for each single item to delete in the stream, regardless of "
            "the stream size.",
    },
    {
        .name = "xtrim",
        .run = stream_xtrim,
        .arity = -4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_rw_delete),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(xtrim_args),
        .history = KR_ROWS(xtrim_history),
        .summary =
            "Deletes the oldest entries, down to a length or up to an id",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(N), with N being the number of evicted entries. Constant times "
            "are very small however, since entries are organized in macro "
            "nodes containing multiple entries that can be released with a "
            "single deallocation.",
    },
    {
        .name = "xsetid",
        .run = stream_xsetid,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(xsetid_args),
        .history = KR_ROWS(xsetid_history),
        .summary = "Sets the last id of a stream. For the log and replicas",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1)",
    },
    {
        .name = "xgroup",
        .arity = -2,
        .subcommands = KR_ROWS(xgroup_subcommands),
        .summary = "A container for commands on consumer groups",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "xreadgroup",
        .run = stream_xreadgroup,
        .arity = -7,
        .flags = KR_CMD_WRITE | KR_CMD_BLOCKING,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(keys_ro_access_2),
        .args = KR_ROWS(xreadgroup_args),
        .summary =
            "Answers entries that a group has given to nobody else, or "
            "waits for some",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "For each stream mentioned: O(M) with M being the number of "
            "elements returned. If M is constant (e.g. always asking for the "
            "first 10 elements with COUNT), you can consider it O(1). On the "
            "other side when XREADGROUP blocks, XADD will pay the O(N) time "
            "in order to serve the N clients blocked on the stream getting "
            "new data.",
    },
    {
        .name = "xack",
        .run = stream_xack,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(xack_args),
        .summary = "Ends the wait for entries that a consumer has dealt with",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "O(1) for each message ID processed.",
    },
    {
        .name = "xclaim",
        .run = stream_xclaim,
        .arity = -6,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_rw_update),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(xclaim_args),
        .summary = "Gives pending entries to another consumer",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(log N) with N being the number of messages in the PEL of the "
            "consumer group.",
    },
    {
        .name = "xautoclaim",
        .run = stream_xautoclaim,
        .arity = -6,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_rw_delete),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(xautoclaim_args),
        .history = KR_ROWS(xautoclaim_history),
        .summary =
            "Gives entries that have long been pending to another consumer",
        .since = "6.2.0",
        .group = "stream",
        .complexity = "O(1) if COUNT is small.",
    },
    {
        .name = "xpending",
        .run = stream_xpending,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_STREAM,
        .keys = KR_ROWS(key1_ro_access),
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(xpending_args),
        .history = KR_ROWS(xpending_history),
        .summary =
            "Answers what a group has given out and nobody has acknowledged",
        .since = "5.0.0",
        .group = "stream",
        .complexity =
            "O(N) with N being the number of elements returned, so asking for "
            "a small fixed number of entries per call is O(1). O(M), where M "
            "is the total number of entries scanned when used with the IDLE "
            "filter. When the command returns just the summary and the list "
            "of consumers is small, it runs in O(1) time; otherwise, an "
            "additional O(N) time for iterating every consumer.",
    },
    {
        .name = "xinfo",
        .arity = -2,
        .subcommands = KR_ROWS(xinfo_subcommands),
        .summary = "A container for commands that describe streams",
        .since = "5.0.0",
        .group = "stream",
        .complexity = "Depends on subcommand.",
    },
};

/* clang-format on */

static_assert(KR_COUNT(stream_commands) == STREAM_COMMAND_COUNT,
              "STREAM_COMMAND_COUNT counts the rows");
