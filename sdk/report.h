/* SPDX-License-Identifier: BSD-3-Clause */
/* report - what was looked at, and what was found.  See report.c. */
#ifndef SDK_REPORT_H
#define SDK_REPORT_H

#include "core/text/buffer.h"
#include "sdk/picture.h"

struct report {
    const char *claim; /* what is being looked at */
    unsigned found;    /* of it */
    unsigned passed;   /* claims */
    unsigned failed;
    unsigned skipped;
    bool skips;        /* what is being looked at */
    struct names seen; /* first lines of findings: each is told once */
};

void report_begin(struct report *report, const char *claim);
void report_end(struct report *report);
/* The claim does not hold: what was seen, and what to do about it. */
void report_found(struct report *report, const char *remedy, const char *format,
                  ...) KR_PRINTF(3, 4);
/* The claim cannot be looked at, and this is why: it does not count. */
void report_skip(struct report *report, const char *why);
/* Something that is good to know, and no finding. */
void report_note(struct report *report, const char *format, ...)
    KR_PRINTF(2, 3);
/* How it went; the answer is the exit status. */
int report_close(struct report *report);

#endif
