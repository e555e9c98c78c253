/* SPDX-License-Identifier: BSD-3-Clause */
/* command_list - COMMAND, COMMAND INFO, COUNT and LIST: what commands are.
 *
 * The answers are made of the rows with which the commands were registered. */
#include "server.h"

#include "command.h"
#include "commands.h"

#include <stdio.h>

/* --- Bits as sets of words ----------------------------------------------- */

void command_reply_words(struct kr_reply *reply, uint64_t bits,
                         const char *const *words, size_t count,
                         const char *prefix)
{
    char text[64];
    uint64_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += bits >> i & 1;
    reply->ops->open(reply, KR_SET, n);
    for (size_t i = 0; i < count; i++)
        if (bits >> i & 1) {
            snprintf(text, sizeof(text), "%s%s", prefix, words[i]);
            kr_reply_status(reply, text);
        }
}

/* ORDER: KR_CMD_ bits, but for "module": see command_shown_flags() */
static const char *const command_flags[] = {
    "write",
    "readonly",
    "denyoom",
    "module",
    "admin",
    "pubsub",
    "noscript",
    "blocking",
    "loading",
    "stale",
    "skip_monitor",
    "skip_slowlog",
    "asking",
    "fast",
    "no_auth",
    "may_replicate",
    "movablekeys",
    "allow_busy",
    "no_multi",
    "no_async_loading",
    "no_mandatory_keys",
};

/* The bits by their words: what is a module's says so behind the third. */
static uint64_t command_shown_flags(uint64_t flags)
{
    uint64_t first = flags & 7;

    return first | (flags & KR_CMD_MODULE ? 8 : 0) |
           (flags & ~KR_CMD_MAY_REPLICATE & ~first) << 1;
}

/* ORDER: KR_KEY_ bits */
static const char *const command_key_flags[] = {
    "RO",     "RW",     "OW",      "RM",         "access",         "update",
    "insert", "delete", "not_key", "incomplete", "variable_flags",
};

void command_reply_key_flags(struct kr_reply *reply, uint32_t flags)
{
    command_reply_words(reply, flags, command_key_flags,
                        KR_COUNT(command_key_flags), "");
}

/* --- Key specs ----------------------------------------------------------- */

static void command_reply_type(struct kr_reply *reply, const char *type,
                               uint64_t pairs)
{
    kr_reply_map(reply, 2);
    kr_reply_bulk(reply, KR_STR("type"));
    kr_reply_bulk(reply, kr_cstr(type));
    kr_reply_bulk(reply, KR_STR("spec"));
    kr_reply_map(reply, pairs);
}

static void command_reply_pair(struct kr_reply *reply, const char *name,
                               int64_t value)
{
    kr_reply_bulk(reply, kr_cstr(name));
    kr_reply_int64(reply, value);
}

static void command_reply_begin(struct kr_reply *reply,
                                const struct kr_key_spec *spec)
{
    kr_reply_bulk(reply, KR_STR("begin_search"));
    switch (spec->begin) {
    case KR_BEGIN_INDEX:
        command_reply_type(reply, "index", 1);
        command_reply_pair(reply, "index", spec->a);
        break;
    case KR_BEGIN_KEYWORD:
        command_reply_type(reply, "keyword", 2);
        kr_reply_bulk(reply, KR_STR("keyword"));
        kr_reply_bulk(reply, kr_cstr(spec->word));
        command_reply_pair(reply, "startfrom", spec->a);
        break;
    default:
        command_reply_type(reply, "unknown", 0);
    }
}

static void command_reply_find(struct kr_reply *reply,
                               const struct kr_key_spec *spec)
{
    kr_reply_bulk(reply, KR_STR("find_keys"));
    switch (spec->find) {
    case KR_FIND_RANGE:
        command_reply_type(reply, "range", 3);
        command_reply_pair(reply, "lastkey", spec->x);
        command_reply_pair(reply, "keystep", spec->y);
        command_reply_pair(reply, "limit", spec->z);
        break;
    case KR_FIND_KEYNUM:
        command_reply_type(reply, "keynum", 3);
        command_reply_pair(reply, "keynumidx", spec->x);
        command_reply_pair(reply, "firstkey", spec->y);
        command_reply_pair(reply, "keystep", spec->z);
        break;
    default:
        command_reply_type(reply, "unknown", 0);
    }
}

