/* SPDX-License-Identifier: BSD-3-Clause */
#include "debug.h"

#include "commands.h"
#include "server.h"

#include <errno.h>
#include <kr/debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- Small subcommands --------------------------------------------------- */

static void debug_sleep(struct kr_call *call)
{
    char text[64];
    struct kr_str word = call->argv[2];
    size_t size = word.size < sizeof(text) ? word.size : sizeof(text) - 1;
    struct timespec left;
    double seconds;

    if (size > 0)
        memcpy(text, word.data, size);
    text[size] = '\0';
    seconds = strtod(text, NULL);
    if (!(seconds > 0))
        seconds = 0;
    if (seconds > 1e9)
        seconds = 1e9;
    left.tv_sec = (time_t)seconds;
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
    kr_reply_ok(call->reply);
}

static void debug_log(struct kr_call *call)
{
    struct kr_str text = call->argv[2];

    kr_logf(server_of(call)->self, KR_LOG_WARNING, "DEBUG LOG: %.*s",
            (int)(text.size < 900 ? text.size : 900),
            text.size > 0 ? text.data : "");
    kr_reply_ok(call->reply);
}

static void debug_structsize(struct kr_call *call)
{
    char text[256];

    snprintf(text, sizeof(text),
             "bits:%zu call:%zu reply:%zu cell:%zu value:%zu blob:%zu "
             "command:%zu type:%zu param:%zu",
             sizeof(void *) * 8, sizeof(struct kr_call),
             sizeof(struct kr_reply), sizeof(struct kr_cell),
             sizeof(struct kr_value), sizeof(struct kr_blob),
             sizeof(struct kr_command), sizeof(struct kr_type),
             sizeof(struct kr_param));
    kr_reply_status(call->reply, text);
}

static void debug_stringmatch(struct kr_call *call)
{
    kr_reply_int64(call->reply,
                   kr_text->match(call->argv[2], call->argv[3], false));
}

/* Random patterns on random texts of few letters: it must come to an end. */
static void debug_stringmatch_test(struct kr_call *call)
{
    static const char letters[] = "ab*?[]^-\\c";
    char pattern[32], text[32];

    for (unsigned round = 0; round < 100000; round++) {
        size_t a = kr_text->random() % sizeof(pattern);
        size_t b = kr_text->random() % sizeof(text);

        for (size_t i = 0; i < a; i++)
            pattern[i] = letters[kr_text->random() % (sizeof(letters) - 1)];
        for (size_t i = 0; i < b; i++)
            text[i] = letters[kr_text->random() % (sizeof(letters) - 1)];
        (void)kr_text->match(kr_str(pattern, a), kr_str(text, b), round & 1);
    }
    kr_reply_status(call->reply, "Apparently Redis did not crash: test passed");
}

static void debug_change_repl_id(struct kr_call *call)
{
    server_new_id(server_of(call)->replication_id);
    kr_reply_ok(call->reply);
}

static void debug_client_eviction(struct kr_call *call)
{
    if (server_param_int("maxmemory-clients", 0) == 0)
        kr_reply_error(call->reply, "ERR maxmemory-clients is disabled.");
    else
        debug_refuse(call, "clients are not kept in pools by size");
}

/* --- What cannot be done ------------------------------------------------- */

void debug_refuse(struct kr_call *call, const char *why)
{
    struct kr_str word = call->argv[1];

    kr_reply_errorf(call->reply, "ERR DEBUG %.*s is not available: %s",
                    (int)(word.size < 64 ? word.size : 64), word.data, why);
}

static void debug_no_persistence(struct kr_call *call)
{
    debug_refuse(call, "no module that saves data is loaded");
}

static void debug_no_replication(struct kr_call *call)
{
    debug_refuse(call, "no module for replication is loaded");
}

static void debug_no_cluster(struct kr_call *call)
{
    debug_refuse(call, "no module for the cluster is loaded");
}

static void debug_no_tuning(struct kr_call *call)
{
    debug_refuse(call, "the allocator has no settings here");
}

static void debug_no_restart(struct kr_call *call)
{
    debug_refuse(call, "the server is restarted from outside");
}

static void debug_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "ASSERT",
        "    End the server by a failed assertion.",
        "CHANGE-REPL-ID",
        "    Give the server a new replication id.",
        "DIGEST",
        "    40 digits that stand for everything in all databases.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    40 digits that stand for the value of each key.",
        "ERROR <string>",
        "    An error reply of that text.",
        "HTSTATS <dbid> [FULL]",
        "    The shape of a database's table.",
        "HTSTATS-KEY <key> [FULL]",
        "    The shape of the table that a value is kept in.",
        "LEAK <string>",
        "    Allocate a copy of the string and forget it.",
        "LOG <message>",
        "    Write the message to the log.",
        "OBJECT <key>",
        "    The inside of a key's value: encoding, size when saved, age.",
        "OOM",
        "    End the server by asking for more memory than there is.",
        "PANIC",
        "    End the server by a report that it cannot go on.",
        "PAUSE-CRON <0|1>",
        "    Stop the work that the server does with time.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create <count> strings key:<number>, or <prefix>:<number>. A key",
        "    that is there stays as it is. Replicas are not told.",
        "PROTOCOL <type>",
        "    A reply of that type: string, integer, double, bignum, null,",
        "    array, set, map, attrib, push, verbatim, true or false.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    From which size on a list's element stands alone.",
        "REPLYBUFFER <PEAK-RESET-TIME <ms>|RESIZING <0|1>>",
        "    How buffers for replies adapt.",
        "SEGFAULT",
        "    End the server by a write to where nothing may be written.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether expired keys go by themselves.",
        "SET-DISABLE-DENY-SCRIPTS <0|1>",
        "    Whether scripts may call what scripts may not.",
        "SLEEP <seconds>",
        "    Do nothing at all for so long.",
        "STRINGMATCH-LEN <pattern> <string>",
        "    Does the pattern match?",
        "STRINGMATCH-TEST",
        "    Match random patterns with random texts.",
        "STRUCTSIZE",
        "    Sizes of the structs that modules see.",
    };

    kr_reply_help(call, "DEBUG", lines, KR_COUNT(lines));
}

