/* SPDX-License-Identifier: BSD-3-Clause */
/* debug_protocol - a reply of each type, for those who write clients. */
#include "debug.h"

#include "server.h"

static void protocol_string(struct kr_reply *r)
{
    kr_reply_bulk(r, KR_STR("Hello World"));
}

static void protocol_integer(struct kr_reply *r)
{
    kr_reply_int64(r, 12345);
}

static void protocol_double(struct kr_reply *r)
{
    r->ops->number(r, 3.141);
}

static void protocol_bignum(struct kr_reply *r)
{
    r->ops->big_number(r, KR_STR("1234567999999999999999999999999999999"));
}

static void protocol_array(struct kr_reply *r)
{
    kr_reply_array(r, 3);
    for (int i = 0; i < 3; i++)
        kr_reply_int64(r, i);
}

static void protocol_set(struct kr_reply *r)
{
    r->ops->open(r, KR_SET, 3);
    for (int i = 0; i < 3; i++)
        kr_reply_int64(r, i);
}

static void protocol_map(struct kr_reply *r)
{
    kr_reply_map(r, 3);
    for (int i = 0; i < 3; i++) {
        kr_reply_int64(r, i);
        r->ops->boolean(r, i == 1);
    }
}

/* RESP2 has no attributes: there is only the reply that it is about. */
static void protocol_attrib(struct kr_reply *r)
{
    if (r->protocol > 2) {
        r->ops->open(r, KR_ATTRIBUTE, 1);
        kr_reply_bulk(r, KR_STR("key-popularity"));
        kr_reply_array(r, 2);
        kr_reply_bulk(r, KR_STR("key:123"));
        kr_reply_int64(r, 90);
    }
    kr_reply_bulk(r, KR_STR("Some real reply following the attribute"));
}

static void protocol_push(struct kr_reply *r)
{
    if (r->protocol < 3) {
        kr_reply_error(r, "ERR RESP2 is not supported by this command");
        return;
    }
    r->ops->open(r, KR_PUSH, 2);
    kr_reply_bulk(r, KR_STR("server-cpu-usage"));
    kr_reply_int64(r, 42);
    kr_reply_bulk(r, KR_STR("Some real reply following the push reply"));
}

static void protocol_verbatim(struct kr_reply *r)
{
    r->ops->verbatim(r, "txt", KR_STR("This is a verbatim\nstring"));
}

static void protocol_true(struct kr_reply *r)
{
    r->ops->boolean(r, true);
}

static void protocol_false(struct kr_reply *r)
{
    r->ops->boolean(r, false);
}

static const struct {
    const char *name;
    void (*reply)(struct kr_reply *reply);
} protocol_types[] = {
    {"string", protocol_string},     {"integer", protocol_integer},
    {"double", protocol_double},     {"bignum", protocol_bignum},
    {"null", kr_reply_null},         {"array", protocol_array},
    {"set", protocol_set},           {"map", protocol_map},
    {"attrib", protocol_attrib},     {"push", protocol_push},
    {"verbatim", protocol_verbatim}, {"true", protocol_true},
    {"false", protocol_false},
};

void debug_protocol(struct kr_call *call)
{
    for (size_t i = 0; i < KR_COUNT(protocol_types); i++)
        if (kr_str_equal_nocase(call->argv[2],
                                kr_cstr(protocol_types[i].name))) {
            protocol_types[i].reply(call->reply);
            return;
        }
    kr_reply_error(call->reply,
                   "ERR Wrong protocol type name. Please use one of the "
                   "following: string|integer|double|bignum|null|array|set|map|"
                   "attrib|push|verbatim|true|false");
}

void debug_error(struct kr_call *call)
{
    call->reply->ops->error(call->reply, call->argv[2]);
}
