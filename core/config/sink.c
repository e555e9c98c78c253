/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/sink.h"

#include <kr/memory.h>

static struct buffer *sink_text(struct kr_reply *reply)
{
    return &((struct sink *)reply)->text;
}

static void sink_append(struct kr_reply *reply, struct kr_str bytes)
{
    buffer_append(sink_text(reply), bytes);
}

static void sink_line(struct kr_reply *reply, struct kr_str text)
{
    buffer_append(sink_text(reply), text);
    buffer_append_char(sink_text(reply), '\n');
}

static void sink_int64(struct kr_reply *reply, int64_t value)
{
    buffer_append_int64(sink_text(reply), value);
}

static void sink_number(struct kr_reply *reply, double value)
{
    buffer_append_double(sink_text(reply), value);
}

static void sink_boolean(struct kr_reply *reply, bool value)
{
    buffer_append(sink_text(reply), kr_cstr(value ? "yes" : "no"));
}

static void sink_blob(struct kr_reply *reply, struct kr_blob *blob, size_t from,
                      size_t size)
{
    buffer_append(sink_text(reply), kr_str(blob->data + from, size));
}

static void sink_verbatim(struct kr_reply *reply, const char *format,
                          struct kr_str text)
{
    (void)format;
    buffer_append(sink_text(reply), text);
}

/* A printer that fails has nothing to show. */
static void sink_error(struct kr_reply *reply, struct kr_str text)
{
    (void)text;
    reply->errors++;
}

/* A value is flat: containers leave no trace. */
static void sink_null(struct kr_reply *reply)
{
    (void)reply;
}

static void sink_open(struct kr_reply *reply, uint32_t kind, uint64_t count)
{
    (void)reply, (void)kind, (void)count;
}

static uint64_t sink_defer(struct kr_reply *reply)
{
    (void)reply;
    return 0;
}

static void sink_close(struct kr_reply *reply, uint64_t token, uint32_t kind,
                       uint64_t count)
{
    (void)reply, (void)token, (void)kind, (void)count;
}

static const struct kr_reply_ops sink_ops = {
    .size = sizeof(sink_ops),
    .null = sink_null,
    .null_array = sink_null,
    .int64 = sink_int64,
    .status = sink_line,
    .error = sink_error,
    .bulk = sink_append,
    .blob = sink_blob,
    .bulk_int64 = sink_int64,
    .number = sink_number,
    .boolean = sink_boolean,
    .big_number = sink_append,
    .verbatim = sink_verbatim,
    .open = sink_open,
    .defer = sink_defer,
    .close = sink_close,
    .raw = sink_append,
    .decimal = sink_append,
};

void sink_init(struct sink *sink)
{
    *sink = (struct sink){.reply = {.ops = &sink_ops, .protocol = 2}};
}

void sink_fini(struct sink *sink)
{
    buffer_free(&sink->text);
}
