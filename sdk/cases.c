/* SPDX-License-Identifier: BSD-3-Clause */
/* cases - sessions with a server that loads a module: a command, and below it
 * the reply as redis-cli prints it.
 *
 *     # a comment
 *     == a claim, the name of the case
 *     > TALLY.ADD k 2
 *     (integer) 2
 *     > TALLY.ADD k two
 *     (error) ERR value is not an integer or out of range
 *     b>> TALLY.WAIT k         another connection; the reply may be late
 *     > TALLY.ADD k            no line below: anything but an error will do
 *     b<                       now it is due
 *     (integer) 3
 *     (restart)                the server ends, and starts over what it saved
 *     (sleep 20)               milliseconds
 *
 * `...` in an expected line stands for anything, a line of it alone for any
 * number of lines.  $MODULE is the file of the module, $DIR the directory of
 * the server.  Each case begins with empty databases and new connections; the
 * first thing that is not as expected ends it. */
#include "sdk/cases.h"

#include "core/config/file.h"
#include "core/memory/memory.h"
#include "sdk/reply.h"
#include "sdk/server.h"
#include "sdk/talk.h"
#include "sdk/text.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CASES_WAIT_MS     10000
#define CASES_WORDS_MAX   128u
#define CASES_CONNECTIONS 27u /* a to z, and the one without a letter */

struct cases {
    const char *path;
    struct server *server;
    int protocol;
    struct score *score;
    char *next;    /* line to read */
    unsigned line; /* its number */
    char name[128];
    bool open;   /* a case has begun */
    bool failed; /* it has, skip what is left of it */
    struct talk connections[CASES_CONNECTIONS];
};

/* --- Words ---------------------------------------------------------------- */

static int cases_hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0'
                                     : tolower((unsigned char)c) - 'a' + 10;
}

/* The character behind a backslash at *at, which is moved to its end. */
static char cases_escape(const char **at)
{
    static const char letters[] = "nrtab", plain[] = "\n\r\t\a\b";
    const char *c = *at, *found;

    if (*c == 'x' && isxdigit((unsigned char)c[1]) &&
        isxdigit((unsigned char)c[2])) {
        *at = c + 3;
        return (char)(cases_hex(c[1]) * 16 + cases_hex(c[2]));
    }
    *at = c + (*c != '\0');
    found = *c ? strchr(letters, *c) : NULL;
    return found ? plain[found - letters] : *c;
}

bool cases_word(const char **at, struct buffer *word)
{
    const char *c = *at + strspn(*at, " \t");
    char quote = '\0';

    buffer_clear(word);
    if (*c == '\0')
        return false;
    buffer_append(word, KR_STR(""));
    while (*c != '\0' && (quote || !isspace((unsigned char)*c))) {
        char one = *c++;

        if (quote ? one == quote : (one == '"' || one == '\'')) {
            quote = quote ? '\0' : one;
            continue;
        }
        if (one == '\\' && quote == '"')
            one = cases_escape(&c);
        buffer_append(word, kr_str(&one, 1));
    }
    *at = c;
    return true;
}

/* The command in `line` as the protocol has it. */
static void cases_encode(const char *line, struct buffer *out)
{
    struct buffer words[CASES_WORDS_MAX] = {0};
    struct kr_str argv[CASES_WORDS_MAX];
    size_t count = 0;

    while (count < CASES_WORDS_MAX && cases_word(&line, &words[count])) {
        argv[count] = buffer_str(&words[count]);
        count++;
    }
    talk_encode(out, count, argv);
    for (size_t i = 0; i < CASES_WORDS_MAX; i++)
        buffer_free(&words[i]);
}

/* --- Connections ---------------------------------------------------------- */

static void cases_close_all(struct cases *cases)
{
    for (size_t i = 0; i < CASES_CONNECTIONS; i++)
        talk_close(&cases->connections[i]);
}

static bool connection_send(struct talk *c, const char *line)
{
    struct buffer out = {0};
    bool all;

    cases_encode(line, &out);
    all = talk_send(c, buffer_str(&out));
    buffer_free(&out);
    return all;
}

