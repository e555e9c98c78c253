/* SPDX-License-Identifier: BSD-3-Clause */
#include "prepare.h"

#include "flags.h"

#include <kr/args.h>
#include <kr/command.h>

bool prepare_keys(struct kr_call *call, const char *error, uint32_t *keys)
{
    int64_t number;

    if (!kr_arg_int64_or(call, 2, &number, error))
        return false;
    if (number > (int64_t)call->argc - 3) {
        kr_reply_error(call->reply, "ERR Number of keys can't be greater than "
                                    "number of args");
        return false;
    }
    if (number < 0) {
        kr_reply_error(call->reply, "ERR Number of keys can't be negative");
        return false;
    }
    *keys = (uint32_t)number;
    return true;
}

uint64_t prepare_acts(uint64_t acts, uint32_t flags)
{
    if (flags & SCRIPT_PLAIN)
        return acts;
    acts &=
        ~(KR_CMD_STALE | KR_CMD_DENYOOM | KR_CMD_WRITE | KR_CMD_MAY_REPLICATE);
    if (!(flags & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES)))
        acts |= KR_CMD_DENYOOM;
    if (!(flags & SCRIPT_NO_WRITES))
        acts |= KR_CMD_WRITE;
    if (flags & SCRIPT_ALLOW_STALE)
        acts |= KR_CMD_STALE;
    return acts;
}

bool prepare_run(struct run *run, uint32_t flags, bool read_only)
{
    if (read_only && !(flags & (SCRIPT_PLAIN | SCRIPT_NO_WRITES))) {
        kr_reply_error(run->call->reply, "ERR Can not execute a script with "
                                         "write flag using *_ro command.");
        return false;
    }
    /* It has not been judged so before: queued when it was not known yet. */
    if (!(flags & (SCRIPT_PLAIN | SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES)) &&
        kr_calls->full()) {
        kr_reply_error(run->call->reply,
                       "OOM allow-oom flag is not set on the script, can not "
                       "run it when used memory > 'maxmemory'");
        return false;
    }
    if (read_only || flags & SCRIPT_NO_WRITES)
        run->flags |= RUN_READ_ONLY;
    if (flags & SCRIPT_ALLOW_OOM)
        run->flags |= RUN_ALLOW_OOM;
    return true;
}
