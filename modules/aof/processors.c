/* SPDX-License-Identifier: BSD-3-Clause */
#include "processors.h"

#include <sched.h>
#include <stddef.h>

static bool processors_number(const char **at, unsigned *number)
{
    const char *digits = *at;

    for (*number = 0; **at >= '0' && **at <= '9'; (*at)++) {
        *number = *number * 10 + (unsigned)(**at - '0');
        if (*number >= CPU_SETSIZE)
            return false;
    }
    return *at > digits;
}

/* "4", "4-7" or "4-7:2" */
static bool processors_range(const char **at, cpu_set_t *set)
{
    unsigned first, last, step = 1;

    if (!processors_number(at, &first))
        return false;
    last = first;
    if (**at == '-' && (++*at, !processors_number(at, &last)))
        return false;
    if (**at == ':' && (++*at, !processors_number(at, &step) || step == 0))
        return false;
    for (; first <= last; first += step)
        CPU_SET(first, set);
    return true;
}

bool processors_bind(const char *list)
{
    const char *at = list;
    cpu_set_t set;

    CPU_ZERO(&set);
    for (;;) {
        if (!processors_range(&at, &set))
            return false;
        if (*at == '\0')
            break;
        if (*at++ != ',')
            return false;
    }
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}
