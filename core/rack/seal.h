/* SPDX-License-Identifier: BSD-3-Clause */
/* seal - a module goes, and its values stay.  See seal.c. */
#ifndef CORE_RACK_SEAL_H
#define CORE_RACK_SEAL_H

#include "core/rack/module.h"

/* The module has been deactivated and forgotten but for its types, and waits to
 * be closed: seal its values, then end it. */
void seal_begin(struct rack_module *m);
bool seal_is_busy(void);
/* Called when all is sealed that was to be. */
extern void (*seal_end)(void);
/* At the end of the server, when there are no values any more. */
void seal_fini(void);

#endif
