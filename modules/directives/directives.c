/* SPDX-License-Identifier: BSD-3-Clause */
/* directives - parameters of Redis that nothing in this server reads yet.
 *
 * A configuration written for Redis must load, and tools that ask CONFIG GET
 * must be answered.  So each has Redis's type, range and default, and the host
 * keeps its value.  The row of a module that means it goes above the row here,
 * whichever of them comes first, and takes the value over; then its line leaves
 * this table.
 *
 * Where a value would promise what nobody keeps (a password's users,
 * encryption) it is refused and the refusal says what is missing.  When
 * a file has such a line the host first waits whether a module takes it. */
#include <kr/config.h>
#include <kr/module.h>
#include <kr/reply.h>

#include <assert.h>
#include <limits.h>

/* The arguments that every check() and apply() has. */
#define WORDS                                                                  \
    void *state, uint32_t argc, const struct kr_str *argv, const char **error

/* --- Promises that are not made ------------------------------------------ */

static bool inert_unless(bool promise, const char *why, const char **error)
{
    if (promise)
        *error = why;
    return !promise;
}

static bool inert_says_yes(const struct kr_str *argv)
{
    return kr_str_equal_nocase(argv[0], KR_STR("yes"));
}

static bool cluster_enabled_check(WORDS)
{
    (void)state, (void)argc;
    return inert_unless(inert_says_yes(argv),
                        "cluster-enabled: no module of this server forms a "
                        "cluster; load one that does",
                        error);
}

static bool tls_switch_check(WORDS)
{
    (void)state, (void)argc;
    return inert_unless(inert_says_yes(argv),
                        "no module of this server encrypts connections; load "
                        "one that does",
                        error);
}

static bool tls_port_check(WORDS)
{
    (void)state, (void)argc;
    return inert_unless(!kr_str_equal(argv[0], KR_STR("0")),
                        "tls-port: no module of this server encrypts "
                        "connections; load one that does",
                        error);
}

static bool replicaof_check(WORDS)
{
    bool none = argc == 1 && argv[0].size == 0;

    (void)state;
    none |= argc == 2 && kr_str_equal_nocase(argv[0], KR_STR("no")) &&
            kr_str_equal_nocase(argv[1], KR_STR("one"));
    return inert_unless(!none,
                        "replicaof: no module of this server replicates; load "
                        "one that does",
                        error);
}

static bool aclfile_check(WORDS)
{
    (void)state, (void)argc;
    return inert_unless(argv[0].size > 0,
                        "aclfile: no module of this server keeps users; load "
                        "one that does",
                        error);
}

static bool user_check(WORDS)
{
    (void)state;
    return inert_unless(argc != 1 || argv[0].size > 0,
                        "user: no module of this server keeps users; load one "
                        "that does",
                        error);
}

/* Redis's own words, from where its allocator cannot do it either. */
static bool activedefrag_check(WORDS)
{
    (void)state, (void)argc;
    return inert_unless(
        inert_says_yes(argv),
        "Active defragmentation cannot be enabled: it requires a Redis server "
        "compiled with a modified Jemalloc like the one shipped by default "
        "with the Redis source distribution",
        error);
}

/* --- Values with a form of their own ------------------------------------- */

static bool hostname_check(WORDS)
{
    struct kr_str name = argv[0];

    (void)state, (void)argc;
    if (name.size >= 256)
        return inert_unless(true, "Hostnames must be less than 256 characters",
                            error);
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return inert_unless(true,
                                "Hostnames may only contain alphanumeric "
                                "characters, hyphens or dots",
                                error);
    }
    return true;
}

/* --- The table ----------------------------------------------------------- */
/* clang-format off */

