/* SPDX-License-Identifier: BSD-3-Clause */
/* conform_calls - what any command has to do: refuse what it cannot take, answer
 * once, keep what it has said of itself, and lose nothing. */
#include "sdk/conform_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CALLS_ALL     6000u /* of a claim's calls, by chance, ... */
#define CALLS_LEAST   30u   /* ... but of each command so many, ... */
#define CALLS_MOST    150u  /* ... and no more */
#define CALLS_WAIT_MS 10000
#define CALLS_PARK_MS 10 /* without a reply: perhaps the call waits */

/* They end or stop the server, speak another language from there on, or answer
 * other than once, as is their purpose. */
static const char *const never[] = {
    "client|kill",    "client|pause", "client|reply", "client|tracking",
    "debug",          "exec",         "failover",     "hello",
    "module",         "monitor",      "multi",        "psubscribe",
    "psync",          "punsubscribe", "quit",         "replconf",
    "replicaof",      "reset",        "script|debug", "script|kill",
    "shutdown",       "slaveof",      "ssubscribe",   "subscribe",
    "sunsubscribe",   "sync",         "unsubscribe",  "config|rewrite",
    "function|kill",  "bgsave",       "bgrewriteaof", "config|set",
    "client|caching",
};

bool conform_leaves_alone(const struct subject *subject,
                          const struct command *command)
{
    for (size_t i = 0; i < KR_COUNT(never); i++)
        if (strcmp(command->name, never[i]) == 0)
            return true;
    if (names_have(&subject->broken, command->name))
        return true;
    for (char *const *name = subject->except; name && *name; name++)
        if (strcasecmp(command->name, *name) == 0)
            return true;
    return false;
}

/* How often each command is called, for one claim. */
static unsigned calls_rounds(const struct subject *subject)
{
    size_t rounds =
        CALLS_ALL / (subject->command_count > 0 ? subject->command_count : 1);

    return rounds < CALLS_LEAST  ? CALLS_LEAST
           : rounds > CALLS_MOST ? CALLS_MOST
                                 : (unsigned)rounds;
}

/* --- One call ------------------------------------------------------------- */

#define CALLS_END "keyrack-module: that was all"

/* As CLIENT UNBLOCK: was the other connection waiting? */
static bool say_wake(struct subject *subject)
{
    struct answer reply;
    char id[24];
    bool waited;

    if (subject->voice_id == 0)
        return false;
    snprintf(id, sizeof(id), "%llu", (unsigned long long)subject->voice_id);
    subject_call(subject, &reply, "CLIENT", "UNBLOCK", id);
    waited = reply.kind == ':' && reply.number == 1;
    answer_free(&reply);
    return waited;
}

/* Has a reply that is not whole taken for its own what stands behind it? */
static bool say_has_swallowed(const struct subject *subject)
{
    const struct buffer *in = &subject->voice.in;

    return in->size > 0 &&
           memmem(in->data, in->size, CALLS_END "\r\n", sizeof(CALLS_END) + 1);
}

/* The next reply that is no message.  A call that waits is woken, if it may;
 * else it does not answer. */
static enum talk_end say_read(struct subject *subject, bool may_wait,
                              struct answer *reply)
{
    enum talk_end end = TALK_NOTHING;
    int wait_ms = CALLS_PARK_MS;

    for (int waited_ms = 0; waited_ms < CALLS_WAIT_MS; waited_ms += wait_ms) {
        end = talk_read(&subject->voice, wait_ms, reply);
        if (end == TALK_REPLY && reply->kind == '>')
            answer_free(reply);
        else if (end != TALK_NOTHING)
            return end;
        else if (say_has_swallowed(subject) || (say_wake(subject) && !may_wait))
            return end;
        else
            wait_ms = wait_ms < 500 ? 2 * wait_ms : wait_ms;
    }
    return TALK_NOTHING;
}

enum talk_end conform_say(struct subject *subject,
                          const struct command *command, unsigned *replies,
                          struct answer *first)
{
    const struct kr_str ending[] = {KR_STR("ECHO"), KR_STR(CALLS_END)};
    struct buffer bytes = {0};
    struct answer reply;
    bool sent, waits = command->flags & COMMAND_BLOCKING;
    enum talk_end end;

