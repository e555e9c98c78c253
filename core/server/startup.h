/* SPDX-License-Identifier: BSD-3-Clause */
/* startup - which modules are there when the server begins. */
#ifndef CORE_SERVER_STARTUP_H
#define CORE_SERVER_STARTUP_H

#include <kr/base.h>

/* Load what lies in modules-dir, as load-modules wants it, and what the lines
 * loadmodule name, all together.  false: `error` says why. */
bool startup_load_modules(char *error, size_t size);

#endif
