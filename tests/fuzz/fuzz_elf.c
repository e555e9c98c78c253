/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_elf - the check of a module's file before anything maps it.  Start from
 * the .so files that the build makes: damaged copies of them reach deepest. */
#include "core/rack/elf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[512] = "";

    if (elf_check("fuzz.so", data, size, error, sizeof(error)))
        return 0;
    /* A refusal has a reason, on one line. */
    if (error[0] == '\0' || strchr(error, '\n'))
        abort();
    return 0;
}