    *replies = 0;
    *first = (struct answer){0};
    talk_encode(&bytes, subject->words.argc, subject->words.argv);
    talk_encode(&bytes, KR_COUNT(ending), ending);
    sent = talk_send(&subject->voice, buffer_str(&bytes));
    buffer_free(&bytes);
    if (!sent)
        return TALK_CLOSED;
    for (;;) {
        end = say_read(subject, waits && *replies == 0, &reply);
        if (end != TALK_REPLY || strcmp(answer_text(&reply), CALLS_END) == 0)
            break;
        if (++*replies == 1)
            *first = reply;
        else
            answer_free(&reply);
    }
    answer_free(&reply);
    return end;
}

static uint64_t calls_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A guess at a call of `command` is said.  false: the conversation is over, and
 * the next one begins anew. */
static bool conform_guess(struct subject *subject, struct command *command,
                          int protocol, unsigned *replies, struct answer *first,
                          enum talk_end *end)
{
    uint64_t began_us = calls_now_us();

    *end = TALK_CLOSED;
    if (!subject_speak(subject, protocol))
        return false;
    words_guess(&subject->words, &subject->dice, command, subject->examples,
                subject->example_count);
    *end = conform_say(subject, command, replies, first);
    command->calls++;
    command->spent_us += calls_now_us() - began_us;
    if (*end == TALK_REPLY)
        return true;
    talk_close(&subject->voice);
    return false;
}

/* Those that take long, or wait, are called less often: is this the turn? */
static bool conform_is_due(const struct command *command, unsigned round)
{
    uint64_t each_us = command->calls ? command->spent_us / command->calls : 0;

    return round % (command->flags & COMMAND_BLOCKING ? 8
                    : each_us > 10000                 ? 10
                                                      : 1) ==
           0;
}

/* Has it an argument that is a time to come?  Part of a value may then go without
 * anybody doing anything to it. */
static bool arguments_have_time(const struct answer *arguments)
{
    for (size_t i = 0; arguments && i < arguments->count; i++) {
        const struct answer *one = &arguments->items[i];

        if (strstr(answer_text(answer_at(one, "name")), "seconds") ||
            arguments_have_time(answer_at(one, "arguments")))
            return true;
    }
    return false;
}

void conform_speak(struct subject *subject, unsigned rounds, bool lasting)
{
    unsigned replies;
    struct answer first;
    enum talk_end end;

    for (unsigned round = 0; round < rounds; round++)
        for (size_t i = 0; i < subject->command_count; i++) {
            struct command *command = &subject->commands[i];

            if (conform_leaves_alone(subject, command) ||
                !conform_is_due(command, round) ||
                (lasting && arguments_have_time(command->arguments)))
                continue;
            (void)conform_guess(subject, command, 2, &replies, &first, &end);
            answer_free(&first);
            if (end == TALK_CLOSED &&
                subject_has_died(subject, "at random words"))
                return;
        }
}

/* --- Arity ---------------------------------------------------------------- */

static void arity_try(struct subject *subject, const struct command *command,
                      size_t argc)
{
    unsigned replies;
    struct answer first;

    if (argc < command->words || argc > WORDS_MAX || !subject_speak(subject, 2))
        return;
    words_fill(&subject->words, command, argc);
    if (conform_say(subject, command, &replies, &first) != TALK_REPLY) {
        talk_close(&subject->voice);
        (void)subject_has_died(subject, "at a wrong number of words");
    } else if (replies != 1 || first.kind != '-') {
        report_found(
            subject->report,
            "let .arity say how many words it takes, or check call->argc",
            "%s takes %zu words, its arity is %lld", command->name, argc,
            (long long)command->arity);
    }
    answer_free(&first);
}

void conform_arity(struct subject *subject)
{
    for (size_t i = 0; i < subject->command_count; i++) {
        const struct command *command = &subject->commands[i];
        int64_t arity = command->arity;

        if (conform_leaves_alone(subject, command))
            continue;
        arity_try(subject, command, (size_t)(arity < 0 ? -arity : arity) - 1);
        if (arity > 0)
            arity_try(subject, command, (size_t)arity + 1);
    }
}

/* --- Replies -------------------------------------------------------------- */

static void replies_judge(struct subject *subject,
                          const struct command *command, int protocol,
                          enum talk_end end, unsigned replies)
{
    struct buffer said = {0};

