/* SPDX-License-Identifier: BSD-3-Clause */
/* limit - how long a string may get. */
#ifndef STRING_LIMIT_H
#define STRING_LIMIT_H

#include <kr/call.h>
#include <kr/module.h>

/* Follow the configuration from now on. */
void limit_start(kr_module *self);

/* proto-max-bulk-len, in bytes. */
uint64_t limit_get(void);

/* May the call make a string of `size` bytes?  A primary and a log are obeyed:
 * they were asked already. */
bool limit_allows(const struct kr_call *call, uint64_t size);

/* May it grow from `size` bytes by `more`?  false: the error is replied. */
bool limit_check(struct kr_call *call, uint64_t size, uint64_t more);

#endif
