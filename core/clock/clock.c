/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/clock/clock.h"

#include <stdio.h>
#include <string.h>

bool clock_has_ticks;
double clock_ns_per_tick = 1.0;
int64_t clock_turn_ms;
uint64_t clock_turn_ticks;

static int64_t clock_read(clockid_t id, int64_t per_second)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * per_second +
           (int64_t)ts.tv_nsec / (1000000000 / per_second);
}

int64_t clock_wall_ms(void)
{
    return clock_read(CLOCK_REALTIME, 1000);
}

int64_t clock_wall_us(void)
{
    return clock_read(CLOCK_REALTIME, 1000000);
}

int64_t clock_monotonic_ns(void)
{
    return clock_read(CLOCK_MONOTONIC, 1000000000);
}

void clock_begin_turn(void)
{
    clock_turn_ms = clock_wall_ms();
    if (clock_turn_ticks == 0)
        clock_turn_ticks = clock_ticks();
}

/* The kernel trusts the processor's counter as its own clock only when it is
 * constant, never stops, and agrees between processors: ask the kernel. */
static bool clock_counter_is_trusted(void)
{
    static const char path[] =
        "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    char name[32] = "";
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    if (!fgets(name, sizeof(name), file))
        name[0] = '\0';
    fclose(file);
    return strncmp(name, "tsc", 3) == 0 || strncmp(name, "kvm-clock", 9) == 0;
}

void clock_init(void)
{
    clock_begin_turn();
#if defined(__x86_64__)
    if (!clock_counter_is_trusted())
        return;
    /* Measure the counter against the monotonic clock.  Two milliseconds give
     * four digits, which is what a duration in microseconds needs. */
    int64_t begin_ns = clock_monotonic_ns();
    uint64_t begin = __rdtsc();
    int64_t end_ns;

    do
        end_ns = clock_monotonic_ns();
    while (end_ns - begin_ns < 2000000);
    uint64_t end = __rdtsc();

    if (end <= begin)
        return;
    clock_ns_per_tick = (double)(end_ns - begin_ns) / (double)(end - begin);
    clock_has_ticks = true;
    clock_turn_ticks = 0; /* it was in nanoseconds */
#endif
}
