/* SPDX-License-Identifier: BSD-3-Clause */
/* outlet - bytes on their way to a file, which another thread writes. */
#ifndef RDB_OUTLET_H
#define RDB_OUTLET_H

#include "rdb.h"

struct outlet;

/* Takes `fd` over.  `told` is called after some bytes were written, at the end,
 * and after an error, until the outlet is given up. */
struct outlet *outlet_open(kr_module *self, int fd, void (*told)(void *ctx),
                           void *ctx);
/* A kr_codec_put whose ctx is the outlet.  Copies; never waits. */
bool outlet_put(void *outlet, struct kr_str bytes);
/* No more will come: behind the rest goes the checksum, then fsync, close. */
void outlet_end(struct outlet *outlet);
/* Bytes that are not written yet. */
uint64_t outlet_waiting(const struct outlet *outlet);
/* Is all of it in the file, synced and closed? */
bool outlet_is_done(const struct outlet *outlet);
/* What has failed, or NULL. */
const struct kr_aside *outlet_failure(const struct outlet *outlet);
/* Drop what has not been written; nothing is told any more.  The name aside is
 * not the outlet's, and stays.  NULL is allowed. */
void outlet_free(struct outlet *outlet);

#endif
