/* SPDX-License-Identifier: BSD-3-Clause */
/* client_kill - CLIENT KILL: close the connections that match.
 *
 * The old form has one word, an address, and kills whoever has it.  The new one
 * has pairs of a filter and its value, which must all match; it spares the
 * client that asks unless SKIPME says no. */
#include "client_class.h"
#include "commands.h"
#include "connection.h"

struct filter {
    struct kr_call *call;
    int64_t id; /* 0: any */
    enum client_class class;
    const struct kr_str *user; /* these three: NULL: any */
    const struct kr_str *address;
    const struct kr_str *local_address;
    bool spare_caller;
    bool caller_matches;
    uint64_t killed;
};

/* --- Reading ------------------------------------------------------------- */

static bool filter_read_id(struct filter *filter, uint32_t i)
{
    static const char error[] = "ERR client-id should be greater than 0";

    if (!kr_arg_int64_or(filter->call, i, &filter->id, error))
        return false;
    if (filter->id > 0)
        return true;
    kr_reply_error(filter->call->reply, error);
    return false;
}

static bool filter_read_user(struct filter *filter, uint32_t i)
{
    filter->user = &filter->call->argv[i];
    if (kr_str_equal(*filter->user, KR_STR("default")))
        return true;
    kr_reply_errorf(filter->call->reply, "ERR No such user '%.*s'",
                    KR_QUOTE(*filter->user, 512));
    return false;
}

static bool filter_read_skipme(struct filter *filter, uint32_t i)
{
    filter->spare_caller = kr_arg_is(filter->call, i, "yes");
    if (filter->spare_caller || kr_arg_is(filter->call, i, "no"))
        return true;
    kr_refuse_syntax(filter->call);
    return false;
}

/* One pair, at argument `i`. */
static bool filter_read_pair(struct filter *filter, uint32_t i)
{
    struct kr_call *call = filter->call;

    if (i + 1 < call->argc) {
        if (kr_arg_is(call, i, "ID"))
            return filter_read_id(filter, i + 1);
        if (kr_arg_is(call, i, "TYPE"))
            return client_class_read(call, i + 1, &filter->class);
        if (kr_arg_is(call, i, "USER"))
            return filter_read_user(filter, i + 1);
        if (kr_arg_is(call, i, "SKIPME"))
            return filter_read_skipme(filter, i + 1);
        if (kr_arg_is(call, i, "ADDR")) {
            filter->address = &call->argv[i + 1];
            return true;
        }
        if (kr_arg_is(call, i, "LADDR")) {
            filter->local_address = &call->argv[i + 1];
            return true;
        }
    }
    kr_refuse_syntax(call);
    return false;
}

static bool filter_read(struct filter *filter)
{
    struct kr_call *call = filter->call;

    if (call->argc == 3) {
        filter->address = &call->argv[2];
        return true;
    }
    filter->spare_caller = true;
    for (uint32_t i = 2; i < call->argc; i += 2)
        if (!filter_read_pair(filter, i))
            return false;
    return true;
}

/* --- Killing ------------------------------------------------------------- */

static bool filter_matches_user(const struct filter *filter,
                                const kr_client *client)
{
    struct kr_str user = kr_clients->text(client, "user");

    if (user.size == 0)
        user = KR_STR("default");
    return !filter->user || kr_str_equal(user, *filter->user);
}

/* Addresses cost system calls, so they are asked for last. */
static bool filter_matches_address(const struct filter *filter,
                                   const kr_client *client)
{
    struct kr_client_info info = {.size = sizeof(info)};

    if (!filter->address && !filter->local_address)
        return true;
    kr_clients->info(client, &info);
    return (!filter->address ||
            kr_str_equal(kr_cstr(info.address), *filter->address)) &&
           (!filter->local_address ||
            kr_str_equal(kr_cstr(info.local_address), *filter->local_address));
}

static bool filter_kill(kr_client *client, void *ctx)
{
    struct filter *filter = ctx;
    bool is_caller = client == filter->call->client;

    if ((is_caller && filter->spare_caller) ||
        (filter->id && kr_clients->id(client) != (uint64_t)filter->id) ||
        !client_class_has(filter->class, client) ||
        !filter_matches_user(filter, client) ||
        !filter_matches_address(filter, client))
        return true;
    filter->killed++;
    /* The caller is told first. */
    if (is_caller)
        filter->caller_matches = true;
    else
        kr_clients->close(client, false);
    return true;
}

void connection_client_kill(struct kr_call *call)
{
    struct filter filter = {.call = call};

    if (!filter_read(&filter))
        return;
    kr_clients->each(filter_kill, &filter);
    if (call->argc > 3)
        kr_reply_int64(call->reply, (int64_t)filter.killed);
    else if (filter.killed > 0)
        kr_reply_ok(call->reply);
    else
        kr_reply_error(call->reply, "ERR No such client");
    if (filter.caller_matches)
        kr_clients->close(call->client, true);
}
