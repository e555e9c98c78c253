/* SPDX-License-Identifier: BSD-3-Clause */
/* info - who provides which fields of INFO, and the host's own counters. */
#ifndef CORE_INFO_INFO_H
#define CORE_INFO_INFO_H

#include <kr/info.h>

void info_init(void);
/* hz times a second: rates, peaks. */
void info_tick(int64_t now_ms);
void info_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle(). */
void info_settle(kr_module *module, bool good);
void info_fini(void);

extern const struct kr_info info_interface;

#endif
