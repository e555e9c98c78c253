/* SPDX-License-Identifier: BSD-3-Clause */
/* memory_interface - kr.memory/1: modules' allocations on their accounts, and
 * blobs, which are on nobody's. */
#include "core/module/memory_interface.h"

#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/module/account.h"

const struct kr_memory memory_interface = {
    .size = sizeof(struct kr_memory),
    .alloc = account_alloc,
    .calloc = account_calloc,
    .realloc = account_realloc,
    .try_alloc = account_try_alloc,
    .try_realloc = account_try_realloc,
    .free = account_free,
    .usable = memory_usable,
    .used = memory_used,
    .blob_new = blob_new,
    .blob_retain = blob_retain,
    .blob_release = blob_release,
    .blob_shared = blob_shared,
    .blob_resize = blob_resize,
    .blob_usable = blob_usable,
};
