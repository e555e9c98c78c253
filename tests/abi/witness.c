/* SPDX-License-Identifier: BSD-3-Clause */
/* witness - shows every public struct to tools that compare ABIs.
 *
 * Modules reach the host's interfaces through `const void *`, which such tools
 * do not look behind.  This library exports one function a struct, so that a
 * member that was moved, removed or retyped is seen.  tests/abi/run-abidiff
 * compares it with the record of the last release. */
#include <kr/kr.h>
HEADERS

#define WITNESS(name)                                                          \
    KR_EXPORT const struct name *witness_##name(const struct name *it);        \
    const struct name *witness_##name(const struct name *it)                   \
    {                                                                          \
        return it;                                                             \
    }

WITNESSES
