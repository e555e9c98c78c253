/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - bits in a range: BITCOUNT, BITPOS.
 *
 * The order in which arguments are looked at is Redis's: of two mistakes it
 * decides which one is answered. */
#include "bitmap.h"
#include "bits.h"
#include "commands.h"

static bool scan_index(struct kr_call *call, uint32_t arg, int64_t *index)
{
    if (kr_text->to_int64(call->argv[arg], index))
        return true;
    kr_reply_error(call->reply, KR_ERR_NOT_INT);
    return false;
}

/* BYTE or BIT at argument `arg`, BYTE if there is none: how many bits the
 * indexes count by. */
static bool scan_unit(struct kr_call *call, uint32_t arg, int64_t *unit)
{
    *unit = 8;
    if (arg >= call->argc ||
        kr_str_equal_nocase(call->argv[arg], KR_STR("BYTE")))
        return true;
    *unit = 1;
    if (kr_str_equal_nocase(call->argv[arg], KR_STR("BIT")))
        return true;
    kr_reply_error(call->reply, KR_ERR_SYNTAX);
    return false;
}

/* The range from `start` to `last`, counted by `unit` and from the end when
 * negative, as the bits from *first to before *end; clipped to `bytes`. */
static void scan_clip(int64_t start, int64_t last, int64_t unit,
                      struct kr_str bytes, uint64_t *first, uint64_t *end)
{
    int64_t size = (int64_t)bytes.size * 8 / unit;

    if (start < 0)
        start = start + size < 0 ? 0 : start + size;
    if (last < 0)
        last = last + size < 0 ? 0 : last + size;
    if (last >= size)
        last = size - 1;
    *first = *end = 0;
    if (start <= last) {
        *first = (uint64_t)(start * unit);
        *end = (uint64_t)((last + 1) * unit);
    }
}

void bitmap_bitcount(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    int64_t start = 0, last = -1, unit = 8;
    uint64_t first, end;
    struct kr_str bytes;
    bool found;

    if (!bitmap_read(call, scratch, &bytes, &found))
        return;
    if (!found) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    if (call->argc == 3 || call->argc > 5) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return;
    }
    if (call->argc > 3) {
        if (!scan_index(call, 2, &start) || !scan_index(call, 3, &last))
            return;
        if (start < 0 && last < 0 && start > last) {
            kr_reply_int64(call->reply, 0);
            return;
        }
        if (!scan_unit(call, 4, &unit))
            return;
    }
    scan_clip(start, last, unit, bytes, &first, &end);
    kr_reply_int64(call->reply, (int64_t)bits_count((const uint8_t *)bytes.data,
                                                    first, end));
}

/* A string is followed by endless zeros, unless the range has an end: then
 * those are not in it. */
void bitmap_bitpos(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    int64_t set, start = 0, last = -1, unit = 8, position;
    uint64_t first, end;
    struct kr_str bytes;
    bool found;

    if (!scan_index(call, 2, &set))
        return;
    if (set != 0 && set != 1) {
        kr_reply_error(call->reply, "ERR The bit argument must be 1 or 0.");
        return;
    }
    if (!bitmap_read(call, scratch, &bytes, &found))
        return;
    if (!found) {
        kr_reply_int64(call->reply, set ? -1 : 0);
        return;
    }
    if (call->argc > 6) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return;
    }
    if ((call->argc > 3 && !scan_index(call, 3, &start)) ||
        !scan_unit(call, 5, &unit) ||
        (call->argc > 4 && !scan_index(call, 4, &last)))
        return;
    scan_clip(start, last, unit, bytes, &first, &end);
    position = (int64_t)bits_find((const uint8_t *)bytes.data, first, end, set);
    if (position == (int64_t)end && (set || call->argc > 4 || first == end))
        position = -1;
    kr_reply_int64(call->reply, position);
}