    words_print(&subject->words, &said);
    if (end == TALK_BROKEN)
        report_found(subject->report,
                     "announce as many elements as are written, and no raw() "
                     "bytes of another protocol",
                     "what %s answers is no RESP%d\n%s", command->name,
                     protocol, said.data);
    else if (end == TALK_NOTHING && command->flags & COMMAND_BLOCKING)
        report_note(subject->report,
                    "%s went on waiting when it was told to stop: %s",
                    command->name, said.data);
    else if (end == TALK_NOTHING)
        report_found(subject->report,
                     "write exactly one reply on each way through the handler; "
                     "a command that waits has KR_CMD_BLOCKING",
                     "%s did not answer, or not the whole of it\n%s",
                     command->name, said.data);
    else if (end == TALK_CLOSED)
        report_note(subject->report, "%s closed the connection: %s",
                    command->name, said.data);
    else if (replies != 1)
        report_found(subject->report,
                     "write exactly one reply on each way through the handler",
                     "%s wrote %u replies\n%s", command->name, replies,
                     said.data);
    if (end != TALK_CLOSED)
        names_add(&subject->broken, command->name);
    buffer_free(&said);
}

/* false: the server is another one now, and so are its commands. */
static bool replies_try(struct subject *subject, struct command *command,
                        int protocol)
{
    unsigned replies;
    struct answer first;
    enum talk_end end;

    (void)conform_guess(subject, command, protocol, &replies, &first, &end);
    answer_free(&first);
    if (end == TALK_REPLY && replies == 1)
        return true;
    if (end != TALK_REPLY && subject_has_died(subject, "at random words"))
        return false;
    replies_judge(subject, command, protocol, end, replies);
    talk_close(&subject->voice);
    return true;
}

void conform_replies(struct subject *subject, int protocol)
{
    bool same = true;

    for (unsigned round = 0; round < calls_rounds(subject); round++) {
        if (round % 15 == 0)
            subject_clear(subject);
        for (size_t i = 0; i < subject->command_count && same; i++)
            if (!conform_leaves_alone(subject, &subject->commands[i]) &&
                conform_is_due(&subject->commands[i], round))
                same = replies_try(subject, &subject->commands[i], protocol);
        same = true;
    }
}

/* --- What it says of itself ----------------------------------------------- */

/* What there is to see of the data: its digest, and what was counted. */
struct state {
    char digest[48];
    int64_t changes, expired;
};

static void state_take(struct subject *subject, struct state *state)
{
    struct answer reply;

    subject_call(subject, &reply, "DEBUG", "DIGEST");
    snprintf(state->digest, sizeof(state->digest), "%s", answer_text(&reply));
    answer_free(&reply);
    state->changes =
        subject_number(subject, "persistence", "rdb_changes_since_last_save");
    state->expired = subject_number(subject, "stats", "expired_keys");
}

/* What breaks a promise, or NULL: then *remedy is one. */
static const char *promise_broken(const struct command *command,
                                  const struct state *before,
                                  const struct state *after,
                                  const char **remedy)
{
    if (strcmp(before->digest, after->digest) == 0 ||
        before->expired != after->expired)
        return NULL;
    if (!(command->flags & (COMMAND_WRITE | COMMAND_REPLICATE))) {
        *remedy =
            "give it KR_CMD_WRITE, or let it change nothing: who is denied "
            "writes, and replicas, rely on it";
        return "changed data and has not the flag `write`";
    }
    if (before->changes != after->changes)
        return NULL;
    *remedy = "say kr_keyspace->changed() once for each key that was changed: "
              "files, replicas, WATCH live on it";
    return "changed data and told nobody";
}

/* The words that were said last, twice again, over the data that is there or
 * over those of the beginning.  Is it broken each time?  A timer of the module's
 * may have been what changed something the first time. */
static bool promises_confirm(struct subject *subject,
                             const struct command *command, bool anew)
{
    struct state before, after;
    struct answer first;
    const char *remedy;
    unsigned replies;

    for (unsigned i = 0; i < 2; i++) {
        if (anew)
            subject_clear(subject);
        state_take(subject, &before);
        if (!subject_speak(subject, 2))
            return false;
        (void)conform_say(subject, command, &replies, &first);
        answer_free(&first);
        state_take(subject, &after);
        if (!promise_broken(command, &before, &after, &remedy))
            return false;
    }
    return true;
}

static void promises_judge(struct subject *subject,
                           const struct command *command,
                           const struct state *before,
                           const struct state *after)
{
    const char *remedy, *what = promise_broken(command, before, after, &remedy);
    struct buffer said = {0};

    if (!what || (!promises_confirm(subject, command, false) &&
                  !promises_confirm(subject, command, true)))
        return;
    words_print(&subject->words, &said);
    report_found(subject->report, remedy, "%s %s\n%s", command->name, what,
                 said.data);
    buffer_free(&said);
}

