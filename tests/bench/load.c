/* SPDX-License-Identifier: BSD-3-Clause */
/* load - send one request, many times, over many connections, and count.
 *
 *     load -p PORT [options] -- COMMAND [ARG]... [; COMMAND ...]
 *                                           (template.h: holes, and the ";")
 *
 * Every connection is a closed loop: it sends a batch of P requests, waits for
 * their replies, and sends the next.  One thread and one epoll serve them all.
 * Beside them there may be readers: connections that send one command at the
 * beginning (SUBSCRIBE) and then take what comes; each has to get one message
 * for every command that is sent.  A run goes through phases:
 *
 *     connect -> warm-up -> "ready" -> (gate) -> loaded -> "done" -> results
 *
 * "ready" and "done" are lines on stdout and the gate is a line on stdin, so
 * that whoever started the program can read the server's CPU clock exactly at
 * both ends of the loaded phase, while the server has nothing to do.  End of
 * file at the gate ends the program without load: the connections were wanted
 * only to be there.
 *
 * The program fails (status 1) if a reply is malformed, if a connection breaks,
 * if nothing comes for a while, or if a reply is an error and errors are not
 * allowed.  Bad options and a server that cannot be reached are status 2. */
#include "connect.h"
#include "histogram.h"
#include "reply.h"
#include "template.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOAD_READ_SIZE       (256u << 10)
#define LOAD_EVENTS          512
#define LOAD_ACCEPT_BACKLOG  100 /* connections before one has to answer */
#define LOAD_CONNECTIONS_MAX 60000
#define LOAD_PIPELINE_MAX    100000
#define LOAD_READER_WORDS    16
#define LOAD_NO_LIMIT        UINT64_MAX

struct load_options {
    const char *host;
    uint16_t port;
    uint64_t connections;
    uint64_t pipeline;
    uint64_t requests;
    double seconds;        /* 0: no limit of time */
    double warmup_seconds; /* 0: none */
    uint64_t timeout_seconds;
    uint64_t readers;
    const char *reader_command; /* words with spaces between them */
    struct template_options spaces;
    bool idle;
    bool gate;
    bool json;
    bool allow_errors;
};

struct load_conn {
    int fd;
    bool writable_wanted; /* the socket was full; epoll tells when it is not */
    bool reader;
    uint64_t outstanding; /* replies of this batch that are still to come; of a
                             reader: none */
    uint64_t sent_ns;     /* when the batch was begun */
    size_t out_sent;
    struct template_buffer out;
    struct reply_checker checker;
};

struct load {
    struct load_options options;
    struct template *template;
    uint64_t commands;        /* of a request */
    struct load_conn *conns;  /* first those that send, then the readers */
    struct reply_tally heard; /* by all readers since the beginning */
    uint64_t sent;            /* commands since the beginning */
    char *read_buffer;
    int epoll;
    /* The current phase. */
    uint64_t issued;
    uint64_t limit;
    uint64_t deadline_ns;
    uint64_t pipeline;
    uint64_t busy; /* connections with outstanding > 0 */
    struct reply_tally tally;
    struct histogram latency;
};

static _Noreturn void load_fail(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(1);
}

/* --- One connection ------------------------------------------------------ */

static void conn_watch(struct load *load, struct load_conn *conn, bool writable)
{
    struct epoll_event event = {
        .events = EPOLLIN | (writable ? (uint32_t)EPOLLOUT : 0),
        .data.ptr = conn,
    };

    if (conn->writable_wanted == writable)
        return;
    conn->writable_wanted = writable;
    if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, conn->fd, &event) != 0)
        load_fail("epoll_ctl", strerror(errno));
}

static void conn_flush(struct load *load, struct load_conn *conn)
{
    while (conn->out_sent < conn->out.size) {
        ssize_t sent = send(conn->fd, conn->out.data + conn->out_sent,
                            conn->out.size - conn->out_sent, MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0)
            load_fail("send", strerror(errno));
        conn->out_sent += (size_t)sent;
    }
    conn_watch(load, conn, conn->out_sent < conn->out.size);
}

