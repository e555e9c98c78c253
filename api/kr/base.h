/* SPDX-License-Identifier: BSD-3-Clause */
/* base - the words that every other header is written in.
 *
 * Byte strings are a pointer with a length, passed by value and never assumed
 * to end in NUL.  Results with more than one way to fail are a kr_status.
 * Every interface is a `const struct` of functions whose first member is its
 * size in bytes; a host newer than the module may offer a larger one, so a
 * module tests with KR_HAS() before it calls what was appended later.
 *
 * Marks used in the contracts of all headers:
 *   [main]   only on the thread that executes commands
 *   [any]    on any thread
 *   [child]  also in a forked child
 * A function without a mark is [main].  "Borrowed" memory stays the owner's and
 * is valid until the moment that the contract names. */
#ifndef KR_BASE_H
#define KR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define KR_EXPORT          __attribute__((visibility("default")))
#define KR_HIDDEN          __attribute__((visibility("hidden")))
#define KR_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#define KR_LIKELY(x)       __builtin_expect(!!(x), 1)
#define KR_UNLIKELY(x)     __builtin_expect(!!(x), 0)
#else
#define KR_EXPORT
#define KR_HIDDEN
#define KR_PRINTF(fmt, va)
#define KR_LIKELY(x)   (x)
#define KR_UNLIKELY(x) (x)
#endif

/* Ask for the cache line at `at`, which need not be readable.  gcc takes a
 * function that does nothing but prefetch for one that does nothing, and drops
 * its calls: the empty statement keeps it.  [any] */
static inline void kr_prefetch(const void *at)
{
#if defined(__GNUC__)
    __builtin_prefetch(at);
    __asm__ volatile("" : : "r"(at));
#else
    (void)at;
#endif
}

/* Does the interface `table`, as this host offers it, have `member`? */
#define KR_HAS(table, member)                                                  \
    ((table) != NULL &&                                                        \
     (table)->size >= (uint32_t)(offsetof(__typeof__(*(table)), member) +      \
                                 sizeof((table)->member)))

/* The number of elements of an array. */
#define KR_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A byte string, borrowed.  `data` may be NULL only when `size` is 0. */
struct kr_str {
    const char *data;
    size_t size; /* bytes */
};

/* A kr_str from a literal: KR_STR("OK"). */
#define KR_STR(literal) ((struct kr_str){"" literal, sizeof(literal) - 1})

/* A kr_str of these bytes, which stay whose they are.  [any] */
static inline struct kr_str kr_str(const char *data, size_t size)
{
    struct kr_str s = {data, size};
    return s;
}

/* A kr_str of a text up to its NUL.  O(length).  [any] */
static inline struct kr_str kr_cstr(const char *text)
{
    return kr_str(text, strlen(text));
}

/* The same bytes?  [any] */
static inline bool kr_str_equal(struct kr_str a, struct kr_str b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Equal without regard to the case of ASCII letters?  No locale. */
static inline bool kr_str_equal_nocase(struct kr_str a, struct kr_str b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        unsigned char x = (unsigned char)a.data[i];
        unsigned char y = (unsigned char)b.data[i];

        x = (unsigned char)(x >= 'A' && x <= 'Z' ? x | 0x20 : x);
        y = (unsigned char)(y >= 'A' && y <= 'Z' ? y | 0x20 : y);
        if (x != y)
            return false;
    }
    return true;
}

/* Why something could not be done.  Values are part of the ABI: they are never
 * renumbered, and a module treats one that it does not know as a failure. */
typedef int32_t kr_status;
#define KR_OK         0  /* done */
#define KR_EFAIL      1  /* failed; the contract or the error text says why */
#define KR_ENOMEM     2  /* memory, or a limit on it */
#define KR_EINVAL     3  /* an argument is out of its range */
#define KR_ENOENT     4  /* no such thing */
#define KR_EEXIST     5  /* there is one already */
#define KR_EBUSY      6  /* in use, or not possible at this moment */
#define KR_EDENIED    7  /* configuration or a gate forbids it */
#define KR_ERANGE     8  /* a number does not fit */
#define KR_EFORMAT    9  /* bytes that do not follow their format */
#define KR_EIO        10 /* the operating system refused; errno was logged */
#define KR_EVERSION   11 /* too old or too new */
#define KR_EWRONGTYPE 12 /* the key holds a value of another type */

#ifdef __cplusplus
}
#endif
#endif
