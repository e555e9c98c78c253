/* SPDX-License-Identifier: BSD-3-Clause */
#include <kr/kr.h>

static void hello(struct kr_call *call)
{
    kr_reply_status(call->reply, "hello, world");
}

static const struct kr_command commands[] = {
    {.name = "hello.world", .run = hello, .arity = 1, .flags = KR_CMD_FAST},
};

KR_MODULE(.name = "hello", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .commands = KR_ROWS(commands));
