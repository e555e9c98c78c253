/* SPDX-License-Identifier: BSD-3-Clause */
#include "refusal.h"

#define REFUSAL_NO_CODE KR_STR("ERR ")

void refusal_reply(struct kr_reply *client, struct kr_str reason)
{
    struct kr_str none = REFUSAL_NO_CODE;

    if (reason.size >= none.size &&
        memcmp(reason.data, none.data, none.size) == 0)
        reason = kr_str(reason.data + none.size, reason.size - none.size);
    kr_reply_errorf(client, "EXECABORT Transaction discarded because of: %.*s",
                    (int)reason.size, reason.data);
}

/* --- The sink ------------------------------------------------------------- */

static void refusal_error(struct kr_reply *reply, struct kr_str text)
{
    struct refusal *refusal = (struct refusal *)reply;

    reply->errors++;
    refusal_reply(refusal->client, text);
}

/* A gate that answers something else in EXEC's place is passed on. */
#define PASS(name, params, args)                                               \
    static void refusal_##name params                                          \
    {                                                                          \
        struct kr_reply *client = ((struct refusal *)r)->client;               \
                                                                               \
        client->ops->name args;                                                \
    }

PASS(null, (struct kr_reply * r), (client))
PASS(null_array, (struct kr_reply * r), (client))
PASS(int64, (struct kr_reply * r, int64_t v), (client, v))
PASS(status, (struct kr_reply * r, struct kr_str s), (client, s))
PASS(bulk, (struct kr_reply * r, struct kr_str s), (client, s))
PASS(blob, (struct kr_reply * r, struct kr_blob *b, size_t at, size_t n),
     (client, b, at, n))
PASS(bulk_int64, (struct kr_reply * r, int64_t v), (client, v))
PASS(number, (struct kr_reply * r, double v), (client, v))
PASS(boolean, (struct kr_reply * r, bool v), (client, v))
PASS(big_number, (struct kr_reply * r, struct kr_str s), (client, s))
PASS(verbatim, (struct kr_reply * r, const char *f, struct kr_str s),
     (client, f, s))
PASS(open, (struct kr_reply * r, uint32_t kind, uint64_t n), (client, kind, n))
PASS(close, (struct kr_reply * r, uint64_t token, uint32_t kind, uint64_t n),
     (client, token, kind, n))
PASS(raw, (struct kr_reply * r, struct kr_str s), (client, s))
#undef PASS

static uint64_t refusal_defer(struct kr_reply *r)
{
    struct kr_reply *client = ((struct refusal *)r)->client;

    return client->ops->defer(client);
}

static const struct kr_reply_ops refusal_ops = {
    .size = sizeof(struct kr_reply_ops),
    .null = refusal_null,
    .null_array = refusal_null_array,
    .int64 = refusal_int64,
    .status = refusal_status,
    .error = refusal_error,
    .bulk = refusal_bulk,
    .blob = refusal_blob,
    .bulk_int64 = refusal_bulk_int64,
    .number = refusal_number,
    .boolean = refusal_boolean,
    .big_number = refusal_big_number,
    .verbatim = refusal_verbatim,
    .open = refusal_open,
    .defer = refusal_defer,
    .close = refusal_close,
    .raw = refusal_raw,
};

struct kr_reply *refusal_before(struct refusal *refusal,
                                struct kr_reply *client)
{
    refusal->pub = (struct kr_reply){
        .ops = &refusal_ops,
        .protocol = client->protocol,
        .errors = client->errors,
    };
    refusal->client = client;
    return &refusal->pub;
}

struct kr_reply *refusal_behind(struct kr_reply *reply)
{
    return reply->ops == &refusal_ops ? ((struct refusal *)reply)->client
                                      : reply;
}
