/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `server`.
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

static const struct kr_arg info_args[] = {
    KR_ARGUMENT("section", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const char *const nondeterministic_output_all_shards_special_tips[] = {
    "nondeterministic_output",
    "request_policy:all_shards",
    "response_policy:special",
};

static const struct kr_history info_history[] = {
    {"7.0.0", "Added support for taking multiple section arguments."},
};

static const struct kr_arg command_name_list_args[] = {
    KR_ARGUMENT("command-name", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const char *const nondeterministic_output_order_tips[] = {
    "nondeterministic_output_order",
};

static const struct kr_history command_info_history[] = {
    {"7.0.0",
     "Allowed to be called with no argument to get info on all commands."},
};

static const struct kr_arg command_list_filterby[] = {
    KR_ARGUMENT("module-name", STRING, .token = "MODULE"),
    KR_ARGUMENT("category", STRING, .token = "ACLCAT"),
    KR_ARGUMENT("pattern", PATTERN, .token = "PATTERN"),
};

static const struct kr_arg command_list_args[] = {
    KR_ARGUMENT("filterby", ONEOF, .flags = KR_ARG_OPTIONAL, .token = "FILTERBY",
        .parts = KR_ROWS(command_list_filterby)),
};

static const struct kr_command command_subcommands[] = {
    {
        .name = "count",
        .run = server_command_count,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Counts the commands",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "docs",
        .run = server_command_docs,
        .arity = -2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(command_name_list_args),
        .summary = "Answers the documentation of commands",
        .since = "7.0.0",
        .group = "server",
        .complexity = "O(N) where N is the number of commands to look up",
    },
    {
        .name = "getkeys",
        .run = server_command_getkeys,
        .arity = -4,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Finds the keys in a full command line",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(N) where N is the number of arguments to the command",
    },
    {
        .name = "getkeysandflags",
        .run = server_command_getkeysandflags,
        .arity = -4,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary =
            "Finds the keys in a full command line and tells what is done to "
            "each",
        .since = "7.0.0",
        .group = "server",
        .complexity = "O(N) where N is the number of arguments to the command",
    },
    {
        .name = "help",
        .run = server_command_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Lists the subcommands of COMMAND",
        .since = "5.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "info",
        .run = server_command_info,
        .arity = -2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(command_name_list_args),
        .history = KR_ROWS(command_info_history),
        .summary = "Describes the named commands, or all of them",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(N) where N is the number of commands to look up",
    },
    {
        .name = "list",
        .run = server_command_list,
        .arity = -2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .args = KR_ROWS(command_list_args),
        .summary = "Lists the names of commands",
        .since = "7.0.0",
        .group = "server",
        .complexity = "O(N) where N is the total number of Redis commands",
    },
};

static const struct kr_arg config_get_parameter[] = {
    KR_ARGUMENT("parameter", STRING),
};

static const struct kr_arg config_get_args[] = {
    KR_ARGUMENT("parameter", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(config_get_parameter)),
};

static const struct kr_history config_get_history[] = {
    {"7.0.0",
     "Added the ability to pass multiple pattern parameters in one call"},
};

static const struct kr_arg config_set_parameter_value[] = {
    KR_ARGUMENT("parameter", STRING),
    KR_ARGUMENT("value", STRING),
};

static const struct kr_arg config_set_args[] = {
    KR_ARGUMENT("parameter_value", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(config_set_parameter_value)),
};

static const char *const all_nodes_all_succeeded_tips[] = {
    "request_policy:all_nodes",
    "response_policy:all_succeeded",
};

static const struct kr_history config_set_history[] = {
    {"7.0.0", "Added the ability to set multiple parameters in one call."},
};

static const struct kr_command config_subcommands[] = {
    {
        .name = "get",
        .run = server_config_get,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .args = KR_ROWS(config_get_args),
        .history = KR_ROWS(config_get_history),
        .summary = "Answers the parameters whose names match",
        .since = "2.0.0",
        .group = "server",
        .complexity =
            "O(N) when N is the number of configuration parameters provided",
    },
    {
        .name = "help",
        .run = server_config_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Lists the subcommands of CONFIG",
        .since = "5.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "resetstat",
        .run = server_config_resetstat,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Sets the counters that INFO shows back to zero",
        .since = "2.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "rewrite",
        .run = server_config_rewrite,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .summary =
            "Writes the configuration in force to the configuration file",
        .since = "2.8.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "set",
        .run = server_config_set,
        .arity = -4,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(all_nodes_all_succeeded_tips),
        .args = KR_ROWS(config_set_args),
        .history = KR_ROWS(config_set_history),
        .summary =
            "Changes parameters while the server runs, all of them or none",
        .since = "2.0.0",
        .group = "server",
        .complexity =
            "O(N) when N is the number of configuration parameters provided",
    },
};

static const struct kr_arg slowlog_get_args[] = {
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL),
};

static const char *const slowlog_get_tips[] = {
    "request_policy:all_nodes",
    "nondeterministic_output",
};

static const struct kr_history slowlog_get_history[] = {
    {"4.0.0", "Added client IP address, port and name to the reply."},
};

static const char *const slowlog_len_tips[] = {
    "request_policy:all_nodes",
    "response_policy:agg_sum",
    "nondeterministic_output",
};

static const struct kr_command slowlog_subcommands[] = {
    {
        .name = "get",
        .run = server_slowlog_get,
        .arity = -2,
        .flags = KR_CMD_ADMIN | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(slowlog_get_tips),
        .args = KR_ROWS(slowlog_get_args),
        .history = KR_ROWS(slowlog_get_history),
        .summary = "Answers the latest entries of the slow log",
        .since = "2.2.12",
        .group = "server",
        .complexity = "O(N) where N is the number of entries returned",
    },
    {
        .name = "help",
        .run = server_slowlog_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Lists the subcommands of SLOWLOG",
        .since = "6.2.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "len",
        .run = server_slowlog_len,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(slowlog_len_tips),
        .summary = "Counts the entries of the slow log",
        .since = "2.2.12",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "reset",
        .run = server_slowlog_reset,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(all_nodes_all_succeeded_tips),
        .summary = "Empties the slow log",
        .since = "2.2.12",
        .group = "server",
        .complexity = "O(N) where N is the number of entries in the slowlog",
    },
};

static const char *const nondeterministic_output_all_nodes_special_tips[] = {
    "nondeterministic_output",
    "request_policy:all_nodes",
    "response_policy:special",
};

static const struct kr_arg event_args[] = {
    KR_ARGUMENT("event", STRING),
};

static const struct kr_arg latency_histogram_args[] = {
    KR_ARGUMENT("command", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_arg latency_reset_args[] = {
    KR_ARGUMENT("event", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_command latency_subcommands[] = {
    {
        .name = "doctor",
        .run = server_latency_doctor,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(nondeterministic_output_all_nodes_special_tips),
        .summary = "Comments on the latency seen so far, in plain words",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "graph",
        .run = server_latency_graph,
        .arity = 3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(nondeterministic_output_all_nodes_special_tips),
        .args = KR_ROWS(event_args),
        .summary = "Draws the latency of an event",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "help",
        .run = server_latency_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Lists the subcommands of LATENCY",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "histogram",
        .run = server_latency_histogram,
        .arity = -2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(nondeterministic_output_all_nodes_special_tips),
        .args = KR_ROWS(latency_histogram_args),
        .summary = "Answers how the durations of commands are distributed",
        .since = "7.0.0",
        .group = "server",
        .complexity =
            "O(N) where N is the number of commands with latency information "
            "being retrieved.",
    },
    {
        .name = "history",
        .run = server_latency_history,
        .arity = 3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(nondeterministic_output_all_nodes_special_tips),
        .args = KR_ROWS(event_args),
        .summary =
            "Answers the latency samples of an event, each with its time",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "latest",
        .run = server_latency_latest,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(nondeterministic_output_all_nodes_special_tips),
        .summary = "Answers the most recent latency sample of every event",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "reset",
        .run = server_latency_reset,
        .arity = -2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .tips = KR_ROWS(all_nodes_all_succeeded_tips),
        .args = KR_ROWS(latency_reset_args),
        .summary = "Forgets the latency samples of some events, or of all",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(1)",
    },
};

static const char *const memory_purge_tips[] = {
    "request_policy:all_shards",
    "response_policy:all_succeeded",
};

static const struct kr_key_spec key2_ro[] = {
    KR_KEY(KR_KEY_RO, 2, 0, 1),
};

static const struct kr_arg memory_usage_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "SAMPLES"),
};

static const struct kr_command memory_subcommands[] = {
    {
        .name = "doctor",
        .run = server_memory_doctor,
        .arity = 2,
        .tips = KR_ROWS(nondeterministic_output_all_shards_special_tips),
        .summary = "Comments on the use of memory, in plain words",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "help",
        .run = server_memory_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Lists the subcommands of MEMORY",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "malloc-stats",
        .run = server_memory_malloc_stats,
        .arity = 2,
        .tips = KR_ROWS(nondeterministic_output_all_shards_special_tips),
        .summary = "Answers what the allocator reports about itself",
        .since = "4.0.0",
        .group = "server",
        .complexity = "Depends on how much memory is allocated, could be slow",
    },
    {
        .name = "purge",
        .run = server_memory_purge,
        .arity = 2,
        .tips = KR_ROWS(memory_purge_tips),
        .summary = "Asks the allocator to give unused memory back",
        .since = "4.0.0",
        .group = "server",
        .complexity = "Depends on how much memory is allocated, could be slow",
    },
    {
        .name = "stats",
        .run = server_memory_stats,
        .arity = 2,
        .tips = KR_ROWS(nondeterministic_output_all_shards_special_tips),
        .summary = "Answers in detail what memory is used for",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "usage",
        .run = server_memory_usage,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .keys = KR_ROWS(key2_ro),
        .args = KR_ROWS(memory_usage_args),
        .summary = "Estimates how many bytes a key and its value take",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(N) where N is the number of samples.",
    },
};

static const char *const time_tips[] = {
    "nondeterministic_output",
};

static const struct kr_arg lolwut_args[] = {
    KR_ARGUMENT("version", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "VERSION"),
};

static const struct kr_arg shutdown_nosave_save[] = {
    KR_ARGUMENT("nosave", PURE_TOKEN, .token = "NOSAVE"),
    KR_ARGUMENT("save", PURE_TOKEN, .token = "SAVE"),
};

static const struct kr_arg shutdown_args[] = {
    KR_ARGUMENT("nosave_save", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(shutdown_nosave_save)),
    KR_ARGUMENT("now", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "NOW",
        .since = "7.0.0"),
    KR_ARGUMENT("force", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "FORCE",
        .since = "7.0.0"),
    KR_ARGUMENT("abort", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "ABORT",
        .since = "7.0.0"),
};

static const struct kr_history shutdown_history[] = {
    {"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."},
};

static const struct kr_arg wait_args[] = {
    KR_ARGUMENT("numreplicas", INTEGER),
    KR_ARGUMENT("timeout", INTEGER),
};

static const char *const wait_tips[] = {
    "request_policy:all_shards",
    "response_policy:agg_min",
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command server_commands[] = {
    {
        .name = "info",
        .run = server_info,
        .arity = -1,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_DANGEROUS,
        .tips = KR_ROWS(nondeterministic_output_all_shards_special_tips),
        .args = KR_ROWS(info_args),
        .history = KR_ROWS(info_history),
        .summary = "Reports the state of the server and its counters",
        .since = "1.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "command",
        .run = server_command,
        .arity = -1,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .subcommands = KR_ROWS(command_subcommands),
        .tips = KR_ROWS(nondeterministic_output_order_tips),
        .summary = "Describes every command",
        .since = "2.8.13",
        .group = "server",
        .complexity = "O(N) where N is the total number of Redis commands",
    },
    {
        .name = "config",
        .arity = -2,
        .subcommands = KR_ROWS(config_subcommands),
        .summary = "Commands about the configuration",
        .since = "2.0.0",
        .group = "server",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "slowlog",
        .arity = -2,
        .subcommands = KR_ROWS(slowlog_subcommands),
        .summary = "Commands about the log of slow commands",
        .since = "2.2.12",
        .group = "server",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "latency",
        .arity = -2,
        .subcommands = KR_ROWS(latency_subcommands),
        .summary = "Commands about latency",
        .since = "2.8.13",
        .group = "server",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "memory",
        .arity = -2,
        .subcommands = KR_ROWS(memory_subcommands),
        .summary = "Commands about memory",
        .since = "4.0.0",
        .group = "server",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "debug",
        .run = server_debug,
        .arity = -2,
        .doc_flags = KR_DOC_SYSCMD,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_PROTECTED,
        .summary = "Tools for developing and testing the server",
        .since = "1.0.0",
        .group = "server",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "monitor",
        .run = server_monitor,
        .arity = 1,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Shows every command as the server runs it",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "time",
        .run = server_time,
        .arity = 1,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_FAST,
        .tips = KR_ROWS(time_tips),
        .summary = "Answers what time the server has",
        .since = "2.6.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "lolwut",
        .run = server_lolwut,
        .arity = -1,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .args = KR_ROWS(lolwut_args),
        .summary = "Draws a picture and names the version",
        .since = "5.0.0",
        .group = "server",
    },
    {
        .name = "role",
        .run = server_role,
        .arity = 1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_SENTINEL,
        .categories = KR_CAT_ADMIN | KR_CAT_DANGEROUS,
        .summary = "Answers the part that the server plays in replication",
        .since = "2.8.12",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "shutdown",
        .run = server_shutdown,
        .arity = -1,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_ALLOW_BUSY | KR_CMD_NO_MULTI |
            KR_CMD_SENTINEL,
        .args = KR_ROWS(shutdown_args),
        .history = KR_ROWS(shutdown_history),
        .summary = "Saves the data if that is configured and ends the server",
        .since = "1.0.0",
        .group = "server",
        .complexity =
            "O(N) when saving, where N is the total number of keys in all "
            "databases when saving data, otherwise O(1)",
    },
    {
        .name = "wait",
        .run = server_wait,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(wait_args),
        .tips = KR_ROWS(wait_tips),
        .summary = "Waits until replicas have what the client has written",
        .since = "3.0.0",
        .group = "generic",
        .complexity = "O(1)",
    },
};

/* clang-format on */

static_assert(KR_COUNT(server_commands) == SERVER_COMMAND_COUNT,
              "SERVER_COMMAND_COUNT counts the rows");
