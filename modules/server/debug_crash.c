/* SPDX-License-Identifier: BSD-3-Clause */
/* debug_crash - the subcommands of DEBUG that do harm, so that what must hold
 * afterwards can be tested. */
#include "debug.h"

#include "server.h"

#include <sys/mman.h>

void debug_segfault(struct kr_call *call)
{
    volatile char *page =
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)call;
    *page = 'x';
}

void debug_panic(struct kr_call *call)
{
    kr_log->panic(server_of(call)->self, "DEBUG PANIC was asked for");
}

void debug_assert(struct kr_call *call)
{
    kr_log->panic(server_of(call)->self, "assertion failed: 1 == 2");
}

/* More than any machine has: the allocator's contract is to end the server. */
void debug_oom(struct kr_call *call)
{
    volatile size_t size = SIZE_MAX / 2;
    void *block = kr_memory->alloc(server_of(call)->self, size);

    kr_memory->free(server_of(call)->self, block);
    kr_reply_ok(call->reply);
}

/* A volatile store keeps the allocation from being optimised away. */
void debug_leak(struct kr_call *call)
{
    struct kr_str text = call->argv[2];
    char *volatile copy =
        kr_memory->alloc(server_of(call)->self, text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy = NULL;
    kr_reply_ok(call->reply);
}
