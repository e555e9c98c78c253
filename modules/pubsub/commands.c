/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `pubsub`.
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

static const struct kr_arg subscribe_args[] = {
    KR_ARGUMENT("channel", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg channel_list_args[] = {
    KR_ARGUMENT("channel", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_arg psubscribe_pattern[] = {
    KR_ARGUMENT("pattern", PATTERN),
};

static const struct kr_arg psubscribe_args[] = {
    KR_ARGUMENT("pattern", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(psubscribe_pattern)),
};

static const struct kr_arg punsubscribe_args[] = {
    KR_ARGUMENT("pattern", PATTERN, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_key_spec keys1_not_key[] = {
    KR_KEY(KR_KEY_NOT_KEY, 1, -1, 1),
};

static const struct kr_arg ssubscribe_args[] = {
    KR_ARGUMENT("shardchannel", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_arg shardchannel_list_args[] = {
    KR_ARGUMENT("shardchannel", STRING,
        .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_arg publish_args[] = {
    KR_ARGUMENT("channel", STRING),
    KR_ARGUMENT("message", STRING),
};

static const struct kr_key_spec key1_not_key[] = {
    KR_KEY(KR_KEY_NOT_KEY, 1, 0, 1),
};

static const struct kr_arg spublish_args[] = {
    KR_ARGUMENT("shardchannel", STRING),
    KR_ARGUMENT("message", STRING),
};

static const struct kr_arg pattern_args[] = {
    KR_ARGUMENT("pattern", PATTERN, .flags = KR_ARG_OPTIONAL),
};

static const struct kr_command pubsub_subcommands[] = {
    {
        .name = "channels",
        .run = pubsub_channels,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE,
        .args = KR_ROWS(pattern_args),
        .summary = "The channels that somebody is subscribed to",
        .since = "2.8.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of active channels, and assuming "
            "constant time pattern matching (relatively short channels and "
            "patterns)",
    },
    {
        .name = "help",
        .run = pubsub_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Words on the subcommands of PUBSUB",
        .since = "6.2.0",
        .group = "pubsub",
        .complexity = "O(1)",
    },
    {
        .name = "numpat",
        .run = pubsub_numpat,
        .arity = 2,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "How many patterns somebody is subscribed to",
        .since = "2.8.0",
        .group = "pubsub",
        .complexity = "O(1)",
    },
    {
        .name = "numsub",
        .run = pubsub_numsub,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE,
        .args = KR_ROWS(channel_list_args),
        .summary = "How many clients are subscribed to each of the channels",
        .since = "2.8.0",
        .group = "pubsub",
        .complexity =
            "O(N) for the NUMSUB subcommand, where N is the number of "
            "requested channels",
    },
    {
        .name = "shardchannels",
        .run = pubsub_shardchannels,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE,
        .args = KR_ROWS(pattern_args),
        .summary = "The shard channels that somebody is subscribed to",
        .since = "7.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of active shard channels, and "
            "assuming constant time pattern matching (relatively short shard "
            "channels).",
    },
    {
        .name = "shardnumsub",
        .run = pubsub_shardnumsub,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE,
        .args = KR_ROWS(shardchannel_list_args),
        .summary = "How many clients are subscribed to each of the shard channels",
        .since = "7.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) for the SHARDNUMSUB subcommand, where N is the number of "
            "requested shard channels",
    },
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command pubsub_commands[] = {
    {
        .name = "subscribe",
        .run = pubsub_subscribe,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .args = KR_ROWS(subscribe_args),
        .summary = "Gets what is published to these channels from now on",
        .since = "2.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of channels to subscribe to.",
    },
    {
        .name = "unsubscribe",
        .run = pubsub_unsubscribe,
        .arity = -1,
        .flags = KR_CMD_PUBSUB | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .args = KR_ROWS(channel_list_args),
        .summary = "Gets nothing more of these channels, or of any",
        .since = "2.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of clients already subscribed to a "
            "channel.",
    },
    {
        .name = "psubscribe",
        .run = pubsub_psubscribe,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .args = KR_ROWS(psubscribe_args),
        .summary = "Gets what is published to the channels that these patterns match",
        .since = "2.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of patterns the client is already "
            "subscribed to.",
    },
    {
        .name = "punsubscribe",
        .run = pubsub_punsubscribe,
        .arity = -1,
        .flags = KR_CMD_PUBSUB | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE | KR_CMD_SENTINEL,
        .args = KR_ROWS(punsubscribe_args),
        .summary = "Gets nothing more by these patterns, or by any",
        .since = "2.0.0",
        .group = "pubsub",
        .complexity =
            "O(N+M) where N is the number of patterns the client is already "
            "subscribed and M is the number of total patterns subscribed in "
            "the system (by any client).",
    },
    {
        .name = "ssubscribe",
        .run = pubsub_ssubscribe,
        .arity = -2,
        .flags = KR_CMD_PUBSUB | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE,
        .keys = KR_ROWS(keys1_not_key),
        .args = KR_ROWS(ssubscribe_args),
        .summary = "Gets what is published to these shard channels from now on",
        .since = "7.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of shard channels to subscribe to.",
    },
    {
        .name = "sunsubscribe",
        .run = pubsub_sunsubscribe,
        .arity = -1,
        .flags = KR_CMD_PUBSUB | KR_CMD_NOSCRIPT | KR_CMD_LOADING |
            KR_CMD_STALE,
        .keys = KR_ROWS(keys1_not_key),
        .args = KR_ROWS(shardchannel_list_args),
        .summary = "Gets nothing more of these shard channels, or of any",
        .since = "7.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of clients already subscribed to a "
            "shard channel.",
    },
    {
        .name = "publish",
        .run = pubsub_publish,
        .arity = 3,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_FAST |
            KR_CMD_MAY_REPLICATE | KR_CMD_SENTINEL,
        .args = KR_ROWS(publish_args),
        .summary = "Sends a message to all who are subscribed to the channel",
        .since = "2.0.0",
        .group = "pubsub",
        .complexity =
            "O(N+M) where N is the number of clients subscribed to the "
            "receiving channel and M is the total number of subscribed "
            "patterns (by any client).",
    },
    {
        .name = "spublish",
        .run = pubsub_spublish,
        .arity = 3,
        .flags = KR_CMD_PUBSUB | KR_CMD_LOADING | KR_CMD_STALE | KR_CMD_FAST |
            KR_CMD_MAY_REPLICATE,
        .keys = KR_ROWS(key1_not_key),
        .args = KR_ROWS(spublish_args),
        .summary = "Sends a message to all who are subscribed to the shard channel",
        .since = "7.0.0",
        .group = "pubsub",
        .complexity =
            "O(N) where N is the number of clients subscribed to the "
            "receiving shard channel.",
    },
    {
        .name = "pubsub",
        .arity = -2,
        .subcommands = KR_ROWS(pubsub_subcommands),
        .summary = "Who is subscribed to what",
        .since = "2.8.0",
        .group = "pubsub",
        .complexity = "Depends on subcommand.",
    },
};

/* clang-format on */

static_assert(KR_COUNT(pubsub_commands) == PUBSUB_COMMAND_COUNT,
              "PUBSUB_COMMAND_COUNT counts the rows");
