/* SPDX-License-Identifier: BSD-3-Clause */
/* info_server - INFO server, cpu, modules and cluster: the process and what it
 * is made of. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RUSAGE_THREAD */
#endif

#include "info.h"

#include "page.h"
#include "server.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- server -------------------------------------------------------------- */

static void info_versions(struct kr_info_out *out)
{
    static const struct info_constant rows[] = {
        {"server_name", "keyrack"},   {"redis_git_sha1", "00000000"},
        {"redis_git_dirty", "0"},     {"redis_build_id", "0"},
        {"redis_mode", "standalone"},
    };

    out->field(out, "redis_version",
               kr_cstr(kr_info->identity("redis-version")));
    out->field(out, "keyrack_version", kr_cstr(kr_info->identity("version")));
    info_constants(out, rows, KR_COUNT(rows));
}

static void info_platform(const struct server *server, struct kr_info_out *out)
{
    if (server->system[0] != '\0')
        out->field(out, "os", kr_cstr(server->system));
    out->field_int(out, "arch_bits", (int64_t)sizeof(void *) * 8);
    out->field(out, "monotonic_clock", KR_STR("POSIX clock_gettime"));
    out->field(out, "multiplexing_api", KR_STR("epoll"));
    out->field(out, "atomicvar_api", KR_STR("c11-builtin"));
#if defined(__GNUC__) && !defined(__clang__)
    kr_info_fieldf(out, "gcc_version", "%d.%d.%d", __GNUC__, __GNUC_MINOR__,
                   __GNUC_PATCHLEVEL__);
#else
    out->field(out, "gcc_version", KR_STR("0.0.0"));
#endif
}

static void info_times(const struct server *server, struct kr_info_out *out)
{
    struct kr_host_stats stats = {.size = sizeof(stats)};
    int64_t now_us = kr_loop->wall_us(), start_ms, up_sec;

    kr_info->stats(&stats);
    start_ms = stats.start_ms > 0 ? stats.start_ms : server->started_ms;
    up_sec = (now_us / 1000 - start_ms) / 1000;
    out->field_int(out, "server_time_usec", now_us);
    out->field_int(out, "uptime_in_seconds", up_sec);
    out->field_int(out, "uptime_in_days", up_sec / 86400);
    out->field_int(out, "hz", server_param_int("hz", 10));
    out->field_int(out, "configured_hz", server_param_int("hz", 10));
    out->field_int(out, "lru_clock", now_us / 1000000 & 0xffffff);
}

/* One line for each way in: listener0:name=tcp,bind=127.0.0.1,port=6379 */
static void info_listeners(struct kr_info_out *out)
{
    char bind[256], path[256], value[512];
    int64_t port = server_param_int("port", 0);
    unsigned n = 0;

    if (port > 0) {
        size_t used = (size_t)snprintf(value, sizeof(value), "name=tcp");

        (void)server_param("bind", bind, sizeof(bind));
        for (char *rest = bind, *word; (word = strtok_r(rest, " ", &rest));)
            used += (size_t)snprintf(value + used, sizeof(value) - used,
                                     ",bind=%s", word);
        snprintf(value + used, sizeof(value) - used, ",port=%" PRId64, port);
        out->field(out, "listener0", kr_cstr(value));
        n++;
    }
    if (server_param("unixsocket", path, sizeof(path)) && path[0] != '\0') {
        char name[32];

        snprintf(name, sizeof(name), "listener%u", n);
        kr_info_fieldf(out, name, "name=unix,bind=%s", path);
    }
}

void info_fill_server(void *ctx, struct kr_info_out *out)
{
    const struct server *server = ctx;
    struct kr_str file = kr_config->file();

    info_versions(out);
    info_platform(server, out);
    out->field_int(out, "process_id", (int64_t)getpid());
    out->field(out, "process_supervised", KR_STR("no"));
    out->field(out, "run_id", kr_cstr(kr_info->identity("run-id")));
    out->field_int(out, "tcp_port", server_param_int("port", 0));
    info_times(server, out);
    out->field(out, "executable", kr_cstr(server->executable));
    out->field(out, "config_file", file);
    out->field_int(out, "io_threads_active", 0);
    info_listeners(out);
}

/* --- cpu ----------------------------------------------------------------- */

static void info_cpu_field(struct kr_info_out *out, const char *name,
                           struct timeval time)
{
    kr_info_fieldf(out, name, "%ld.%06ld", (long)time.tv_sec,
                   (long)time.tv_usec);
}

void info_fill_cpu(void *ctx, struct kr_info_out *out)
{
    struct rusage self = {0}, children = {0}, thread = {0};

    (void)ctx;
    (void)getrusage(RUSAGE_SELF, &self);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    (void)getrusage(RUSAGE_THREAD, &thread);
    info_cpu_field(out, "used_cpu_sys", self.ru_stime);
    info_cpu_field(out, "used_cpu_user", self.ru_utime);
    info_cpu_field(out, "used_cpu_sys_children", children.ru_stime);
    info_cpu_field(out, "used_cpu_user_children", children.ru_utime);
    info_cpu_field(out, "used_cpu_sys_main_thread", thread.ru_stime);
    info_cpu_field(out, "used_cpu_user_main_thread", thread.ru_utime);
}

/* --- modules and cluster ------------------------------------------------- */

struct info_modules {
    struct kr_info_out *out;
    bool standard; /* also those that are the server's own */
};

static bool info_module(kr_module *module, void *ctx)
{
    struct kr_module_info info = {.size = sizeof(info)};
    const struct info_modules *modules = ctx;
    struct info_line line;

    if (!modules->standard && kr_modules->flags(module) & KR_MODULE_STANDARD)
        return true;

    line.size = 0;
    kr_modules->info(module, &info);
    info_line_add(&line, KR_STR("name="));
    info_line_add(&line, kr_cstr(info.name));
    info_line_int(&line, KR_STR(",ver="), info.version);
    info_line_int(&line, KR_STR(",api="), KR_GENERATION);
    info_line_add(&line, KR_STR(",filters=0,usedby=[],using=[],options=[]"));
    info_line_int(&line, KR_STR(",calls="), info.calls);
    info_line_int(&line, KR_STR(",usec="), info.nsec / 1000);
    info_line_int(&line, KR_STR(",errors="), info.errors);
    info_line_int(&line, KR_STR(",memory="), info.memory);
    info_line_int(&line, KR_STR(",keys="), info.keys);
    info_line_int(&line, KR_STR(",handler_usec="), info.handler_nsec / 1000);
    info_line_int(&line, KR_STR(",job_usec="), info.job_nsec / 1000);
    info_line_int(&line, KR_STR(",overruns="), info.overruns);
    info_line_int(&line, KR_STR(",jobs="), info.jobs);
    info_line_int(&line, KR_STR(",timers="), info.timers);
    info_line_int(&line, KR_STR(",waiting="), info.waiting);
    modules->out->field(modules->out, "module", info_line_text(&line));
    return true;
}

/* Who asks for nothing in particular sees the modules that somebody has loaded,
 * as HELLO names them: all that he would see of Redis. */
void info_fill_modules(void *ctx, struct kr_info_out *out)
{
    const struct server *server = ctx;
    struct info_modules modules = {out, server->info_of_standard};

    kr_modules->each(info_module, &modules);
}

void info_fill_cluster(void *ctx, struct kr_info_out *out)
{
    (void)ctx;
    out->field_int(out, "cluster_enabled", 0);
}