/* The next reply, printed; false: `out` says why there is none. */
static bool connection_read(struct talk *c, struct buffer *out)
{
    static const char *const why[] = {
        [TALK_NOTHING] = "nothing",
        [TALK_CLOSED] = "the server closed the connection",
        [TALK_BROKEN] = "no RESP",
    };
    struct answer reply;
    enum talk_end end = talk_read(c, CASES_WAIT_MS, &reply);

    buffer_clear(out);
    if (end == TALK_REPLY)
        reply_print(&reply, out);
    else
        buffer_printf(out, "%s\n", why[end]);
    answer_free(&reply);
    return end == TALK_REPLY;
}

/* The connection called `name` ('\0': the first), opened when it is needed. */
static struct talk *cases_connection(struct cases *cases, char name)
{
    struct talk *c = &cases->connections[name ? name - 'a' + 1 : 0];

    if (c->fd < 0)
        (void)talk_open(c, cases->server, cases->protocol);
    c->protocol = 0; /* a case may say HELLO itself */
    return c;
}

/* --- What is expected ----------------------------------------------------- */

/* Does `line` fit `pattern`, in which "..." is anything? */
static bool cases_fits(const char *pattern, size_t pattern_size,
                       const char *line, size_t size)
{
    const char *dots = memmem(pattern, pattern_size, "...", 3);
    size_t head = dots ? (size_t)(dots - pattern) : pattern_size;

    if (size < head || memcmp(pattern, line, head) != 0)
        return false;
    if (!dots)
        return size == head;
    for (size_t skip = head; skip <= size; skip++) {
        if (cases_fits(dots + 3, pattern_size - head - 3, line + skip,
                       size - skip))
            return true;
    }
    return false;
}

/* Line by line, as above; both end in a newline, or are empty. */
static bool cases_match(const char *want, const char *got)
{
    size_t want_size = strcspn(want, "\n"), got_size = strcspn(got, "\n");

    if (*want == '\0')
        return *got == '\0';
    if (want_size == 3 && memcmp(want, "...", 3) == 0) {
        do {
            if (cases_match(want + 4, got))
                return true;
            got += strcspn(got, "\n");
            got += *got != '\0';
        } while (*got != '\0');
        return want[4] == '\0';
    }
    return *got != '\0' && cases_fits(want, want_size, got, got_size) &&
           cases_match(want + want_size + 1, got + got_size + 1);
}

/* --- Lines ---------------------------------------------------------------- */

enum cases_kind { CASES_TEXT, CASES_CALL, CASES_SEND, CASES_READ };

/* "> X", "b>> X", "b<": what, on which connection, and where X begins. */
static enum cases_kind cases_kind(const char *line, char *name,
                                  const char **rest)
{
    const char *c = line;

    *name = islower((unsigned char)*c) ? *c++ : '\0';
    if (c[0] == '<' && (c[1] == '\0' || c[1] == ' '))
        return CASES_READ;
    if (c[0] != '>')
        return CASES_TEXT;
    *rest = c + 1;
    if (c[1] == ' ')
        return CASES_CALL;
    *rest = c + 2;
    return c[1] == '>' && c[2] == ' ' ? CASES_SEND : CASES_TEXT;
}

static bool cases_is_order(const char *line)
{
    const char *rest;
    char name;

    return *line == '\0' || *line == '#' || strncmp(line, "== ", 3) == 0 ||
           strcmp(line, "(restart)") == 0 || strncmp(line, "(sleep ", 7) == 0 ||
           cases_kind(line, &name, &rest) != CASES_TEXT;
}

/* The next line, NUL at its end; NULL at the end of the file. */
static char *cases_next_line(struct cases *cases)
{
    char *line = cases->next, *end;

    if (!line || *line == '\0')
        return NULL;
    end = line + strcspn(line, "\n");
    cases->next = end + (*end != '\0');
    *end = '\0';
    cases->line++;
    return line;
}

/* The lines from here on that are no order. */
static void cases_expected(struct cases *cases, struct buffer *want)
{
    for (;;) {
        char *was = cases->next, *end = was ? was + strcspn(was, "\n") : NULL;
        char kept = end ? *end : '\0';

        if (!was || *was == '\0')
            return;
        *end = '\0';
        if (cases_is_order(was)) {
            *end = kept;
            return;
        }
        buffer_printf(want, "%s\n", was);
        cases->next = end + (kept != '\0');
        cases->line++;
    }
}

