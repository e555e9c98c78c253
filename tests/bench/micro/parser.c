/* SPDX-License-Identifier: BSD-3-Clause */
/* bench/micro/parser - nanoseconds a command, by kind of input.
 *
 *     parser [seconds a row]
 *
 * A row parses a buffer of pipelined commands from its beginning to its end,
 * over and over; "in halves" cuts every command in two, so that each one is
 * left and taken up again.  The other rows are its neighbours on a command's
 * path: numbers, replies, checksums. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/resp/parser.h"
#include "core/resp/writer.h"
#include "core/text/buffer.h"
#include "core/text/crc16.h"
#include "core/text/crc64.h"
#include "core/text/number.h"

static double bench_seconds = 0.2;

static double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Keep the compiler from leaving out what makes `value`. */
static void bench_use(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Call `run` until the row's time is over; it returns how many it did. */
static void bench_row(const char *name, size_t (*run)(void *), void *what)
{
    double begin, now;
    size_t count = 0;

    run(what);
    begin = bench_now();
    do {
        for (int i = 0; i < 500; i++)
            count += run(what);
        now = bench_now();
    } while (now - begin < bench_seconds);
    printf("%-28s %8.1f ns\n", name, (now - begin) * 1e9 / (double)count);
}

/* --- Parsing ------------------------------------------------------------- */

struct pipeline {
    struct resp_parser parser;
    struct resp_args args;
    struct buffer wire;
    size_t command; /* bytes of each */
};

static const struct resp_limits limits = {1 << 29, RESP_LINE_MAX, true};

static size_t pipeline_run(void *what)
{
    struct pipeline *p = what;
    const char *data = p->wire.data;
    size_t size = p->wire.size, count = 0;

    while (size && resp_parse(&p->parser, &limits, data, size, &p->args) ==
                       RESP_COMMAND) {
        data += p->args.consumed;
        size -= p->args.consumed;
        bench_use((uint64_t)p->args.argc);
        count++;
    }
    return count;
}

static size_t pipeline_run_halves(void *what)
{
    struct pipeline *p = what;
    const char *data = p->wire.data;
    const char *end = data + p->wire.size;
    size_t count = 0;

    for (; data < end; data += p->command, count++) {
        if (resp_parse(&p->parser, &limits, data, p->command / 2, &p->args) !=
                RESP_MORE ||
            resp_parse(&p->parser, &limits, data, p->command, &p->args) !=
                RESP_COMMAND)
            abort();
        bench_use((uint64_t)p->args.argc);
    }
    return count;
}

static void pipeline_row(const char *name, const char *command, size_t times,
                         size_t (*run)(void *))
{
    struct pipeline p = {.command = strlen(command)};

    for (size_t i = 0; i < times; i++)
        buffer_append(&p.wire, kr_cstr(command));
    bench_row(name, run, &p);
    resp_args_fini(&p.args);
    buffer_free(&p.wire);
}

/* --- The neighbours ------------------------------------------------------ */

struct replies {
    struct resp_out out;
    char memory[4096];
};

static bool replies_more(struct resp_out *out, size_t need)
{
    struct replies *r = (struct replies *)out;

    (void)need;
    out->at = r->memory;
    out->end = r->memory + sizeof(r->memory);
    return true;
}

static size_t run_bulk(void *what)
{
    for (int i = 0; i < 1000; i++)
        resp_bulk(what, KR_STR("sixteen bytes..."));
    return 1000;
}

static size_t run_integer(void *what)
{
    for (int i = 0; i < 1000; i++)
        resp_integer(what, i * 1000);
    return 1000;
}

static size_t run_double(void *what)
{
    for (int i = 0; i < 1000; i++)
        resp_double(what, i * 0.37 + 0.01);
    return 1000;
}

static size_t run_parse_int64(void *what)
{
    int64_t value = 0;

    (void)what;
    for (int i = 0; i < 1000; i++) {
        number_parse_int64(KR_STR("1234567890"), &value);
        bench_use((uint64_t)value);
    }
    return 1000;
}

static size_t run_parse_double(void *what)
{
    double value = 0;

    (void)what;
    for (int i = 0; i < 1000; i++) {
        number_parse_double(KR_STR("1234.5678"), &value);
        bench_use((uint64_t)value);
    }
    return 1000;
}

static size_t run_slot(void *what)
{
    (void)what;
    for (int i = 0; i < 1000; i++)
        bench_use(crc16_slot(KR_STR("key:000000012345")));
    return 1000;
}

static size_t run_crc64(void *what)
{
    static const char kilobyte[1024];

    (void)what;
    for (int i = 0; i < 100; i++)
        bench_use(crc64((uint64_t)i, kr_str(kilobyte, sizeof(kilobyte))));
    return 100;
}

int main(int argc, char **argv)
{
    static struct replies replies = {.out = {.more = replies_more}};
    const char *get = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n";
    const char *set = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n"
                      "$16\r\nsixteen bytes...\r\n";
    const char *mset =
        "*12\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$2\r\nf1\r\n$2\r\nv1\r\n"
        "$2\r\nf2\r\n$2\r\nv2\r\n$2\r\nf3\r\n$2\r\nv3\r\n"
        "$2\r\nf4\r\n$2\r\nv4\r\n$2\r\nf5\r\n$2\r\nv5\r\n";

    if (argc > 1)
        bench_seconds = atof(argv[1]);
    replies.out.protocol = 3;
    pipeline_row("GET, one", get, 1, pipeline_run);
    pipeline_row("GET, 16 in a pipeline", get, 16, pipeline_run);
    pipeline_row("SET, one", set, 1, pipeline_run);
    pipeline_row("SET, 16 in a pipeline", set, 16, pipeline_run);
    pipeline_row("SET, 1000 in a pipeline", set, 1000, pipeline_run);
    pipeline_row("SET, in halves", set, 16, pipeline_run_halves);
    pipeline_row("HSET of 5 fields", mset, 16, pipeline_run);
    pipeline_row("PING inline", "PING\r\n", 16, pipeline_run);
    bench_row("write bulk of 16", run_bulk, &replies);
    bench_row("write integer", run_integer, &replies);
    bench_row("write double", run_double, &replies);
    bench_row("parse int64", run_parse_int64, NULL);
    bench_row("parse double", run_parse_double, NULL);
    bench_row("slot of a key of 16", run_slot, NULL);
    bench_row("crc64 of 1 KiB", run_crc64, NULL);
    return 0;
}
