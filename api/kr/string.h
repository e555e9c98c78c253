/* SPDX-License-Identifier: BSD-3-Clause */
/* string - read and edit string values from another module.
 *
 * The module `string` offers this; bitmaps and HyperLogLogs are strings that
 * are looked at differently.  How a value is kept (as a number, inside its
 * key's entry, in a shared blob) is `string`'s own affair and may change; here
 * it is bytes.
 *
 *   char scratch[KR_INT64_TEXT];
 *   if (kr_find_string(call, 1, KR_FIND_READ, &cell, &wrong))
 *       bytes = kr_strings->view(&cell, scratch);
 *
 * Who edits looks up with KR_FIND_WRITE, and tells of the change afterwards by
 * kr_keyspace->changed(): nothing here does.  The words "no memory" below mean
 * that nothing has changed and that the caller replies KR_ERR_NO_MEMORY. */
#ifndef KR_STRING_H
#define KR_STRING_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/memory.h>
#include <kr/module.h>
#include <kr/reply.h>
#include <kr/text.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_ERR_TOO_LONG                                                        \
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
#define KR_ERR_NO_MEMORY "ERR not enough memory for the value"

struct kr_strings {
    uint32_t size;
    uint32_t reserved;

    /* --- Read ---------------------------------------------------------------- */

    /* Is the cell's value a string?  O(1). */
    bool (*is_string)(const struct kr_cell *cell);
    /* The bytes, borrowed: good while the cell is, and until the value is
     * edited.  A number is written into `scratch`, KR_INT64_TEXT bytes of the
     * caller's, which must live as long.  O(1). */
    struct kr_str (*view)(const struct kr_cell *cell, char *scratch);
    /* May a string be `size` bytes long?  proto-max-bulk-len says it; what the
     * primary or a log sends is never too long.  The error is the caller's:
     * KR_ERR_TOO_LONG, as a rule.  O(1). */
    bool (*fits)(const struct kr_call *call, uint64_t size);

    /* --- Edit ---------------------------------------------------------------- */

    /* Make the bytes writable and at least `size` of them; new ones are zero.
     * The answer is their address, good while the cell is; NULL: no memory.
     * O(1) when the value was edited before and does not grow, otherwise as
     * its bytes. */
    char *(*edit)(struct kr_cell *cell, size_t size);
    /* As edit(), but exactly `size` bytes: cuts what is longer. */
    char *(*resize)(struct kr_cell *cell, size_t size);

    /* --- Make ---------------------------------------------------------------- */

    /* A new string of `size` zero bytes to edit, in place of whatever the key
     * held; `how` is KR_PUT_KEEP_EXPIRY or 0.  NULL: no memory. */
    char *(*create)(kr_db *db, struct kr_str key, uint32_t how, size_t size,
                    struct kr_cell *cell);
    /* Copy `bytes` there; numbers are kept as such, just as SET does it.
     * false: no memory. */
    bool (*put)(kr_db *db, struct kr_str key, uint32_t how, struct kr_str bytes,
                struct kr_cell *cell);
    /* The bytes of `blob`, without a copy if there are many.  Takes the
     * caller's reference.  Always succeeds. */
    void (*put_blob)(kr_db *db, struct kr_str key, uint32_t how,
                     struct kr_blob *blob, struct kr_cell *cell);
};
KR_INTERFACE(kr_strings, "string.values/1");

/* Find argument `arg`, a string.  false: it is not there, or no string, in
 * which case WRONGTYPE has been replied and *wrong set. */
static inline bool kr_find_string(struct kr_call *call, uint32_t arg,
                                  uint32_t how, struct kr_cell *cell,
                                  bool *wrong)
{
    *wrong = false;
    if (!kr_keyspace->find_arg(call, arg, how, cell))
        return false;
    if (KR_LIKELY(kr_strings->is_string(cell)))
        return true;
    *wrong = true;
    kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
    return false;
}

#ifdef __cplusplus
}
#endif
#endif
