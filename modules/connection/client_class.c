/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_class.h"

#include <kr/args.h>

bool client_class_read(struct kr_call *call, uint32_t i,
                       enum client_class *class)
{
    static const struct {
        const char *word;
        enum client_class class;
    } words[] = {
        {"normal", CLIENT_CLASS_NORMAL},   {"slave", CLIENT_CLASS_REPLICA},
        {"replica", CLIENT_CLASS_REPLICA}, {"pubsub", CLIENT_CLASS_PUBSUB},
        {"master", CLIENT_CLASS_PRIMARY},
    };

    for (size_t w = 0; w < KR_COUNT(words); w++)
        if (kr_arg_is(call, i, words[w].word)) {
            *class = words[w].class;
            return true;
        }
    kr_reply_errorf(call->reply, "ERR Unknown client type '%.*s'",
                    KR_QUOTE(call->argv[i], 512));
    return false;
}

static enum client_class client_class_of(const kr_client *client)
{
    uint32_t flags = kr_clients->flags(client);

    if (flags & KR_CLIENT_PRIMARY)
        return CLIENT_CLASS_PRIMARY;
    if (flags & KR_CLIENT_REPLICA && !(flags & KR_CLIENT_MONITOR))
        return CLIENT_CLASS_REPLICA;
    return flags & KR_CLIENT_PUBSUB ? CLIENT_CLASS_PUBSUB : CLIENT_CLASS_NORMAL;
}

bool client_class_has(enum client_class class, const kr_client *client)
{
    return class == CLIENT_CLASS_ANY || client_class_of(client) == class;
}
