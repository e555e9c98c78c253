/* SPDX-License-Identifier: BSD-3-Clause */
#include "limit.h"

#include <kr/config.h>
#include <kr/event.h>
#include <kr/string.h>
#include <kr/text.h>

#define LIMIT_NAME KR_STR("proto-max-bulk-len")

/* A copy of the parameter: SETBIT asks each time, and a look-up by name would
 * cost more than the bit. */
static uint64_t limit = UINT64_C(512) << 20;

static void limit_read(void)
{
    int64_t bytes;

    if (kr_config_int64(LIMIT_NAME, &bytes) && bytes > 0)
        limit = (uint64_t)bytes;
}

static void limit_on_config(void *ctx, const void *payload)
{
    const struct kr_name_event *event = payload;

    (void)ctx;
    if (kr_str_equal(event->name, LIMIT_NAME))
        limit_read();
}

void limit_start(kr_module *self)
{
    limit_read();
    (void)kr_events->subscribe(self, KR_EVENT_CONFIG_CHANGED, limit_on_config,
                               NULL);
}

uint64_t limit_get(void)
{
    return limit;
}

bool limit_allows(const struct kr_call *call, uint64_t size)
{
    return size <= limit || call->flags & KR_CALL_REPLICA;
}

bool limit_check(struct kr_call *call, uint64_t size, uint64_t more)
{
    uint64_t sum;

    if (!__builtin_add_overflow(size, more, &sum) && limit_allows(call, sum))
        return true;
    kr_reply_error(call->reply, KR_ERR_TOO_LONG);
    return false;
}
