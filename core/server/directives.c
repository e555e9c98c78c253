/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/directives.h"

#include "core/config/config.h"
#include "core/config/rewrite.h"
#include "core/config/value.h"
#include "core/dispatch/call.h"
#include "core/dispatch/latency.h"
#include "core/keyspace/keyspace.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/module/usage.h"
#include "core/net/client.h"
#include "core/net/listen.h"
#include "core/rack/deny.h"
#include "core/rack/rack.h"
#include "core/server/limits.h"
#include "core/text/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <kr/loop.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define HZ_MIN            1
#define HZ_MAX            500
#define HZ_CLIENTS_A_TICK 200
#define BINDS_MAX         16

struct directives directives;
static bool directives_are_serving;

/* The arguments that every check() and apply() has. */
#define WORDS                                                                  \
    void *state, uint32_t argc, const struct kr_str *argv, const char **error

static bool refuse(const char **error, const char *why)
{
    *error = why;
    return false;
}

/* --- Listening ----------------------------------------------------------- */

static bool port_apply(WORDS)
{
    char why[256];

    (void)state, (void)argc, (void)argv;
    return !directives_are_serving || listen_reopen(why, sizeof(why)) ||
           refuse(error, "Unable to listen on this port. Check server logs.");
}

static bool bind_check(WORDS)
{
    (void)state, (void)argv;
    return argc <= BINDS_MAX ||
           refuse(error, "Too many bind addresses specified.");
}

static bool bind_apply(WORDS)
{
    char why[256];

    (void)state, (void)argc, (void)argv;
    return !directives_are_serving || listen_reopen(why, sizeof(why)) ||
           refuse(error, "Failed to bind to specified addresses.");
}

/* --- Clients ------------------------------------------------------------- */

static bool maxclients_apply(WORDS)
{
    static char why[128]; /* a CONFIG SET at a time, and copied at once */
    int64_t wanted = client_settings.maxclients;

    (void)state, (void)argc, (void)argv;
    if (!directives_are_serving ||
        (limits_raise_files(&client_settings.maxclients, why, sizeof(why)) &&
         client_settings.maxclients == wanted))
        return true;
    snprintf(why, sizeof(why),
             "The operating system is not able to handle the specified number "
             "of clients, try with %" PRId64,
             client_settings.maxclients);
    return refuse(error, why);
}

static const struct {
    const char *name;
    enum client_class class;
} limit_classes[] = {
    {"normal", CLASS_NORMAL},
    {"slave", CLASS_REPLICA}, /* as CONFIG GET has it */
    {"pubsub", CLASS_PUBSUB},
    {"replica", CLASS_REPLICA},
};

/* One class and its three numbers. */
static bool limit_parse(const struct kr_str *argv,
                        struct output_limit limits[CLASS_COUNT],
                        const char **error)
{
    struct output_limit *limit = NULL;
    uint64_t hard, soft;
    int64_t seconds;

    for (size_t i = 0; i < KR_COUNT(limit_classes); i++)
        if (kr_str_equal_nocase(argv[0], kr_cstr(limit_classes[i].name)))
            limit = &limits[limit_classes[i].class];
    if (!limit)
        return refuse(error, "Invalid client class specified in buffer limit "
                             "configuration.");
    if (!number_parse_memory(argv[1], &hard) || hard > INT64_MAX ||
        !number_parse_memory(argv[2], &soft) || soft > INT64_MAX ||
        !number_parse_int64(argv[3], &seconds) || seconds < 0)
        return refuse(error, "Error in hard, soft or soft_seconds setting in "
                             "buffer limit configuration.");
    *limit = (struct output_limit){(int64_t)hard, (int64_t)soft, seconds};
    return true;
}

static bool limits_parse(uint32_t argc, const struct kr_str *argv,
                         struct output_limit limits[CLASS_COUNT],
                         const char **error)
{
    if (argc == 1 && argv[0].size == 0)
        return true; /* CONFIG SET with nothing changes nothing */
    if (argc == 0 || argc % 4 != 0)
        return refuse(error, "Wrong number of arguments in buffer limit "
                             "configuration.");
    for (uint32_t i = 0; i < argc; i += 4)
        if (!limit_parse(argv + i, limits, error))
            return false;
    return true;
}

