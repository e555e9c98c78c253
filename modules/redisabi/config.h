/* SPDX-License-Identifier: BSD-3-Clause */
/* config - parameters of guests. */
#ifndef REDISABI_CONFIG_H
#define REDISABI_CONFIG_H

#include "context.h"

/* Has it called LoadConfigs(), if it has parameters?  Redis insists on it. */
KR_HIDDEN bool settings_are_loaded(const struct guest *guest);
KR_HIDDEN void settings_forget(struct guest *guest);

#endif
