/* SPDX-License-Identifier: BSD-3-Clause */
/* words - the words of a command, from a format and its arguments: call.c. */
#ifndef REDISABI_WORDS_H
#define REDISABI_WORDS_H

#include "context.h"

#include <stdarg.h>

#define CALL_REPLICATE   (1u << 0)
#define CALL_NO_LOG      (1u << 1)
#define CALL_NO_REPLICAS (1u << 2)
#define CALL_RESP3       (1u << 3)
#define CALL_RESP_AUTO   (1u << 4)
#define CALL_AS_USER     (1u << 5)
#define CALL_SCRIPT      (1u << 6)
#define CALL_NO_WRITES   (1u << 7)
#define CALL_DENY_OOM    (1u << 8)
#define CALL_ERRORS      (1u << 9)
#define CALL_DRY         (1u << 10)
#define CALL_MAY_BLOCK   (1u << 11)

struct words {
    struct kr_str *argv;
    uint32_t argc, room;
    uint32_t flags;                 /* CALL_ */
    char (*numbers)[KR_INT64_TEXT]; /* as many as the format has letters */
};

/* false: a letter that nobody knows.  words_free() in either case. */
KR_HIDDEN bool words_read(struct words *words, const char *name,
                          const char *format, va_list args);
KR_HIDDEN void words_free(struct words *words);

#endif
