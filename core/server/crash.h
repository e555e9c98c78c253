/* SPDX-License-Identifier: BSD-3-Clause */
/* crash - the report of a bad end: stack, module, command, client, registers.
 *
 * It is written by the signal handler on a stack of its own, with write() and
 * without allocation, so that it works when little else does. */
#ifndef CORE_SERVER_CRASH_H
#define CORE_SERVER_CRASH_H

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