static bool limits_check(WORDS)
{
    struct output_limit limits[CLASS_COUNT];

    (void)state;
    return limits_parse(argc, argv, limits, error);
}

static bool limits_apply(WORDS)
{
    (void)state;
    return limits_parse(argc, argv, client_settings.limits, error);
}

static void limits_print(void *state, struct kr_reply *out)
{
    (void)state;
    for (int i = 0; i < CLASS_COUNT; i++) {
        const struct output_limit *limit =
            &client_settings.limits[limit_classes[i].class];
        char text[128];
        int n = snprintf(text, sizeof(text),
                         "%s%s %" PRId64 " %" PRId64 " %" PRId64, i ? " " : "",
                         limit_classes[i].name, limit->hard, limit->soft,
                         limit->soft_seconds);

        out->ops->raw(out, kr_str(text, (size_t)n));
    }
}

static void limits_lines(void *state, struct kr_reply *out)
{
    static const char *const names[CLASS_COUNT] = {
        [CLASS_NORMAL] = "normal",
        [CLASS_REPLICA] = "replica",
        [CLASS_PUBSUB] = "pubsub",
    };
    struct buffer line = {0};

    (void)state;
    for (int i = 0; i < CLASS_COUNT; i++) {
        const struct output_limit *limit = &client_settings.limits[i];

        buffer_clear(&line);
        buffer_printf(&line, "%s ", names[i]);
        value_print_memory(&line, limit->hard);
        buffer_append_char(&line, ' ');
        value_print_memory(&line, limit->soft);
        buffer_printf(&line, " %" PRId64, limit->soft_seconds);
        out->ops->status(out, buffer_str(&line));
    }
    buffer_free(&line);
}

/* --- Memory -------------------------------------------------------------- */

static void maxmemory_arm(void)
{
    if (keyspace_settings.maxmemory > 0)
        call_alerts |= ALERT_MEMORY;
    else
        call_alerts &= ~ALERT_MEMORY;
}

static bool maxmemory_apply(WORDS)
{
    size_t used = memory_used();

    (void)state, (void)argc, (void)argv, (void)error;
    maxmemory_arm();
    if (keyspace_settings.maxmemory > 0 &&
        used > (size_t)keyspace_settings.maxmemory)
        log_warning("WARNING: the new maxmemory value set via CONFIG SET "
                    "(%" PRId64 ") is smaller than the current memory usage "
                    "(%zu). This will result in key eviction and/or the "
                    "inability to accept new write commands depending on the "
                    "maxmemory-policy.",
                    keyspace_settings.maxmemory, used);
    return true;
}

/* --- Time, log, process -------------------------------------------------- */

static void hz_clamp(void)
{
    if (directives.hz < HZ_MIN)
        directives.hz = HZ_MIN;
    if (directives.hz > HZ_MAX)
        directives.hz = HZ_MAX;
}

static bool hz_apply(WORDS)
{
    (void)state, (void)argc, (void)argv, (void)error;
    hz_clamp();
    return true;
}

int64_t directive_hz(void)
{
    int64_t hz = directives.hz;

    while (directives.dynamic_hz && hz < HZ_MAX &&
           (int64_t)client_count() / hz > HZ_CLIENTS_A_TICK)
        hz *= 2;
    return hz > HZ_MAX ? HZ_MAX : hz;
}

static bool log_level_apply(WORDS)
{
    (void)state, (void)argc, (void)argv, (void)error;
    log_set_level((enum log_level)directives.log_level);
    return true;
}

static bool oom_apply(WORDS)
{
    (void)state, (void)argc, (void)argv;
    return limits_adjust_oom(&directives) ||
           refuse(error, "Failed to apply new oom_score_adj configuration, "
                         "check server logs.");
}

static bool oom_values_parse(uint32_t argc, const struct kr_str *argv,
                             int64_t values[3], const char **error)
{
    if (argc != 3)
        return refuse(error, "wrong number of arguments");
    for (int i = 0; i < 3; i++)
        if (!number_parse_int64(argv[i], &values[i]) || values[i] < -2000 ||
            values[i] > 2000)
            return refuse(error, "Invalid oom-score-adj-values, elements must "
                                 "be between -2000 and 2000.");
    return true;
}

