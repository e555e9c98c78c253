/* SPDX-License-Identifier: BSD-3-Clause */
/* range - commands on a part of a string: GETRANGE, SETRANGE, APPEND.
 *
 * Reading a part of a blob sends it from where it is; writing works in place
 * on the bytes that value_edit() has made writable. */
#include "commands.h"
#include "limit.h"
#include "value.h"

#include <kr/string.h>

/* --- Read ---------------------------------------------------------------- */

/* The bytes from `first` to `last` of `size`, both included and counted from
 * the end when negative, as Redis reads them: the first one's position, and how
 * many they are. */
static size_t range_clip(int64_t first, int64_t last, size_t size, size_t *from)
{
    int64_t end = (int64_t)size;

    if (first < 0 && last < 0 && first > last)
        return 0;
    if (first < 0)
        first = first + end < 0 ? 0 : first + end;
    if (last < 0)
        last = last + end < 0 ? 0 : last + end;
    if (last >= end)
        last = end - 1;
    if (first > last)
        return 0;
    *from = (size_t)first;
    return (size_t)(last - first + 1);
}

void string_getrange(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str bytes = {NULL, 0};
    struct kr_cell cell;
    int64_t first, last;
    size_t from = 0;
    bool wrong;

    if (!kr_text->to_int64(call->argv[2], &first) ||
        !kr_text->to_int64(call->argv[3], &last)) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return;
    }
    if (value_find(call, KR_FIND_READ, &cell, &wrong))
        bytes = value_bytes(&cell, scratch);
    else if (wrong)
        return;
    bytes.size = range_clip(first, last, bytes.size, &from);
    if (bytes.size == 0)
        kr_reply_bulk(call->reply, KR_STR(""));
    else if (cell.boxed)
        call->reply->ops->blob(call->reply, kr_cell_box(&cell), from,
                               bytes.size);
    else
        kr_reply_bulk(call->reply, kr_str(bytes.data + from, bytes.size));
}

/* The name that GETRANGE had first. */
void string_substr(struct kr_call *call)
{
    string_getrange(call);
}

/* --- Write --------------------------------------------------------------- */

/* Write `bytes` at `offset`, in a new string when nothing was `found`, and tell
 * of it.  Replies the string's new length. */
static void range_write(struct kr_call *call, bool found, struct kr_cell *cell,
                        size_t offset, struct kr_str bytes, struct kr_str event)
{
    char scratch[KR_INT64_TEXT];
    size_t end = offset + bytes.size;
    char *at = found ? value_edit(cell, end)
                     : value_create(call->db, call->argv[1], 0, end, cell);

    if (!at) {
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
        return;
    }
    if (bytes.size)
        memcpy(at + offset, bytes.data, bytes.size);
    value_changed(call, 1, event);
    kr_reply_int64(call->reply, (int64_t)value_bytes(cell, scratch).size);
}

void string_append(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str more = call->argv[2];
    struct value_source source;
    struct kr_cell cell;
    bool wrong;

    if (value_find(call, KR_FIND_WRITE, &cell, &wrong)) {
        size_t old = value_bytes(&cell, scratch).size;

        if (limit_check(call, old, more.size))
            range_write(call, true, &cell, old, more, KR_STR("append"));
    } else if (!wrong && value_take(call, 2, &source)) {
        value_put(call, 1, 0, &source, &cell);
        value_changed(call, 1, KR_STR("append"));
        kr_reply_int64(call->reply, (int64_t)more.size);
    }
}

void string_setrange(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str bytes = call->argv[3];
    struct kr_cell cell;
    int64_t offset;
    bool found, wrong;

    if (!kr_text->to_int64(call->argv[2], &offset)) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return;
    }
    if (offset < 0) {
        kr_reply_error(call->reply, "ERR offset is out of range");
        return;
    }
    found = value_find(call, KR_FIND_WRITE, &cell, &wrong);
    if (wrong)
        return;
    if (bytes.size == 0) /* writes nothing, not even zeros up to `offset` */
        kr_reply_int64(call->reply,
                       found ? (int64_t)value_bytes(&cell, scratch).size : 0);
    else if (limit_check(call, (uint64_t)offset, bytes.size))
        range_write(call, found, &cell, (size_t)offset, bytes,
                    KR_STR("setrange"));
}
