/* SPDX-License-Identifier: BSD-3-Clause */
/* memory - MEMORY: what takes how much. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_DEFAULT */
#endif

#include "server.h"

#include "commands.h"
#include "figures.h"
#include "page.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* --- MEMORY USAGE -------------------------------------------------------- */

#define SAMPLES_USUAL 5

/* SAMPLES count; false: an error has been replied. */
static bool memory_parse_samples(struct kr_call *call, int64_t *samples)
{
    *samples = SAMPLES_USUAL;
    for (uint32_t i = 3; i < call->argc; i += 2) {
        if (i + 1 == call->argc ||
            !kr_str_equal_nocase(call->argv[i], KR_STR("samples"))) {
            kr_reply_error(call->reply, KR_ERR_SYNTAX);
            return false;
        }
        if (!kr_text->to_int64(call->argv[i + 1], samples)) {
            kr_reply_error(call->reply, KR_ERR_NOT_INT);
            return false;
        }
        if (*samples < 0) {
            kr_reply_error(call->reply, KR_ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

void server_memory_usage(struct kr_call *call)
{
    struct kr_cell cell;
    int64_t samples;

    if (!memory_parse_samples(call, &samples))
        return;
    if (kr_keyspace->find_arg(call, 2, KR_FIND_QUIET, &cell))
        kr_reply_int64(call->reply, (int64_t)kr_keyspace->key_memory(
                                        &cell, (size_t)samples));
    else
        kr_reply_null(call->reply);
}

/* --- MEMORY STATS -------------------------------------------------------- */

struct memory_stats {
    struct kr_reply *reply;
    uint64_t pairs;
};

static void memory_int(struct memory_stats *stats, const char *name,
                       int64_t value)
{
    kr_reply_bulk(stats->reply, kr_cstr(name));
    kr_reply_int64(stats->reply, value);
    stats->pairs++;
}

static void memory_number(struct memory_stats *stats, const char *name,
                          double value)
{
    kr_reply_bulk(stats->reply, kr_cstr(name));
    stats->reply->ops->number(stats->reply, value);
    stats->pairs++;
}

static void memory_databases(struct memory_stats *stats)
{
    struct memory_stats inner = {.reply = stats->reply};
    char name[32];

    for (int32_t i = 0; i < kr_keyspace->db_count(); i++) {
        const kr_db *db = kr_keyspace->db(i);

        if (kr_keyspace->count(db) == 0)
            continue;
        snprintf(name, sizeof(name), "db.%d", (int)i);
        kr_reply_bulk(stats->reply, kr_cstr(name));
        kr_reply_map(stats->reply, 3);
        memory_int(&inner, "overhead.hashtable.main",
                   (int64_t)kr_keyspace->table_memory(db));
        memory_int(&inner, "overhead.hashtable.expires",
                   (int64_t)kr_keyspace->expiry_memory(db));
        memory_int(&inner, "overhead.hashtable.slot-to-keys", 0);
        stats->pairs++;
    }
}

/* What the allocator keeps to itself is not told apart from what the system
 * has not taken back: both are in `fragmentation`. */
static void memory_allocator(struct memory_stats *stats,
                             const struct figures *f)
{
    memory_int(stats, "allocator.allocated", f->used);
    memory_int(stats, "allocator.active", f->used);
    memory_int(stats, "allocator.resident", f->resident);
    memory_number(stats, "allocator-fragmentation.ratio", 1);
    memory_int(stats, "allocator-fragmentation.bytes", 0);
    memory_number(stats, "allocator-rss.ratio", f->fragmentation);
    memory_int(stats, "allocator-rss.bytes", f->resident - f->used);
    memory_number(stats, "rss-overhead.ratio", 1);
    memory_int(stats, "rss-overhead.bytes", 0);
    memory_number(stats, "fragmentation", f->fragmentation);
    memory_int(stats, "fragmentation.bytes", f->resident - f->used);
}

void server_memory_stats(struct kr_call *call)
{
    struct memory_stats stats = {.reply = call->reply};
    uint64_t token = call->reply->ops->defer(call->reply);
    struct figures f;

    figures_take(server_of(call), &f);
    memory_int(&stats, "peak.allocated", f.peak);
    memory_int(&stats, "total.allocated", f.used);
    memory_int(&stats, "startup.allocated", f.startup);
    memory_int(&stats, "replication.backlog", 0);
    memory_int(&stats, "clients.slaves", f.replicas);
    memory_int(&stats, "clients.normal", f.clients);
    memory_int(&stats, "cluster.links", 0);
    memory_int(&stats, "aof.buffer", 0);
    memory_int(&stats, "lua.caches", 0);
    memory_int(&stats, "functions.caches", 0);
    memory_databases(&stats);
    memory_int(&stats, "overhead.total", f.overhead);
    memory_int(&stats, "keys.count", (int64_t)f.keys);
    memory_int(&stats, "keys.bytes-per-key",
               f.keys > 0 ? (f.used - f.startup) / (int64_t)f.keys : 0);
    memory_int(&stats, "dataset.bytes", f.dataset);
    memory_number(&stats, "dataset.percentage", f.dataset_percent);
    memory_number(&stats, "peak.percentage", f.peak_percent);
    memory_allocator(&stats, &f);
    call->reply->ops->close(call->reply, token, KR_MAP, stats.pairs);
}

/* --- MEMORY DOCTOR ------------------------------------------------------- */

#define DOCTOR_SMALL (5 << 20) /* bytes: less says nothing of the ratios */

static void memory_examine(struct page *page, const struct figures *f)
{
    if (f->peak > f->used + f->used / 2)
        page_add(
            page,
            KR_STR(" * Peak: the server once used half as much again as "
                   "now. Until the allocator gives that back, the resident "
                   "size stays high: see MEMORY PURGE.\n"));
    if (f->fragmentation > 1.4)
        page_addf(page,
                  " * Fragmentation: the process takes %.2f times what the "
                  "server uses.\n",
                  f->fragmentation);
    if (f->connections > 0 && f->clients / (int64_t)f->connections > 200 * 1024)
        page_add(page, KR_STR(" * Clients: they take more than 200 KB each. "
                              "See CLIENT LIST for those that do not read "
                              "their replies.\n"));
    if (f->replicas > 0 && f->replicas > 10 << 20)
        page_add(page, KR_STR(" * Replicas and monitors: more than 10 MB wait "
                              "to be read by them.\n"));
}

void server_memory_doctor(struct kr_call *call)
{
    struct server *server = server_of(call);
    struct page page = {.self = server->self};
    struct figures f;

    figures_take(server, &f);
    if (f.used < DOCTOR_SMALL)
        page_add(&page, KR_STR("There is hardly any data in this server, so "
                               "its figures mean nothing. Fill it first.\n"));
    else
        memory_examine(&page, &f);
    if (page.size == 0)
        page_add(&page, KR_STR("No problem with memory was found.\n"));
    call->reply->ops->verbatim(call->reply, "txt", page_text(&page));
    page_free(&page);
}

/* --- The allocator ------------------------------------------------------- */

/* The host was built with one allocator or another; a module sees which by what
 * the process has. */
typedef int memory_mallctl(const char *name, void *old, size_t *old_size,
                           void *value, size_t size);
typedef void memory_stats_print(void (*write)(void *ctx, const char *text),
                                void *ctx, const char *options);

#define MEMORY_ALL_ARENAS "4096" /* jemalloc's number for all of them */

void server_memory_purge(struct kr_call *call)
{
    memory_mallctl *mallctl = (memory_mallctl *)dlsym(RTLD_DEFAULT, "mallctl");

    if (!mallctl) {
        (void)malloc_trim(0);
    } else if (mallctl("arena." MEMORY_ALL_ARENAS ".purge", NULL, NULL, NULL,
                       0) != 0) {
        kr_reply_error(call->reply, "ERR Error purging dirty pages");
        return;
    }
    kr_reply_ok(call->reply);
}

static void memory_take_line(void *ctx, const char *text)
{
    page_add(ctx, kr_cstr(text));
}

static void memory_print_libc(struct page *page)
{
    struct mallinfo2 info = mallinfo2();

    page_addf(page,
              "C library allocator\n"
              "from the heap:    %zu bytes\n"
              "mapped:           %zu bytes in %zu blocks\n"
              "in use:           %zu bytes\n"
              "free:             %zu bytes in %zu chunks\n"
              "could be trimmed: %zu bytes\n",
              info.arena, info.hblkhd, info.hblks, info.uordblks, info.fordblks,
              info.ordblks, info.keepcost);
}

void server_memory_malloc_stats(struct kr_call *call)
{
    memory_stats_print *print =
        (memory_stats_print *)dlsym(RTLD_DEFAULT, "malloc_stats_print");
    struct page page = {.self = server_of(call)->self};

    if (print)
        print(memory_take_line, &page, NULL);
    else
        memory_print_libc(&page);
    call->reply->ops->verbatim(call->reply, "txt", page_text(&page));
    page_free(&page);
}

void server_memory_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Comments on the use of memory, in plain words.",
        "MALLOC-STATS",
        "    What the allocator tells of itself.",
        "PURGE",
        "    Have the allocator give back what it does not need.",
        "STATS",
        "    What memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    The bytes that a key and its value take, reckoned from <count>",
        "    elements: 5 unless told, all of them for 0.",
    };

    kr_reply_help(call, "MEMORY", lines, KR_COUNT(lines));
}
