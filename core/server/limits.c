/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/limits.h"

#include "core/log/log.h"
#include "core/server/directives.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILES_RESERVED 32 /* the log, listeners, the database on disk */

/* --- Open files ---------------------------------------------------------- */

static bool limits_try_files(rlim_t files)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = files;
    if (limit.rlim_max < files)
        limit.rlim_max = files; /* for root only */
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* Raise the limit to `wanted` or as near as it goes; the answer is what it is
 * then.  *why: errno of the first refusal.  `wanted` may be anything a client
 * types, so it is halved, not counted down. */
static rlim_t limits_set_files(rlim_t old, rlim_t wanted, int *why)
{
    rlim_t fine = old, bad = wanted;

    if (limits_try_files(wanted))
        return wanted;
    *why = errno;
    while (bad - fine > 1) {
        rlim_t middle = fine + (bad - fine) / 2;

        if (limits_try_files(middle))
            fine = middle;
        else
            bad = middle;
    }
    return fine;
}

/* The log lines are Redis's: people search for them. */
static bool limits_reduce(int64_t *clients, rlim_t wanted, rlim_t now, int why,
                          char *error, size_t size)
{
    int64_t before = *clients;

    if (now <= FILES_RESERVED) {
        snprintf(
            error, size,
            "Your current 'ulimit -n' of %llu is not enough for the server "
            "to start. Please increase your open file limit to at least "
            "%llu. Exiting.",
            (unsigned long long)now, (unsigned long long)wanted);
        return false;
    }
    *clients = (int64_t)now - FILES_RESERVED;
    log_warning("You requested maxclients of %" PRId64
                " requiring at least %llu max file descriptors.",
                before, (unsigned long long)wanted);
    log_warning("Server can't set maximum open files to %llu because of OS "
                "error: %s.",
                (unsigned long long)wanted, strerror(why));
    log_warning("Current maximum open files is %llu. maxclients has been "
                "reduced to %" PRId64 " to compensate for low ulimit. If you "
                "need higher maxclients increase 'ulimit -n'.",
                (unsigned long long)now, *clients);
    return true;
}

bool limits_raise_files(int64_t *clients, char *error, size_t size)
{
    rlim_t wanted = (rlim_t)*clients + FILES_RESERVED, now;
    struct rlimit limit;
    int why = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warning("Unable to obtain the current NOFILE limit (%s), assuming "
                    "1024 and setting the max clients configuration "
                    "accordingly.",
                    strerror(errno));
        *clients = 1024 - FILES_RESERVED;
        return true;
    }
    if (limit.rlim_cur >= wanted)
        return true;
    now = limits_set_files(limit.rlim_cur, wanted, &why);
    if (now < wanted)
        return limits_reduce(clients, wanted, now, why, error, size);
    log_notice("Increased maximum number of open files to %llu (it was "
               "originally set to %llu).",
               (unsigned long long)wanted, (unsigned long long)limit.rlim_cur);
    return true;
}

/* --- The kernel's choice when memory is out ------------------------------ */

static bool limits_read_oom(int *score)
{
    char text[32] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (n > 0)
        *score = atoi(text);
    return n > 0;
}

static bool limits_write_oom(int score)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%d\n", score);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    bool fine = fd >= 0 && write(fd, text, (size_t)size) == size;

    if (!fine)
        log_warning("Unable to write oom_score_adj: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return fine;
}

bool limits_adjust_oom(const struct directives *settings)
{
    /* As it was before we wrote: what `relative` counts from, and what `no` goes
     * back to. */
    static int base;
    static bool active;
    int64_t score;

    if (!active)
        (void)limits_read_oom(&base);
    if (settings->oom_adjust == OOM_ADJUST_NO) {
        if (!active)
            return true;
        active = false;
        return limits_write_oom(base);
    }
    score = settings->oom_values[0];
    if (settings->oom_adjust == OOM_ADJUST_RELATIVE)
        score += base;
    score = score > 1000 ? 1000 : score < -1000 ? -1000 : score;
    active = true;
    return limits_write_oom((int)score);
}

void limits_disable_thp(void)
{
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
        log_verbose("config: disable-thp: %s", strerror(errno));
}
