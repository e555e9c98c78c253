/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_sort - table.sort for lists whose order is plain.
 *
 * Strings alone, or numbers alone, without a function that compares: there is
 * one right answer, and Lua's own way to it, two values onto its stack and a call
 * for each comparison, can be left out.  Each value is looked at once, for eight
 * bytes that mostly decide:
 *
 *     t = {"item:70", "item:7", "b"}       key              text       index
 *                                          "item:70\0"  --> "item:70"  0
 *                                          "item:7\0\0" --> "item:7"   1
 *                                          "b\0\0\0..." --> "b"        2
 *
 * These are sorted, and then the values follow them, in place.  O(n log n), whatever the list; every step counts (budget.h). */
#ifndef LUA_LIB_SORT_H
#define LUA_LIB_SORT_H

#include <lua.h>

/* sort_plain(value): true if it was such a list, which is in order now; false
 * if nothing has been done. */
int lib_sort_plain(lua_State *L);

#endif