/* --- Which one ----------------------------------------------------------- */
/* clang-format off */

#define LOADS (1u << 0) /* the data set, and maybe the script that calls */

static const struct debug_row {
    const char *name;
    uint32_t least, most; /* words, DEBUG and the name included */
    uint32_t flags;
    void (*run)(struct kr_call *call);
} debug_rows[] = {
    {"aof-flush-sleep",               3, 3, 0, debug_no_persistence},
    {"assert",                        2, 2, 0, debug_assert},
    {"change-repl-id",                2, 2, 0, debug_change_repl_id},
    {"client-enforce-reply-list",     3, 3, 0, debug_switch},
    {"client-eviction",               2, 2, 0, debug_client_eviction},
    {"clusterlink",                   5, 5, 0, debug_no_cluster},
    {"config-rewrite-force-all",      2, 2, 0, debug_switch},
    {"crash-and-recover",             2, 3, 0, debug_no_restart},
    {"dict-resizing",                 3, 3, 0, debug_switch},
    {"digest",                        2, 2, 0, debug_digest},
    {"digest-value",                  2, UINT32_MAX, 0, debug_digest_value},
    {"drop-cluster-packet-filter",    3, 3, 0, debug_no_cluster},
    {"error",                         3, 3, 0, debug_error},
    {"help",                          2, 2, 0, debug_help},
    {"htstats",                       3, 4, 0, debug_htstats},
    {"htstats-key",                   3, 4, 0, debug_htstats_key},
    {"leak",                          3, 3, 0, debug_leak},
    {"listpack",                      3, 3, 0, debug_layout},
    {"loadaof",                       2, 2, LOADS, debug_no_persistence},
    {"log",                           3, 3, 0, debug_log},
    {"mallctl",                       3, 4, 0, debug_no_tuning},
    {"mallctl-str",                   3, 4, 0, debug_no_tuning},
    {"object",                        3, 4, 0, debug_object},
    {"oom",                           2, 2, 0, debug_oom},
    {"panic",                         2, 2, 0, debug_panic},
    {"pause-cron",                    3, 3, 0, debug_switch},
    {"populate",                      3, 5, 0, debug_populate},
    {"protocol",                      3, 3, 0, debug_protocol},
    {"quicklist",                     3, 4, 0, debug_layout},
    {"quicklist-packed-threshold",    3, 3, 0, debug_switch},
    {"reload",                        2, UINT32_MAX, LOADS, debug_no_persistence},
    {"replicate",                     3, UINT32_MAX, 0, debug_no_replication},
    {"replybuffer",                   4, 4, 0, debug_replybuffer},
    {"restart",                       2, 3, 0, debug_no_restart},
    {"sdslen",                        3, 3, 0, debug_layout},
    {"segfault",                      2, 2, 0, debug_segfault},
    {"set-active-expire",             3, 3, 0, debug_switch},
    {"set-disable-deny-scripts",      3, 3, 0, debug_switch},
    {"set-skip-checksum-validation",  3, 3, 0, debug_switch},
    {"sleep",                         3, 3, 0, debug_sleep},
    {"stringmatch-len",               4, 4, 0, debug_stringmatch},
    {"stringmatch-test",              2, 2, 0, debug_stringmatch_test},
    {"structsize",                    2, 2, 0, debug_structsize},
};
/* clang-format on */

/* Words that other modules know go before ours: what we can only refuse, they
 * may do. */
static bool debug_ask_modules(struct kr_call *call)
{
    kr_event *event = server_of(call)->debug;
    bool taken = false;
    struct kr_debug_event payload = {
        .size = sizeof(payload), .call = call, .taken = &taken};

    if (call->argc > 1 && event && kr_events->armed(event))
        kr_events->publish(event, &payload);
    return taken;
}

static const struct debug_row *debug_find(struct kr_str word)
{
    for (size_t i = 0; i < KR_COUNT(debug_rows); i++)
        if (kr_str_equal_nocase(word, kr_cstr(debug_rows[i].name)))
            return &debug_rows[i];
    return NULL;
}

void server_debug(struct kr_call *call)
{
    const struct debug_row *row;

    if (!kr_config->allowed(KR_STR("enable-debug-command"), call)) {
        kr_reply_error(call->reply,
                       "ERR DEBUG command not allowed. If the "
                       "enable-debug-command option is set to \"local\", you "
                       "can run it from a local connection, otherwise you need "
                       "to set this option in the configuration file, and then "
                       "restart the server.");
        return;
    }
    row = call->argc > 1 ? debug_find(call->argv[1]) : NULL;
    if (row && row->flags & LOADS && call->flags & KR_CALL_SCRIPT)
        debug_refuse(call, "a script cannot have the data set loaded");
    else if (debug_ask_modules(call))
        return;
    else if (row && call->argc >= row->least && call->argc <= row->most)
        row->run(call);
    else
        kr_refuse_subcommand(call, "DEBUG");
}
