/* SPDX-License-Identifier: BSD-3-Clause */
/* text - RedisModuleString: bytes with a NUL behind them, counted references. */
#ifndef REDISABI_TEXT_H
#define REDISABI_TEXT_H

#include "context.h"

/* Reference counts are not atomic: as in Redis, a string belongs to one thread
 * at a time, or is used under the lock. */
struct RedisModuleString {
    uint32_t references;
    uint32_t reserved;
    size_t size;
    char *bytes; /* NUL behind them; `room`, or a block of its own */
    char room[];
};

KR_HIDDEN RedisModuleString *text_new(struct kr_str bytes);
KR_HIDDEN void text_release(RedisModuleString *str);

/* As RM_StringToULongLong() reads a number. */
KR_HIDDEN bool text_to_unsigned(const char *text, uint64_t *out);

static inline struct kr_str text_view(const RedisModuleString *str)
{
    return kr_str(str->bytes, str->size);
}

#endif
