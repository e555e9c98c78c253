/* SPDX-License-Identifier: BSD-3-Clause */
#include "id.h"

#define ID_TYPED_MAX 127u /* bytes; Redis refuses what is longer */

bool id_next(struct stream_id *id)
{
    id->seq++;
    if (id->seq == 0)
        id->ms++;
    return !id_is_zero(*id);
}

bool id_previous(struct stream_id *id)
{
    bool first = id_is_zero(*id);

    if (id->seq == 0)
        id->ms--;
    id->seq--;
    return !first;
}

/* --- Text ---------------------------------------------------------------- */

static size_t id_number_text(uint64_t number, char *text)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    memcpy(text, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

size_t id_text(struct stream_id id, char *text)
{
    size_t size = id_number_text(id.ms, text);

    text[size++] = '-';
    return size + id_number_text(id.seq, text + size);
}

/* --- Reading ------------------------------------------------------------- */

static bool id_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Redis reads a number as strtoull() does, blanks, signs and all; only what is
 * written as a plain negative number is refused before it can wrap around. */
static bool id_parse_number(const char *p, const char *end, uint64_t *number)
{
    bool spaced = p < end && id_is_space(*p), minus;
    uint64_t sum = 0;
    const char *digits;

    while (p < end && id_is_space(*p))
        p++;
    minus = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    digits = p;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*p - '0'), &sum))
            return false;
    }
    if (p == digits || p != end)
        return false;
    if (minus && !spaced && *digits != '0' && sum <= (uint64_t)1 << 63)
        return false;
    *number = minus ? 0 - sum : sum;
    return true;
}

/* Nothing behind a NUL is seen. */
static struct kr_str id_typed(struct kr_str text)
{
    const char *nul = text.size ? memchr(text.data, 0, text.size) : NULL;

    return nul ? kr_str(text.data, (size_t)(nul - text.data)) : text;
}

bool id_parse(struct kr_str text, uint32_t allowed, uint64_t seq,
              struct stream_id *id, bool *automatic)
{
    struct kr_str typed = id_typed(text);
    const char *end = typed.data + typed.size, *dash;

    if (automatic)
        *automatic = false;
    if (text.size > ID_TYPED_MAX || typed.size == 0)
        return false;
    if (typed.size == 1 && (*typed.data == '-' || *typed.data == '+')) {
        *id = *typed.data == '-' ? ID_MIN : ID_MAX;
        return allowed & ID_ENDS;
    }
    dash = memchr(typed.data, '-', typed.size);
    if (!id_parse_number(typed.data, dash ? dash : end, &id->ms))
        return false;
    id->seq = seq;
    if (!dash)
        return true;
    if (allowed & ID_AUTO && end - dash == 2 && dash[1] == '*') {
        id->seq = 0;
        if (automatic)
            *automatic = true;
        return true;
    }
    return id_parse_number(dash + 1, end, &id->seq);
}
