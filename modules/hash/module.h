/* SPDX-License-Identifier: BSD-3-Clause */
/* module - the module's own handle, to which its memory is accounted, and the
 * host that its structures allocate and hash by. */
#ifndef HASH_MODULE_H
#define HASH_MODULE_H

#include <kr/module.h>

#include "../structure/host.h"

extern kr_module *hash_self;
extern const struct structure_host hash_host;

#endif
