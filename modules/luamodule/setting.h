/* SPDX-License-Identifier: BSD-3-Clause */
/* setting - keyrack.param{...}: parameters of CONFIG.
 *
 *     local limit = keyrack.param{name = 'queue.limit', type = 'int',
 *                                 default = 100, min = 1, max = 1000}
 *     ... limit() ...
 */
#ifndef LUAMODULE_SETTING_H
#define LUAMODULE_SETTING_H

#include "luamodule.h"

/* keyrack.param{...}: answers a function that answers the value. */
int setting_register(lua_State *L);

#endif
