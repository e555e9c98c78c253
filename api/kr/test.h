/* SPDX-License-Identifier: BSD-3-Clause */
/* test - a host for the tests of a module's own functions.
 *
 *     cc -shared -fPIC ... queue.c test_queue.c -o test_queue.so
 *     keyrack-module unit test_queue.so
 *
 *   +- the process of the test ---------------------------------+
 *   | host: loop, keyspace, commands; no sockets, no files      |
 *   |   +- test_queue.so ------------------+   +- string.so -+  |
 *   |   | queue.c  <---- test_queue.c      |   +- list.so ---+  |
 *   |   +----------------------------------+   ...              |
 *   +-----------------------------------------------------------+
 *
 * The file is the module, built with one source more.  A host loads it in the
 * place of the module of that name, beside those that stand in its folder, and
 * calls kr_test_main().  The tests see what the module sees: its functions, also
 * those that no other file sees, and through its imports the real host, which is
 * no imitation.  So they show what cases against a server cannot: a structure
 * after each step, what is freed, what happens when there is no memory.
 *
 * Which framework there is, if any, is the author's choice.  One that runs each
 * test in a child process gives each a fresh host; there are no other threads
 * then, so nothing that waits for a job ends.
 *
 *     KR_TEST_MAIN(test)
 *     {
 *         struct queue q = {0};
 *         ...
 *         return kr_str_equal(KR_TEST_RUN(test, 0, "QUEUE.LEN", "k"),
 *                             KR_STR(":0\r\n")) ? 0 : 1;
 *     }
 *
 * All functions: [main], from kr_test_main() and below it. */
#ifndef KR_TEST_H
#define KR_TEST_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_TEST_CLIENTS 16u

struct kr_test {
    uint32_t size;
    uint32_t reserved;
    kr_module *self; /* the module that is tested */
    void *state;     /* as its create() gave it */
    /* Client `who` (from 0, below KR_TEST_CLIENTS; connected when it is first
     * named) sends a command, and the host has a turn.  The answer is what that
     * client has got since it was asked last, as bytes of its protocol (RESP2
     * until it says HELLO 3); nothing if the call waits.  Borrowed until the same
     * client is asked again. */
    struct kr_str (*run)(uint32_t who, uint32_t argc,
                         const struct kr_str *argv);
    /* What it has got since, without a command. */
    struct kr_str (*hear)(uint32_t who);
    /* It hangs up; named again, it is a new connection. */
    void (*leave)(uint32_t who);
    /* Let the host run for about `ms`: timers, jobs, expiry.  0: one turn. */
    void (*turn)(uint32_t ms);
    /* Bytes that the module has allocated and not freed. */
    uint64_t (*memory)(void);
    /* From now on no more than so many bytes than it has: try_alloc() and its
     * kin answer NULL beyond that.  UINT64_MAX: no limit. */
    void (*limit_memory)(uint64_t bytes);
};

/* What the file exports beside its descriptor.  The answer becomes the exit
 * status. */
#define KR_TEST_NAME "kr_test_main"
#define KR_TEST_MAIN(test)                                                     \
    KR_EXPORT int kr_test_main(const struct kr_test *test);                    \
    int kr_test_main(const struct kr_test *test)

/* As run(), of texts that end in NUL. */
static inline struct kr_str kr_test_run(const struct kr_test *test,
                                        uint32_t who, uint32_t count,
                                        const char *const *words)
{
    struct kr_str argv[64];
    uint32_t argc = count < 64 ? count : 64;

    for (uint32_t i = 0; i < argc; i++)
        argv[i] = kr_cstr(words[i]);
    return test->run(who, argc, argv);
}
/* KR_TEST_RUN(test, 0, "SET", "k", "v"): at most 64 words that end in NUL. */
#define KR_TEST_RUN(test, who, ...)                                            \
    kr_test_run((test), (who),                                                 \
                (uint32_t)KR_COUNT(((const char *const[]){__VA_ARGS__})),      \
                (const char *const[]){__VA_ARGS__})

#ifdef __cplusplus
}
#endif
#endif
