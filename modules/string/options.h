/* SPDX-License-Identifier: BSD-3-Clause */
/* options - the words behind SET and GETEX, and the times among them. */
#ifndef STRING_OPTIONS_H
#define STRING_OPTIONS_H

#include <kr/call.h>

#define OPTION_NX       (1u << 0)
#define OPTION_XX       (1u << 1)
#define OPTION_GET      (1u << 2)
#define OPTION_KEEP_TTL (1u << 3)
#define OPTION_PERSIST  (1u << 4)
#define OPTION_EX       (1u << 5) /* seconds from now */
#define OPTION_PX       (1u << 6) /* milliseconds from now */
#define OPTION_EXAT     (1u << 7) /* seconds since 1970 */
#define OPTION_PXAT     (1u << 8) /* milliseconds since 1970 */

#define OPTION_TIMES    (OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT)
#define OPTION_SECONDS  (OPTION_EX | OPTION_EXAT)
#define OPTION_ABSOLUTE (OPTION_EXAT | OPTION_PXAT)
#define OPTIONS_OF_SET                                                         \
    (OPTION_NX | OPTION_XX | OPTION_GET | OPTION_KEEP_TTL | OPTION_TIMES)
#define OPTIONS_OF_GETEX (OPTION_PERSIST | OPTION_TIMES)

struct options {
    uint32_t given;   /* OPTION_ */
    uint32_t time_at; /* the argument of the time, when one of OPTION_TIMES */
};

/* Read the options from argument `from` on; only those in `allowed` are known.
 * false: a syntax error, replied. */
bool options_parse(struct kr_call *call, uint32_t from, uint32_t allowed,
                   struct options *options);

/* The moment that argument `arg` means, read as one of OPTION_TIMES, in
 * milliseconds since 1970.  false: the error is replied. */
bool options_time(struct kr_call *call, uint32_t arg, uint32_t kind,
                  int64_t *when_ms);

#endif
