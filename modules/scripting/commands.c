/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `scripting`.
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

static const struct kr_key_spec any_use_rw_keys[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
        .notes =
            "We cannot tell how the keys will be used so we assume the worst, "
            "RW and UPDATE",
    },
};

static const struct kr_arg script_numkeys_key_list_arg_list_args[] = {
    KR_ARGUMENT("script", STRING),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
    KR_ARGUMENT("arg", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_key_spec part2_rw_access_update[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg sha1_numkeys_key_list_arg_list_args[] = {
    KR_ARGUMENT("sha1", STRING),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
    KR_ARGUMENT("arg", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_key_spec any_use_ro_keys[] = {
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
        .notes =
            "We cannot tell how the keys will be used so we assume the worst, "
            "RO and ACCESS",
    },
};

static const struct kr_key_spec part2_ro_access[] = {
    {
        .flags = KR_KEY_RO | KR_KEY_ACCESS,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg script_debug_mode[] = {
    KR_ARGUMENT("yes", PURE_TOKEN, .token = "YES"),
    KR_ARGUMENT("sync", PURE_TOKEN, .token = "SYNC"),
    KR_ARGUMENT("no", PURE_TOKEN, .token = "NO"),
};

static const struct kr_arg script_debug_args[] = {
    KR_ARGUMENT("mode", ONEOF, .parts = KR_ROWS(script_debug_mode)),
};

static const struct kr_arg script_exists_args[] = {
    KR_ARGUMENT("sha1", STRING, .flags = KR_ARG_MULTIPLE),
};

static const char *const script_exists_tips[] = {
    "request_policy:all_shards",
    "response_policy:agg_logical_and",
};

static const struct kr_arg flush_async[] = {
    KR_ARGUMENT("async", PURE_TOKEN, .token = "ASYNC"),
    KR_ARGUMENT("sync", PURE_TOKEN, .token = "SYNC"),
};

static const struct kr_arg script_flush_args[] = {
    KR_ARGUMENT("async", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "6.2.0",
        .parts = KR_ROWS(flush_async)),
};

static const char *const all_nodes_all_succeeded_tips[] = {
    "request_policy:all_nodes",
    "response_policy:all_succeeded",
};

static const struct kr_history script_flush_history[] = {
    {"6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers."},
};

static const char *const all_shards_one_succeeded_tips[] = {
    "request_policy:all_shards",
    "response_policy:one_succeeded",
};

static const struct kr_arg script_load_args[] = {
    KR_ARGUMENT("script", STRING),
};

static const struct kr_command script_subcommands[] = {
    {
        .name = "debug",
        .run = scripting_script_debug,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .args = KR_ROWS(script_debug_args),
        .summary = "Switches the debugger of scripts; there is none here",
        .since = "3.2.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
    {
        .name = "exists",
        .run = scripting_script_exists,
        .arity = -3,
        .flags = KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(script_exists_tips),
        .args = KR_ROWS(script_exists_args),
        .summary = "Tells which digests are those of cached scripts",
        .since = "2.6.0",
        .group = "scripting",
        .complexity =
            "O(N) with N being the number of scripts to check (so checking a "
            "single script is an O(1) operation).",
    },
    {
        .name = "flush",
        .run = scripting_script_flush,
        .arity = -2,
        .flags = KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_nodes_all_succeeded_tips),
        .args = KR_ROWS(script_flush_args),
        .history = KR_ROWS(script_flush_history),
        .summary = "Forgets all cached scripts",
        .since = "2.6.0",
        .group = "scripting",
        .complexity = "O(N) with N being the number of scripts in cache",
    },
    {
        .name = "help",
        .run = scripting_script_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .categories = KR_CAT_SCRIPTING,
        .summary = "Tells what SCRIPT can do",
        .since = "5.0.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
    {
        .name = "kill",
        .run = scripting_script_kill,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_shards_one_succeeded_tips),
        .summary = "Ends the script that runs, if it has not written",
        .since = "2.6.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
    {
        .name = "load",
        .run = scripting_script_load,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_STALE,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_nodes_all_succeeded_tips),
        .args = KR_ROWS(script_load_args),
        .summary = "Compiles a script, for EVALSHA",
        .since = "2.6.0",
        .group = "scripting",
        .complexity =
            "O(N) with N being the length in bytes of the script body.",
    },
};

static const struct kr_arg function_numkeys_key_list_arg_list_args[] = {
    KR_ARGUMENT("function", STRING),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
    KR_ARGUMENT("arg", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_arg function_delete_args[] = {
    KR_ARGUMENT("library-name", STRING),
};

static const char *const all_shards_all_succeeded_tips[] = {
    "request_policy:all_shards",
    "response_policy:all_succeeded",
};

static const struct kr_arg function_flush_args[] = {
    KR_ARGUMENT("async", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(flush_async)),
};

static const struct kr_arg function_list_args[] = {
    KR_ARGUMENT("library-name-pattern", STRING, .flags = KR_ARG_OPTIONAL,
        .token = "LIBRARYNAME"),
    KR_ARGUMENT("withcode", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHCODE"),
};

static const char *const function_list_tips[] = {
    "nondeterministic_output_order",
};

static const struct kr_arg function_load_args[] = {
    KR_ARGUMENT("replace", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "REPLACE"),
    KR_ARGUMENT("function-code", STRING),
};

static const struct kr_arg function_restore_policy[] = {
    KR_ARGUMENT("flush", PURE_TOKEN, .token = "FLUSH"),
    KR_ARGUMENT("append", PURE_TOKEN, .token = "APPEND"),
    KR_ARGUMENT("replace", PURE_TOKEN, .token = "REPLACE"),
};

static const struct kr_arg function_restore_args[] = {
    KR_ARGUMENT("serialized-value", STRING),
    KR_ARGUMENT("policy", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(function_restore_policy)),
};

static const char *const function_stats_tips[] = {
    "nondeterministic_output",
    "request_policy:all_shards",
    "response_policy:special",
};

static const struct kr_command function_subcommands[] = {
    {
        .name = "delete",
        .run = scripting_function_delete,
        .arity = 3,
        .flags = KR_CMD_WRITE | KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_shards_all_succeeded_tips),
        .args = KR_ROWS(function_delete_args),
        .summary = "Takes a library away",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
    {
        .name = "dump",
        .run = scripting_function_dump,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .summary = "Answers all libraries as bytes",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(N) where N is the number of functions",
    },
    {
        .name = "flush",
        .run = scripting_function_flush,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_shards_all_succeeded_tips),
        .args = KR_ROWS(function_flush_args),
        .summary = "Takes all libraries away",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(N) where N is the number of functions deleted",
    },
    {
        .name = "help",
        .run = scripting_function_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .categories = KR_CAT_SCRIPTING,
        .summary = "Explains the subcommands",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
    {
        .name = "kill",
        .run = scripting_function_kill,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_shards_one_succeeded_tips),
        .summary = "Ends the function that runs, if it has not written",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
    {
        .name = "list",
        .run = scripting_function_list,
        .arity = -2,
        .flags = KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(function_list_tips),
        .args = KR_ROWS(function_list_args),
        .summary = "Names the libraries and their functions",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(N) where N is the number of functions",
    },
    {
        .name = "load",
        .run = scripting_function_load,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_shards_all_succeeded_tips),
        .args = KR_ROWS(function_load_args),
        .summary = "Loads a library of functions",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(1) (considering compilation time is redundant)",
    },
    {
        .name = "restore",
        .run = scripting_function_restore,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_NOSCRIPT,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(all_shards_all_succeeded_tips),
        .args = KR_ROWS(function_restore_args),
        .summary = "Loads the libraries of a dump",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(N) where N is the number of functions on the payload",
    },
    {
        .name = "stats",
        .run = scripting_function_stats,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_SCRIPTING,
        .tips = KR_ROWS(function_stats_tips),
        .summary = "Tells which function runs, and what is loaded",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "O(1)",
    },
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command scripting_commands[] = {
    {
        .name = "eval",
        .run = scripting_eval,
        .arity = -3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_STALE | KR_CMD_SKIP_MONITOR |
            KR_CMD_MAY_REPLICATE | KR_CMD_NO_MANDATORY_KEYS,
        .acts = scripting_eval_acts,
        .categories = KR_CAT_SCRIPTING,
        .keys = KR_ROWS(any_use_rw_keys),
        .args = KR_ROWS(script_numkeys_key_list_arg_list_args),
        .summary = "Runs a script",
        .since = "2.6.0",
        .group = "scripting",
        .complexity = "Depends on the script that is executed.",
    },
    {
        .name = "evalsha",
        .run = scripting_evalsha,
        .arity = -3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_STALE | KR_CMD_SKIP_MONITOR |
            KR_CMD_MAY_REPLICATE | KR_CMD_NO_MANDATORY_KEYS,
        .acts = scripting_evalsha_acts,
        .categories = KR_CAT_SCRIPTING,
        .keys = KR_ROWS(part2_rw_access_update),
        .args = KR_ROWS(sha1_numkeys_key_list_arg_list_args),
        .summary = "Runs a cached script",
        .since = "2.6.0",
        .group = "scripting",
        .complexity = "Depends on the script that is executed.",
    },
    {
        .name = "eval_ro",
        .run = scripting_eval_ro,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_NOSCRIPT | KR_CMD_STALE |
            KR_CMD_SKIP_MONITOR | KR_CMD_NO_MANDATORY_KEYS,
        .acts = scripting_eval_acts,
        .categories = KR_CAT_SCRIPTING,
        .keys = KR_ROWS(any_use_ro_keys),
        .args = KR_ROWS(script_numkeys_key_list_arg_list_args),
        .summary = "Runs a script that does not write",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "Depends on the script that is executed.",
    },
    {
        .name = "evalsha_ro",
        .run = scripting_evalsha_ro,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_NOSCRIPT | KR_CMD_STALE |
            KR_CMD_SKIP_MONITOR | KR_CMD_NO_MANDATORY_KEYS,
        .acts = scripting_evalsha_acts,
        .categories = KR_CAT_SCRIPTING,
        .keys = KR_ROWS(part2_ro_access),
        .args = KR_ROWS(sha1_numkeys_key_list_arg_list_args),
        .summary = "Runs a cached script that does not write",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "Depends on the script that is executed.",
    },
    {
        .name = "script",
        .arity = -2,
        .subcommands = KR_ROWS(script_subcommands),
        .summary = "Commands about cached scripts",
        .since = "2.6.0",
        .group = "scripting",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "fcall",
        .run = scripting_fcall,
        .arity = -3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_STALE | KR_CMD_SKIP_MONITOR |
            KR_CMD_MAY_REPLICATE | KR_CMD_NO_MANDATORY_KEYS,
        .acts = scripting_fcall_acts,
        .categories = KR_CAT_SCRIPTING,
        .keys = KR_ROWS(any_use_rw_keys),
        .args = KR_ROWS(function_numkeys_key_list_arg_list_args),
        .summary = "Calls a function",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "Depends on the function that is executed.",
    },
    {
        .name = "fcall_ro",
        .run = scripting_fcall_ro,
        .arity = -3,
        .flags = KR_CMD_READONLY | KR_CMD_NOSCRIPT | KR_CMD_STALE |
            KR_CMD_SKIP_MONITOR | KR_CMD_NO_MANDATORY_KEYS,
        .acts = scripting_fcall_acts,
        .categories = KR_CAT_SCRIPTING,
        .keys = KR_ROWS(any_use_ro_keys),
        .args = KR_ROWS(function_numkeys_key_list_arg_list_args),
        .summary = "Calls a function that may not write",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "Depends on the function that is executed.",
    },
    {
        .name = "function",
        .arity = -2,
        .subcommands = KR_ROWS(function_subcommands),
        .summary = "Looks after libraries of functions",
        .since = "7.0.0",
        .group = "scripting",
        .complexity = "Depends on subcommand.",
    },
};

/* clang-format on */

static_assert(KR_COUNT(scripting_commands) == SCRIPTING_COMMAND_COUNT,
              "SCRIPTING_COMMAND_COUNT counts the rows");
