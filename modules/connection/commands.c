/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `connection`.
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

static const struct kr_arg ping_args[] = {
    KR_ARGUMENT("message", STRING, .flags = KR_ARG_OPTIONAL),
};

static const char *const ping_tips[] = {
    "request_policy:all_shards",
    "response_policy:all_succeeded",
};

static const struct kr_arg echo_args[] = {
    KR_ARGUMENT("message", STRING),
};

static const struct kr_arg hello_username_password[] = {
    KR_ARGUMENT("username", STRING),
    KR_ARGUMENT("password", STRING),
};

static const struct kr_arg hello_arguments[] = {
    KR_ARGUMENT("protover", INTEGER),
    KR_ARGUMENT("username_password", BLOCK, .flags = KR_ARG_OPTIONAL, .token = "AUTH",
        .parts = KR_ROWS(hello_username_password)),
    KR_ARGUMENT("clientname", STRING, .flags = KR_ARG_OPTIONAL, .token = "SETNAME"),
};

static const struct kr_arg hello_args[] = {
    KR_ARGUMENT("arguments", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(hello_arguments)),
};

static const struct kr_history hello_history[] = {
    {"6.2.0",
     "`protover` made optional; when called without arguments the command "
     "reports the current connection's context."},
};

static const struct kr_arg auth_args[] = {
    KR_ARGUMENT("username", STRING, .flags = KR_ARG_OPTIONAL, .since = "6.0.0"),
    KR_ARGUMENT("password", STRING),
};

static const struct kr_history auth_history[] = {
    {"6.0.0", "Added ACL style (username and password)."},
};

static const struct kr_arg select_args[] = {
    KR_ARGUMENT("index", INTEGER),
};

static const char *const nondeterministic_output_tips[] = {
    "nondeterministic_output",
};

static const struct kr_arg client_kill_normal_master_slave_pubsub[] = {
    KR_ARGUMENT("normal", PURE_TOKEN, .token = "NORMAL"),
    KR_ARGUMENT("master", PURE_TOKEN, .token = "MASTER", .since = "3.2.0"),
    KR_ARGUMENT("slave", PURE_TOKEN, .token = "SLAVE"),
    KR_ARGUMENT("replica", PURE_TOKEN, .token = "REPLICA", .since = "5.0.0"),
    KR_ARGUMENT("pubsub", PURE_TOKEN, .token = "PUBSUB"),
};

static const struct kr_arg client_kill_new_format[] = {
    KR_ARGUMENT("client-id", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "ID",
        .since = "2.8.12"),
    KR_ARGUMENT("normal_master_slave_pubsub", ONEOF, .flags = KR_ARG_OPTIONAL,
        .token = "TYPE", .since = "2.8.12",
        .parts = KR_ROWS(client_kill_normal_master_slave_pubsub)),
    KR_ARGUMENT("username", STRING, .flags = KR_ARG_OPTIONAL, .token = "USER"),
    KR_ARGUMENT("ip:port", STRING, .flags = KR_ARG_OPTIONAL, .token = "ADDR"),
    KR_ARGUMENT("ip:port", STRING, .flags = KR_ARG_OPTIONAL, .token = "LADDR",
        .since = "6.2.0"),
    KR_ARGUMENT("yes/no", STRING, .flags = KR_ARG_OPTIONAL, .token = "SKIPME"),
};

static const struct kr_arg client_kill_filter[] = {
    KR_ARGUMENT("ip:port", STRING, .deprecated_since = "2.8.12"),
    KR_ARGUMENT("new-format", ONEOF, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(client_kill_new_format)),
};

static const struct kr_arg client_kill_args[] = {
    KR_ARGUMENT("filter", ONEOF, .parts = KR_ROWS(client_kill_filter)),
};

static const struct kr_history client_kill_history[] = {
    {"2.8.12", "Added new filter format."},
    {"2.8.12", "`ID` option."},
    {"3.2.0", "Added `master` type in for `TYPE` option."},
    {"5.0.0",
     "Replaced `slave` `TYPE` with `replica`. `slave` still supported for "
     "backward compatibility."},
    {"6.2.0", "`LADDR` option."},
};

static const struct kr_arg client_list_normal_master_replica_pubsub[] = {
    KR_ARGUMENT("normal", PURE_TOKEN, .token = "NORMAL"),
    KR_ARGUMENT("master", PURE_TOKEN, .token = "MASTER"),
    KR_ARGUMENT("replica", PURE_TOKEN, .token = "REPLICA"),
    KR_ARGUMENT("pubsub", PURE_TOKEN, .token = "PUBSUB"),
};

