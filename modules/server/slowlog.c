/* SPDX-License-Identifier: BSD-3-Clause */
#include "slowlog.h"

#include "commands.h"
#include "redact.h"
#include "server.h"

#include <inttypes.h>
#include <stdio.h>

#define WORDS_MAX 32  /* words kept of a command */
#define BYTES_MAX 128 /* bytes kept of a word */
#define NOTE_MAX  64  /* room for "... (n more bytes)" */

int64_t slowlog_slower_than = 10000;
int64_t slowlog_max_len = 128;

struct slow_entry {
    struct slow_entry *older;
    struct slow_entry *newer;
    int64_t id;
    int64_t time_sec; /* since 1970 */
    int64_t usec;
    struct kr_str client;      /* address */
    struct kr_str client_name; /* may be empty */
    uint32_t word_count;
    struct kr_str words[];
};

/* --- Making an entry ----------------------------------------------------- */

/* What is kept of a call, borrowed from it or written to `notes`. */
struct slow_words {
    uint32_t count;
    struct kr_str heads[WORDS_MAX]; /* the bytes of the call that are kept */
    struct kr_str tails[WORDS_MAX]; /* what is said of the rest */
    char notes[WORDS_MAX][NOTE_MAX];
};

static void slowlog_pick_word(struct slow_words *words, uint32_t i,
                              struct kr_str word)
{
    int n;

    words->heads[i] = word;
    words->tails[i] = kr_str("", 0);
    if (word.size <= BYTES_MAX)
        return;
    words->heads[i].size = BYTES_MAX;
    n = snprintf(words->notes[i], NOTE_MAX, "... (%zu more bytes)",
                 word.size - BYTES_MAX);
    words->tails[i] = kr_str(words->notes[i], (size_t)n);
}

/* A long command's last word tells how many words are missing. */
static void slowlog_pick(struct slow_words *words, const struct kr_call *call)
{
    uint32_t kept = call->argc <= WORDS_MAX ? call->argc : WORDS_MAX - 1;
    int n;

    for (uint32_t i = 0; i < kept; i++)
        slowlog_pick_word(
            words, i, redact_hides(call, i) ? KR_STR(REDACTED) : call->argv[i]);
    words->count = kept;
    if (kept == call->argc)
        return;
    n = snprintf(words->notes[kept], NOTE_MAX,
                 "... (%" PRIu32 " more arguments)", call->argc - kept);
    words->heads[kept] = kr_str(words->notes[kept], (size_t)n);
    words->tails[kept] = kr_str("", 0);
    words->count++;
}

static struct kr_str slowlog_copy(char **to, struct kr_str head,
                                  struct kr_str tail)
{
    struct kr_str copy = {*to, head.size + tail.size};

    if (head.size > 0)
        memcpy(*to, head.data, head.size);
    if (tail.size > 0)
        memcpy(*to + head.size, tail.data, tail.size);
    *to += copy.size;
    return copy;
}

static struct slow_entry *slowlog_new_entry(struct server *server,
                                            const struct slow_words *words,
                                            struct kr_str address,
                                            struct kr_str name)
{
    const struct kr_str nothing = {"", 0};
    size_t bytes = address.size + name.size;
    struct slow_entry *entry;
    char *to;

    for (uint32_t i = 0; i < words->count; i++)
        bytes += words->heads[i].size + words->tails[i].size;
    entry = kr_memory->alloc(
        server->self,
        sizeof(*entry) + words->count * sizeof(entry->words[0]) + bytes);
    to = (char *)&entry->words[words->count];
    entry->word_count = words->count;
    for (uint32_t i = 0; i < words->count; i++)
        entry->words[i] = slowlog_copy(&to, words->heads[i], words->tails[i]);
    entry->client = slowlog_copy(&to, address, nothing);
    entry->client_name = slowlog_copy(&to, name, nothing);
    return entry;
}

/* --- The log ------------------------------------------------------------- */

uint64_t slowlog_limit(void)
{
    if (slowlog_slower_than < 0)
        return UINT64_MAX;
    return (uint64_t)slowlog_slower_than > UINT64_MAX / 1000
               ? UINT64_MAX
               : (uint64_t)slowlog_slower_than * 1000;
}

static void slowlog_drop_oldest(struct server *server)
{
    struct slowlog *log = &server->slowlog;
    struct slow_entry *entry = log->oldest;

    log->oldest = entry->newer;
    if (log->oldest)
        log->oldest->older = NULL;
    else
        log->newest = NULL;
    log->count--;
    kr_memory->free(server->self, entry);
}

