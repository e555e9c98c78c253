/* SPDX-License-Identifier: BSD-3-Clause */
/* fork - guests that work in a child.
 *
 * Redis's function returns twice, as fork(2) does; the host's calls a function
 * in the child, below our frame, which jumps back into it:
 *
 *   rm_Fork() -- setjmp -- kr_children->fork() --+-- server: returns the pid
 *      ^                                         |
 *      +--------- longjmp -- fork_run() <--------+-- child
 */
#include "context.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

struct forked {
    struct guest *guest; /* NULL: it is not known */
    RedisModuleForkDoneHandler done;
    void *data;
    bool killed; /* by KillForkChild(): nobody is told */
    jmp_buf back;
};

static int32_t fork_run(void *given)
{
    struct forked *forked = given;

    longjmp(forked->back, 1);
}

/* With this code a child of Redis says that it was told to end: it counts as
 * ended by SIGUSR1, with code 1. */
#define FORK_TOLD_TO_END 255

static void fork_done(void *given, const struct kr_child_end *end)
{
    struct forked *forked = given;
    bool told = end->code == FORK_TOLD_TO_END;

    house()->forked = NULL;
    if (forked->done && !forked->killed)
        forked->done(told ? 1 : end->code, told ? SIGUSR1 : end->signal,
                     forked->data);
    kr_memory->free(redisabi_self, forked);
}

/* 0 in the child, -1: there is one already, or none can be made. */
int rm_Fork(RedisModuleForkDoneHandler done, void *data)
{
    struct guest *guest = done ? guest_of_code((uintptr_t)done) : NULL;
    struct forked *forked =
        kr_memory->calloc(redisabi_self, 1, sizeof(*forked));
    struct kr_child_work work = {.size = sizeof(work),
                                 .name = "module",
                                 .run = fork_run,
                                 .done = fork_done,
                                 .ctx = forked};

    forked->guest = guest;
    forked->done = done;
    forked->data = data;
    if (setjmp(forked->back) != 0)
        return 0;
    if (kr_children->fork(guest ? guest->self : redisabi_self, &work) !=
        KR_OK) {
        kr_logf(guest ? guest->self : redisabi_self, KR_LOG_WARNING,
                "Can't fork for module: %s",
                strerror(kr_children->running() ? EEXIST : errno));
        kr_memory->free(redisabi_self, forked);
        return -1;
    }
    house()->forked = forked;
    return kr_children->pid();
}

bool fork_is_of(const struct guest *guest)
{
    return house()->forked && house()->forked->guest == guest;
}

/* --- In the child --------------------------------------------------------- */

#define HEARTBEAT_PARTS 1000

void rm_SendChildHeartbeat(double progress)
{
    if (progress >= 0 && progress <= 1)
        kr_children->report((uint64_t)(progress * HEARTBEAT_PARTS),
                            HEARTBEAT_PARTS);
}

int rm_ExitFromChild(int code)
{
    _exit(code & 0xff);
}

/* --- In the server -------------------------------------------------------- */

int rm_KillForkChild(int pid)
{
    struct forked *forked = house()->forked;

    if (!forked || kr_children->pid() != pid)
        return REDISMODULE_ERR;
    forked->killed = true;
    kr_children->kill(true);
    return REDISMODULE_OK;
}