static void cases_fail(struct cases *cases, const char *what, const char *want,
                       const char *got)
{
    cases->failed = true;
    printf("FAILED %s:%u: %s\n  %s\n", cases->path, cases->line, cases->name,
           what);
    if (want)
        printf("  expected:\n%s", *want ? want : "(anything but an error)\n");
    if (got)
        printf("  got:\n%s", got);
}

static void cases_call(struct cases *cases, const char *line,
                       enum cases_kind kind, char name, const char *rest)
{
    struct talk *c = cases_connection(cases, name);
    struct buffer want = {0}, got = {0};
    char shown[256];
    bool good = c->fd >= 0;

    snprintf(shown, sizeof(shown), "%s", line); /* the next line ends it */
    if (good && kind != CASES_READ)
        good = connection_send(c, rest);
    if (kind != CASES_SEND) {
        cases_expected(cases, &want);
        good = good && connection_read(c, &got);
        good = good && (want.size > 0 ? cases_match(want.data, got.data)
                                      : strncmp(got.data, "(error)", 7) != 0);
    }
    if (!good)
        cases_fail(cases, shown, want.data ? want.data : "",
                   got.data ? got.data : "no connection\n");
    buffer_free(&want);
    buffer_free(&got);
}

/* --- Cases ---------------------------------------------------------------- */

static void cases_end(struct cases *cases)
{
    cases_close_all(cases);
    if (!cases->open)
        return;
    cases->open = false;
    if (cases->failed) {
        cases->score->failed++;
    } else {
        cases->score->passed++;
        printf("ok     %s\n", cases->name);
    }
}

static void cases_begin(struct cases *cases, const char *name)
{
    struct talk *c;
    struct buffer got = {0};

    cases_end(cases);
    cases->open = true;
    cases->failed = false;
    snprintf(cases->name, sizeof(cases->name), "%s", name);
    c = cases_connection(cases, '\0');
    if (c->fd < 0 || !connection_send(c, "FLUSHALL") ||
        !connection_read(c, &got))
        cases_fail(cases, "FLUSHALL", NULL, "the server is not there\n");
    buffer_free(&got);
}

static void cases_restart(struct cases *cases)
{
    cases_close_all(cases);
    if (!server_stop(cases->server) || !server_start(cases->server))
        cases_fail(cases, "(restart)", NULL, NULL);
}

static void cases_order(struct cases *cases, const char *line)
{
    const char *rest = NULL;
    char name;
    enum cases_kind kind;

    if (*line == '\0' || *line == '#')
        return;
    if (strncmp(line, "== ", 3) == 0) {
        cases_begin(cases, line + 3);
        return;
    }
    if (!cases->open)
        cases_begin(cases, cases->path);
    if (cases->failed)
        return;
    kind = cases_kind(line, &name, &rest);
    if (kind != CASES_TEXT) {
        cases_call(cases, line, kind, name, rest);
    } else if (strcmp(line, "(restart)") == 0) {
        cases_restart(cases);
    } else if (strncmp(line, "(sleep ", 7) == 0) {
        long ms = strtol(line + 7, NULL, 10);
        struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

        nanosleep(&pause, NULL);
    } else {
        cases_fail(cases, "this line belongs to no command", NULL, line);
        printf("\n");
    }
}

void cases_run(const char *path, struct server *server, int protocol,
               struct score *score)
{
    struct cases cases = {
        .path = path, .server = server, .protocol = protocol, .score = score};
    struct buffer text = {0};
    char *line;

    for (size_t i = 0; i < CASES_CONNECTIONS; i++)
        cases.connections[i].fd = -1;
    if (!file_load(path, &text)) {
        printf("FAILED %s: %s\n", path, strerror(errno));
        score->failed++;
        return;
    }
    text_replace(&text, "$MODULE", server->module);
    text_replace(&text, "$DIR", server->dir);
    cases.next = text.data;
    while ((line = cases_next_line(&cases)) != NULL)
        cases_order(&cases, line);
    cases_end(&cases);
    buffer_free(&text);
}
