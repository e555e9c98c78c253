/* SPDX-License-Identifier: BSD-3-Clause */
/* fixture - a server without modules, listeners or configuration: the wings
 * that a command passes through, fake commands, and peers that talk to it.
 *
 *     test --peer_say()--> socketpair --> client_new() --> dispatch
 *      ^                                                      |
 *      +--------------peer_hear()<----------- turn() <--------+
 *
 * It stands on the keyspace's fixture, whose module registers everything.  What
 * fake commands do they note in a text, which the test compares. */
#ifndef TESTS_UNIT_DISPATCH_FIXTURE_H
#define TESTS_UNIT_DISPATCH_FIXTURE_H

#include "core/dispatch/block.h"
#include "core/dispatch/call.h"
#include "core/dispatch/gate.h"
#include "core/dispatch/journal.h"
#include "core/net/client.h"
#include "tests/unit/keyspace/fixture.h"

void dispatch_begin(void);
void dispatch_end(void);
/* A suite of one case with the fixture around each test. */
TCase *dispatch_case(Suite *suite, const char *name);

/* --- Fake commands ------------------------------------------------------- */

typedef void (*handler)(struct kr_call *call);

/* A command of the fixture's module. */
struct kr_cmd *add(const char *name, handler run, int32_t arity,
                   uint64_t flags);
struct kr_cmd *add_row(const struct kr_command *row);

/* These are there from the beginning:
 *   echo x      replies x
 *   put key     counts as one change, replies OK
 *   fail        replies "ERR failed"
 *   nest w...   runs the words as a nested call of its client
 *   wait ms k.. parks until one of the keys has been given something
 *   give key    gives it something, which the first in line takes
 * Each of the first three notes its words: "echo(x) ". */

/* Run words from code, as `nest` does; no client. */
#define RUN(...)                                                               \
    run_words(KR_COUNT(((const char *[]){__VA_ARGS__})),                       \
              (const char *[]){__VA_ARGS__})
kr_status run_words(uint32_t count, const char *const *words);
/* The same with all that a kr_run can say; its argv is filled in. */
kr_status run_with(struct kr_run *run, uint32_t count,
                   const char *const *words);
#define RUN_WITH(run, ...)                                                     \
    run_with(run, KR_COUNT(((const char *[]){__VA_ARGS__})),                   \
             (const char *[]){__VA_ARGS__})

/* How much of a key nobody has taken, what `wait` finds. */
unsigned given(const char *key);
/* Give to it, and tell nobody; take from it: false, there is nothing. */
void give(const char *key);
bool take(struct kr_str key);

/* --- What happened ------------------------------------------------------- */

void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Compare what has been noted, and forget it. */
#define NOTED(text)                                                            \
    do {                                                                       \
        ck_assert_str_eq(notes(), text);                                       \
        notes_clear();                                                         \
    } while (0)
const char *notes(void);
void notes_clear(void);

/* --- Peers --------------------------------------------------------------- */

struct peer {
    int fd;
    kr_client *client;
    uint64_t id;
    char *got; /* what has come and was not expected yet */
    size_t size;
};

struct peer *peer_new(void);
/* The peer hangs up. */
void peer_close(struct peer *peer);
/* Write, as much as the socket takes; the answer is how much that was. */
size_t peer_send(struct peer *peer, const void *bytes, size_t size);
/* Write all of a text, and let the server have a turn. */
void peer_say(struct peer *peer, const char *text);
/* The server has closed the connection. */
bool peer_is_gone(struct peer *peer);
/* Read what has come. */
void peer_hear(struct peer *peer);
/* Exactly this has come since the last time. */
void peer_expect(struct peer *peer, const char *text);
/* This begins what has come, and is taken off. */
void peer_expect_first(struct peer *peer, const char *text);

/* One turn of the server's loop, without waiting. */
void turn(void);
/* Turns until so much time has passed. */
void turns_for(int64_t ms);

#endif
