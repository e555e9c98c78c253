/* SPDX-License-Identifier: BSD-3-Clause */
/* budget - how long a script may go on before somebody looks at the clock. */
#ifndef LUA_BUDGET_H
#define LUA_BUDGET_H

#include <lua.h>
#include <stdint.h>

/* A function of C has done `steps` of some nanoseconds each.  When the budget
 * is used up, others may be served before this returns, or an error be raised:
 * the caller owns no memory, and holds nothing that may change.  [main] */
void budget_spend(lua_State *L, uint64_t steps);

#endif