/* Begin the next batch, if the phase has one left. */
static void conn_begin(struct load *load, struct load_conn *conn,
                       uint64_t now_ns)
{
    uint64_t batch = load->limit - load->issued;

    if (batch == 0 || now_ns >= load->deadline_ns)
        return;
    if (batch > load->pipeline)
        batch = load->pipeline;
    conn->out.size = 0;
    conn->out_sent = 0;
    for (uint64_t i = 0; i < batch; i++)
        template_write(load->template, &conn->out, conn->checker.cursor,
                       conn->checker.cursor_size);
    load->issued += batch;
    load->busy++;
    conn->outstanding = batch * load->commands;
    load->sent += conn->outstanding;
    conn->sent_ns = now_ns;
    conn_flush(load, conn);
}

/* Read what is there; the answer is the number of replies that it ended. */
static uint64_t conn_receive(struct load *load, struct load_conn *conn,
                             struct reply_tally *tally)
{
    ssize_t size = recv(conn->fd, load->read_buffer, LOAD_READ_SIZE, 0);
    ssize_t replies;

    if (size < 0 && errno == EAGAIN)
        return 0;
    if (size < 0)
        load_fail("recv", strerror(errno));
    if (size == 0)
        load_fail("recv", "the server closed a connection");
    replies =
        reply_feed(&conn->checker, load->read_buffer, (size_t)size, tally);
    if (replies < 0)
        load_fail("reply", "not well-formed RESP");
    return (uint64_t)replies;
}

/* Read what is there; true if it brought the last reply of the batch. */
static bool conn_read(struct load *load, struct load_conn *conn,
                      uint64_t *now_ns)
{
    uint64_t replies = conn_receive(load, conn, &load->tally);

    if (replies > conn->outstanding)
        load_fail("reply", "more replies than requests");
    if (load->tally.errors > 0 && !load->options.allow_errors)
        load_fail("reply", load->tally.first_error);
    if (replies == 0)
        return false;
    *now_ns = connect_now_ns();
    histogram_add(&load->latency, *now_ns - conn->sent_ns, replies);
    conn->outstanding -= replies;
    return conn->outstanding == 0;
}

static void conn_event(struct load *load, struct load_conn *conn,
                       uint32_t events)
{
    uint64_t now_ns;

    if (events & EPOLLOUT)
        conn_flush(load, conn);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    if (conn->reader)
        conn_receive(load, conn, &load->heard);
    else if (conn_read(load, conn, &now_ns)) {
        load->busy--;
        conn_begin(load, conn, now_ns);
    }
}

/* --- Readers ------------------------------------------------------------- */

/* Send what makes `conn` a reader and wait for the answer; still blocking. */
static void reader_begin(struct load *load, struct load_conn *conn)
{
    char *text = strdup(load->options.reader_command);
    char *words[LOAD_READER_WORDS];
    char *rest;
    int count = 0;
    struct template *command;
    struct reply_tally tally = {0};

    for (char *word = strtok_r(text, " ", &rest);
         word && count < LOAD_READER_WORDS; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    command = template_new(count, words, &load->options.spaces);
    if (!command)
        load_fail("reader", "not a command");
    conn->reader = true;
    template_write(command, &conn->out, "", 0);
    template_free(command);
    free(text);
    conn_flush(load, conn);
    while (conn_receive(load, conn, &tally) == 0)
        ;
    if (tally.errors > 0)
        load_fail("reader", tally.first_error);
}

/* Has every reader what is its due? */
static bool readers_done(const struct load *load)
{
    return load->heard.replies >= load->options.readers * load->sent;
}

/* --- Phases -------------------------------------------------------------- */

/* Send `limit` requests, or as many as fit into `seconds`, and wait for all
 * replies.  The answer is the time it took. */
static double load_phase(struct load *load, uint64_t limit, double seconds,
                         uint64_t pipeline)
{
    struct epoll_event events[LOAD_EVENTS];
    uint64_t begin_ns = connect_now_ns();

    memset(&load->tally, 0, sizeof(load->tally));
    memset(&load->latency, 0, sizeof(load->latency));
    load->issued = 0;
    load->limit = limit;
    load->pipeline = pipeline;
    load->deadline_ns =
        seconds > 0 ? begin_ns + (uint64_t)(seconds * 1e9) : UINT64_MAX;
    for (uint64_t i = 0; i < load->options.connections; i++)
        conn_begin(load, &load->conns[i], connect_now_ns());
    while (load->busy > 0 || !readers_done(load)) {
        int count = epoll_wait(load->epoll, events, LOAD_EVENTS,
                               (int)load->options.timeout_seconds * 1000);

        if (count == 0)
            load_fail("timeout", "the server stopped answering");
        if (count < 0 && errno != EINTR)
            load_fail("epoll_wait", strerror(errno));
        for (int i = 0; i < count; i++)
            conn_event(load, events[i].data.ptr, events[i].events);
    }
    return (double)(connect_now_ns() - begin_ns) / 1e9;
}

static void load_connect(struct load *load)
{
    for (uint64_t i = 0; i < load->options.connections + load->options.readers;
         i++) {
        struct load_conn *conn = &load->conns[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};

        conn->fd = connect_tcp(load->options.host, load->options.port);
        /* Not faster than the server accepts: a full backlog drops SYNs, and
         * the next try is a second later. */
        if (i % LOAD_ACCEPT_BACKLOG == LOAD_ACCEPT_BACKLOG - 1)
            connect_ping(conn->fd);
        if (i >= load->options.connections)
            reader_begin(load, conn);
        if (fcntl(conn->fd, F_SETFL, O_NONBLOCK) != 0)
            load_fail("fcntl", strerror(errno));
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0)
            load_fail("epoll_ctl", strerror(errno));
    }
}

