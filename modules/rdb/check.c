/* SPDX-License-Identifier: BSD-3-Clause */
/* check - keyrack-check-rdb FILE: is this a snapshot that a server would load?
 *
 * load.c reads it, with every value through its type, and nothing is kept: what
 * passes here loads, and what a server refuses is refused here, for the same
 * reason at the same offset.  The lines are those of redis-check-rdb, which
 * scripts look for:
 *
 *   [offset 0] Checking RDB file dump.rdb
 *   [offset 27] AUX FIELD redis-ver = '7.2.0'
 *   [offset 82] Selecting DB ID 0
 *   [offset 155] Checksum OK
 *   [offset 155] \o/ RDB looks OK! \o/
 *   [info] 6 keys read
 *
 * Values of types whose module is not there are stepped over, as they would be
 * carried along. */
#include "rdb.h"

#include <kr/program.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* clang-format off */
static const char *const check_stages[] = { /* ORDER: enum rdb_stage */
    "start", "read-type", "read-expire", "read-key", "read-object-value",
    "check-sum", "read-len", "read-aux", "read-module-aux", "read-functions",
};

/* What Redis's manual calls the forms of values. */
static const char *const check_forms[] = {
    [0] = "string", [1] = "list-linked", [2] = "set-hashtable",
    [3] = "zset-v1", [4] = "hash-hashtable", [5] = "zset-v2",
    [7] = "module-value", [9] = "hash-zipmap", [10] = "list-ziplist",
    [11] = "set-intset", [12] = "zset-ziplist", [13] = "hash-ziplist",
    [14] = "quicklist", [15] = "stream", [16] = "hash-listpack",
    [17] = "zset-listpack", [18] = "quicklist-v2", [19] = "stream-v2",
    [20] = "set-listpack", [21] = "stream-v3",
};
/* clang-format on */

void rdb_check_say(const kr_reader *in, const char *format, ...)
{
    va_list words;

    printf("[offset %llu] ",
           (unsigned long long)(in ? kr_codec->reader_offset(in) : 0));
    va_start(words, format);
    vprintf(format, words);
    va_end(words);
    putchar('\n');
}

static void check_say_sum(const struct rdb_check *check)
{
    printf("[info] %llu keys read\n", (unsigned long long)check->keys);
    printf("[info] %llu expires\n", (unsigned long long)check->expiring);
    printf("[info] %llu already expired\n", (unsigned long long)check->expired);
}

static const char *check_form(int32_t code)
{
    const char *form = NULL;

    if ((size_t)code < KR_COUNT(check_forms))
        form = check_forms[code];
    return form ? form : "unknown";
}

static void check_say_error(const struct rdb_check *check, uint64_t offset)
{
    puts("--- RDB ERROR DETECTED ---");
    printf("[offset %llu] %s\n", (unsigned long long)offset, check->error);
    printf("[additional info] While doing: %s\n", check_stages[check->stage]);
    if (check->has_key)
        printf("[additional info] Reading key '%s'\n", check->key);
    if (check->code >= 0)
        printf("[additional info] Reading type %d (%s)\n", (int)check->code,
               check_form(check->code));
    check_say_sum(check);
}

kr_status rdb_check_snapshot(int fd, const char *name,
                             struct kr_snapshot_end *end)
{
    struct rdb_check check = {.code = -1};
    kr_status answer;

    rdb_check_say(NULL, "Checking RDB file %s", name);
    answer = rdb_pass(rdb_of_module(), fd, &check, end);
    if (answer != KR_OK) {
        check_say_error(&check, end->bytes);
        return answer;
    }
    printf("[offset %llu] \\o/ RDB looks OK! \\o/\n",
           (unsigned long long)end->bytes);
    check_say_sum(&check);
    return KR_OK;
}

/* --- The program --------------------------------------------------------- */

static int32_t check_file(const char *path)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    kr_status answer;

    if (fd < 0) {
        int error = errno;

        rdb_check_say(NULL, "Checking RDB file %s", path);
        fflush(stdout);
        fprintf(stderr, "Cannot open file %s: %s\n", path, strerror(error));
        return 1;
    }
    answer = rdb_check_snapshot(fd, path, &end);
    close(fd);
    return answer == KR_OK ? 0 : 1;
}

void rdb_on_program(void *ctx, const void *payload)
{
    const struct kr_program_event *event = payload;

    (void)ctx;
    if (!kr_str_equal(event->name, KR_STR("check-rdb")))
        return;
    *event->taken = true;
    if (event->argc != 2) {
        fprintf(stderr, "Usage: %s <rdb-file-name>\n", event->argv[0]);
        return;
    }
    if (strcmp(event->argv[1], "-v") == 0 ||
        strcmp(event->argv[1], "--version") == 0) {
        printf("redis-check-rdb %s\n", kr_info->identity("redis-version"));
        *event->status = 0;
        return;
    }
    *event->status = check_file(event->argv[1]);
}
