/* SPDX-License-Identifier: BSD-3-Clause */
/* probe - how long is a PING away while something else is going on?
 *
 *     probe -p PORT [-i MICROSECONDS] [-d SECONDS]
 *
 * One connection sends a PING every interval (200 us), whether or not earlier
 * ones have been answered: a server that stands still for 50 ms is seen as 250
 * slow replies and not, as by a client that waits, as one.  A reply's time runs
 * from its PING's own sending.
 *
 *     time     0    200   400   600   800   1000 us
 *     PING     1     2     3     4     5     6
 *     server   |-1-|[ stands still ........... ]23456
 *
 * The probe needs its CPU at the right moments too: `late_us` is how much after
 * its plan a PING was sent at worst, and a figure is only as good as that.
 * Slots missed by more than an interval are dropped, not sent in a bunch.
 *
 * Prints "ready" after the first round trip, probes until `-d` is over or stdin
 * ends, then prints one line of JSON.  Status 1: a reply was not +PONG. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll */
#endif
#include "connect.h"
#include "histogram.h"
#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROBE_IN_FLIGHT                                                        \
    (1u                                                                        \
     << 18) /* 52 s of silence at 200 us; a power of 2                      \
                */

struct probe {
    int fd;
    bool stdin_open;
    bool stdin_watched; /* without -d only */
    uint64_t interval_ns;
    uint64_t end_ns;
    uint64_t sent;
    uint64_t answered;
    struct reply_checker checker;
    struct reply_tally tally;
    struct histogram latency;
    struct histogram late;
    uint64_t sent_ns[PROBE_IN_FLIGHT]; /* PING n at n modulo the size */
};

static _Noreturn void probe_fail(const char *what, const char *why)
{
    fprintf(stderr, "probe: %s: %s\n", what, why);
    exit(1);
}

static void probe_send(struct probe *probe)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    uint64_t now_ns = connect_now_ns();
    ssize_t size;

    if (probe->sent - probe->answered == PROBE_IN_FLIGHT)
        probe_fail("PING", "the server stopped answering");
    size = send(probe->fd, ping, sizeof(ping) - 1, MSG_NOSIGNAL);
    if (size != sizeof(ping) - 1)
        probe_fail("send", size < 0 ? strerror(errno) : "socket is full");
    probe->sent_ns[probe->sent++ % PROBE_IN_FLIGHT] = now_ns;
}

static void probe_receive(struct probe *probe)
{
    char buffer[16384];
    ssize_t size = recv(probe->fd, buffer, sizeof(buffer), 0);
    uint64_t now_ns = connect_now_ns();
    ssize_t replies;

    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0)
        probe_fail("recv", size < 0 ? strerror(errno) : "closed");
    replies = reply_feed(&probe->checker, buffer, (size_t)size, &probe->tally);
    if (replies < 0 || probe->tally.errors > 0 ||
        (uint64_t)replies > probe->sent - probe->answered)
        probe_fail("reply", probe->tally.errors ? probe->tally.first_error
                                                : "not what PING answers");
    while (replies-- > 0) {
        uint64_t sent_ns = probe->sent_ns[probe->answered % PROBE_IN_FLIGHT];

        histogram_add(&probe->latency, now_ns - sent_ns, 1);
        probe->answered++;
    }
}

static void probe_stdin(struct probe *probe)
{
    char buffer[256];

    if (read(STDIN_FILENO, buffer, sizeof(buffer)) <= 0)
        probe->stdin_open = false;
}