static void command_reply_specs(struct kr_reply *reply, struct kr_rows specs)
{
    reply->ops->open(reply, KR_SET, specs.count);
    for (uint32_t i = 0; i < specs.count; i++) {
        const struct kr_key_spec *spec = command_at(specs, i);

        kr_reply_map(reply, spec->notes ? 4 : 3);
        if (spec->notes) {
            kr_reply_bulk(reply, KR_STR("notes"));
            kr_reply_bulk(reply, kr_cstr(spec->notes));
        }
        kr_reply_bulk(reply, KR_STR("flags"));
        command_reply_key_flags(reply, spec->flags);
        command_reply_begin(reply, spec);
        command_reply_find(reply, spec);
    }
}

/* First key, last key and step, as clients knew them before there were specs.
 * Several ranges join into one where each follows on the last; a spec that is
 * not a plain range is left out. */
struct command_range {
    int32_t first, last, step;
};

static struct command_range command_legacy_range(struct kr_rows specs)
{
    struct command_range range = {0, 0, 0};

    for (uint32_t i = 0; i < specs.count; i++) {
        const struct kr_key_spec *spec = command_at(specs, i);
        int32_t last;

        if (spec->begin != KR_BEGIN_INDEX || spec->find != KR_FIND_RANGE)
            continue;
        last = spec->x >= 0 ? spec->a + spec->x : spec->x;
        if (specs.count == 1)
            return (struct command_range){spec->a, last, spec->y};
        if (spec->y != 1 || (range.step && range.last != spec->a - 1))
            continue;
        if (!range.step || spec->a < range.first)
            range.first = spec->a;
        /* An end that counts from the back is behind all that do not. */
        if ((uint32_t)last > (uint32_t)range.last)
            range.last = last;
        range.step = 1;
    }
    return range;
}

/* --- One command --------------------------------------------------------- */

static bool command_reply_one(const kr_cmd *command, void *ctx)
{
    command_reply_info(ctx, command);
    return true;
}

static bool command_count_one(const kr_cmd *command, void *ctx)
{
    (void)command;
    ++*(uint64_t *)ctx;
    return true;
}

/* Not what the row says: other modules may have added some. */
uint64_t command_count_subcommands(const kr_cmd *command)
{
    uint64_t count = 0;

    kr_commands->each(command, command_count_one, &count);
    return count;
}

void command_reply_info(struct kr_reply *reply, const kr_cmd *command)
{
    const struct kr_command *row = kr_commands->row(command);
    struct command_range range = command_legacy_range(row->keys);
    uint64_t subcommands = command_count_subcommands(command);
    uint32_t category_count;
    const char *const *categories = kr_category_names(&category_count);

    kr_reply_array(reply, 10);
    kr_reply_bulk(reply, kr_cstr(kr_commands->full_name(command)));
    kr_reply_int64(reply, row->arity);
    command_reply_words(reply, command_shown_flags(row->flags), command_flags,
                        KR_COUNT(command_flags), "");
    kr_reply_int64(reply, range.first);
    kr_reply_int64(reply, range.last);
    kr_reply_int64(reply, range.step);
    command_reply_words(reply, row->categories, categories, category_count,
                        "@");
    reply->ops->open(reply, KR_SET, row->tips.count);
    for (uint32_t i = 0; i < row->tips.count; i++)
        kr_reply_bulk(reply,
                      kr_cstr(*(const char *const *)command_at(row->tips, i)));
    command_reply_specs(reply, row->keys);
    reply->ops->open(reply, subcommands > 0 ? KR_ARRAY : KR_SET, subcommands);
    if (subcommands > 0)
        kr_commands->each(command, command_reply_one, reply);
}

/* --- COMMAND, COMMAND COUNT, COMMAND INFO -------------------------------- */

static void command_reply_all(struct kr_reply *reply)
{
    kr_reply_array(reply, kr_commands->count());
    kr_commands->each(NULL, command_reply_one, reply);
}

