/* SPDX-License-Identifier: BSD-3-Clause */
/* scripts - what SCRIPT KILL can end.
 *
 * The module `scripting` offers this to modules that run code of others: while
 * such a run is slow, and the loop serves others meanwhile (kr_loop->yield()),
 * it stands here, and SCRIPT KILL and FUNCTION KILL end it as they end a
 * script: if none of what runs has written, all of it is killed. */
#ifndef KR_SCRIPTS_H
#define KR_SCRIPTS_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_slow_run {
    uint32_t size; /* of this struct */
    uint32_t reserved;
    /* Has it changed the data set?  Then nobody kills it. */
    bool (*wrote)(void *ctx);
    /* It has to end, soon after this returns. */
    void (*kill)(void *ctx);
    void *ctx;
    struct kr_slow_run *next; /* the offerer's */
};

struct kr_scripts {
    uint32_t size;
    uint32_t reserved;
    /* `run` is slow: it stays the caller's, and where it is, until over().
     * O(1). */
    void (*slow)(struct kr_slow_run *run);
    /* It has ended, or goes on quickly.  Harmless for one that does not stand
     * here.  O(slow runs). */
    void (*over)(struct kr_slow_run *run);
};
KR_INTERFACE(kr_scripts, "scripting.runs/1");

#ifdef __cplusplus
}
#endif
#endif
