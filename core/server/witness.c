/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/witness.h"

#include "core/dispatch/call.h"
#include "core/log/crash.h"
#include "core/log/log.h"
#include "core/loop/jobs.h"
#include "core/net/client.h"
#include "core/rack/rack.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Another thread knows nothing of calls: what the main one did meanwhile is not
 * to blame. */
static void witness_tell_thread(void)
{
    const char *module = jobs_blame();
    char name[17] = "";

    (void)prctl(PR_GET_NAME, name);
    log_warning("crash: thread: %s", name);
    if (module)
        log_warning("crash: job of module: %s", module);
}

/* Names of commands are the host's; what clients sent is not shown. */
static void witness_tell(void)
{
    const struct call *call = call_current;

    if (syscall(SYS_gettid) != getpid()) {
        witness_tell_thread();
        return;
    }
    if (module_running)
        log_warning("crash: module: %s", module_running->name);
    if (!call)
        return;
    if (call->pub.command)
        log_warning("crash: command: %s with %u arguments",
                    call->pub.command->full_name, call->pub.argc);
    if (call->pub.client)
        log_warning("crash: client: id=%llu",
                    (unsigned long long)call->pub.client->id);
}

void witness_init(void)
{
    crash_call((struct crash_witness){witness_tell, rack_module_at});
}
