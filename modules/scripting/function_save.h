/* SPDX-License-Identifier: BSD-3-Clause */
/* function_save - libraries as bytes: FUNCTION DUMP and snapshots.
 *
 *     +-----+--------+-----+--------+-----+---------+------------+
 *     | 245 | source | 245 | source | ... | version | CRC-64     |
 *     +-----+--------+-----+--------+-----+---------+------------+
 *       1     string                        2         8: only in a dump
 *
 * A library is saved as its source, whose first line has its name. */
#ifndef SCRIPTING_FUNCTION_SAVE_H
#define SCRIPTING_FUNCTION_SAVE_H

#include "functions.h"

#include <kr/reply.h>
#include <kr/snapshot.h>

enum function_policy { FUNCTION_APPEND, FUNCTION_REPLACE, FUNCTION_FLUSH };

/* Reply a dump of all libraries. */
void function_dump(const struct functions *functions, struct kr_reply *reply);
/* All of a dump, or nothing: then `error` says why. */
bool function_restore(struct functions *functions, struct kr_str bytes,
                      enum function_policy policy, char error[FUNCTIONS_TEXT]);

/* The functions of a struct kr_snapshot_part, whose ctx is struct functions. */
void function_part_save(void *ctx, kr_writer *out, uint32_t when);
void function_part_rewrite(void *ctx, kr_writer *out, uint32_t when);
bool function_part_load(void *ctx, kr_reader *in, uint32_t format,
                        uint32_t when);
bool function_part_replace(void *ctx, kr_reader *in, uint32_t format,
                           uint32_t when);
void function_part_clear(void *ctx);

#endif
