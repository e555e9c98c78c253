/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/log/crash.h"

#include "core/log/log.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ucontext.h>
#include <unistd.h>

#define FRAMES 64

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static char crash_stack[65536];
static volatile sig_atomic_t crash_reporting;
static struct crash_witness crash_witness;

/* --- What is said -------------------------------------------------------- */

static const char *crash_module_at(const void *address)
{
    return crash_witness.module_at ? crash_witness.module_at(address) : NULL;
}

/* The innermost code of a module on the stack: the host may have called it as
 * nobody's, and what failed may be a library's function that it called. */
static void crash_report_code(void *at, int count, void *const *frames)
{
    const char *module = at ? crash_module_at(at) : NULL;

    for (int i = 0; i < count && !module; i++)
        module = crash_module_at(frames[i]);
    if (module)
        log_warning("crash: in code of module: %s", module);
}

static void crash_report_stack(void *at)
{
    void *frames[FRAMES];
    int count = backtrace(frames, FRAMES);

    crash_report_code(at, count, frames);
    log_warning("------ STACK TRACE ------");
    if (at) {
        const char *module = crash_module_at(at);

        log_warning("EIP: %p%s%s", at, module ? " in module " : "",
                    module ? module : "");
    }
    for (int i = 0; i < count; i++) {
        const char *module = crash_module_at(frames[i]);
        Dl_info info;

        if (module)
            log_warning("%2d %p module %s", i, frames[i], module);
        else if (dladdr(frames[i], &info) && info.dli_fname)
            log_warning(
                "%2d %p %s (+0x%lx) %s", i, frames[i], info.dli_fname,
                (unsigned long)((char *)frames[i] - (char *)info.dli_fbase),
                info.dli_sname ? info.dli_sname : "");
        else
            log_warning("%2d %p", i, frames[i]);
    }
}

static void crash_report_registers(const ucontext_t *context)
{
#if defined(__x86_64__)
    static const struct {
        const char *name;
        int index;
    } registers[] = {
        {"RAX", REG_RAX}, {"RBX", REG_RBX}, {"RCX", REG_RCX}, {"RDX", REG_RDX},
        {"RDI", REG_RDI}, {"RSI", REG_RSI}, {"RBP", REG_RBP}, {"RSP", REG_RSP},
        {"R8 ", REG_R8},  {"R9 ", REG_R9},  {"R10", REG_R10}, {"R11", REG_R11},
        {"R12", REG_R12}, {"R13", REG_R13}, {"R14", REG_R14}, {"R15", REG_R15},
        {"RIP", REG_RIP}, {"EFL", REG_EFL},
    };

    log_warning("------ REGISTERS ------");
    for (size_t i = 0; i < KR_COUNT(registers); i += 2)
        log_warning(
            "%s:%016llx %s:%016llx", registers[i].name,
            (unsigned long long)context->uc_mcontext.gregs[registers[i].index],
            registers[i + 1].name,
            (unsigned long long)
                context->uc_mcontext.gregs[registers[i + 1].index]);
#else
    (void)context;
#endif
}

static void *crash_address(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (void *)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (void *)context->uc_mcontext.pc;
#else
    (void)context;
    return NULL;
#endif
}

static void crash_report(void *at, const ucontext_t *context)
{
    if (crash_witness.tell)
        crash_witness.tell();
    crash_report_stack(at);
    if (context)
        crash_report_registers(context);
    log_warning("=== KEYRACK BUG REPORT END. The lines above, with the version "
                "and what led to them, make a good report. ===");
}

/* --- Signals ------------------------------------------------------------- */

/* The default action, and so the core file, comes after the report. */
static void crash_die(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void crash_signal(int number, siginfo_t *info, void *context)
{
    if (crash_reporting++)
        crash_die(number);
    log_warning("=== KEYRACK BUG REPORT START ===");
    log_warning("Keyrack crashed by signal: %d, si_code: %d", number,
                info->si_code);
    if (number == SIGSEGV || number == SIGBUS)
        log_warning("Accessing address: %p", info->si_addr);
    if (info->si_code <= SI_USER && info->si_pid > 0)
        log_warning("Killed by PID: %ld, UID: %d", (long)info->si_pid,
                    (int)info->si_uid);
    crash_report(crash_address(context), context);
    crash_die(number);
}

void crash_call(struct crash_witness witness)
{
    crash_witness = witness;
}

void crash_enable(void)
{
    stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof(crash_stack)};
    struct sigaction action = {.sa_sigaction = crash_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                           SA_NODEFER | SA_RESETHAND};
    void *warm_up[1];

    /* The first backtrace() loads a library: not in the handler. */
    (void)backtrace(warm_up, 1);
    sigaltstack(&stack, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < KR_COUNT(crash_signals); i++)
        sigaction(crash_signals[i], &action, NULL);
}

void crash_disable(void)
{
    for (size_t i = 0; i < KR_COUNT(crash_signals); i++)
        signal(crash_signals[i], SIG_DFL);
}

/* --- Broken promises ----------------------------------------------------- */

static void crash_end(void)
{
    crash_reporting = 1;
    crash_report(NULL, NULL);
    crash_disable();
    abort();
}

void crash_panic(const char *who, const char *why)
{
    log_warning("=== KEYRACK BUG REPORT START ===");
    log_warning("Guru Meditation: %s: %s", who, why);
    crash_end();
    abort();
}

void crash_assert(const char *claim, const char *file, int line)
{
    log_warning("=== ASSERTION FAILED ===");
    log_warning("==> %s:%d '%s' is not true", file, line, claim);
    crash_end();
    abort();
}
