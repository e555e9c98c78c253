/* SPDX-License-Identifier: BSD-3-Clause */
/* error_count - error replies by their code (INFO errorstats). */
#ifndef CORE_INFO_ERROR_COUNT_H
#define CORE_INFO_ERROR_COUNT_H

#include <kr/base.h>

/* `text` is an error reply without its dash: "WRONGTYPE Operation ...". */
void error_count_add(struct kr_str text);
uint64_t error_count_total(void);
void error_count_each(bool (*each)(void *ctx, struct kr_str code,
                                   uint64_t count),
                      void *ctx);
void error_count_reset(void);

#endif