void conform_promises(struct subject *subject)
{
    unsigned replies, rounds = calls_rounds(subject) / 3;
    struct state before, after;
    struct answer first;
    enum talk_end end;

    state_take(subject, &before);
    if (before.changes < 0 || strlen(before.digest) != 40) {
        report_skip(subject->report, "there is no DEBUG DIGEST to see it by");
        return;
    }
    for (unsigned round = 0; round < rounds; round++) {
        if (round % 15 == 0)
            subject_clear(subject);
        for (size_t i = 0; i < subject->command_count; i++) {
            struct command *command = &subject->commands[i];

            if (conform_leaves_alone(subject, command) ||
                !conform_is_due(command, round))
                continue;
            state_take(subject, &before);
            (void)conform_guess(subject, command, 2, &replies, &first, &end);
            answer_free(&first);
            if (end != TALK_REPLY &&
                subject_has_died(subject, "at random words"))
                return;
            state_take(subject, &after);
            promises_judge(subject, command, &before, &after);
        }
    }
}

/* --- Its account ---------------------------------------------------------- */

#define ACCOUNT_ROUNDS 40u
#define ACCOUNT_SLACK  64 /* bytes */
#define ACCOUNT_MS     1000

static void account_pause(void)
{
    struct timespec pause = {0, 20000000};

    nanosleep(&pause, NULL);
}

/* The same calls as the last time, and all values gone: the bytes that are left,
 * once they are at most `wanted` or it has taken too long. */
static int64_t account_after(struct subject *subject, uint64_t seed,
                             int64_t wanted)
{
    struct dice kept = subject->dice;
    struct answer reply;
    int64_t bytes = 0;

    subject->dice.state = seed;
    subject_clear(subject);
    conform_speak(subject, ACCOUNT_ROUNDS, false);
    subject->dice = kept;
    talk_close(&subject->voice);
    subject_call(subject, &reply, "FLUSHALL", "SYNC");
    answer_free(&reply);
    /* Large values are freed on another thread. */
    for (unsigned ms = 0; ms < ACCOUNT_MS; ms += 20) {
        bytes = subject_account(subject, "memory");
        if (bytes <= wanted)
            break;
        account_pause();
    }
    return bytes;
}

void conform_account(struct subject *subject)
{
    uint64_t seed = dice_roll(&subject->dice, UINT32_MAX);
    int64_t first = account_after(subject, seed, 0), last = first;

    /* The first time may build what stays; from then on nothing may. */
    for (unsigned i = 0; i < 3 && !subject_has_died(subject, "at random words");
         i++) {
        first = last;
        last = account_after(subject, seed, first);
        if (last <= first + ACCOUNT_SLACK)
            return;
    }
    report_found(
        subject->report,
        "free() has to free all that a value owns, and each handler what "
        "it has allocated, on the ways of errors too",
        "its account grows by %lld bytes with the same %u calls, though "
        "all keys are gone",
        (long long)(last - first),
        ACCOUNT_ROUNDS * (unsigned)subject->command_count);
}

/* --- A heap that fails ---------------------------------------------------- */

#if defined(KR_HOSTILE)

/* Calls while the setting makes memory fail. */
static void heap_try(struct subject *subject, const char *name,
                     const char *value)
{
    setenv(name, value, 1);
    if (subject_restart(subject)) {
        conform_speak(subject, calls_rounds(subject), false);
        (void)subject_has_died(subject, "when it had no memory");
    }
    unsetenv(name);
}

/* The module's own tries fail one after the other; then anybody's by chance. */
void conform_heap(struct subject *subject)
{
    char seed[24];

    snprintf(seed, sizeof(seed), "%llu",
             (unsigned long long)dice_roll(&subject->dice, UINT32_MAX));
    heap_try(subject, "KR_HOSTILE_MODULE", subject->name);
    setenv("KR_HOSTILE_GRANTED", "6000", 1); /* the server has begun by then */
    heap_try(subject, "KR_HOSTILE_SEED", seed);
    unsetenv("KR_HOSTILE_GRANTED");
    (void)subject_restart(subject);
}

#else

void conform_heap(struct subject *subject)
{
    report_skip(subject->report,
                "this build has no such heap (configure --enable-hostile)");
}

#endif
