/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/text/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_secure(void *bytes, size_t size)
{
    unsigned char *at = bytes;

    while (size > 0) {
        ssize_t n = getrandom(at, size < 256 ? size : 256, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            /* Without it nothing that we promise is safe. */
            fprintf(stderr, "random: the kernel gives none: %s\n",
                    strerror(errno));
            abort();
        }
        at += n;
        size -= (size_t)n;
    }
}

/* splitmix64: any state does, and it passes the usual tests. */
uint64_t random_fast(void)
{
    static uint64_t state;
    uint64_t z;

    if (state == 0)
        random_secure(&state, sizeof(state));
    z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