void slowlog_trim(struct server *server)
{
    while (server->slowlog.count > slowlog_max_len)
        slowlog_drop_oldest(server);
}

static void slowlog_add(struct server *server, struct slow_entry *entry,
                        uint64_t nsec)
{
    struct slowlog *log = &server->slowlog;

    entry->id = log->next_id++;
    entry->time_sec = kr_loop->wall_ms() / 1000;
    entry->usec = (int64_t)(nsec / 1000);
    entry->newer = NULL;
    entry->older = log->newest;
    if (log->newest)
        log->newest->newer = entry;
    else
        log->oldest = entry;
    log->newest = entry;
    log->count++;
    slowlog_trim(server);
}

static bool slowlog_wants(uint64_t nsec)
{
    return nsec >= slowlog_limit() && slowlog_max_len > 0;
}

void slowlog_note(struct server *server, const struct kr_slow_event *event)
{
    struct kr_client_info who = {.size = SERVER_CLIENT_PEER};
    const struct kr_call *call = event->call;
    struct kr_str name = KR_STR("");
    struct slow_words words;

    if (!slowlog_wants(event->nsec) ||
        (call->command &&
         kr_commands->row(call->command)->flags & KR_CMD_SKIP_SLOWLOG))
        return;
    if (call->client) {
        kr_clients->info(call->client, &who);
        name = kr_clients->text(call->client, "name");
    }
    slowlog_pick(&words, call);
    slowlog_add(server,
                slowlog_new_entry(server, &words, kr_cstr(who.address), name),
                event->nsec);
}

void slowlog_note_module(struct server *server,
                         const struct kr_overrun_event *event)
{
    const struct kr_str nothing = KR_STR("");
    struct slow_words words = {.count = 3};

    if (!slowlog_wants(event->nsec))
        return;
    slowlog_pick_word(&words, 0, KR_STR("MODULE"));
    slowlog_pick_word(&words, 1, event->module);
    slowlog_pick_word(&words, 2, event->what);
    slowlog_add(server, slowlog_new_entry(server, &words, nothing, nothing),
                event->nsec);
}

void slowlog_fini(struct server *server)
{
    while (server->slowlog.count > 0)
        slowlog_drop_oldest(server);
}

/* --- The commands -------------------------------------------------------- */

static void slowlog_reply_entry(struct kr_reply *reply,
                                const struct slow_entry *entry)
{
    kr_reply_array(reply, 6);
    kr_reply_int64(reply, entry->id);
    kr_reply_int64(reply, entry->time_sec);
    kr_reply_int64(reply, entry->usec);
    kr_reply_array(reply, entry->word_count);
    for (uint32_t i = 0; i < entry->word_count; i++)
        kr_reply_bulk(reply, entry->words[i]);
    kr_reply_bulk(reply, entry->client);
    kr_reply_bulk(reply, entry->client_name);
}

void server_slowlog_get(struct kr_call *call)
{
    const struct slowlog *log = &server_of(call)->slowlog;
    int64_t count = 10;

    if (call->argc > 3) {
        kr_refuse_subcommand(call, "SLOWLOG");
        return;
    }
    if (call->argc == 3 &&
        (!kr_text->to_int64(call->argv[2], &count) || count < -1)) {
        kr_reply_error(call->reply,
                       "ERR count should be greater than or equal to -1");
        return;
    }
    if (count == -1 || count > log->count)
        count = log->count;
    kr_reply_array(call->reply, (uint64_t)count);
    for (const struct slow_entry *e = log->newest; count > 0; count--) {
        slowlog_reply_entry(call->reply, e);
        e = e->older;
    }
}

void server_slowlog_len(struct kr_call *call)
{
    kr_reply_int64(call->reply, server_of(call)->slowlog.count);
}

void server_slowlog_reset(struct kr_call *call)
{
    slowlog_fini(server_of(call));
    kr_reply_ok(call->reply);
}

void server_slowlog_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "GET [<count>]",
        "    The latest <count> entries: 10 unless told, all for -1.  Each has",
        "    an id, the time, the duration in microseconds, the words of the",
        "    command, and the address and name of the client.",
        "LEN",
        "    How many entries there are.",
        "RESET",
        "    Forget all entries.",
    };

    kr_reply_help(call, "SLOWLOG", lines, KR_COUNT(lines));
}
