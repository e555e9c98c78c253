/* SPDX-License-Identifier: BSD-3-Clause */
/* module_rows - what is known of each command of `module`.
 *
 * The rows at the end register the commands.  Above them stand the tables that
 * they refer to: where the keys are, the tree of arguments, the tips, the
 * history.  A table that several commands share is named after its contents.
 *
 * All of it is data that clients read by COMMAND and its kin, so each word is
 * interface: only the summaries are ours to change. */
#include "core/rack/module_rows.h"

/* clang-format off */

#define ARG(label, kind, ...)                                                  \
    {.name = (label), .type = KR_ARG_##kind, .key_spec = -1, __VA_ARGS__}

static const char *const module_list_tips[] = {
    "nondeterministic_output_order",
};

static const struct kr_arg module_load_args[] = {
    ARG("path", STRING),
    ARG("arg", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_arg module_loadex_configs[] = {
    ARG("name", STRING),
    ARG("value", STRING),
};

static const struct kr_arg module_loadex_args_parts[] = {
    ARG("arg", STRING),
};

static const struct kr_arg module_loadex_args[] = {
    ARG("path", STRING),
    ARG("configs", BLOCK,
        .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE | KR_ARG_MULTIPLE_TOKEN,
        .token = "CONFIG", .parts = KR_ROWS(module_loadex_configs)),
    ARG("args", BLOCK, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE,
        .token = "ARGS", .parts = KR_ROWS(module_loadex_args_parts)),
};

static const struct kr_arg module_name_args[] = {
    ARG("name", STRING),
};

static const struct kr_arg module_upgrade_parts[] = {
    ARG("path", STRING),
    ARG("arg", STRING, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE),
};

static const struct kr_arg module_upgrade_args[] = {
    ARG("name", STRING),
    ARG("file", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(module_upgrade_parts)),
};

static const struct kr_command module_subcommands[] = {
    {
        .name = "help",
        .run = module_help,
        .arity = 2,
        .flags = KR_CMD_LOADING | KR_CMD_STALE,
        .summary = "Lists the subcommands of MODULE",
        .since = "5.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "info",
        .run = module_info,
        .arity = 3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT,
        .args = KR_ROWS(module_name_args),
        .summary = "Tells all that is known of one module",
        .since = "7.2.0",
        .group = "server",
        .complexity = "O(N) where N is the number of interfaces that the "
                      "module imports and offers",
    },
    {
        .name = "list",
        .run = module_list,
        .arity = 2,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT,
        .tips = KR_ROWS(module_list_tips),
        .summary = "Lists the modules that are loaded",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(N) where N is the number of loaded modules.",
    },
    {
        .name = "load",
        .run = module_load,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING |
            KR_CMD_PROTECTED,
        .args = KR_ROWS(module_load_args),
        .summary = "Loads a module from a file",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "loadex",
        .run = module_loadex,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING |
            KR_CMD_PROTECTED,
        .args = KR_ROWS(module_loadex_args),
        .summary =
            "Loads a module from a file, with values for its parameters",
        .since = "7.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "reload",
        .run = module_reload,
        .arity = 3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING |
            KR_CMD_PROTECTED,
        .args = KR_ROWS(module_name_args),
        .summary = "Upgrades a module to what its file has by now",
        .since = "7.2.0",
        .group = "server",
        .complexity = "as MODULE UPGRADE",
    },
    {
        .name = "unload",
        .run = module_unload,
        .arity = 3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING |
            KR_CMD_PROTECTED,
        .args = KR_ROWS(module_name_args),
        .summary = "Takes a module out of the server",
        .since = "4.0.0",
        .group = "server",
        .complexity = "O(1)",
    },
    {
        .name = "upgrade",
        .run = module_upgrade,
        .arity = -3,
        .flags = KR_CMD_ADMIN | KR_CMD_NOSCRIPT | KR_CMD_NO_ASYNC_LOADING |
            KR_CMD_PROTECTED,
        .args = KR_ROWS(module_upgrade_args),
        .summary = "Replaces a module by another build of it, data and all",
        .since = "7.2.0",
        .group = "server",
        .complexity = "O(N) where N is what the module has registered; if the "
                      "new one does not understand the layout of the values, "
                      "they are converted in small steps meanwhile",
    },
};

/* --- The command --------------------------------------------------------- */

const struct kr_command rack_command = {
    .name = "module",
    .arity = -2,
    .subcommands = KR_ROWS(module_subcommands),
    .summary = "Commands about modules",
    .since = "4.0.0",
    .group = "server",
    .complexity = "Depends on subcommand.",
};

/* clang-format on */
