/* SPDX-License-Identifier: BSD-3-Clause */
/* type - what the host may ask of a sorted set: its size, a copy, its encoding,
 * its digest; and by persist.c its bytes in files. */
#ifndef ZSET_TYPE_H
#define ZSET_TYPE_H

#include <kr/type.h>

extern const struct kr_type zset_type;

/* --- persist.c ----------------------------------------------------------- */

/* RDB codes that persist_load() understands. */
extern const uint8_t persist_codes[];
enum { PERSIST_CODE_COUNT = 4 };

void persist_save(const struct kr_peek *value, kr_writer *out);
bool persist_load(kr_reader *in, uint32_t code, uint32_t format,
                  struct kr_value *out);
void persist_rewrite(const struct kr_peek *value, struct kr_str key,
                     kr_writer *out);

#endif