/* Wait for the word to go on; false at end of file. */
static bool load_gate(void)
{
    char byte;
    ssize_t size;

    do {
        size = read(STDIN_FILENO, &byte, 1);
    } while (size == 1 && byte != '\n');
    return size == 1;
}

static void load_print(const struct load *load, double seconds)
{
    static const double percents[] = {50, 90, 99, 99.9};
    static const char *const names[] = {"p50", "p90", "p99", "p99.9"};
    const struct reply_tally *tally = &load->tally;
    uint64_t requests = tally->replies / load->commands;
    double rate = seconds > 0 ? (double)requests / seconds : 0;
    bool json = load->options.json;

    printf(json ? "{\"requests\": %" PRIu64 ", \"seconds\": %.6f, "
                  "\"requests_per_second\": %.1f, \"errors\": %" PRIu64
                  ", \"nulls\": %" PRIu64 ", \"reply_bytes\": %" PRIu64
                  ", \"latency_us\": {"
                : "%" PRIu64 " requests in %.3f s: %.0f requests/s\n"
                  "%" PRIu64 " errors, %" PRIu64 " nulls, %" PRIu64
                  " bytes of replies\nlatency in us: ",
           requests, seconds, rate, tally->errors, tally->nulls, tally->bytes);
    for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++)
        printf(json ? "\"%s\": %.1f, " : "%s %.1f  ", names[i],
               (double)histogram_percentile(&load->latency, percents[i]) / 1e3);
    printf(json ? "\"mean\": %.1f, \"max\": %.1f}}\n" : "mean %.1f  max %.1f\n",
           histogram_mean_ns(&load->latency) / 1e3,
           (double)load->latency.max_ns / 1e3);
    if (!json && tally->errors > 0)
        printf("first error: %s\n", tally->first_error);
}

static void load_run(struct load *load)
{
    const struct load_options *options = &load->options;
    double seconds;

    load_connect(load);
    if (options->warmup_seconds > 0)
        load_phase(load, LOAD_NO_LIMIT, options->warmup_seconds,
                   options->pipeline);
    if (options->idle) /* each connection once, so that none is unused */
        load_phase(load, options->connections, 0, 1);
    if (options->gate) {
        printf("ready\n");
        fflush(stdout);
        if (!load_gate())
            return;
    }
    seconds = load_phase(load, options->requests, options->seconds,
                         options->pipeline);
    if (options->gate)
        printf("done\n");
    fflush(stdout);
    load_print(load, seconds);
}

/* --- The command line ---------------------------------------------------- */