/* SAVE and NOSAVE exclude each other. */
static bool shutdown_check(WORDS)
{
    bool save = false, nosave = false;

    (void)state;
    for (uint32_t i = 0; i < argc; i++) {
        save |= kr_str_equal_nocase(argv[i], KR_STR("save"));
        nosave |= kr_str_equal_nocase(argv[i], KR_STR("nosave"));
    }
    if (save && nosave)
        *error = "shutdown options SAVE and NOSAVE can't be used "
                 "simultaneously";
    return !(save && nosave);
}

static bool oom_values_check(WORDS)
{
    int64_t values[3];

    (void)state;
    return oom_values_parse(argc, argv, values, error);
}

static bool oom_values_apply(WORDS)
{
    (void)state;
    if (!oom_values_parse(argc, argv, directives.oom_values, error))
        return false;
    return !directives_are_serving || limits_adjust_oom(&directives) ||
           refuse(error, "Failed to apply new oom_score_adj configuration, "
                         "check server logs.");
}

static void oom_values_print(void *state, struct kr_reply *out)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %" PRId64,
                     directives.oom_values[0], directives.oom_values[1],
                     directives.oom_values[2]);

    (void)state;
    out->ops->raw(out, kr_str(text, (size_t)n));
}

static bool proc_title_knows(struct kr_str name)
{
    static const char *const names[] = {
        "title",    "listen-addr", "server-mode", "port",
        "tls-port", "unixsocket",  "config-file",
    };

    for (size_t i = 0; i < KR_COUNT(names); i++)
        if (kr_str_equal(name, kr_cstr(names[i])))
            return true;
    return false;
}

/* Something to show, each {word} known; "{{" is a plain brace, and so is a
 * closing one that stands alone. */
static bool proc_title_is_valid(struct kr_str text)
{
    bool blank = true;

    for (size_t i = 0; i < text.size; i++) {
        const char *end;

        blank &= text.data[i] == ' ';
        if (text.data[i] != '{')
            continue;
        i++;
        if (i < text.size && text.data[i] == '{')
            continue;
        end = i < text.size ? memchr(text.data + i, '}', text.size - i) : NULL;
        if (!end || !proc_title_knows(
                        kr_str(text.data + i, (size_t)(end - text.data) - i)))
            return false;
        i = (size_t)(end - text.data);
    }
    return !blank;
}

static bool proc_title_check(WORDS)
{
    (void)state, (void)argc;
    return proc_title_is_valid(argv[0]) ||
           refuse(error, "template format is invalid or contains unknown "
                         "variables");
}

/* --- The working folder -------------------------------------------------- */

static char *dir_of(uint32_t argc, const struct kr_str *argv)
{
    struct buffer path = {0};
    size_t size;

    for (uint32_t i = 0; i < argc; i++) {
        if (i)
            buffer_append_char(&path, ' ');
        buffer_append(&path, argv[i]);
    }
    return buffer_steal(&path, &size);
}

static bool dir_check(WORDS)
{
    char *path = dir_of(argc, argv);
    struct stat info;
    bool fine = stat(path, &info) == 0;

    (void)state;
    if (fine && !S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        fine = false;
    }
    fine = fine && access(path, X_OK) == 0;
    if (!fine)
        *error = strerror(errno);
    memory_free(path);
    return fine;
}

static bool dir_apply(WORDS)
{
    char *path = dir_of(argc, argv);
    bool fine = chdir(path) == 0;

    (void)state;
    if (!fine)
        *error = strerror(errno);
    memory_free(path);
    return fine;
}

static void dir_print(void *state, struct kr_reply *out)
{
    char path[PATH_MAX];

    (void)state;
    if (getcwd(path, sizeof(path)))
        out->ops->raw(out, kr_cstr(path));
}

static void dir_lines(void *state, struct kr_reply *out)
{
    struct buffer line = {0};
    char path[PATH_MAX];

    (void)state;
    if (getcwd(path, sizeof(path))) {
        value_print_word(&line, kr_cstr(path));
        out->ops->status(out, buffer_str(&line));
    }
    buffer_free(&line);
}

/* --- Percentiles of INFO latencystats ------------------------------------ */

