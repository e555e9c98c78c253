/* SPDX-License-Identifier: BSD-3-Clause */
/* limits - what the operating system allows this process. */
#ifndef CORE_SERVER_LIMITS_H
#define CORE_SERVER_LIMITS_H

#include <kr/base.h>

struct directives;

/* Files for *clients, and some for ourselves; *clients becomes what is
 * possible.  false: not even a handful. */
bool limits_raise_files(int64_t *clients, char *error, size_t size);
/* Write oom_score_adj as the settings have it; false: it was logged. */
bool limits_adjust_oom(const struct directives *settings);
void limits_disable_thp(void);

#endif
