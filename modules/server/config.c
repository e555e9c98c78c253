/* SPDX-License-Identifier: BSD-3-Clause */
/* config - CONFIG: parameters seen and changed by clients.
 *
 * Parsing, checks and the texts of errors are the host's: each module has
 * parameters, and all must sound alike. */
#include "server.h"

#include "commands.h"
#include "page.h"

#include <stdlib.h>

/* --- CONFIG GET ---------------------------------------------------------- */

struct config_get {
    struct kr_call *call;
    struct kr_reply *value; /* a memory sink, reused */
    struct kr_str pattern;
    bool again; /* not the first pattern: it may match what was shown */
    uint64_t count;
    struct kr_str *shown; /* names that were replied */
    size_t room;
};

static bool config_was_shown(const struct config_get *get, struct kr_str name)
{
    for (uint64_t i = 0; i < get->count; i++)
        if (kr_str_equal_nocase(get->shown[i], name))
            return true;
    return false;
}

/* `name` stays valid until the reply is made: it is a row's or an argument. */
static void config_show(struct config_get *get, struct kr_str name)
{
    struct server *server = server_of(get->call);

    if (get->again && config_was_shown(get, name))
        return;
    kr_calls->sink_reset(get->value);
    if (kr_config->get(name, get->value) != KR_OK)
        return;
    if (get->count == get->room) {
        get->room = get->room > 0 ? get->room * 2 : 16;
        get->shown = kr_memory->realloc(server->self, get->shown,
                                        get->room * sizeof(get->shown[0]));
    }
    get->shown[get->count++] = name;
    kr_reply_bulk(get->call->reply, name);
    kr_reply_bulk(get->call->reply, kr_calls->sink_bytes(get->value));
}

static bool config_show_match(const struct kr_param *row, void *ctx)
{
    struct config_get *get = ctx;

    if (row->flags & KR_PARAM_HIDDEN)
        return true;
    if (kr_text->match(get->pattern, kr_cstr(row->name), true))
        config_show(get, kr_cstr(row->name));
    if (row->alias && kr_text->match(get->pattern, kr_cstr(row->alias), true))
        config_show(get, kr_cstr(row->alias));
    return true;
}

static bool config_is_pattern(struct kr_str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '*' || text.data[i] == '?' || text.data[i] == '[')
            return true;
    return false;
}

void server_config_get(struct kr_call *call)
{
    struct config_get get = {.call = call, .value = kr_calls->new_sink(2)};
    uint64_t token = call->reply->ops->defer(call->reply);

    for (uint32_t i = 2; i < call->argc; i++) {
        get.pattern = call->argv[i];
        get.again = i > 2;
        if (config_is_pattern(get.pattern))
            kr_config->each(config_show_match, &get);
        else
            config_show(&get, get.pattern);
    }
    call->reply->ops->close(call->reply, token, KR_MAP, get.count);
    kr_calls->free_sink(get.value);
    kr_memory->free(server_of(call)->self, get.shown);
}

/* --- CONFIG SET, REWRITE, RESETSTAT -------------------------------------- */

void server_config_set(struct kr_call *call)
{
    kr_module *self = server_of(call)->self;
    uint32_t pairs = (call->argc - 2) / 2;
    struct kr_str *words;
    char error[512] = "";
    kr_status status;

    if (call->argc % 2 != 0) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return;
    }
    words = kr_memory->alloc(self, 2 * pairs * sizeof(*words));
    for (uint32_t i = 0; i < pairs; i++) {
        words[i] = call->argv[2 + 2 * i];
        words[pairs + i] = call->argv[3 + 2 * i];
    }
    status = kr_config->set(pairs, words, words + pairs, error, sizeof(error));
    kr_memory->free(self, words);
    if (status == KR_OK)
        kr_reply_ok(call->reply);
    else
        kr_reply_error(call->reply, error);
}

void server_config_rewrite(struct kr_call *call)
{
    char error[512] = "";
    kr_status status = kr_config->rewrite(error, sizeof(error));

    if (status == KR_OK)
        kr_reply_ok(call->reply);
    else if (status == KR_ENOENT)
        kr_reply_error(call->reply,
                       "ERR The server is running without a config file");
    else
        kr_reply_errorf(call->reply, "ERR Rewriting config file: %s", error);
}

void server_config_resetstat(struct kr_call *call)
{
    kr_info->reset();
    kr_reply_ok(call->reply);
}

void server_config_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "GET <pattern>",
        "    The parameters whose names match, with their values.",
        "SET <directive> <value>",
        "    Change a parameter; of several, all or none.",
        "RESETSTAT",
        "    Set the counters of INFO back to zero.",
        "REWRITE",
        "    Write what is in force to the configuration file.",
    };

    kr_reply_help(call, "CONFIG", lines, KR_COUNT(lines));
}
