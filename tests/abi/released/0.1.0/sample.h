/* SPDX-License-Identifier: BSD-3-Clause */
/* sample - how the samples say what did not hold: the first condition that was
 * false, and its line. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <kr/kr.h>

static const char *sample_failed;
static int sample_line;

static inline void sample_check(bool holds, const char *what, int line)
{
    if (holds || sample_failed)
        return;
    sample_failed = what;
    sample_line = line;
}
#define CHECK(condition) sample_check((condition), #condition, __LINE__)

/* OK, or an error with what was false. */
static inline void sample_reply(struct kr_reply *reply)
{
    if (sample_failed)
        kr_reply_errorf(reply, "ERR line %d: %s", sample_line, sample_failed);
    else
        kr_reply_ok(reply);
    sample_failed = NULL;
}

#endif