/* Handle what comes until `until_ns`, which may be over already. */
static void probe_wait(struct probe *probe, uint64_t until_ns)
{
    for (;;) {
        struct pollfd fds[2] = {
            {.fd = probe->fd, .events = POLLIN},
            {.fd =
                 probe->stdin_watched && probe->stdin_open ? STDIN_FILENO : -1,
             .events = POLLIN},
        };
        uint64_t now_ns = connect_now_ns();
        uint64_t left_ns = now_ns < until_ns ? until_ns - now_ns : 0;
        struct timespec left = {(time_t)(left_ns / 1000000000u),
                                (long)(left_ns % 1000000000u)};
        int ready = ppoll(fds, 2, &left, NULL);

        if (ready < 0 && errno != EINTR)
            probe_fail("ppoll", strerror(errno));
        if (ready > 0 && fds[0].revents)
            probe_receive(probe);
        if (ready > 0 && fds[1].revents)
            probe_stdin(probe);
        if (ready == 0 || left_ns == 0)
            return;
    }
}

static void probe_run(struct probe *probe)
{
    uint64_t next_ns = connect_now_ns();

    while (probe->stdin_open && next_ns < probe->end_ns) {
        uint64_t now_ns;

        probe_wait(probe, next_ns);
        now_ns = connect_now_ns();
        /* Before the slots that were missed are forgotten. */
        histogram_add(&probe->late, now_ns - next_ns, 1);
        if (now_ns - next_ns > probe->interval_ns)
            next_ns +=
                (now_ns - next_ns) / probe->interval_ns * probe->interval_ns;
        probe_send(probe);
        next_ns += probe->interval_ns;
    }
    for (int i = 0; i < 600 && probe->answered < probe->sent; i++)
        probe_wait(probe, connect_now_ns() + 100000000u);
    if (probe->answered < probe->sent)
        probe_fail("PING", "not answered within a minute");
}

static void probe_print(const struct probe *probe)
{
    const struct histogram *latency = &probe->latency;

    printf("{\"pings\": %" PRIu64 ", \"mean_us\": %.1f, \"p50_us\": %.1f, "
           "\"p99_us\": %.1f, \"p99.9_us\": %.1f, \"max_us\": %.1f, "
           "\"late_us\": %.1f}\n",
           probe->answered, histogram_mean_ns(latency) / 1e3,
           (double)histogram_percentile(latency, 50) / 1e3,
           (double)histogram_percentile(latency, 99) / 1e3,
           (double)histogram_percentile(latency, 99.9) / 1e3,
           (double)latency->max_ns / 1e3, (double)probe->late.max_ns / 1e3);
}

static _Noreturn void probe_bad_usage(void)
{
    fprintf(stderr, "usage: probe -p PORT [-i MICROSECONDS] [-d SECONDS]\n");
    exit(2);
}

static double option_positive(const char *text, double max)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end || !(number > 0 && number <= max))
        probe_bad_usage();
    return number;
}

int main(int argc, char **argv)
{
    struct probe *probe = calloc(1, sizeof(*probe));
    double interval_us = 200;
    double seconds = 0;
    uint16_t port = 0;
    int letter;

    while ((letter = getopt(argc, argv, "p:i:d:")) != -1) {
        if (letter == 'p')
            port = (uint16_t)option_positive(optarg, 65535);
        else if (letter == 'i')
            interval_us = option_positive(optarg, 1e6);
        else if (letter == 'd')
            seconds = option_positive(optarg, 86400);
        else
            probe_bad_usage();
    }
    if (port == 0 || optind != argc)
        probe_bad_usage();
    if (!probe)
        probe_fail("probe", "out of memory");
    /* The kernel may join timers that are 50 us apart unless told otherwise. */
    prctl(PR_SET_TIMERSLACK, 1ul);
    probe->fd = connect_tcp("127.0.0.1", port);
    connect_ping(probe->fd);
    if (fcntl(probe->fd, F_SETFL, O_NONBLOCK) != 0)
        probe_fail("fcntl", strerror(errno));
    printf("ready\n");
    fflush(stdout);
    probe->interval_ns = (uint64_t)(interval_us * 1e3);
    probe->stdin_open = true;
    probe->stdin_watched = seconds == 0;
    probe->end_ns =
        seconds > 0 ? connect_now_ns() + (uint64_t)(seconds * 1e9) : UINT64_MAX;
    probe_run(probe);
    probe_print(probe);
    close(probe->fd);
    free(probe);
    return 0;
}
