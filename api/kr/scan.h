/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - the words of SCAN and its kin: HSCAN, SSCAN, ZSCAN, and yours.
 *
 *   NAME [key] cursor [MATCH pattern] [COUNT count] [TYPE type] [NOVALUES]
 *
 * A function that answers false has replied the error.  What it calls is
 * kr_text. */
#ifndef KR_SCAN_H
#define KR_SCAN_H

#include <kr/args.h>
#include <kr/base.h>
#include <kr/call.h>
#include <kr/reply.h>
#include <kr/text.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_SCAN_COUNT 10 /* elements to look at when COUNT is not given */

#define KR_SCAN_TYPE     (1u << 0) /* TYPE may be given */
#define KR_SCAN_NOVALUES (1u << 1) /* NOVALUES may be given */

struct kr_scan_words {
    int64_t count;                /* elements to look at, at least 1 */
    const struct kr_str *pattern; /* NULL: all fit */
    const struct kr_str *type;    /* NULL: all fit */
    bool no_values;
};

/* The cursor in argument `i`.  Redis reads it with strtoul(), and so do we
 * without a NUL to stop at: an empty word is 0, a sign is allowed, a minus wraps
 * around, what stands behind a NUL is not seen, and a number that does not fit
 * is refused. */
static inline bool kr_arg_cursor(struct kr_call *call, uint32_t i,
                                 uint64_t *cursor)
{
    struct kr_str word = call->argv[i];
    size_t size = word.size;
    const void *nul = size > 0 ? memchr(word.data, 0, size) : NULL;
    uint64_t value = 0;
    size_t at;

    if (nul)
        size = (size_t)((const char *)nul - word.data);
    at = size > 0 && (word.data[0] == '-' || word.data[0] == '+');
    if (size == at && size > 0)
        goto refuse;
    for (size_t k = at; k < size; k++) {
        unsigned digit = (unsigned char)word.data[k] - (unsigned)'0';

        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            goto refuse;
    }
    *cursor = at && word.data[0] == '-' ? -value : value;
    return true;
refuse:
    kr_reply_error(call->reply, "ERR invalid cursor");
    return false;
}

/* The words from argument `first` on; `allowed`: KR_SCAN_. */
static inline bool kr_arg_scan(struct kr_call *call, uint32_t first,
                               uint32_t allowed, struct kr_scan_words *words)
{
    words->count = KR_SCAN_COUNT;
    words->pattern = words->type = NULL;
    words->no_values = false;
    for (uint32_t i = first; i < call->argc; i++) {
        bool more = i + 1 < call->argc;

        if (more && kr_arg_is(call, i, "COUNT")) {
            if (!kr_arg_int64(call, ++i, &words->count))
                return false;
            if (words->count >= 1)
                continue;
        } else if (more && kr_arg_is(call, i, "MATCH")) {
            i++;
            words->pattern = kr_str_equal(call->argv[i], kr_str("*", 1))
                                 ? NULL
                                 : &call->argv[i];
            continue;
        } else if (more && allowed & KR_SCAN_TYPE &&
                   kr_arg_is(call, i, "TYPE")) {
            words->type = &call->argv[++i];
            continue;
        } else if (allowed & KR_SCAN_NOVALUES &&
                   kr_arg_is(call, i, "NOVALUES")) {
            words->no_values = true;
            continue;
        }
        kr_refuse_syntax(call);
        return false;
    }
    return true;
}

/* A cursor as the reply has it: a bulk string of its digits. */
static inline void kr_reply_cursor(struct kr_reply *reply, uint64_t cursor)
{
    char digits[KR_INT64_TEXT];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + cursor % 10);
        cursor /= 10;
    } while (cursor > 0);
    kr_reply_bulk(reply, kr_str(digits + at, sizeof(digits) - at));
}

#ifdef __cplusplus
}
#endif
#endif
