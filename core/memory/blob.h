/* SPDX-License-Identifier: BSD-3-Clause */
/* blob - large byte strings with a reference count.  See <kr/memory.h> for the
 * contracts, blob.c for the layout. */
#ifndef CORE_MEMORY_BLOB_H
#define CORE_MEMORY_BLOB_H

#include <kr/memory.h>

struct kr_blob *blob_new(size_t size, size_t capacity);
struct kr_blob *blob_retain(struct kr_blob *blob);
void blob_release(struct kr_blob *blob);
bool blob_shared(const struct kr_blob *blob);
struct kr_blob *blob_resize(struct kr_blob *blob, size_t size);
size_t blob_usable(const struct kr_blob *blob);

/* How many bytes it has room for without moving.  [any] */
size_t blob_capacity(const struct kr_blob *blob);

#endif