static const struct kr_word channels_words[] = {
    {"allchannels", 1}, {"resetchannels", 0},
};
static const struct kr_word diskless_words[] = {
    {"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2},
};
static const struct kr_word endpoint_words[] = {
    {"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2},
};
static const struct kr_word propagation_words[] = {
    {"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2},
};
static const struct kr_word tls_clients_words[] = {
    {"no", 0}, {"yes", 1}, {"optional", 2},
};

#define ROW(kind, label, text, more, ...)                                      \
    {.name = (label), .type = KR_PARAM_##kind, .initial = (text),              \
     .flags = KR_PARAM_INERT | (more), __VA_ARGS__}
#define NUMBER(kind, label, text, low, high, ...)                              \
    ROW(kind, label, text, 0, .min = (low), .max = (high), __VA_ARGS__)
#define WORD(label, text, more, table, ...)                                    \
    ROW(ENUM, label, text, more, .words = KR_ROWS(table), __VA_ARGS__)
#define FIXED  KR_PARAM_IMMUTABLE
#define HIDDEN KR_PARAM_HIDDEN
#define SECRET KR_PARAM_SECRET

static const struct kr_param inert_params[] = {
    /* Replication */
    ROW(SPECIAL, "replicaof", "", FIXED, .alias = "slaveof",
        .check = replicaof_check),
    ROW(STRING, "masteruser", "", SECRET,),
    ROW(BYTES, "masterauth", "", SECRET,),
    ROW(BOOL, "replica-serve-stale-data", "yes", 0,
        .alias = "slave-serve-stale-data"),
    ROW(BOOL, "replica-read-only", "yes", 0, .alias = "slave-read-only"),
    ROW(BOOL, "replica-ignore-maxmemory", "yes", 0,
        .alias = "slave-ignore-maxmemory"),
    ROW(BOOL, "replica-lazy-flush", "no", 0, .alias = "slave-lazy-flush"),
    NUMBER(INT, "replica-priority", "100", 0, INT_MAX,
           .alias = "slave-priority"),
    ROW(BOOL, "replica-announced", "yes", 0,),
    ROW(STRING, "replica-announce-ip", "", 0, .alias = "slave-announce-ip"),
    NUMBER(INT, "replica-announce-port", "0", 0, 65535,
           .alias = "slave-announce-port"),
    ROW(BOOL, "replica-ignore-disk-write-errors", "no", 0,),
    NUMBER(INT, "min-replicas-to-write", "0", 0, INT_MAX,
           .alias = "min-slaves-to-write"),
    NUMBER(INT, "min-replicas-max-lag", "10", 0, INT_MAX,
           .alias = "min-slaves-max-lag"),
    NUMBER(INT, "repl-timeout", "60", 1, INT_MAX,),
    NUMBER(INT, "repl-ping-replica-period", "10", 1, INT_MAX,
           .alias = "repl-ping-slave-period"),
    NUMBER(MEMORY, "repl-backlog-size", "1mb", 1, INT64_MAX,),
    NUMBER(INT, "repl-backlog-ttl", "3600", 0, INT64_MAX,),
    ROW(BOOL, "repl-disable-tcp-nodelay", "no", 0,),
    ROW(BOOL, "repl-diskless-sync", "yes", 0,),
    NUMBER(INT, "repl-diskless-sync-delay", "5", 0, INT_MAX,),
    NUMBER(INT, "repl-diskless-sync-max-replicas", "0", 0, INT_MAX,),
    WORD("repl-diskless-load", "disabled", 0, diskless_words,),
    WORD("propagation-error-behavior", "ignore", 0, propagation_words,),

    /* Cluster */
    ROW(BOOL, "cluster-enabled", "no", FIXED, .check = cluster_enabled_check),
    ROW(STRING, "cluster-config-file", "nodes.conf", FIXED,),
    ROW(INT, "cluster-port", "0", FIXED, .min = 0, .max = 65535),
    NUMBER(INT, "cluster-node-timeout", "15000", 0, INT64_MAX,),
    NUMBER(INT, "cluster-replica-validity-factor", "10", 0, INT_MAX,
           .alias = "cluster-slave-validity-factor"),
    NUMBER(INT, "cluster-migration-barrier", "1", 0, INT_MAX,),
    ROW(BOOL, "cluster-allow-replica-migration", "yes", 0,),
    ROW(BOOL, "cluster-require-full-coverage", "yes", 0,),
    ROW(BOOL, "cluster-replica-no-failover", "no", 0,
        .alias = "cluster-slave-no-failover"),
    ROW(BOOL, "cluster-allow-reads-when-down", "no", 0,),
    ROW(BOOL, "cluster-allow-pubsubshard-when-down", "yes", 0,),
    NUMBER(MEMORY, "cluster-link-sendbuf-limit", "0", 0, INT64_MAX,),
    ROW(STRING, "cluster-announce-ip", "", 0,),
    ROW(STRING, "cluster-announce-hostname", "", 0, .check = hostname_check),
    ROW(STRING, "cluster-announce-human-nodename", "", 0,
        .check = hostname_check),
    NUMBER(INT, "cluster-announce-port", "0", 0, 65535,),
    NUMBER(INT, "cluster-announce-tls-port", "0", 0, 65535,),
    NUMBER(INT, "cluster-announce-bus-port", "0", 0, 65535,),
    WORD("cluster-preferred-endpoint-type", "ip", 0, endpoint_words,),

    /* Encryption */
    NUMBER(INT, "tls-port", "0", 0, 65535, .check = tls_port_check),
    ROW(BOOL, "tls-replication", "no", 0, .check = tls_switch_check),
    ROW(BOOL, "tls-cluster", "no", 0, .check = tls_switch_check),
    WORD("tls-auth-clients", "yes", 0, tls_clients_words,),
    ROW(STRING, "tls-cert-file", "", 0,),
    ROW(STRING, "tls-key-file", "", 0,),
    ROW(STRING, "tls-key-file-pass", "", SECRET,),
    ROW(STRING, "tls-client-cert-file", "", 0,),
    ROW(STRING, "tls-client-key-file", "", 0,),
    ROW(STRING, "tls-client-key-file-pass", "", SECRET,),
    ROW(STRING, "tls-dh-params-file", "", 0,),
    ROW(STRING, "tls-ca-cert-file", "", 0,),
    ROW(STRING, "tls-ca-cert-dir", "", 0,),
    ROW(STRING, "tls-protocols", "", 0,),
    ROW(STRING, "tls-ciphers", "", 0,),
    ROW(STRING, "tls-ciphersuites", "", 0,),
    ROW(BOOL, "tls-prefer-server-ciphers", "no", 0,),
    ROW(BOOL, "tls-session-caching", "yes", 0,),
    NUMBER(INT, "tls-session-cache-size", "20480", 0, INT_MAX,),
    NUMBER(INT, "tls-session-cache-timeout", "300", 0, INT_MAX,),

    /* Users */
    ROW(STRING, "aclfile", "", FIXED, .check = aclfile_check),
    NUMBER(INT, "acllog-max-len", "128", 0, INT64_MAX,),
    WORD("acl-pubsub-default", "resetchannels", 0, channels_words,),
    ROW(SPECIAL, "user", "", FIXED | HIDDEN | KR_PARAM_MULTI,
        .check = user_check),

    /* Scripts, tracking */
    NUMBER(INT, "busy-reply-threshold", "5000", 0, INT64_MAX,
           .alias = "lua-time-limit"),

    /* Types */
    ROW(BOOL, "activerehashing", "yes", 0,),

    /* Memory that is scattered */
    ROW(BOOL, "activedefrag", "no", 0, .check = activedefrag_check),
    NUMBER(MEMORY, "active-defrag-ignore-bytes", "100mb", 1, INT64_MAX,),
    NUMBER(INT, "active-defrag-threshold-lower", "10", 0, 1000,),
    NUMBER(INT, "active-defrag-threshold-upper", "100", 0, 1000,),
    NUMBER(INT, "active-defrag-cycle-min", "1", 1, 99,),
    NUMBER(INT, "active-defrag-cycle-max", "25", 1, 99,),
    NUMBER(INT, "active-defrag-max-scan-fields", "1000", 1, INT64_MAX,),
    ROW(BOOL, "jemalloc-bg-thread", "yes", 0,),

    /* Threads, processors, sockets */
    ROW(INT, "io-threads", "1", FIXED, .min = 1, .max = 128),
    ROW(BOOL, "io-threads-do-reads", "no", FIXED,),
    ROW(STRING, "server_cpulist", "", FIXED,),
    ROW(STRING, "bio_cpulist", "", FIXED,),
    ROW(STRING, "bgsave_cpulist", "", FIXED,),
    ROW(STRING, "bind-source-addr", "", 0,),
    ROW(INT, "socket-mark-id", "0", FIXED, .min = 0, .max = UINT_MAX),

    /* The end, and the rest */
    NUMBER(INT, "shutdown-timeout", "10", 0, INT_MAX,),
    ROW(STRING, "ignore-warnings", "", 0,),
    ROW(BOOL, "use-exit-on-panic", "no", HIDDEN,),
    /* Switches of buffers and tables that we do not have. */
    ROW(BOOL, "debug-client-enforce-reply-list", "no",
        HIDDEN | KR_PARAM_VOLATILE,),
    ROW(BOOL, "debug-dict-resizing", "yes", HIDDEN | KR_PARAM_VOLATILE,),
    ROW(BOOL, "debug-replybuffer-resizing", "yes", HIDDEN | KR_PARAM_VOLATILE,),
    ROW(INT, "debug-replybuffer-peak-reset-time", "5000",
        HIDDEN | KR_PARAM_VOLATILE, .min = INT_MIN, .max = INT_MAX),
    ROW(INT, "watchdog-period", "0", HIDDEN, .min = 0, .max = INT_MAX),
};

KR_MODULE(.name = "directives", .version = 10000, .licence = "BSD-3-Clause",
          .author = "the Keyrack authors",
          .summary = "Redis's parameters that no module here reads yet",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .params = KR_ROWS(inert_params));
/* clang-format on */