static const char load_usage[] =
    "usage: load -p PORT [options] -- COMMAND [ARG]... [; COMMAND ...]\n"
    "  -h HOST     IPv4 address (127.0.0.1)\n"
    "  -c N        connections (50)\n"
    "  -P N        requests in a pipeline (1)\n"
    "  -r N        readers (0), and\n"
    "  -R COMMAND  what makes them readers: SUBSCRIBE channel\n"
    "  -n N        requests, and\n"
    "  -d SECONDS  duration: whichever ends first (100000 requests)\n"
    "  -w SECONDS  warm-up with the same request, not counted (0)\n"
    "  -k N        size of the key space (100000)\n"
    "  -i N        size of the item space (100000)\n"
    "  -s N        seed (1)\n"
    "  -t SECONDS  give up when nothing comes for so long (30)\n"
    "  -I          send the request once on every connection before \"ready\"\n"
    "  -g          gate: print \"ready\", wait for a line, run, print "
    "\"done\"\n"
    "  -e          allow error replies; they are counted\n"
    "  -j          print JSON\n"
    "holes: __rand_key__ __seq_key__ __item__ __rand_int__ __rand_int:N__\n"
    "       __seq__ __value:N__ __cursor__\n";

static _Noreturn void load_bad_usage(void)
{
    fputs(load_usage, stderr);
    exit(2);
}

static uint64_t option_number(const char *text, uint64_t min, uint64_t max)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (end == text || *end || errno || text[0] == '-' || number < min ||
        number > max)
        load_bad_usage();
    return number;
}

static double option_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds >= 0 && seconds <= 86400))
        load_bad_usage();
    return seconds;
}

static void load_option(struct load_options *options, int letter, char *text)
{
    /* clang-format off */
    switch (letter) {
    case 'h': options->host = text; break;
    case 'p': options->port = (uint16_t)option_number(text, 1, 65535); break;
    case 'c': options->connections = option_number(text, 1, LOAD_CONNECTIONS_MAX); break;
    case 'r': options->readers = option_number(text, 0, LOAD_CONNECTIONS_MAX); break;
    case 'R': options->reader_command = text; break;
    case 'P': options->pipeline = option_number(text, 1, LOAD_PIPELINE_MAX); break;
    case 'n': options->requests = option_number(text, 1, LOAD_NO_LIMIT - 1); break;
    case 'd': options->seconds = option_seconds(text); break;
    case 'w': options->warmup_seconds = option_seconds(text); break;
    case 'k': options->spaces.keys = option_number(text, 1, UINT64_MAX); break;
    case 'i': options->spaces.items = option_number(text, 1, UINT64_MAX); break;
    case 's': options->spaces.seed = option_number(text, 0, UINT64_MAX); break;
    case 't': options->timeout_seconds = option_number(text, 1, 86400); break;
    case 'I': options->idle = true; break;
    case 'g': options->gate = true; break;
    case 'e': options->allow_errors = true; break;
    case 'j': options->json = true; break;
    default: load_bad_usage();
    }
    /* clang-format on */
}

int main(int argc, char **argv)
{
    struct load *load = calloc(1, sizeof(*load));
    struct load_options options = {
        .host = "127.0.0.1",
        .connections = 50,
        .pipeline = 1,
        .requests = LOAD_NO_LIMIT,
        .timeout_seconds = 30,
        .spaces = {.keys = 100000, .items = 100000, .seed = 1},
    };
    int letter;

    while ((letter = getopt(argc, argv, "h:p:c:P:n:d:w:k:i:s:t:r:R:Igej")) !=
           -1)
        load_option(&options, letter, optarg);
    if (options.port == 0 || optind == argc ||
        (options.readers > 0 && !options.reader_command))
        load_bad_usage();
    if (options.requests == LOAD_NO_LIMIT && options.seconds == 0)
        options.requests = 100000;
    if (!load)
        load_fail("load", "out of memory");
    load->options = options;
    load->template =
        template_new(argc - optind, argv + optind, &options.spaces);
    if (!load->template)
        return 2;
    load->commands = template_commands(load->template);
    load->conns =
        calloc(options.connections + options.readers, sizeof(*load->conns));
    load->read_buffer = malloc(LOAD_READ_SIZE);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!load->conns || !load->read_buffer || load->epoll < 0)
        load_fail("load", "out of memory or descriptors");
    load_run(load);
    for (uint64_t i = 0; i < options.connections + options.readers; i++) {
        close(load->conns[i].fd);
        free(load->conns[i].out.data);
    }
    close(load->epoll);
    template_free(load->template);
    free(load->read_buffer);
    free(load->conns);
    free(load);
    return 0;
}
