/* SPDX-License-Identifier: BSD-3-Clause */
/* hello - HELLO: agree on a protocol, log in and take a name, all in one.
 *
 * All is read before anything is done, so a refused HELLO changes nothing. */
#include "auth.h"
#include "commands.h"
#include "connection.h"
#include "label.h"

/* Clients look at the name and the version to learn what they may use: it is
 * Redis's commands and replies that they will find. */
#define HELLO_SERVER "redis"

struct hello {
    int64_t protocol;          /* 0: as it is */
    const struct kr_str *user; /* NULL: no AUTH; the password stands behind */
    const struct kr_str *name; /* NULL: no SETNAME */
};

static bool hello_read_protocol(struct kr_call *call, struct hello *hello)
{
    if (call->argc < 2)
        return true;
    if (!kr_arg_int64_or(call, 1, &hello->protocol,
                         "ERR Protocol version is not an integer or out of "
                         "range"))
        return false;
    if (hello->protocol == 2 || hello->protocol == 3)
        return true;
    kr_reply_error(call->reply, "NOPROTO unsupported protocol version");
    return false;
}

static bool hello_read(struct kr_call *call, struct hello *hello)
{
    if (!hello_read_protocol(call, hello))
        return false;
    for (uint32_t i = 2; i < call->argc; i++) {
        uint32_t more = call->argc - 1 - i;

        if (more >= 2 && kr_arg_is(call, i, "AUTH")) {
            hello->user = &call->argv[i + 1];
            i += 2;
        } else if (more >= 1 && kr_arg_is(call, i, "SETNAME")) {
            hello->name = &call->argv[++i];
            if (!label_is_plain(*hello->name)) {
                kr_reply_error(call->reply, LABEL_NAME_REFUSED);
                return false;
            }
        } else {
            kr_reply_errorf(call->reply,
                            "ERR Syntax error in HELLO option '%.*s'",
                            KR_QUOTE(call->argv[i], 512));
            return false;
        }
    }
    return true;
}

/* --- The answer ---------------------------------------------------------- */

static void hello_text(struct kr_reply *reply, const char *name,
                       const char *value)
{
    kr_reply_bulk(reply, kr_cstr(name));
    kr_reply_bulk(reply, kr_cstr(value));
}

struct hello_list {
    struct kr_reply *reply;
    uint64_t count;
};

/* Those that the server is made of go without saying: Redis lists none either,
 * and a path is no stranger's business. */
static bool hello_module(kr_module *module, void *ctx)
{
    struct hello_list *list = ctx;
    struct kr_reply *reply = list->reply;
    struct kr_module_info info = {.size = sizeof(info)};

    if (kr_modules->flags(module) & KR_MODULE_STANDARD)
        return true;
    kr_modules->info(module, &info);
    kr_reply_map(reply, 4);
    hello_text(reply, "name", info.name);
    kr_reply_bulk(reply, KR_STR("ver"));
    kr_reply_int64(reply, info.version);
    hello_text(reply, "path", info.path ? info.path : "");
    kr_reply_bulk(reply, KR_STR("args"));
    kr_reply_array(reply, info.argc);
    for (uint32_t i = 0; i < info.argc; i++)
        kr_reply_bulk(reply, info.argv[i]);
    list->count++;
    return true;
}

static void hello_answer(struct kr_call *call)
{
    struct hello_list list = {.reply = call->reply};
    uint64_t token;

    kr_reply_map(call->reply, 7);
    hello_text(call->reply, "server", HELLO_SERVER);
    hello_text(call->reply, "version", kr_info->identity("redis-version"));
    kr_reply_bulk(call->reply, KR_STR("proto"));
    kr_reply_int64(call->reply, call->reply->protocol);
    kr_reply_bulk(call->reply, KR_STR("id"));
    kr_reply_int64(call->reply, (int64_t)kr_clients->id(call->client));
    hello_text(call->reply, "mode", "standalone");
    hello_text(call->reply, "role", "master");
    kr_reply_bulk(call->reply, KR_STR("modules"));
    token = call->reply->ops->defer(call->reply);
    kr_modules->each(hello_module, &list);
    call->reply->ops->close(call->reply, token, KR_ARRAY, list.count);
}

void connection_hello(struct kr_call *call)
{
    kr_client *client = connection_client(call);
    struct hello hello = {0};

    if (!client || !hello_read(call, &hello))
        return;
    if (hello.user && !auth_log_in(call, client, hello.user[0], hello.user[1]))
        return;
    if (!(kr_clients->flags(client) & KR_CLIENT_AUTHENTICATED)) {
        kr_reply_error(call->reply,
                       "NOAUTH HELLO must be called with the client already "
                       "authenticated, otherwise the HELLO <proto> AUTH <user> "
                       "<pass> option can be used to authenticate the client "
                       "and select the RESP protocol version at the same time");
        return;
    }
    if (hello.name)
        kr_clients->set_text(client, "name", *hello.name);
    if (hello.protocol)
        kr_clients->set_protocol(client, (uint32_t)hello.protocol);
    hello_answer(call);
}