static const struct kr_arg client_list_id[] = {
    KR_ARGUMENT("client-id", INTEGER, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg client_list_args[] = {
    KR_ARGUMENT("normal_master_replica_pubsub", ONEOF, .flags = KR_ARG_OPTIONAL,
        .token = "TYPE", .since = "5.0.0",
        .parts = KR_ROWS(client_list_normal_master_replica_pubsub)),
    KR_ARGUMENT("id", BLOCK, .flags = KR_ARG_OPTIONAL, .token = "ID", .since = "6.2.0",
        .parts = KR_ROWS(client_list_id)),
};

static const struct kr_history client_list_history[] = {
    {"2.8.12", "Added unique client `id` field."},
    {"5.0.0", "Added optional `TYPE` filter."},
    {"6.0.0", "Added `user` field."},
    {"6.2.0",
     "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the "
     "optional `ID` filter."},
    {"7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."},
    {"7.0.3", "Added `ssub` field."},
    {"7.2.0", "Added `lib-name` and `lib-ver` fields."},
};

static const struct kr_arg on_off_parts[] = {
    KR_ARGUMENT("on", PURE_TOKEN, .token = "ON"),
    KR_ARGUMENT("off", PURE_TOKEN, .token = "OFF"),
};

static const struct kr_arg enabled_args[] = {
    KR_ARGUMENT("enabled", ONEOF, .parts = KR_ROWS(on_off_parts)),
};

static const struct kr_arg client_pause_mode[] = {
    KR_ARGUMENT("write", PURE_TOKEN, .token = "WRITE"),
    KR_ARGUMENT("all", PURE_TOKEN, .token = "ALL"),
};

static const struct kr_arg client_pause_args[] = {
    KR_ARGUMENT("timeout", INTEGER),
    KR_ARGUMENT("mode", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "6.2.0",
        .parts = KR_ROWS(client_pause_mode)),
};

static const struct kr_history client_pause_history[] = {
    {"6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."},
};

static const struct kr_arg client_reply_on_off_skip[] = {
    KR_ARGUMENT("on", PURE_TOKEN, .token = "ON"),
    KR_ARGUMENT("off", PURE_TOKEN, .token = "OFF"),
    KR_ARGUMENT("skip", PURE_TOKEN, .token = "SKIP"),
};

static const struct kr_arg client_reply_args[] = {
    KR_ARGUMENT("on_off_skip", ONEOF, .parts = KR_ROWS(client_reply_on_off_skip)),
};

static const struct kr_arg client_setinfo_attr[] = {
    KR_ARGUMENT("libname", STRING, .token = "LIB-NAME"),
    KR_ARGUMENT("libver", STRING, .token = "LIB-VER"),
};

static const struct kr_arg client_setinfo_args[] = {
    KR_ARGUMENT("attr", ONEOF, .parts = KR_ROWS(client_setinfo_attr)),
};

static const struct kr_arg client_setname_args[] = {
    KR_ARGUMENT("connection-name", STRING),
};

static const struct kr_arg client_unblock_timeout_error[] = {
    KR_ARGUMENT("timeout", PURE_TOKEN, .token = "TIMEOUT"),
    KR_ARGUMENT("error", PURE_TOKEN, .token = "ERROR"),
};

static const struct kr_arg client_unblock_args[] = {
    KR_ARGUMENT("client-id", INTEGER),
    KR_ARGUMENT("timeout_error", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(client_unblock_timeout_error)),
};

static const struct kr_command client_subcommands[] = {
    {
        .name = "getname",
        .run = connection_client_getname,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Answers the name of this connection",
        .since = "2.6.9",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "help",
        .run = connection_client_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Lists the subcommands of CLIENT",
        .since = "5.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "id",
        .run = connection_client_id,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Answers the number of this connection",
        .since = "5.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "info",
        .run = connection_client_info,
        .arity = 2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .tips = KR_ROWS(nondeterministic_output_tips),
        .summary = "Describes this connection",
        .since = "6.2.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "kill",
        .run = connection_client_kill,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_kill_args),
        .history = KR_ROWS(client_kill_history),
        .summary = "Closes the connections that match",
        .since = "2.4.0",
        .group = "connection",
        .complexity = "O(N) where N is the number of client connections",
    },
    {
        .name = "list",
        .run = connection_client_list,
        .arity = -2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .tips = KR_ROWS(nondeterministic_output_tips),
        .args = KR_ROWS(client_list_args),
        .history = KR_ROWS(client_list_history),
        .summary = "Describes the open connections",
        .since = "2.4.0",
        .group = "connection",
        .complexity = "O(N) where N is the number of client connections",
    },
    {
        .name = "no-evict",
        .run = connection_client_no_evict,
        .arity = 3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(enabled_args),
        .summary =
            "Says whether this connection may be closed when clients use too "
            "much memory",
        .since = "7.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "no-touch",
        .run = connection_client_no_touch,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(enabled_args),
        .summary =
            "Says whether commands of this connection leave the age of keys "
            "alone",
        .since = "7.2.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "pause",
        .run = connection_client_pause,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_pause_args),
        .history = KR_ROWS(client_pause_history),
        .summary = "Holds back commands of clients for a while",
        .since = "2.9.50",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "reply",
        .run = connection_client_reply,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_reply_args),
        .summary = "Turns the replies to this connection on or off",
        .since = "3.2.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "setinfo",
        .run = connection_client_setinfo,
        .arity = 4,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_setinfo_args),
        .summary = "Records which library the client uses",
        .since = "7.2.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "setname",
        .run = connection_client_setname,
        .arity = 3,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_setname_args),
        .summary = "Names this connection",
        .since = "2.6.9",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "unblock",
        .run = connection_client_unblock,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(client_unblock_args),
        .summary = "Wakes a client that waits in a blocking command",
        .since = "5.0.0",
        .group = "connection",
        .complexity = "O(log N) where N is the number of client connections",
    },
    {
        .name = "unpause",
        .run = connection_client_unpause,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .summary = "Lets clients that were paused go on",
        .since = "6.2.0",
        .group = "connection",
        .complexity = "O(N) Where N is the number of paused clients",
    },
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command connection_commands[] = {
    {
        .name = "ping",
        .run = connection_ping,
        .arity = -1,
        .flags = KR_CMD_FAST | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .tips = KR_ROWS(ping_tips),
        .args = KR_ROWS(ping_args),
        .summary =
            "Shows that the connection is alive, with PONG or the given "
            "message",
        .since = "1.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "echo",
        .run = connection_echo,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_FAST,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(echo_args),
        .summary = "Answers the message that it was given",
        .since = "1.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "quit",
        .run = connection_quit,
        .arity = -1,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_NO_AUTH | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_CONNECTION,
        .summary = "Closes the connection after the replies that are pending",
        .since = "1.0.0",
        .group = "connection",
        .complexity = "O(1)",
        .deprecated_since = "7.2.0",
        .replaced_by = "just closing the connection",
    },
    {
        .name = "reset",
        .run = connection_reset,
        .arity = 1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_NO_AUTH | KR_CMD_ALLOW_BUSY,
        .categories = KR_CAT_CONNECTION,
        .summary = "Puts the connection back into the state that it began in",
        .since = "6.2.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "hello",
        .run = connection_hello,
        .arity = -1,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_NO_AUTH | KR_CMD_ALLOW_BUSY | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(hello_args),
        .history = KR_ROWS(hello_history),
        .summary =
            "Chooses the protocol, and may log in and name the connection on "
            "the way",
        .since = "6.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "auth",
        .run = connection_auth,
        .arity = -2,
        .flags = KR_CMD_NOSCRIPT | KR_CMD_LOADING | KR_CMD_STALE |
            KR_CMD_FAST | KR_CMD_NO_AUTH | KR_CMD_ALLOW_BUSY | KR_CMD_SENTINEL,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(auth_args),
        .history = KR_ROWS(auth_history),
        .summary = "Logs the connection in",
        .since = "1.0.0",
        .group = "connection",
        .complexity =
            "O(N) where N is the number of passwords defined for the user",
    },
    {
        .name = "select",
        .run = connection_select,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_FAST,
        .categories = KR_CAT_CONNECTION,
        .args = KR_ROWS(select_args),
        .summary = "Chooses the database that the connection works with",
        .since = "1.0.0",
        .group = "connection",
        .complexity = "O(1)",
    },
    {
        .name = "client",
        .arity = -2,
        .flags = KR_CMD_SENTINEL,
        .subcommands = KR_ROWS(client_subcommands),
        .summary = "Commands about client connections",
        .since = "2.4.0",
        .group = "connection",
        .complexity = "Depends on subcommand.",
    },
};

/* clang-format on */

static_assert(KR_COUNT(connection_commands) == CONNECTION_COMMAND_COUNT,
              "CONNECTION_COMMAND_COUNT counts the rows");