static bool percentiles_parse(uint32_t argc, const struct kr_str *argv,
                              struct directives *to, const char **error)
{
    if (argc == 1 && argv[0].size == 0)
        argc = 0;
    if (argc > DIRECTIVE_PERCENTILES_MAX)
        return refuse(error, "Invalid latency-tracking-info-percentiles "
                             "parameters");
    for (uint32_t i = 0; i < argc; i++) {
        if (!number_parse_double(argv[i], &to->percentiles[i]))
            return refuse(error, "Invalid latency-tracking-info-percentiles "
                                 "parameters");
        if (to->percentiles[i] < 0 || to->percentiles[i] > 100)
            return refuse(error, "latency-tracking-info-percentiles parameters "
                                 "should sit between [0.0,100.0]");
    }
    to->percentile_count = argc;
    return true;
}

static bool percentiles_check(WORDS)
{
    struct directives scratch;

    (void)state;
    return percentiles_parse(argc, argv, &scratch, error);
}

static bool percentiles_apply(WORDS)
{
    (void)state;
    return percentiles_parse(argc, argv, &directives, error);
}

static void percentiles_print(void *state, struct kr_reply *out)
{
    (void)state;
    for (uint32_t i = 0; i < directives.percentile_count; i++) {
        char text[64];
        int n = snprintf(text, sizeof(text), "%s%g", i ? " " : "",
                         directives.percentiles[i]);

        out->ops->raw(out, kr_str(text, (size_t)n));
    }
}

/* --- Modules ------------------------------------------------------------- */

static bool modules_are_in(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool found = false;

    while (!found && folder && (entry = readdir(folder))) {
        size_t size = strlen(entry->d_name);

        found = size > 3 && strcmp(entry->d_name + size - 3, ".so") == 0;
    }
    if (folder)
        closedir(folder);
    return found;
}

