/* SPDX-License-Identifier: BSD-3-Clause */
/* type - the registry of data types, for the wings that load modules. */
#ifndef CORE_KEYSPACE_TYPE_H
#define CORE_KEYSPACE_TYPE_H

#include "core/keyspace/entry.h"
#include "core/keyspace/keyspace.h"

#define TYPE_UNLINKS (1u << 0) /* has unlink() */
#define TYPE_ALIGNED (1u << 1)
#define TYPE_LINKS   (1u << 2) /* has link() */

/* A byte for each slot, so that put() need not visit the type. */
extern uint8_t type_traits[ENTRY_TYPES];

/* The type's functions, NULL while its module is away. */
const struct kr_type *type_at(uint16_t slot);

/* The slot that loads RDB code `code`, or the module's type that is called so
 * in files; 0 if there is none. */
uint16_t type_by_code(uint8_t code);
uint16_t type_by_file_name(struct kr_str name);

/* The new version `to` takes over the type that `from` has under the same
 * name, values and all, or registers a new one.  KR_EVERSION: it does not
 * understand the layout of values that exist, and nothing has changed. */
kr_status type_hand_over(kr_module *from, kr_module *to,
                         const struct kr_type *type, uint16_t *slot);

void type_fini(void);

#endif
