/* SPDX-License-Identifier: BSD-3-Clause */
/* random - numbers by chance: fast ones, and ones that nobody can guess. */
#ifndef CORE_TEXT_RANDOM_H
#define CORE_TEXT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fit for secrets, from the kernel.  [any] */
void random_secure(void *bytes, size_t size);
/* About a nanosecond; begins by chance.  [main] */
uint64_t random_fast(void);

#endif
