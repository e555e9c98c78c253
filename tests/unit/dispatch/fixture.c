/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/dispatch/fixture.h"

#include "core/dispatch/batch.h"
#include "core/dispatch/rename.h"
#include "core/info/info.h"
#include "core/keyspace/hooks.h"
#include "core/log/log.h"
#include "core/loop/jobs.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/net/output.h"
#include "core/text/number.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEERS_MAX 64
#define GIFTS_MAX 32

static struct {
    struct peer *peers[PEERS_MAX];
    uint32_t peer_count;
    char notes[8192];
    struct {
        char key[32];
        unsigned count;
    } gifts[GIFTS_MAX];
} fixture;

/* --- What happened ------------------------------------------------------- */

void note(const char *format, ...)
{
    size_t used = strlen(fixture.notes);
    va_list args;

    va_start(args, format);
    vsnprintf(fixture.notes + used, sizeof(fixture.notes) - used, format, args);
    va_end(args);
}

const char *notes(void)
{
    return fixture.notes;
}

void notes_clear(void)
{
    fixture.notes[0] = '\0';
}

static void note_call(const struct kr_call *call)
{
    note("%s(", ((const struct kr_cmd *)call->command)->full_name);
    for (uint32_t i = 1; i < call->argc; i++)
        note("%s%.*s", i > 1 ? " " : "", (int)call->argv[i].size,
             call->argv[i].data);
    note(") ");
}

/* --- Fake commands ------------------------------------------------------- */

struct kr_cmd *add_row(const struct kr_command *row)
{
    ck_assert_int_eq(command_add(&fixture_module, row), KR_OK);
    return command_find(kr_cstr(row->name));
}

struct kr_cmd *add(const char *name, handler run, int32_t arity, uint64_t flags)
{
    return add_row(&(struct kr_command){
        .name = name, .run = run, .arity = arity, .flags = flags});
}

static void run_echo(struct kr_call *call)
{
    note_call(call);
    kr_reply_bulk(call->reply, call->argv[1]);
}

static void run_put(struct kr_call *call)
{
    note_call(call);
    call_interface.touch(call, 1);
    kr_reply_ok(call->reply);
}

static void run_fail(struct kr_call *call)
{
    note_call(call);
    kr_reply_error(call->reply, "ERR failed");
}

static void run_nest(struct kr_call *call)
{
    struct kr_run run = {.size = sizeof(run),
                         .argc = call->argc - 1,
                         .argv = call->argv + 1,
                         .reply = call->reply,
                         .client = call->client};

    call_interface.run(&run);
}

static unsigned *gift(struct kr_str key)
{
    for (int i = 0; i < GIFTS_MAX; i++) {
        if (fixture.gifts[i].key[0] == '\0')
            snprintf(fixture.gifts[i].key, sizeof(fixture.gifts[i].key), "%.*s",
                     (int)key.size, key.data);
        if (kr_str_equal(key, kr_cstr(fixture.gifts[i].key)))
            return &fixture.gifts[i].count;
    }
    ck_abort_msg("too many gifts");
    return NULL;
}

unsigned given(const char *key)
{
    return *gift(kr_cstr(key));
}

void give(const char *key)
{
    ++*gift(kr_cstr(key));
}

bool take(struct kr_str key)
{
    if (*gift(key) == 0)
        return false;
    --*gift(key);
    return true;
}

static bool wake_wait(struct kr_call *call, uint32_t why, struct kr_str key,
                      void *ctx)
{
    (void)ctx;
    if (why == KR_WAKE_GONE) {
        note("gone ");
        return true;
    }
    if (why == KR_WAKE_READY) {
        if (!take(key))
            return false;
        call_interface.touch(call, 1);
        kr_reply_bulk(call->reply, key);
        return true;
    }
    ck_assert_uint_eq(why, KR_WAKE_TIMEOUT);
    kr_reply_null(call->reply);
    return true;
}

static void run_wait(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = call->argc - 2,
                           .keys = call->argv + 2,
                           .wake = wake_wait};
    int64_t ms;

    ck_assert(number_parse_int64(call->argv[1], &ms));
    for (uint32_t i = 2; i < call->argc; i++)
        if (take(call->argv[i])) {
            kr_reply_bulk(call->reply, call->argv[i]);
            return;
        }
    if (ms > 0)
        park.deadline_ms = clock_wall_ms() + ms;
    if (!block_interface.park(call, &park))
        kr_reply_null(call->reply);
}

static void run_give(struct kr_call *call)
{
    ++*gift(call->argv[1]);
    call_interface.touch(call, 1);
    block_interface.ready(call->db, call->argv[1]);
    kr_reply_ok(call->reply);
}

kr_status run_with(struct kr_run *run, uint32_t count, const char *const *words)
{
    struct kr_str argv[16];

    ck_assert_uint_le(count, KR_COUNT(argv));
    for (uint32_t i = 0; i < count; i++)
        argv[i] = kr_cstr(words[i]);
    run->size = sizeof(*run);
    run->argc = count;
    run->argv = argv;
    return call_interface.run(run);
}

