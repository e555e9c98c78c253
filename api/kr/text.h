/* SPDX-License-Identifier: BSD-3-Clause */
/* text - numbers and patterns exactly as Redis reads and writes them.
 *
 * All are [any] and allocate nothing. */
#ifndef KR_TEXT_H
#define KR_TEXT_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_INT64_TEXT       21u /* room that any int64 needs, NUL included */
#define KR_DOUBLE_TEXT      32u
#define KR_LONG_DOUBLE_TEXT 5120u

struct kr_text {
    uint32_t size;
    uint32_t reserved;
    /* Strict: no spaces, no plus, no leading zeros.  false: not a number that
     * fits. */
    bool (*to_int64)(struct kr_str text, int64_t *value);
    bool (*to_uint64)(struct kr_str text, uint64_t *value);
    /* As the arguments of commands are read; not a number is refused. */
    bool (*to_double)(struct kr_str text, double *value);
    bool (*to_long_double)(struct kr_str text, long double *value);
    /* Write into `text`, NUL after it; the answer is the length. */
    size_t (*from_int64)(int64_t value, char *text); /* KR_INT64_TEXT */
    size_t (*from_double)(double value, char *text); /* KR_DOUBLE_TEXT */
    /* No exponent, no zeros at the end: as INCRBYFLOAT stores. */
    size_t (*from_long_double)(long double value,
                               char *text); /* KR_LONG_DOUBLE_TEXT */
    /* "100mb" to bytes. */
    bool (*to_memory)(struct kr_str text, int64_t *bytes);
    /* Does `text` match the glob `pattern`?  Linear for practical purposes. */
    bool (*match)(struct kr_str pattern, struct kr_str text, bool nocase);
    /* The cluster's slot of a key, 0 to 16383. */
    uint32_t (*key_slot)(struct kr_str key);
    /* A keyed 64-bit hash of this process; not for anything saved. */
    uint64_t (*hash)(struct kr_str bytes);
    /* A fast random number, and `size` bytes fit for secrets. */
    uint64_t (*random)(void); /* [main] */
    void (*secure_random)(void *bytes, size_t size);
    /* The SHA-1 of the bytes as 40 hexadecimal digits, no NUL: for names, not
     * for secrets.  About 2 ns a byte.  [any] */
    void (*sha1_hex)(struct kr_str bytes, char hex[40]);
};
KR_INTERFACE(kr_text, "kr.text/1");

#ifdef __cplusplus
}
#endif
#endif
