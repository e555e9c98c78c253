/* SPDX-License-Identifier: BSD-3-Clause */
/* debug - subcommands of DEBUG that a module brings.
 *
 * The module that has the command publishes "server.debug" for each call of it
 * that is allowed.  Who knows the word argv[1] writes the reply and sets
 * *taken; what nobody takes is looked for among the command's own words, and
 * refused. */
#ifndef KR_DEBUG_H
#define KR_DEBUG_H

#include <kr/base.h>
#include <kr/call.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_EVENT_DEBUG "server.debug"

struct kr_debug_event {
    uint32_t size;
    uint32_t reserved;
    struct kr_call *call; /* at least two words */
    bool *taken;
};

#ifdef __cplusplus
}
#endif
#endif
