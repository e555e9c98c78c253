/* SPDX-License-Identifier: BSD-3-Clause */
/* crash - the report of a bad end: stack, module, command, client, registers.
 *
 * It is written by the signal handler on a stack of its own, with write() and
 * without allocation, so that it works when little else does. */
#ifndef CORE_LOG_CRASH_H
#define CORE_LOG_CRASH_H

/* What only those above know.  Both are called in the signal handler, and NULL
 * is nobody. */
struct crash_witness {
    void (*tell)(void); /* log what was going on, a line each */
    /* In which module's code is this address?  NULL: in none. */
    const char *(*module_at)(const void *address);
};
void crash_call(struct crash_witness witness);

/* Catch SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT (crash-log-enabled). */
void crash_enable(void);
void crash_disable(void);

/* A broken promise of our own: report as a crash, and end. */
void crash_panic(const char *who, const char *why) __attribute__((noreturn));
void crash_assert(const char *claim, const char *file, int line)
    __attribute__((noreturn));

#define kr_assert(claim)                                                       \
    (__builtin_expect(!(claim), 0) ? crash_assert(#claim, __FILE__, __LINE__)  \
                                   : (void)0)

#endif
