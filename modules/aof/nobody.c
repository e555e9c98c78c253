/* SPDX-License-Identifier: BSD-3-Clause */
#include "nobody.h"

#include <kr/log.h>

static void nobody_null(struct kr_reply *reply)
{
    (void)reply;
}

static void nobody_int64(struct kr_reply *reply, int64_t value)
{
    (void)reply, (void)value;
}

static void nobody_text(struct kr_reply *reply, struct kr_str text)
{
    (void)reply, (void)text;
}

static void nobody_error(struct kr_reply *reply, struct kr_str text)
{
    struct nobody *nobody = (struct nobody *)reply;

    reply->errors++;
    if (nobody->errors++ > 0)
        return;
    snprintf(nobody->first, sizeof(nobody->first), "%.*s",
             (int)(text.size < 200 ? text.size : 200), text.data);
}

static void nobody_blob(struct kr_reply *reply, struct kr_blob *blob,
                        size_t from, size_t size)
{
    (void)reply, (void)blob, (void)from, (void)size;
}

static void nobody_number(struct kr_reply *reply, double value)
{
    (void)reply, (void)value;
}

static void nobody_boolean(struct kr_reply *reply, bool value)
{
    (void)reply, (void)value;
}

static void nobody_verbatim(struct kr_reply *reply, const char *format,
                            struct kr_str text)
{
    (void)reply, (void)format, (void)text;
}

static void nobody_open(struct kr_reply *reply, uint32_t kind, uint64_t count)
{
    (void)reply, (void)kind, (void)count;
}

static uint64_t nobody_defer(struct kr_reply *reply)
{
    (void)reply;
    return 0;
}

static void nobody_close(struct kr_reply *reply, uint64_t token, uint32_t kind,
                         uint64_t count)
{
    (void)reply, (void)token, (void)kind, (void)count;
}

static const struct kr_reply_ops nobody_ops = {
    .size = sizeof(struct kr_reply_ops),
    .null = nobody_null,
    .null_array = nobody_null,
    .int64 = nobody_int64,
    .status = nobody_text,
    .error = nobody_error,
    .bulk = nobody_text,
    .blob = nobody_blob,
    .bulk_int64 = nobody_int64,
    .number = nobody_number,
    .boolean = nobody_boolean,
    .big_number = nobody_text,
    .verbatim = nobody_verbatim,
    .open = nobody_open,
    .defer = nobody_defer,
    .close = nobody_close,
    .raw = nobody_text,
    .decimal = nobody_text,
};

void nobody_init(struct nobody *nobody)
{
    *nobody = (struct nobody){.reply = {.ops = &nobody_ops, .protocol = 2}};
}

void nobody_report(struct nobody *nobody, kr_module *self)
{
    kr_logf(self, KR_LOG_WARNING,
            "== CRITICAL == This server is sending an error to its "
            "AOF-loading-client: '%s' (%u errors)",
            nobody->first, nobody->errors);
    nobody->errors = 0;
}
