/* SPDX-License-Identifier: BSD-3-Clause */
/* refuse - say why a module cannot be loaded.
 *
 * A refusal names the module or its file, what was wanted, what was found, and
 * the remedy.  Parts of it come from the file itself, so what is not printable
 * is masked. */
#ifndef CORE_RACK_REFUSE_H
#define CORE_RACK_REFUSE_H

#include <kr/base.h>

#include <stdarg.h>
#include <stdio.h>

/* Format the reason and answer false: `return refuse(...)`. */
KR_PRINTF(3, 4)
static inline bool refuse(char *error, size_t error_size, const char *format,
                          ...)
{
    va_list args;

    if (error_size == 0)
        return false;
    va_start(args, format);
    if (vsnprintf(error, error_size, format, args) < 0)
        error[0] = '\0';
    va_end(args);
    for (char *c = error; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    return false;
}

#endif
