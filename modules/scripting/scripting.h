/* SPDX-License-Identifier: BSD-3-Clause */
/* scripting - the module's state. */
#ifndef SCRIPTING_SCRIPTING_H
#define SCRIPTING_SCRIPTING_H

#include "functions.h"
#include "scripts.h"

#include <kr/scripts.h>
#include <kr/snapshot.h>

#define SCRIPTING_LAYOUT 2u /* of all below, for handover() */

struct scripting {
    kr_module *self;
    struct owner owner;     /* of both engines */
    struct scripts scripts; /* of EVAL, with their engine */
    struct functions functions;
    struct kr_snapshot_part part; /* the functions in a snapshot */
    struct kr_slow_run *slow;     /* what others run; see kill.h */
};

extern kr_module *scripting_self;
extern const struct structure_host scripting_host;
extern int64_t scripting_busy_ms; /* busy-reply-threshold */

#endif
