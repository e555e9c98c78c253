/* SPDX-License-Identifier: BSD-3-Clause */
/* bit - one bit: SETBIT, GETBIT. */
#include "bitmap.h"
#include "bits.h"
#include "commands.h"

void bitmap_setbit(struct kr_call *call)
{
    struct kr_cell cell;
    uint64_t offset;
    uint8_t *bytes;
    int64_t set;
    bool old, grown;

    if (!bitmap_offset(call, 2, 0, &offset))
        return;
    if (!kr_text->to_int64(call->argv[3], &set) || (set != 0 && set != 1)) {
        kr_reply_error(call->reply,
                       "ERR bit is not an integer or out of range");
        return;
    }
    if (!(bytes = bitmap_write(call, offset / 8 + 1, &cell, &grown)))
        return;
    old = bits_get(bytes, offset);
    if (grown || old != set) {
        bits_set(bytes, offset, set);
        bitmap_changed(call, 1);
    }
    kr_reply_int64(call->reply, old);
}

/* Beyond the end all bits are clear. */
void bitmap_getbit(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str bytes;
    uint64_t offset;
    bool found;

    if (bitmap_offset(call, 2, 0, &offset) &&
        bitmap_read(call, scratch, &bytes, &found))
        kr_reply_int64(call->reply,
                       offset / 8 < bytes.size &&
                           bits_get((const uint8_t *)bytes.data, offset));
}
