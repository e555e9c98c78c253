/* SPDX-License-Identifier: BSD-3-Clause */
/* save - a stream as bytes: RDB files, DUMP, and commands of the log. */
#ifndef STREAM_SAVE_H
#define STREAM_SAVE_H

#include <kr/type.h>

#define SAVE_CODE_1 15 /* Redis 5 */
#define SAVE_CODE_2 19 /* Redis 7.0: first id, deleted id, counts of entries */
#define SAVE_CODE_3 21 /* Redis 7.2: a consumer's active time */

void save_write(const struct kr_peek *value, kr_writer *out);
bool save_read(kr_reader *in, uint32_t code, uint32_t format,
               struct kr_value *out);
void save_rewrite(const struct kr_peek *value, struct kr_str key,
                  kr_writer *out);

#endif
