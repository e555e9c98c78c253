/* SPDX-License-Identifier: BSD-3-Clause */
/* command_docs - COMMAND DOCS: what commands are for, and their arguments.
 *
 * Maps have only the fields that there is something to say about, so they are
 * counted as they are written. */
#include "server.h"

#include "command.h"
#include "commands.h"

/* A map being written. */
struct docs_map {
    struct kr_reply *reply;
    uint64_t token;
    uint64_t pairs;
};

static struct docs_map docs_open(struct kr_reply *reply)
{
    return (struct docs_map){reply, reply->ops->defer(reply), 0};
}

static void docs_close(struct docs_map *map)
{
    map->reply->ops->close(map->reply, map->token, KR_MAP, map->pairs);
}

/* The name of a field; its value must follow. */
static struct kr_reply *docs_name(struct docs_map *map, const char *name)
{
    kr_reply_bulk(map->reply, kr_cstr(name));
    map->pairs++;
    return map->reply;
}

static void docs_text(struct docs_map *map, const char *name, const char *text)
{
    if (text)
        kr_reply_bulk(docs_name(map, name), kr_cstr(text));
}

/* --- Arguments ----------------------------------------------------------- */

/* ORDER: KR_ARG_ types */
static const char *const docs_types[] = {
    "string",    "integer",    "double", "key",   "pattern",
    "unix-time", "pure-token", "oneof",  "block",
};

/* ORDER: KR_ARG_ flags */
static const char *const docs_arg_flags[] = {"optional", "multiple",
                                             "multiple_token"};

/* Rows of older headers end before it. */
static bool docs_has_summary(const struct kr_rows *args)
{
    return args->stride >= offsetof(struct kr_arg, summary) + sizeof(char *);
}

static void docs_reply_args(struct kr_reply *reply, struct kr_rows args)
{
    kr_reply_array(reply, args.count);
    for (uint32_t i = 0; i < args.count; i++) {
        const struct kr_arg *arg = command_at(args, i);
        struct docs_map map = docs_open(reply);

        docs_text(&map, "name", arg->name);
        docs_text(&map, "type",
                  arg->type < KR_COUNT(docs_types) ? docs_types[arg->type]
                                                   : "string");
        docs_text(&map, "display_text", arg->display);
        if (arg->key_spec >= 0)
            kr_reply_int64(docs_name(&map, "key_spec_index"), arg->key_spec);
        docs_text(&map, "token", arg->token);
        if (docs_has_summary(&args))
            docs_text(&map, "summary", arg->summary);
        docs_text(&map, "since", arg->since);
        docs_text(&map, "deprecated_since", arg->deprecated_since);
        if (arg->flags)
            command_reply_words(docs_name(&map, "flags"), arg->flags,
                                docs_arg_flags, KR_COUNT(docs_arg_flags), "");
        if (arg->parts.count > 0)
            docs_reply_args(docs_name(&map, "arguments"), arg->parts);
        docs_close(&map);
    }
}

/* --- A command ----------------------------------------------------------- */

static void docs_reply_history(struct kr_reply *reply, struct kr_rows history)
{
    reply->ops->open(reply, KR_SET, history.count);
    for (uint32_t i = 0; i < history.count; i++) {
        const struct kr_history *entry = command_at(history, i);

        kr_reply_array(reply, 2);
        kr_reply_bulk(reply, kr_cstr(entry->since));
        kr_reply_bulk(reply, kr_cstr(entry->text));
    }
}

static bool docs_reply_command(const kr_cmd *command, void *ctx);

/* A command without a group is one that does not come with Redis, as is one that
 * says so by its flag: it tells which module it is of. */
static void docs_reply_origin(struct docs_map *map, const kr_cmd *command,
                              const struct kr_command *row)
{
    kr_module *module = kr_commands->module(command);
    struct kr_module_info info = {.size = sizeof(info)};

    docs_text(map, "group", row->group ? row->group : "module");
    docs_text(map, "complexity", row->complexity);
    if (!module || (row->group && !(row->flags & KR_CMD_MODULE)))
        return;
    kr_modules->info(module, &info);
    docs_text(map, "module", info.name);
}

static void docs_reply_fields(struct docs_map *map, const kr_cmd *command)
{
    /* ORDER: KR_DOC_ bits */
    static const char *const doc_flags[] = {"deprecated", "syscmd"};
    const struct kr_command *row = kr_commands->row(command);
    uint64_t subcommands = command_count_subcommands(command);

    docs_text(map, "summary", row->summary);
    docs_text(map, "since", row->since);
    docs_reply_origin(map, command, row);
    if (row->doc_flags)
        command_reply_words(docs_name(map, "doc_flags"), row->doc_flags,
                            doc_flags, KR_COUNT(doc_flags), "");
    docs_text(map, "deprecated_since", row->deprecated_since);
    docs_text(map, "replaced_by", row->replaced_by);
    if (row->history.count > 0)
        docs_reply_history(docs_name(map, "history"), row->history);
    if (row->args.count > 0)
        docs_reply_args(docs_name(map, "arguments"), row->args);
    if (subcommands > 0) {
        kr_reply_map(docs_name(map, "subcommands"), subcommands);
        kr_commands->each(command, docs_reply_command, map->reply);
    }
}

/* Name and map of one command. */
static bool docs_reply_command(const kr_cmd *command, void *ctx)
{
    struct kr_reply *reply = ctx;
    struct docs_map map;

    kr_reply_bulk(reply, kr_cstr(kr_commands->full_name(command)));
    map = docs_open(reply);
    docs_reply_fields(&map, command);
    docs_close(&map);
    return true;
}

void server_command_docs(struct kr_call *call)
{
    uint64_t token, count = 0;

    if (call->argc == 2) {
        kr_reply_map(call->reply, kr_commands->count());
        kr_commands->each(NULL, docs_reply_command, call->reply);
        return;
    }
    token = call->reply->ops->defer(call->reply);
    for (uint32_t i = 2; i < call->argc; i++) {
        const kr_cmd *command = kr_commands->find(call->argv[i]);

        if (!command)
            continue;
        (void)docs_reply_command(command, call->reply);
        count++;
    }
    call->reply->ops->close(call->reply, token, KR_MAP, count);
}
