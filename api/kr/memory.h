/* SPDX-License-Identifier: BSD-3-Clause */
/* memory - accounted allocation, and blobs.
 *
 * Memory is accounted to the module that asked for it (MODULE INFO shows it)
 * and counts in used_memory.  Whoever allocates frees; a block that changes
 * owner across an interface may be freed by the new one, with its own handle.
 *
 * A blob is a large byte string with a reference count.  Values, arguments and
 * pending replies share one without copying it:
 *
 *   struct kr_blob              bytes
 *   +------+------+- - - -+     +-----------------------+ - - - - +
 *   | data | size | host's|     | size bytes            | spare   |
 *   +--|---+------+- - - -+     +-----------------------+ - - - - +
 *      +------------------------^
 *
 * Its bytes may be written only while blob_shared() is false. */
#ifndef KR_MEMORY_H
#define KR_MEMORY_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As drawn above.  Neither member is written by anybody but these functions. */
struct kr_blob {
    char *data;
    size_t size;
};

struct kr_memory {
    uint32_t size;
    uint32_t reserved;
    /* `size` bytes, aligned for anything.  Never NULL: without memory the
     * server reports and ends.  [any] */
    void *(*alloc)(kr_module *self, size_t size);
    void *(*calloc)(kr_module *self, size_t count, size_t size);
    void *(*realloc)(kr_module *self, void *block, size_t size);
    /* For sizes that a client chose: NULL when there is no memory or the
     * module's limit is reached.  [any] */
    void *(*try_alloc)(kr_module *self, size_t size);
    void *(*try_realloc)(kr_module *self, void *block, size_t size);
    /* NULL is allowed.  [any] */
    void (*free)(kr_module *self, void *block);
    /* Bytes that `block` takes from the allocator.  [any] */
    size_t (*usable)(const void *block);
    /* Bytes in use by the whole server.  About 10 ns.  [any] */
    size_t (*used)(void);

    /* A blob of `size` uninitialised bytes with room for `capacity` (0: just
     * size) and one reference, or NULL.  [any] */
    struct kr_blob *(*blob_new)(size_t size, size_t capacity);
    /* One more reference; answers `blob`.  [any] */
    struct kr_blob *(*blob_retain)(struct kr_blob *blob);
    /* One reference less; the last one frees.  NULL is allowed.  [any] */
    void (*blob_release)(struct kr_blob *blob);
    /* Has anybody else a reference?  [any] */
    bool (*blob_shared)(const struct kr_blob *blob);
    /* The same bytes, writable and `size` long: `blob` itself, moved or grown,
     * or a copy when it is shared.  Consumes the caller's reference.  New bytes
     * are zero.  Grows by doubling up to 1 MiB, by 1 MiB then.  NULL: no
     * memory, and the reference is still the caller's.  [any] */
    struct kr_blob *(*blob_resize)(struct kr_blob *blob, size_t size);
    /* Bytes that a blob takes, its head included.  [any] */
    size_t (*blob_usable)(const struct kr_blob *blob);
};
KR_INTERFACE(kr_memory, "kr.memory/1");

#ifdef __cplusplus
}
#endif
#endif
