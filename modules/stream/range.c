/* SPDX-License-Identifier: BSD-3-Clause */
/* range - commands that read a stream: XLEN XRANGE XREVRANGE. */
#include "commands.h"
#include "value.h"

void stream_xlen(struct kr_call *call)
{
    bool wrong;
    const struct stream *s = value_find(call, 1, KR_FIND_READ, &wrong);

    if (!wrong)
        kr_reply_int64(call->reply, s ? (int64_t)s->length : 0);
}

/* [COUNT count] ...; *count is -1 if there is none. */
static bool range_count(struct kr_call *call, int64_t *count)
{
    *count = -1;
    for (uint32_t i = 4; i < call->argc; i += 2) {
        if (!kr_arg_is(call, i, "COUNT") || i + 1 == call->argc) {
            kr_refuse_syntax(call);
            return false;
        }
        if (!kr_arg_int64(call, i + 1, count))
            return false;
        if (*count < 0)
            *count = 0;
    }
    return true;
}

static void range_run(struct kr_call *call, uint32_t from_at, uint32_t to_at)
{
    struct stream_id from, to;
    const struct stream *s;
    int64_t count;
    bool wrong;

    if (!value_arg_from(call, from_at, &from) ||
        !value_arg_to(call, to_at, &to) || !range_count(call, &count))
        return;
    s = value_find(call, 1, KR_FIND_READ, &wrong);
    if (wrong)
        return;
    if (!s)
        kr_reply_array(call->reply, 0);
    else if (count == 0)
        call->reply->ops->null_array(call->reply);
    else
        value_reply_range(call->reply, s, from, to, from_at > to_at,
                          count < 0 ? 0 : (uint64_t)count);
}

void stream_xrange(struct kr_call *call)
{
    range_run(call, 2, 3);
}

void stream_xrevrange(struct kr_call *call)
{
    range_run(call, 3, 2);
}
