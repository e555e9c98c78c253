/* SPDX-License-Identifier: BSD-3-Clause */
/* report - what was looked at, and what was found.
 *
 *     ok     leaves no trace when it is unloaded
 *     FAILED its values survive DUMP and RESTORE
 *            a value of type tally is another one when it is restored
 *            key:7
 *            remedy: load() has to read all that save() writes
 *     skip   is upgraded under load, and its values stay: it cannot be upgraded
 *     note   what is good to know
 *     12 passed, 1 failed, 1 skipped
 *
 * Texts have words in them that a module or a server chose: what a terminal
 * would obey is masked. */
#include "sdk/report.h"

#include <stdio.h>

#define REPORT_INSET "       "
#define REPORT_MOST  4u /* findings of one claim that are printed */

static void report_print(const char *label, const char *text)
{
    fputs(label, stdout);
    for (; *text != '\0'; text++) {
        if (*text == '\n' && text[1] != '\0')
            printf("\n" REPORT_INSET);
        else if (*text != '\n')
            putchar((unsigned char)*text < ' ' || (unsigned char)*text > '~'
                        ? '?'
                        : *text);
    }
    putchar('\n');
    fflush(stdout);
}

void report_begin(struct report *report, const char *claim)
{
    report->claim = claim;
    report->found = 0;
    report->skips = false;
}

void report_end(struct report *report)
{
    if (report->found > 0) {
        report->failed++;
        return;
    }
    if (report->skips) {
        report->skipped++;
        return;
    }
    report->passed++;
    report_print("ok     ", report->claim);
}

void report_found(struct report *report, const char *remedy, const char *format,
                  ...)
{
    struct buffer text = {0}, first = {0};
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    buffer_printf(&first, "%.*s", (int)strcspn(text.data, "\n"), text.data);
    if (!names_have(&report->seen, first.data)) {
        names_add(&report->seen, first.data);
        if (report->found == 0)
            report_print("FAILED ", report->claim);
        if (report->found < REPORT_MOST) {
            report_print(REPORT_INSET, text.data);
            report_print(REPORT_INSET "remedy: ", remedy);
        } else if (report->found == REPORT_MOST) {
            report_print(REPORT_INSET, "and more of the kind");
        }
        report->found++;
    }
    buffer_free(&text);
    buffer_free(&first);
}

void report_skip(struct report *report, const char *why)
{
    struct buffer text = {0};

    buffer_printf(&text, "%s: %s", report->claim, why);
    report_print("skip   ", text.data);
    buffer_free(&text);
    report->skips = true;
}

void report_note(struct report *report, const char *format, ...)
{
    struct buffer text = {0};
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    if (!names_have(&report->seen, text.data)) {
        names_add(&report->seen, text.data);
        report_print("note   ", text.data);
    }
    buffer_free(&text);
}

int report_close(struct report *report)
{
    printf("%u passed, %u failed, %u skipped\n", report->passed, report->failed,
           report->skipped);
    names_fini(&report->seen);
    return report->failed == 0 && report->passed > 0 ? 0 : 1;
}
