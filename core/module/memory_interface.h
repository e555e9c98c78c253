/* SPDX-License-Identifier: BSD-3-Clause */
/* memory_interface - kr.memory/1, as modules see it. */
#ifndef CORE_MODULE_MEMORY_INTERFACE_H
#define CORE_MODULE_MEMORY_INTERFACE_H

#include <kr/memory.h>

extern const struct kr_memory memory_interface;

#endif
