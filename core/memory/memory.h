/* SPDX-License-Identifier: BSD-3-Clause */
/* memory - the host's allocator, counted.
 *
 * Everything that the server allocates passes through here, so that
 * `used_memory` and maxmemory see it.  The count is of usable bytes.  Each
 * thread has a counter of its own; memory_used() adds them up. */
#ifndef CORE_MEMORY_MEMORY_H
#define CORE_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `size` bytes, never NULL: when there is no memory the process reports and
 * aborts.  For sizes that a peer chose, use memory_try_alloc().  [any] */
void *memory_alloc(size_t size)
    __attribute__((malloc, alloc_size(1), returns_nonnull));
void *memory_calloc(size_t count, size_t size)
    __attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *memory_realloc(void *block, size_t size)
    __attribute__((alloc_size(2), returns_nonnull));
/* As memory_alloc(), at an address that is a multiple of `align`, a power of
 * two; `size` is a multiple of `align`.  memory_free() takes it back,
 * memory_realloc() would lose the alignment.  [any] */
void *memory_alloc_aligned(size_t align, size_t size)
    __attribute__((malloc, alloc_align(1), alloc_size(2), returns_nonnull));

/* As above; NULL when there is no memory (a realloc then leaves `block` as it
 * was).  [any] */
void *memory_try_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *memory_try_calloc(size_t count, size_t size) __attribute__((malloc));
void *memory_try_realloc(void *block, size_t size);

/* NULL is allowed.  [any] */
void memory_free(void *block);

char *memory_strdup(const char *text) __attribute__((malloc));
/* A copy of `size` bytes with a NUL after them. */
char *memory_strndup(const char *text, size_t size) __attribute__((malloc));

/* Bytes that `block` really takes from the allocator.  [any] */
size_t memory_usable(const void *block);

/* Bytes allocated and not freed, all threads.  O(threads).  [any] */
size_t memory_used(void);

/* Let the system have pages that have been free for some seconds.  Call it once
 * a second or so: 20 us, and what unmapping takes.  [main] */
void memory_give_back(void);

/* The allocator's name and version, as INFO memory says it. */
const char *memory_allocator_name(void);

#endif
