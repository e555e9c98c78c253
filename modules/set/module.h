/* SPDX-License-Identifier: BSD-3-Clause */
/* module - what all files of `set` share: the handle, the slot of the type, the
 * structures' host and the parameters.  The host of the server writes them. */
#ifndef SET_MODULE_H
#define SET_MODULE_H

#include <kr/module.h>

#include "../structure/host.h"

extern kr_module *set_self;
extern uint16_t set_slot;
extern const struct structure_host set_host;

/* Up to where a set is an intset, and a listpack: members, bytes of one. */
extern int64_t set_max_intset_entries;
extern int64_t set_max_listpack_entries;
extern int64_t set_max_listpack_value;

#endif
