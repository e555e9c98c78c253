/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/pause.h"

#include "core/clock/clock.h"
#include "core/dispatch/block.h"
#include "core/dispatch/call.h"
#include "core/dispatch/gate.h"
#include "core/keyspace/hooks.h"
#include "core/loop/loop.h"
#include "core/net/client.h"

static struct {
    bool on;
    bool writes_only;
    int64_t until_ms;
    kr_timer *timer;
} pausing;

void pause_end(void)
{
    if (!pausing.on)
        return;
    pausing.on = false;
    call_alerts &= ~ALERT_PAUSED;
    keyspace_hooks.still = false;
    if (pausing.timer)
        loop_interface.cancel(pausing.timer);
    pausing.timer = NULL;
    gate_interface.release(NULL);
    block_unpause();
}

static void pause_over(void *ctx)
{
    (void)ctx;
    pausing.timer = NULL; /* it has freed itself */
    pause_end();
}

void pause_begin(int64_t until_ms, bool writes_only)
{
    int64_t now_ms = clock_wall_ms();

    if (pausing.on) {
        writes_only = writes_only && pausing.writes_only;
        if (until_ms < pausing.until_ms)
            until_ms = pausing.until_ms;
        if (pausing.timer)
            loop_interface.cancel(pausing.timer);
    }
    pausing.on = true;
    pausing.writes_only = writes_only;
    pausing.until_ms = until_ms;
    call_alerts |= ALERT_PAUSED;
    /* Who pauses writes means all changes, those by time too. */
    keyspace_hooks.still = true;
    pausing.timer = loop_interface.timer(
        NULL, until_ms > now_ms ? (uint64_t)(until_ms - now_ms) : 0, 0,
        pause_over, NULL);
}

bool pause_is_on(bool *writes_only)
{
    if (writes_only)
        *writes_only = pausing.writes_only;
    return pausing.on;
}

bool pause_concerns(const kr_client *client, uint64_t acts)
{
    if (!pausing.on || client->flags & (KR_CLIENT_REPLICA | KR_CLIENT_PRIMARY))
        return false;
    return !pausing.writes_only || acts & (KR_CMD_WRITE | KR_CMD_MAY_REPLICATE);
}