/* A server that runs where it was built has its modules beside it. */
static void modules_default_dir(char path[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash;

    if (n > 0) {
        path[n] = '\0';
        slash = strrchr(path, '/');
        if (slash && (size_t)(slash - path) + sizeof("/modules") <= PATH_MAX) {
            strcpy(slash, "/modules");
            if (modules_are_in(path))
                return;
        }
    }
    snprintf(path, PATH_MAX, "%s", KEYRACK_MODULEDIR);
}

bool directive_loads_module(struct kr_str name)
{
    const char *at = directives.load_modules;
    bool loads = false;

    for (;;) {
        const char *end = strchrnul(at, ' ');
        struct kr_str word = kr_str(at, (size_t)(end - at));
        bool without = word.size > 0 && *at == '-';

        if (without)
            word = kr_str(at + 1, word.size - 1);
        if (kr_str_equal(word, name) || kr_str_equal(word, KR_STR("*")))
            loads = !without;
        if (!*end)
            return loads;
        at = end + 1;
    }
}

static bool deny_directive_check(WORDS)
{
    (void)state;
    return rack_check_denied(argc, argv, error);
}

static bool deny_directive_apply(WORDS)
{
    (void)state, (void)error;
    rack_deny(argc, argv);
    return true;
}

static void deny_directive_print(void *state, struct kr_reply *out)
{
    (void)state;
    deny_print(out);
}

static void deny_directive_lines(void *state, struct kr_reply *out)
{
    (void)state;
    deny_lines(out);
}

static bool time_limit_apply(WORDS)
{
    (void)state, (void)argc, (void)argv, (void)error;
    usage_set_limit_ms(directives.module_time_limit_ms);
    return true;
}

bool directive_module_command_allowed(const struct kr_call *call)
{
    return config_allowed(KR_STR("enable-module-command"), call);
}

/* --- The table ----------------------------------------------------------- */
/* clang-format off */

static const struct kr_word allowed_words[] = {
    {"no", 0}, {"yes", 1}, {"local", 2},
};
static const struct kr_word log_level_words[] = {
    {"debug", LOG_DEBUG_}, {"verbose", LOG_VERBOSE_}, {"notice", LOG_NOTICE_},
    {"warning", LOG_WARNING_}, {"nothing", LOG_WARNING_ + 1},
};
static const struct kr_word shutdown_words[] = {
    {"default", 0},
    {"save", KR_SHUTDOWN_SAVE},
    {"nosave", KR_SHUTDOWN_NOSAVE},
    {"now", KR_SHUTDOWN_NOW},
    {"force", KR_SHUTDOWN_FORCE},
};
static const struct kr_word oom_words[] = {
    {"no", OOM_ADJUST_NO}, {"yes", OOM_ADJUST_RELATIVE},
    {"relative", OOM_ADJUST_RELATIVE}, {"absolute", OOM_ADJUST_ABSOLUTE},
};
static const struct kr_word policy_words[] = { /* ORDER: as refusals list them */
    {"volatile-lru", POLICY_VOLATILE_LRU},
    {"volatile-lfu", POLICY_VOLATILE_LFU},
    {"volatile-random", POLICY_VOLATILE_RANDOM},
    {"volatile-ttl", POLICY_VOLATILE_TTL},
    {"allkeys-lru", POLICY_ALLKEYS_LRU},
    {"allkeys-lfu", POLICY_ALLKEYS_LFU},
    {"allkeys-random", POLICY_ALLKEYS_RANDOM},
    {"noeviction", POLICY_NOEVICTION},
};
static const struct kr_word supervised_words[] = {
    {"upstart", SUPERVISED_UPSTART}, {"systemd", SUPERVISED_SYSTEMD},
    {"auto", SUPERVISED_AUTO}, {"no", SUPERVISED_NO},
};
static const struct kr_word syslog_words[] = {
    {"user", LOG_USER},     {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
    {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

#define ROW(kind, label, where, text, ...)                                     \
    {.name = (label), .type = KR_PARAM_##kind, .slot = (where),                \
     .initial = (text), __VA_ARGS__}
#define NUMBER(kind, label, where, text, low, high, ...)                       \
    ROW(kind, label, where, text, .min = (low), .max = (high), __VA_ARGS__)
#define WORD(label, where, text, table, ...)                                   \
    ROW(ENUM, label, where, text, .words = KR_ROWS(table), __VA_ARGS__)
#define IMMUTABLE .flags = KR_PARAM_IMMUTABLE
/* Not in Redis: what sets again all that CONFIG GET * has shown must not meet
 * it. */
#define OWN .flags = KR_PARAM_IMMUTABLE | KR_PARAM_HIDDEN

static const struct kr_param directive_rows[] = {
    /* Listening */
    NUMBER(INT, "port", &listen_settings.port, "6379", 0, 65535,
           .apply = port_apply),
    ROW(SPECIAL, "bind", &listen_settings.binds, "* -::*",
        .check = bind_check, .apply = bind_apply),
    ROW(STRING, "unixsocket", &listen_settings.unix_path, "", IMMUTABLE),
    NUMBER(OCTAL, "unixsocketperm", &listen_settings.unix_mode, "0", 0, 0777,
           IMMUTABLE),
    NUMBER(INT, "tcp-backlog", &listen_settings.backlog, "511", 0, INT_MAX,
           IMMUTABLE),

    /* Clients */
    NUMBER(INT, "maxclients", &client_settings.maxclients, "10000", 1, UINT_MAX,
           .apply = maxclients_apply),
    NUMBER(INT, "timeout", &client_settings.timeout, "0", 0, INT_MAX,),
    NUMBER(INT, "tcp-keepalive", &client_settings.keepalive, "300", 0, INT_MAX,),
    ROW(BOOL, "protected-mode", &client_settings.protected_mode, "yes",),
    NUMBER(MEMORY, "proto-max-bulk-len", &client_settings.bulk_max, "512mb",
           1 << 20, INT64_MAX,),
    NUMBER(MEMORY, "client-query-buffer-limit", &client_settings.input_max,
           "1gb", 1 << 20, INT64_MAX,),
    NUMBER(MEMORY, "maxmemory-clients", &client_settings.maxmemory_clients, "0",
           -100, INT64_MAX, .flags = KR_PARAM_PERCENT),
    ROW(SPECIAL, "client-output-buffer-limit", NULL,
        "normal 0 0 0 replica 256mb 64mb 60 pubsub 32mb 8mb 60",
        .flags = KR_PARAM_MULTI, .check = limits_check, .apply = limits_apply,
        .print = limits_print, .lines = limits_lines),

    /* Memory, expiry, eviction */
    NUMBER(INT, "databases", &keyspace_settings.databases, "16", 1, INT_MAX,
           IMMUTABLE),
    NUMBER(MEMORY, "maxmemory", &keyspace_settings.maxmemory, "0", 0, INT64_MAX,
           .apply = maxmemory_apply),
    WORD("maxmemory-policy", &keyspace_settings.policy, "noeviction",
         policy_words,),
    NUMBER(INT, "maxmemory-samples", &keyspace_settings.samples, "5", 1,
           INT_MAX,),
    NUMBER(INT, "maxmemory-eviction-tenacity", &keyspace_settings.tenacity,
           "10", 0, 100,),
    NUMBER(INT, "lfu-log-factor", &keyspace_settings.lfu_log_factor, "10", 0,
           INT_MAX,),
    NUMBER(INT, "lfu-decay-time", &keyspace_settings.lfu_decay_time, "1", 0,
           INT_MAX,),
    ROW(BOOL, "lazyfree-lazy-expire", &keyspace_settings.lazy_expire, "no",),
    ROW(BOOL, "lazyfree-lazy-eviction", &keyspace_settings.lazy_evict, "no",),
    ROW(BOOL, "lazyfree-lazy-server-del", &keyspace_settings.lazy_server_del,
        "no",),
    ROW(BOOL, "lazyfree-lazy-user-del", &keyspace_settings.lazy_user_del, "no",),
    ROW(BOOL, "lazyfree-lazy-user-flush", &keyspace_settings.lazy_user_flush,
        "no",),
    NUMBER(INT, "active-expire-effort", &keyspace_settings.active_expire_effort,
           "1", 1, 10,),
    ROW(BOOL, "debug-config-rewrite-force-all", &rewrite_settings.all, "no",
        .flags = KR_PARAM_HIDDEN | KR_PARAM_VOLATILE),
    ROW(BOOL, "debug-pause-cron", &directives.pause_cron, "no",
        .flags = KR_PARAM_HIDDEN | KR_PARAM_VOLATILE),
    ROW(BOOL, "debug-set-active-expire", &keyspace_settings.active_expire,
        "yes", .flags = KR_PARAM_HIDDEN | KR_PARAM_VOLATILE),

    /* Time */
    NUMBER(INT, "hz", &directives.hz, "10", 0, INT_MAX, .apply = hz_apply),
    ROW(BOOL, "dynamic-hz", &directives.dynamic_hz, "yes",),
    ROW(BOOL, "latency-tracking", &latency_enabled, "yes",),
    ROW(SPECIAL, "latency-tracking-info-percentiles", NULL, "50 99 99.9",
        .check = percentiles_check, .apply = percentiles_apply,
        .print = percentiles_print),

    /* Log */
    WORD("loglevel", &directives.log_level, "notice", log_level_words,
         .apply = log_level_apply),
    ROW(STRING, "logfile", &directives.logfile, "", IMMUTABLE),
    ROW(BOOL, "syslog-enabled", &directives.syslog, "no", IMMUTABLE),
    ROW(STRING, "syslog-ident", &directives.syslog_ident, "redis", IMMUTABLE),
    WORD("syslog-facility", &directives.syslog_facility, "local0", syslog_words,
         IMMUTABLE),
    ROW(BOOL, "always-show-logo", &directives.always_show_logo, "no", IMMUTABLE),
    ROW(BOOL, "crash-log-enabled", &directives.crash_log, "yes",),
    ROW(BOOL, "crash-memcheck-enabled", &directives.crash_memcheck, "yes",),

    /* The process */
    WORD("shutdown-on-sigint", &directives.on_sigint, "default",
         shutdown_words, .flags = KR_PARAM_WORDS, .check = shutdown_check),
    WORD("shutdown-on-sigterm", &directives.on_sigterm, "default",
         shutdown_words, .flags = KR_PARAM_WORDS, .check = shutdown_check),
    ROW(BOOL, "daemonize", &directives.daemonize, "no", IMMUTABLE),
    WORD("supervised", &directives.supervised, "no", supervised_words,
         IMMUTABLE),
    ROW(STRING, "pidfile", &directives.pidfile, "", IMMUTABLE),
    ROW(SPECIAL, "dir", NULL, NULL,
        .flags = KR_PARAM_PROTECTED | KR_PARAM_SETTLED,
        .check = dir_check, .apply = dir_apply, .print = dir_print,
        .lines = dir_lines),
    ROW(BOOL, "disable-thp", &directives.disable_thp, "yes", IMMUTABLE),
    WORD("oom-score-adj", &directives.oom_adjust, "no", oom_words,
         .apply = oom_apply),
    ROW(SPECIAL, "oom-score-adj-values", NULL, "0 200 800",
        .check = oom_values_check, .apply = oom_values_apply,
        .print = oom_values_print),
    ROW(BOOL, "set-proc-title", &directives.set_proc_title, "yes", IMMUTABLE),
    ROW(STRING, "proc-title-template", &directives.proc_title_template,
        "\"{title} {listen-addr} {server-mode}\"", .check = proc_title_check),

    /* What clients may do */
    WORD("enable-debug-command", &directives.enable_debug_command, "no",
         allowed_words, IMMUTABLE),
    WORD("enable-module-command", &directives.enable_module_command, "local",
         allowed_words, IMMUTABLE),
    WORD("enable-protected-configs", &directives.enable_protected_configs, "no",
         allowed_words, IMMUTABLE),

    /* Modules */
    ROW(SPECIAL, "load-modules", &directives.load_modules, "*", OWN),
    ROW(SPECIAL, "module-allow-dirs", &directives.module_allow_dirs, "", OWN),
    ROW(SPECIAL, "module-deny", NULL, "",
        .flags = KR_PARAM_HIDDEN | KR_PARAM_MULTI,
        .check = deny_directive_check, .apply = deny_directive_apply,
        .print = deny_directive_print, .lines = deny_directive_lines),
    NUMBER(INT, "module-time-limit", &directives.module_time_limit_ms, "100", 0,
           INT_MAX, .flags = KR_PARAM_HIDDEN, .apply = time_limit_apply),
};

/* clang-format on */

/* A default that is known only now, so it is no constant. */
static bool modules_dir_register(char *error, size_t size)
{
    static char initial[2 * PATH_MAX]; /* borrowed by the registry */
    struct kr_param row = {.name = "modules-dir",
                           .type = KR_PARAM_STRING,
                           OWN,
                           .slot = &directives.modules_dir,
                           .initial = initial};
    const struct kr_rows rows = {&row, 1, sizeof(row)};
    struct buffer text = {0};
    char path[PATH_MAX];

    modules_default_dir(path);
    value_print_word(&text, kr_cstr(path));
    snprintf(initial, sizeof(initial), "%s", text.data);
    buffer_free(&text);
    return config_add_params(NULL, &rows, error, size);
}

/* --- From the table to a running server ---------------------------------- */

bool directives_register(char *error, size_t size)
{
    const struct kr_rows rows = KR_ROWS(directive_rows);

    /* The modules' folder may depend on where we are: before `dir`. */
    return modules_dir_register(error, size) &&
           config_add_params(NULL, &rows, error, size);
}

static bool directives_open_log(char *error, size_t size)
{
    if (directives.logfile[0]) {
        int fd = open(directives.logfile,
                      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0) {
            snprintf(error, size, "Can't open the log file: %s",
                     strerror(errno));
            return false;
        }
        close(fd);
    }
    log_open((enum log_level)directives.log_level, directives.logfile);
    log_syslog(directives.syslog, directives.syslog_ident,
               directives.syslog_facility);
    return true;
}

bool directives_start(char *error, size_t size)
{
    hz_clamp();
    maxmemory_arm();
    usage_set_limit_ms(directives.module_time_limit_ms);
    if (!directives_open_log(error, size) ||
        !limits_raise_files(&client_settings.maxclients, error, size))
        return false;
    if (directives.disable_thp)
        limits_disable_thp();
    if (directives.oom_adjust != OOM_ADJUST_NO)
        limits_adjust_oom(&directives); /* it has logged why it could not */
    return true;
}

void directives_serving(void)
{
    directives_are_serving = true;
}

void directives_fini(void)
{
    directives_are_serving = false;
}
