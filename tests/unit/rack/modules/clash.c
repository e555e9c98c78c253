/* SPDX-License-Identifier: BSD-3-Clause */
/* clash - registers a command of its own, then one that `plain` has. */
#include <kr/kr.h>

static void clash_run(struct kr_call *call)
{
    kr_reply_ok(call->reply);
}

static const struct kr_command commands[] = {
    {.name = "clash.run", .run = clash_run, .arity = 1},
    {.name = "plain.run", .run = clash_run, .arity = 1},
};

KR_MODULE(.name = "clash", .version = 1, .flags = KR_MODULE_CAN_UNLOAD,
          .commands = KR_ROWS(commands));
