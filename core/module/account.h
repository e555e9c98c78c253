/* SPDX-License-Identifier: BSD-3-Clause */
/* account - allocation on a module's account; the contracts are those of
 * <kr/memory.h>.  `self` NULL: the host, on no account.  All are [any]. */
#ifndef CORE_MODULE_ACCOUNT_H
#define CORE_MODULE_ACCOUNT_H

#include <kr/module.h>

void *account_alloc(kr_module *self, size_t size);
void *account_calloc(kr_module *self, size_t count, size_t size);
void *account_realloc(kr_module *self, void *block, size_t size);
void *account_try_alloc(kr_module *self, size_t size);
void *account_try_realloc(kr_module *self, void *block, size_t size);
void account_free(kr_module *self, void *block);

#endif