/* A word that is no subcommand comes here too. */
void server_command(struct kr_call *call)
{
    struct kr_str word;

    if (call->argc == 1) {
        command_reply_all(call->reply);
        return;
    }
    word = call->argv[1];
    kr_reply_errorf(call->reply,
                    "ERR unknown subcommand '%.*s'. Try COMMAND HELP.",
                    (int)(word.size < 128 ? word.size : 128),
                    word.size > 0 ? word.data : "");
}

void server_command_count(struct kr_call *call)
{
    kr_reply_int64(call->reply, kr_commands->count());
}

void server_command_info(struct kr_call *call)
{
    if (call->argc == 2) {
        command_reply_all(call->reply);
        return;
    }
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        const kr_cmd *command = kr_commands->find(call->argv[i]);

        if (command)
            command_reply_info(call->reply, command);
        else
            kr_reply_null(call->reply);
    }
}

/* --- COMMAND LIST -------------------------------------------------------- */

enum command_filter {
    FILTER_NONE,
    FILTER_MODULE,
    FILTER_CATEGORY,
    FILTER_PATTERN
};

struct command_list {
    struct kr_reply *reply;
    enum command_filter filter;
    struct kr_str pattern;
    uint64_t category;
    kr_module *module;
    uint64_t count;
};

static bool command_passes(const struct command_list *list,
                           const kr_cmd *command)
{
    switch (list->filter) {
    case FILTER_MODULE:
        return list->module && kr_commands->module(command) == list->module;
    case FILTER_CATEGORY:
        return kr_commands->row(command)->categories & list->category;
    case FILTER_PATTERN:
        return kr_text->match(list->pattern,
                              kr_cstr(kr_commands->full_name(command)), true);
    default:
        return true;
    }
}

static bool command_list_one(const kr_cmd *command, void *ctx)
{
    struct command_list *list = ctx;

    if (command_passes(list, command)) {
        kr_reply_bulk(list->reply, kr_cstr(kr_commands->full_name(command)));
        list->count++;
    }
    kr_commands->each(command, command_list_one, list);
    return true;
}

/* FILTERBY kind word; false: a syntax error. */
static bool command_parse_filter(const struct kr_call *call,
                                 struct command_list *list)
{
    struct kr_str kind;

    if (call->argc == 2)
        return true;
    if (call->argc != 5 ||
        !kr_str_equal_nocase(call->argv[2], KR_STR("filterby")))
        return false;
    kind = call->argv[3];
    list->pattern = call->argv[4];
    if (kr_str_equal_nocase(kind, KR_STR("module"))) {
        list->filter = FILTER_MODULE;
        list->module = kr_modules->find(call->argv[4]);
    } else if (kr_str_equal_nocase(kind, KR_STR("aclcat"))) {
        list->filter = FILTER_CATEGORY;
        list->category = kr_category_of(call->argv[4]);
    } else if (kr_str_equal_nocase(kind, KR_STR("pattern"))) {
        list->filter = FILTER_PATTERN;
    } else {
        return false;
    }
    return true;
}

void server_command_list(struct kr_call *call)
{
    struct command_list list = {.reply = call->reply, .filter = FILTER_NONE};
    uint64_t token;

    if (!command_parse_filter(call, &list)) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return;
    }
    token = call->reply->ops->defer(call->reply);
    kr_commands->each(NULL, command_list_one, &list);
    call->reply->ops->close(call->reply, token, KR_ARRAY, list.count);
}

void server_command_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "(no subcommand)",
        "    All that is known of every command.",
        "COUNT",
        "    How many commands there are.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    The names of the commands.",
        "INFO [<command-name> ...]",
        "    All that a client must know of these commands, or of all.",
        "DOCS [<command-name> ...]",
        "    All that a person wants to know of these commands, or of all.",
        "GETKEYS <full-command>",
        "    The keys in a command line.",
        "GETKEYSANDFLAGS <full-command>",
        "    The keys in a command line, and what is done to each.",
    };

    kr_reply_help(call, "COMMAND", lines, KR_COUNT(lines));
}
