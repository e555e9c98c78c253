/* SPDX-License-Identifier: BSD-3-Clause */
/* client_list - CLIENT INFO and CLIENT LIST: a line for each client.
 *
 * The lines are gathered in a sink of their own, for the length of the whole
 * text stands in front of it. */
#include "client_class.h"
#include "commands.h"
#include "connection.h"

struct lines {
    struct kr_reply *text;
    enum client_class class;
};

static bool lines_add(kr_client *client, void *ctx)
{
    struct lines *lines = ctx;

    if (client_class_has(lines->class, client)) {
        kr_clients->describe(client, lines->text);
        lines->text->ops->raw(lines->text, KR_STR("\n"));
    }
    return true;
}

static void lines_begin(struct lines *lines)
{
    lines->text = kr_calls->new_sink(2);
    lines->class = CLIENT_CLASS_ANY;
}

static void lines_reply(struct lines *lines, struct kr_call *call)
{
    call->reply->ops->verbatim(call->reply, "txt",
                               kr_calls->sink_bytes(lines->text));
    kr_calls->free_sink(lines->text);
}

void connection_client_info(struct kr_call *call)
{
    kr_client *client = connection_client(call);
    struct lines lines;

    if (!client)
        return;
    lines_begin(&lines);
    lines_add(client, &lines);
    lines_reply(&lines, call);
}

/* --- CLIENT LIST --------------------------------------------------------- */

/* The client of that id, unless it is about to be closed. */
static kr_client *list_find(int64_t id)
{
    kr_client *client = id > 0 ? kr_clients->find((uint64_t)id) : NULL;

    return client && !(kr_clients->flags(client) & KR_CLIENT_CLOSE_ASAP)
               ? client
               : NULL;
}

/* CLIENT LIST ID id ...: in the order in which they are asked for. */
static void list_by_id(struct kr_call *call)
{
    struct lines lines;

    lines_begin(&lines);
    for (uint32_t i = 3; i < call->argc; i++) {
        kr_client *client;
        int64_t id;

        if (!kr_arg_int64_or(call, i, &id, "ERR Invalid client ID")) {
            kr_calls->free_sink(lines.text);
            return;
        }
        if ((client = list_find(id)))
            lines_add(client, &lines);
    }
    lines_reply(&lines, call);
}

void connection_client_list(struct kr_call *call)
{
    enum client_class class = CLIENT_CLASS_ANY;
    struct lines lines;

    if (call->argc > 3 && kr_arg_is(call, 2, "ID")) {
        list_by_id(call);
        return;
    }
    if (call->argc == 4 && kr_arg_is(call, 2, "TYPE")) {
        if (!client_class_read(call, 3, &class))
            return;
    } else if (call->argc != 2) {
        kr_refuse_syntax(call);
        return;
    }
    lines_begin(&lines);
    lines.class = class;
    kr_clients->each(lines_add, &lines);
    lines_reply(&lines, call);
}
