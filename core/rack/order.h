/* SPDX-License-Identifier: BSD-3-Clause */
/* order - which of several modules is created first.  See order.c. */
#ifndef CORE_RACK_ORDER_H
#define CORE_RACK_ORDER_H

#include "core/rack/module.h"

/* Sort so that each module stands after those it needs.  Modules that do not
 * care keep their order.  false: some need each other in a ring, which `error`
 * tells. */
bool order_sort(struct rack_module **modules, uint32_t count, char *error,
                size_t error_size);

#endif
