/* SPDX-License-Identifier: BSD-3-Clause */
/* program - what the host does when it is called by another name.
 *
 *     keyrack-check-rdb -> keyrack-server        keyrack-NAME or redis-NAME
 *
 * A link to the host's file, whose NAME has a dash in it, is no server: the
 * modules that stand in their folder are loaded with every parameter as it is
 * by default, nothing is listened on, nothing is logged, no data set is loaded,
 * and "host.program" asks who knows NAME.  So a tool for the files of a module
 * is a part of it, with its code for reading them. */
#ifndef KR_PROGRAM_H
#define KR_PROGRAM_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_EVENT_PROGRAM "host.program"

struct kr_program_event {
    uint32_t size;
    int32_t argc;
    struct kr_str name;      /* such as "check-rdb" */
    const char *const *argv; /* as main() has it: the first is the name in full,
                              * NULL stands behind the last */
    /* Set by the handler that knows the name, when its work is done: it is, and
     * the process is to end with `status` (1 until somebody sets it).  What it
     * says goes to standard output and standard error.  [main] */
    bool *taken;
    int32_t *status;
};

#ifdef __cplusplus
}
#endif
#endif
