/* SPDX-License-Identifier: BSD-3-Clause */
/* push - what is sent to a client unasked is sent though it wants no replies.
 *
 * CLIENT REPLY OFF mutes an output.  When a push is opened on a muted one, it
 * speaks until the push is whole, and these functions stand in for the sink's
 * own meanwhile, to see when that is:
 *
 *     open(PUSH, 2)          2 elements missing
 *       bulk                 1
 *       open(ARRAY, 2)       1 - 1 + 2 = 2
 *         bulk, bulk         0: silent again */
#include "core/net/push.h"

static const struct kr_reply_ops push_ops;

/* An element has been written, which holds `more`. */
static void push_count(struct kr_reply *reply, uint64_t more)
{
    struct output *output = (struct output *)reply;

    output->push_left += more;
    if (--output->push_left > 0)
        return;
    reply->ops = &output_ops;
    output_mute(output, true);
}

void push_begin(struct output *output, uint64_t count)
{
    output_mute(output, false);
    output->reply.ops = &push_ops;
    output->push_left = 1;
    output_ops.open(&output->reply, KR_PUSH, count);
    push_count(&output->reply, count);
}

static void push_null(struct kr_reply *reply)
{
    output_ops.null(reply);
    push_count(reply, 0);
}

static void push_null_array(struct kr_reply *reply)
{
    output_ops.null_array(reply);
    push_count(reply, 0);
}

static void push_int64(struct kr_reply *reply, int64_t value)
{
    output_ops.int64(reply, value);
    push_count(reply, 0);
}

static void push_status(struct kr_reply *reply, struct kr_str text)
{
    output_ops.status(reply, text);
    push_count(reply, 0);
}

static void push_error(struct kr_reply *reply, struct kr_str text)
{
    output_ops.error(reply, text);
    push_count(reply, 0);
}

static void push_bulk(struct kr_reply *reply, struct kr_str bytes)
{
    output_ops.bulk(reply, bytes);
    push_count(reply, 0);
}

static void push_blob(struct kr_reply *reply, struct kr_blob *blob, size_t from,
                      size_t size)
{
    output_ops.blob(reply, blob, from, size);
    push_count(reply, 0);
}

static void push_bulk_int64(struct kr_reply *reply, int64_t value)
{
    output_ops.bulk_int64(reply, value);
    push_count(reply, 0);
}

static void push_number(struct kr_reply *reply, double value)
{
    output_ops.number(reply, value);
    push_count(reply, 0);
}

static void push_boolean(struct kr_reply *reply, bool value)
{
    output_ops.boolean(reply, value);
    push_count(reply, 0);
}

static void push_big_number(struct kr_reply *reply, struct kr_str digits)
{
    output_ops.big_number(reply, digits);
    push_count(reply, 0);
}

static void push_verbatim(struct kr_reply *reply, const char *format,
                          struct kr_str text)
{
    output_ops.verbatim(reply, format, text);
    push_count(reply, 0);
}

static void push_open(struct kr_reply *reply, uint32_t kind, uint64_t count)
{
    output_ops.open(reply, kind, count);
    push_count(reply, kind == KR_MAP ? 2 * count : count);
}

/* What is between the two is not counted one by one: close() knows. */
static uint64_t push_defer(struct kr_reply *reply)
{
    ((struct output *)reply)->push_left += UINT32_MAX;
    return output_ops.defer(reply);
}

static void push_close(struct kr_reply *reply, uint64_t token, uint32_t kind,
                       uint64_t count)
{
    uint64_t written = kind == KR_MAP ? 2 * count : count;

    output_ops.close(reply, token, kind, count);
    ((struct output *)reply)->push_left -= UINT32_MAX - written;
    push_count(reply, 0);
}

static void push_raw(struct kr_reply *reply, struct kr_str bytes)
{
    output_ops.raw(reply, bytes);
    push_count(reply, 0);
}

static const struct kr_reply_ops push_ops = {
    .size = sizeof(struct kr_reply_ops),
    .null = push_null,
    .null_array = push_null_array,
    .int64 = push_int64,
    .status = push_status,
    .error = push_error,
    .bulk = push_bulk,
    .blob = push_blob,
    .bulk_int64 = push_bulk_int64,
    .number = push_number,
    .boolean = push_boolean,
    .big_number = push_big_number,
    .verbatim = push_verbatim,
    .open = push_open,
    .defer = push_defer,
    .close = push_close,
    .raw = push_raw,
};
