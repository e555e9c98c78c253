/* SPDX-License-Identifier: BSD-3-Clause */
/* latency_histogram - LATENCY HISTOGRAM: how many calls took at most how long.
 *
 * Limits double.  Their names are those that clients know from Redis, whose
 * histogram counts nanoseconds in powers of two and rounds a bucket's upper
 * end down to microseconds: 1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056 ... */
#include "server.h"

#include "commands.h"

#define LIMITS 34 /* up to 2^33 us, nearly three hours */

static int64_t histogram_limit_name(uint32_t i)
{
    uint64_t ns = (UINT64_C(1) << (10 + i)) + (UINT64_C(1) << (3 + i)) - 1;

    return (int64_t)(ns / 1000);
}

struct histogram_reply {
    struct kr_reply *reply;
    uint64_t commands; /* replied so far */
};

static bool histogram_reply_one(const kr_cmd *command, void *ctx)
{
    struct histogram_reply *to = ctx;
    uint64_t at_most[LIMITS], before = 0, token, limits = 0;
    uint64_t total = kr_commands->histogram(command, at_most, LIMITS);

    if (total == 0)
        return true;
    to->commands++;
    kr_reply_bulk(to->reply, kr_cstr(kr_commands->full_name(command)));
    kr_reply_map(to->reply, 2);
    kr_reply_bulk(to->reply, KR_STR("calls"));
    kr_reply_int64(to->reply, (int64_t)total);
    kr_reply_bulk(to->reply, KR_STR("histogram_usec"));
    token = to->reply->ops->defer(to->reply);
    for (uint32_t i = 0; i < LIMITS; i++) {
        if (at_most[i] == before)
            continue;
        kr_reply_int64(to->reply, histogram_limit_name(i));
        kr_reply_int64(to->reply, (int64_t)at_most[i]);
        before = at_most[i];
        limits++;
    }
    to->reply->ops->close(to->reply, token, KR_MAP, limits);
    return true;
}

/* A container stands for its subcommands. */
static bool histogram_reply_all(const kr_cmd *command, void *ctx)
{
    (void)histogram_reply_one(command, ctx);
    kr_commands->each(command, histogram_reply_one, ctx);
    return true;
}

void server_latency_histogram(struct kr_call *call)
{
    struct histogram_reply to = {.reply = call->reply};
    uint64_t token = call->reply->ops->defer(call->reply);

    if (call->argc == 2)
        kr_commands->each(NULL, histogram_reply_all, &to);
    for (uint32_t i = 2; i < call->argc; i++) {
        const kr_cmd *command = kr_commands->find(call->argv[i]);

        if (command)
            (void)histogram_reply_all(command, &to);
    }
    call->reply->ops->close(call->reply, token, KR_MAP, to.commands);
}