kr_status run_words(uint32_t count, const char *const *words)
{
    struct kr_run run = {.size = sizeof(run)};

    return run_with(&run, count, words);
}

/* --- Begin and end ------------------------------------------------------- */

void dispatch_begin(void)
{
    fixture_begin();
    clock_begin_turn();
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_WARNING_ + 1);
    memset(&fixture, 0, sizeof(fixture));
    client_settings = (struct client_settings){
        .maxclients = PEERS_MAX, .bulk_max = 512 << 20, .input_max = 1 << 30};
    client_init();
    client_hooks.run = batch_run;
    client_hooks.leaves = block_forget_client;
    client_hooks.gone = journal_forget_client;
    info_init();
    block_init();
    keyspace_hooks.removed = journal_removed;
    add("echo", run_echo, 2, KR_CMD_FAST);
    add("put", run_put, -2, KR_CMD_WRITE);
    add("fail", run_fail, 1, 0);
    add("nest", run_nest, -2, 0);
    add("wait", run_wait, -3, KR_CMD_WRITE | KR_CMD_BLOCKING);
    add("give", run_give, 2, KR_CMD_WRITE);
}

void dispatch_end(void)
{
    client_fini();
    for (uint32_t i = 0; i < fixture.peer_count; i++) {
        struct peer *peer = fixture.peers[i];

        if (peer->fd >= 0)
            close(peer->fd);
        memory_free(peer->got);
        memory_free(peer);
    }
    fixture.peer_count = 0;
    ck_assert_uint_eq(block_interface.count(), 0);
    gate_forget(&fixture_module);
    journal_forget(&fixture_module);
    jobs_fini();
    loop_poll();
    info_fini();
    command_fini();
    rename_fini();
    keyspace_hooks.removed = NULL;
    fixture_end();
    output_free_pool();
}

TCase *dispatch_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, dispatch_begin, dispatch_end);
    suite_add_tcase(suite, tcase);
    return tcase;
}

/* --- Peers --------------------------------------------------------------- */

struct peer *peer_new(void)
{
    struct peer *peer = memory_calloc(1, sizeof(*peer));
    int fds[2];

    ck_assert_uint_lt(fixture.peer_count, PEERS_MAX);
    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
    peer->fd = fds[1];
    peer->client = client_new(fds[0], KR_CLIENT_LOCAL);
    ck_assert_ptr_nonnull(peer->client);
    peer->id = peer->client->id;
    fixture.peers[fixture.peer_count++] = peer;
    return peer;
}

void peer_close(struct peer *peer)
{
    close(peer->fd);
    peer->fd = -1;
}

size_t peer_send(struct peer *peer, const void *bytes, size_t size)
{
    ssize_t n = send(peer->fd, bytes, size, MSG_NOSIGNAL);

    ck_assert(n >= 0 || errno == EAGAIN);
    return n < 0 ? 0 : (size_t)n;
}

void peer_say(struct peer *peer, const char *text)
{
    size_t size = strlen(text);

    ck_assert_uint_eq(peer_send(peer, text, size), size);
    turn();
}

void peer_hear(struct peer *peer)
{
    char bytes[16384];
    ssize_t n;

    while ((n = recv(peer->fd, bytes, sizeof(bytes), 0)) > 0) {
        peer->got = memory_realloc(peer->got, peer->size + (size_t)n);
        memcpy(peer->got + peer->size, bytes, (size_t)n);
        peer->size += (size_t)n;
    }
}

bool peer_is_gone(struct peer *peer)
{
    char byte;

    peer_hear(peer);
    return recv(peer->fd, &byte, 1, MSG_PEEK) == 0 &&
           client_find(peer->id) == NULL;
}

void peer_expect_first(struct peer *peer, const char *text)
{
    size_t size = strlen(text);

    peer_hear(peer);
    ck_assert_uint_ge(peer->size, size);
    ck_assert(memcmp(peer->got, text, size) == 0);
    peer->size -= size;
    memmove(peer->got, peer->got + size, peer->size);
}

void peer_expect(struct peer *peer, const char *text)
{
    peer_hear(peer);
    peer->got = memory_realloc(peer->got, peer->size + 1);
    peer->got[peer->size] = '\0';
    ck_assert_str_eq(peer->got, text);
    peer->size = 0;
}

void turn(void)
{
    loop_poll();
    do {
        clock_begin_turn();
        client_serve();
        call_settle();
        client_before_sleep();
    } while (client_is_expectant());
}

void turns_for(int64_t ms)
{
    int64_t until_ns = clock_monotonic_ns() + ms * 1000000;

    do {
        turn();
        usleep(500);
    } while (clock_monotonic_ns() < until_ns);
    turn();
}
