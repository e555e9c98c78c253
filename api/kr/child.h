/* SPDX-License-Identifier: BSD-3-Clause */
/* child - work in a process of its own, on the memory as it is at this moment.
 *
 *   server  ----fork()----------------------------------------> done()
 *                 |  the same pages, copied where one writes      ^
 *                 `--> run(): saves, writes, may take minutes --> exit code
 *
 * There is one child at a time, whoever asked for it.  While it is there the
 * ages of keys stand still, so that reads do not make the kernel copy pages.
 *
 * run() is alone: no other thread, no loop, no descriptor above 2 but `keep`.
 * It opens what it needs, calls what is marked [child], and returns; nothing
 * that it changes in memory is seen by the server.  SIGTERM and SIGINT are the
 * server's business and do not end it; SIGUSR1 does, at once: what it has left
 * in files is for done() to clean up. */
#ifndef KR_CHILD_H
#define KR_CHILD_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a child has ended. */
struct kr_child_end {
    uint32_t size;
    int32_t code; /* what run() answered, 0 to 255; 0 as well after a signal */
    int32_t signal; /* that ended it, or 0; SIGUSR1: it was told to by kill() */
    int32_t pid;
    int64_t msec;          /* how long it was there */
    uint64_t copied_bytes; /* pages that were copied on its account */
};

struct kr_child_work {
    uint32_t size;    /* sizeof(struct kr_child_work) */
    int32_t keep;     /* a descriptor that run() needs, 0: none */
    const char *name; /* "rdb": one word, a constant */
    /* In the child: the answer, 0 to 255, is its exit code. */
    int32_t (*run)(void *ctx);
    /* In the server, once, when the child is gone.  [main] */
    void (*done)(void *ctx, const struct kr_child_end *end);
    void *ctx;
    uint64_t keys_total; /* what INFO says until it reports; 0: unknown */
};

struct kr_children {
    uint32_t size;
    uint32_t reserved;
    /* Begin.  KR_EBUSY: there is a child; KR_ENOMEM: the operating system makes
     * none, errno says why and the log does, too.  The module stays loaded
     * until done() has returned.  Stops the server for about 10 ms per GiB. */
    kr_status (*fork)(kr_module *self, const struct kr_child_work *work);
    /* The name of the child that is there, or NULL; its process id, or 0. */
    const char *(*running)(void);
    int32_t (*pid)(void);
    /* End the child by SIGUSR1.  `wait`: until it is gone and done() has been
     * called.  Nothing without a child. */
    void (*kill)(bool wait);
    /* From the child: `keys` of `keys_total` are done.  INFO shows it, with the
     * memory copied so far.  Cheap enough for each few hundred keys.  [child] */
    void (*report)(uint64_t keys, uint64_t keys_total);
    /* How long the last fork took, in us. */
    int64_t (*fork_usec)(void);
    /* Is this the child?  [child] */
    bool (*inside)(void);
};
KR_INTERFACE(kr_children, "kr.children/1");

#ifdef __cplusplus
}
#endif
#endif
